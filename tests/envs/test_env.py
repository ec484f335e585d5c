"""The three doors: Gymnasium Env and VectorEnv, SB3 VecEnv; contracts with warnings as errors."""

import copy
import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check
from gymnasium.vector import AutoresetMode

import racer
from racer.config import RaceConfig, Rules
from racer.envs.env import RacerEnv
from racer.envs.vector_env import RacerVectorEnv
from racer.errors import BadConfig, UnknownName
from racer.race import make_race

SHORT = Rules(max_steps=30)


@pytest.fixture
def env():
    made = RacerEnv()
    yield made
    made.close()


@pytest.fixture
def vec_env():
    from racer.envs.sb3 import RacerVecEnv

    config = RaceConfig(reward_engine="inprocess", rules=SHORT)
    made = RacerVecEnv(make_race(config, 6, seed=3))
    yield made
    made.close()


@pytest.mark.parametrize("actions", ["continuous", "discrete"])
@pytest.mark.filterwarnings("error")
def test_gymnasium_check_env(actions):
    made = gymnasium.make("racer:Racer-v0", actions=actions)
    gymnasium_check(made.unwrapped)  # renders in every mode; the window is SDL's dummy
    made.close()


@pytest.mark.parametrize("actions", ["continuous", "discrete"])
@pytest.mark.filterwarnings("error")
def test_stable_baselines_check_env(actions):
    from stable_baselines3.common.env_checker import check_env

    made = RacerEnv(actions=actions)
    check_env(made)
    made.close()


@pytest.mark.parametrize("first", ["import gymnasium, racer", "import racer, gymnasium"])
def test_gymnasium_make_in_either_import_order(python, first):
    code = f"""{first}
env = gymnasium.make("racer:Racer-v0", track="bean", reward="center_line")
obs, info = env.reset(seed=1)
assert obs.shape == (21,), obs.shape
obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
assert env.unwrapped.race.track.name == "bean"
env.close()
env = gymnasium.make("Racer-v0")
env.close()
envs = gymnasium.make_vec("Racer-v0", num_envs=3, vectorization_mode="vector_entry_point")
assert envs.reset(seed=0)[0].shape == (3, 21)
envs.close()
"""
    python(code)


def test_gymnasium_make_needs_no_import_of_racer(python):
    python('import gymnasium; gymnasium.make("racer:Racer-v0").close()')


def test_a_pixel_picture_of_the_race(oval):
    made = RacerEnv(render_mode="rgb_array")
    made.reset(seed=0)
    first = made.render()
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    assert first.std() > 5  # not one colour
    for _ in range(10):
        made.step(np.array([0.0, 0.0], np.float32))
    assert (made.render() != first).any()
    made.close()


def test_rendering_changes_nothing(env):
    watched = RacerEnv(render_mode="rgb_array")
    action = np.array([0.2, 0.1], np.float32)
    assert (watched.reset(seed=2)[0] == env.reset(seed=2)[0]).all()
    for _ in range(5):
        watched.render()
        a, b = watched.step(action), env.step(action)
        assert a[0].tobytes() == b[0].tobytes()
        assert a[1:] == b[1:]
    watched.close()


def test_same_seed_same_episode(env):
    def episode():
        obs = [env.reset(seed=9)[0]]
        rng = np.random.default_rng(0)
        done = False
        while not done:
            o, _, terminated, truncated, _ = env.step(rng.uniform(-1, 1, 2).astype(np.float32))
            obs.append(o)
            done = terminated or truncated
        return np.stack(obs)

    assert episode().tobytes() == episode().tobytes()


def test_reset_with_a_seed_is_its_start_and_without_the_next(env):
    starts = []
    for seed in (4, None, None, 4):
        env.reset(seed=seed)
        starts.append(float(env.race.cars["start_s"][0]) / env.race.track.length)
    assert starts == pytest.approx([0.2, 0.25, 0.3, 0.2])


def test_step_needs_reset_first_and_after_the_end(env):
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(2, np.float32))
    env.reset(seed=0)
    done = False
    while not done:
        *_, terminated, truncated, info = env.step(np.array([1.0, -1.0], np.float32))
        done = terminated or truncated
    assert info["status"] == "off_track"
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(2, np.float32))
    env.reset()
    env.step(np.zeros(2, np.float32))


def test_reset_in_the_middle_starts_a_fresh_episode(env):
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.array([0.0, 1.0], np.float32))
    env.reset()
    assert env.race.cars["v"][0] == 0.0
    assert env.race.cars["steps"][0] == 1
    assert env.race.cars["episode_return"][0] == 0.0


def test_closing_twice_is_harmless():
    made = RacerEnv(render_mode="rgb_array")
    made.reset(seed=0)
    made.render()
    made.close()
    made.close()


def test_a_bad_action_raises_and_the_episode_goes_on(env):
    env.reset(seed=0)
    for bad in ([np.nan, 0.0], [0.0], "left", [0.0, np.inf], [[0.0, 0.0, 0.0]]):
        with pytest.raises((ValueError, TypeError)):
            env.step(bad)
    assert env.race.cars["steps"][0] == 1
    env.step([0.0, 0.0])
    assert env.race.cars["steps"][0] == 2


def test_what_step_returns_is_python_and_stays_as_it_was(env):
    obs, _ = env.reset(seed=0)
    kept = obs.copy()
    _, reward, terminated, truncated, info = env.step(np.zeros(2, np.float32))
    assert (type(reward), type(terminated), type(truncated)) == (float, bool, bool)
    assert info == {}
    assert (obs == kept).all()  # not the race's own buffer


def test_params_are_what_the_reward_saw(env):
    env.reset(seed=0)
    env.step(np.array([0.5, 1.0], np.float32))
    params = env.params
    assert len(params) == 27
    assert params["steps"] == 2.0
    assert params["steering_angle"] == 15.0
    kinds = (bool, float, int, list)
    assert all(type(value) in kinds for value in params.values())


def test_options_and_render_modes_that_do_nothing_are_refused(env):
    with pytest.raises(BadConfig, match="no reset option 'fog'"):
        env.reset(options={"fog": True})
    with pytest.raises(ValueError, match="render_mode"):
        RacerEnv(render_mode="ansi")
    with pytest.raises(UnknownName, match="Did you mean 'oval'"):
        RacerEnv(track="ovl")


def test_observations_stay_in_their_space(driver):
    for track in racer.Track.names():
        race = make_race(RaceConfig(track=track, reward_engine="inprocess"), 8)
        race.reset()
        for _ in range(60):
            race.step(driver(race))
            assert all(race.observation_space.contains(row) for row in race.obs)
            race.reset(race.done)
        race.reward.close()


# --- Gymnasium VectorEnv -------------------------------------------------------------------------


@pytest.fixture
def vector():
    made = RacerVectorEnv(5, reward_engine="inprocess", rules=SHORT)
    yield made
    made.close()


def test_same_step_autoreset_hands_out_the_last_and_the_first_observation(vector, driver):
    assert vector.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    vector.reset(seed=0)
    for _ in range(29):
        obs, _, terminated, truncated, infos = vector.step(driver(vector.race))
        assert infos == {}
    obs, _, terminated, truncated, infos = vector.step(driver(vector.race))
    assert truncated.all()
    assert not terminated.any()
    assert infos["_final_obs"].all()
    for i in range(5):
        assert infos["final_obs"][i].shape == (21,)
        assert infos["final_obs"][i][0] > 0.2  # it was driving
        assert obs[i][0] == 0.0  # and stands at its next start
        assert infos["final_info"]["status"][i] == "time_up"
        assert infos["final_info"]["steps"][i] == 30
    assert vector.race.cars["episode"].tolist() == [1] * 5


def test_vector_rows_equal_single_environments(vector):
    obs, _ = vector.reset(seed=21)
    singles = [RacerEnv(rules=SHORT) for _ in range(5)]
    for i, single in enumerate(singles):
        assert (single.reset(seed=21 + i)[0] == obs[i]).all()
    rng = np.random.default_rng(0)
    for _ in range(70):
        actions = rng.uniform(-1, 1, (5, 2)).astype(np.float32)
        obs, rewards, terminated, truncated, _ = vector.step(actions)
        for i, single in enumerate(singles):
            o, reward, *ends, _ = single.step(actions[i])
            if any(ends):
                o, _ = single.reset()
            assert o.tobytes() == obs[i].tobytes()
            assert (reward, *ends) == (rewards[i], terminated[i], truncated[i])
    for single in singles:
        single.close()


def test_vector_seeds_may_be_given_one_by_one(vector):
    vector.reset(seed=[3, 1, 4, 1, 5])
    assert vector.race.cars["key"].tolist() == [3, 1, 4, 1, 5]
    with pytest.raises(ValueError, match="give 5 whole numbers"):
        vector.reset(seed=[3, None, 4, 1, 5])


def test_vector_needs_reset(vector):
    with pytest.raises(gymnasium.error.ResetNeeded):
        vector.step(np.zeros((5, 2), np.float32))


def test_gymnasium_record_episode_statistics_wraps_the_vector_env(vector, driver):
    wrapped = gymnasium.wrappers.vector.RecordEpisodeStatistics(vector)
    wrapped.reset(seed=0)
    seen = 0
    for _ in range(61):
        *_, infos = wrapped.step(driver(vector.race))
        seen += int(infos.get("_episode", np.zeros(1)).sum())
    assert seen == 10


# --- SB3 VecEnv ----------------------------------------------------------------------------------


def test_vec_env_auto_resets_and_keeps_the_terminal_observation(vec_env, driver):
    vec_env.reset()
    for step in range(1, 31):
        obs, rewards, dones, infos = vec_env.step(driver(vec_env.race))
        assert dones.all() == (step == 30)
        if step < 30:
            assert not any(infos)
    assert rewards.dtype == np.float32
    for i, info in enumerate(infos):
        assert info["TimeLimit.truncated"] is True
        assert info["terminal_observation"][0] > 0.2
        assert obs[i][0] == 0.0
        assert info["episode"]["l"] == 30
        assert info["episode"]["r"] == pytest.approx(info["return"])
        assert info["is_success"] is False


def test_vec_env_does_not_call_a_fault_a_time_limit(vec_env):
    vec_env.reset()
    for _ in range(29):
        _, _, dones, infos = vec_env.step(np.tile(np.array([1.0, 1.0], np.float32), (6, 1)))
        for info in np.array(infos, object)[dones]:
            assert info["status"] == "off_track"
            assert info["TimeLimit.truncated"] is False
    assert len(vec_env.take_finished()) >= 6
    assert vec_env.take_finished() == []


def test_vec_env_seed_is_honoured_once(vec_env):
    vec_env.seed(40)
    vec_env.reset()
    assert vec_env.race.cars["key"].tolist() == list(range(40, 46))
    assert vec_env.race.cars["episode"].tolist() == [0] * 6
    vec_env.reset()
    assert vec_env.race.cars["episode"].tolist() == [1] * 6


def test_vec_env_state_continues_to_the_bit(vec_env, driver):
    vec_env.reset()
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (50, 6, 2)).astype(np.float32)
    for action in actions[:20]:
        vec_env.step(action)
    state = copy.deepcopy(vec_env.get_state())

    def rest():
        parts = []
        for action in actions[20:]:
            obs, rewards, dones, _ = vec_env.step(action)
            parts += [obs.tobytes(), rewards.tobytes(), dones.tobytes()]
        return parts

    expected = rest()
    vec_env.set_state(state)
    assert rest() == expected


def test_vec_env_state_holds_what_a_compiled_reward_keeps(tmp_path):
    from racer.envs.sb3 import RacerVecEnv

    path = tmp_path / "change.py"
    path.write_text(
        "last = 0.0\n"
        "def reward_function(params):\n"
        "    global last\n"
        "    change, last = params['speed'] - last, params['speed']\n"
        "    return change\n"
    )
    config = RaceConfig(reward=str(path), reward_engine="compiled", rules=SHORT)
    made, actions = RacerVecEnv(make_race(config, 6, seed=3)), np.random.default_rng(0)
    try:
        made.reset()
        commands = actions.uniform(-1, 1, (20, 6, 2)).astype(np.float32)
        for command in commands[:10]:
            made.step(command)
        state = copy.deepcopy(made.get_state())
        expected = [made.step(command)[1].tobytes() for command in commands[10:]]
        made.set_state(state)
        assert [made.step(command)[1].tobytes() for command in commands[10:]] == expected
    finally:
        made.close()


def test_a_copied_env_goes_on_with_what_its_reward_keeps(tmp_path):
    path = tmp_path / "average.py"
    path.write_text(
        "mean = 0.0\n"
        "def reward_function(params):\n"
        "    global mean\n"
        "    mean = 0.5 * mean + 0.5 * params['speed']\n"
        "    return mean\n"
    )
    made = RacerEnv(reward=str(path), reward_engine="compiled")
    made.reset(seed=1)
    for _ in range(5):
        made.step(np.array([0.1, 0.5], np.float32))
    again = copy.deepcopy(made)
    action = np.array([-0.2, 0.1], np.float32)
    assert [made.step(action)[1] for _ in range(5)] == [again.step(action)[1] for _ in range(5)]
    made.close()
    again.close()


def test_vec_env_observations_are_the_callers_own(vec_env):
    first = vec_env.reset()
    kept = first.copy()
    second, *_ = vec_env.step(np.zeros((6, 2), np.float32))
    assert (first == kept).all()
    assert not np.shares_memory(second, vec_env.race.obs)


def test_stable_baselines_ppo_learns_on_it_without_a_warning(vec_env):
    from stable_baselines3 import PPO

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PPO("MlpPolicy", vec_env, n_steps=32, batch_size=64, seed=0, device="cpu")
        model.learn(384)
    assert model.num_timesteps == 384


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.filterwarnings("error")
def test_a_copy_of_an_environment_goes_on_to_the_same_bits(copied):
    made = gymnasium.make("racer:Racer-v0", track="bean", rules={"start": "random"})
    made.action_space.seed(4)
    made.reset(seed=5)
    made.step(made.action_space.sample())
    twin = copied(made)
    for _ in range(80):
        results = []
        for one in (made, twin):
            obs, *rest = one.step(one.action_space.sample())
            if rest[1] or rest[2]:
                obs, _ = one.reset()
            results.append((obs.tobytes(), *rest))
        assert results[0] == results[1]
    twin.close()
    made.step(made.action_space.sample())  # its race is its own
    made.close()


def test_rules_may_be_a_dict_and_are_checked():
    made = RacerEnv(rules={"start": "line", "max_steps": 20})
    assert (made.race.rules.start, made.race.max_steps) == ("line", 20)
    made.close()
    with pytest.raises(BadConfig, match=r"no setting 'rules.stert'. Did you mean 'rules.start'\?"):
        RacerEnv(rules={"stert": "line"})
    with pytest.raises(BadConfig, match="give Rules"):
        RacerEnv(rules="line")


def test_a_step_cap_is_kept_beside_other_rules():
    made = RacerVectorEnv(2, rules=Rules(start="line"), max_episode_steps=30)
    assert (made.race.rules.start, made.race.max_steps) == ("line", 30)
    made.close()


def test_vector_seeds_of_any_size_are_taken(vector):
    vector.reset(seed=2**70)
    vector.reset(seed=[2**62 + i for i in range(vector.num_envs)])
    far = vector.race.cars["key"].copy()
    vector.reset(seed=0)
    assert (far == vector.race.cars["key"]).all()  # 2**62 is where they begin again


@pytest.mark.parametrize("seeds", [[1], [1.5, 2, 3], [-1, 2, 3], [None, 1, 2]])
def test_vector_seeds_are_whole_numbers_one_for_each_car(seeds):
    env = RacerVectorEnv(3)
    with pytest.raises(ValueError, match="give 3 whole numbers"):
        env.reset(seed=seeds)
    env.reset(seed=[None] * 3)


def test_any_finite_action_is_clipped(env):
    def pose(action):
        env.reset(seed=0)
        env.step(action)
        return env.race.cars["steer_command"][0], env.race.cars["speed_command"][0]

    assert pose([1e308, -1e39]) == pose([1.0, -1.0])
    with pytest.raises(ValueError, match="is not in"):
        env.step(np.array([np.inf, 0.0]))


def test_a_closed_environment_says_so():
    env = RacerEnv(reward_engine="worker")
    env.reset(seed=0)
    env.close()
    with pytest.raises(gymnasium.error.ClosedEnvironmentError, match="make a new one"):
        env.step(np.zeros(2))
    with pytest.raises(gymnasium.error.ClosedEnvironmentError, match="make a new one"):
        env.reset()


def test_vec_env_needs_reset():
    from racer.envs.sb3 import RacerVecEnv

    env = RacerVecEnv(make_race(RaceConfig(), 2))
    with pytest.raises(RuntimeError, match="reset"):
        env.step(np.zeros((2, 2), np.float32))


def test_seeds_of_any_size_are_taken(env):
    assert env.reset(seed=2**70)[0].shape == (21,)


def test_one_car_is_asked_for_one_action(env):
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"1 car takes \(2,\), each in Box"):
        env.step([0.0])


def test_a_race_needs_a_car():
    with pytest.raises(BadConfig, match="1 or more"):
        RacerVectorEnv(0)


def test_sb3_knows_that_episodes_are_counted(vec_env):
    from stable_baselines3.common.monitor import Monitor

    assert all(vec_env.env_is_wrapped(Monitor))
    assert not any(vec_env.env_is_wrapped(gymnasium.wrappers.TimeLimit))
