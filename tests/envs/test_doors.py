"""What the doors take: starts, functions, autoreset modes, pictures; and what they refuse."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from racer.config import RaceConfig, Rules
from racer.envs.env import RacerEnv
from racer.envs.vector_env import RacerVectorEnv
from racer.errors import BadConfig, BadReward, RacerError
from racer.race import make_race

SHORT = Rules(max_steps=5)
STILL = np.array([0.0, -1.0], np.float32)


@pytest.fixture
def env():
    made = RacerEnv()
    yield made
    made.close()


def vec_env(n=2, render_mode=None, **config):
    from racer.envs.sb3 import RacerVecEnv

    race = make_race(RaceConfig(**config), n, all_params=render_mode is not None)
    return RacerVecEnv(race, render_mode)


# -- where an episode begins


@pytest.mark.parametrize(
    ("options", "s"),
    [({"s_m": 3.0}, 3.0), ({"progress_pct": 25.0}, 0.25), ({"waypoint": 20}, 20), ({}, 0.0)],
)
def test_an_episode_begins_where_the_options_say(env, options, s):
    env.reset(seed=0, options=options)
    track, car = env.race.track, env.race.cars[0]
    s = track.length * s if "progress_pct" in options else s
    s = float(track.arrays.center["s"][s]) if "waypoint" in options else s
    x, y, yaw = track.pose_at(s)
    assert (car["x"], car["y"], car["yaw"]) == pytest.approx((x, y, yaw))
    assert car["start_s"] == s
    env.step(STILL)
    # Progress counts from there; the nose is 0.14 m ahead, the wheel base on a bend.
    assert 0.0 < env.params["progress"] < 100 * 0.2 / track.length
    assert env.params["steps"] == 2.0


def test_offset_is_left_and_heading_is_relative_to_the_road(env):
    env.reset(seed=0, options={"s_m": 2.0, "offset_m": 0.2, "heading_deg": 30.0})
    car, (_, _, yaw) = env.race.cars[0], env.race.track.pose_at(2.0)
    assert car["yaw"] == pytest.approx(yaw + np.radians(30.0))
    assert car["n"] == pytest.approx(0.2 + 0.14 * np.sin(np.radians(30.0)), abs=1e-3)


def test_the_first_observation_is_of_that_place(env):
    obs, _ = env.reset(seed=0, options={"s_m": 2.0, "heading_deg": 30.0})
    assert obs[4] == pytest.approx(np.sin(np.radians(30.0)), abs=1e-3)
    np.testing.assert_array_equal(obs, env.race.refresh()[0])


def test_the_next_reset_begins_as_the_rules_say(env):
    env.reset(seed=0, options={"s_m": 2.0})
    env.reset()
    assert env.race.cars["start_s"][0] == pytest.approx(0.05 * env.race.track.length)


def test_a_start_counts_in_the_direction_that_is_driven():
    env = RacerEnv(rules={"reverse": True})
    env.reset(seed=0, options={"waypoint": 5})
    env.step(STILL)
    assert env.params["closest_waypoints"] == [5, 6]
    x, y = env.params["waypoints"][5]
    assert np.hypot(env.params["x"] - x, env.params["y"] - y) < 0.2
    env.close()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"waypont": 3}, "no reset option 'waypont'. Did you mean 'waypoint'"),
        ({"waypoint": 3, "s_m": 1.0}, "s_m and waypoint; give one place"),
        ({"waypoint": 10**6}, "has waypoints 0 to"),
        ({"waypoint": -1}, "has waypoints 0 to"),
        ({"waypoint": 1.5}, "whole number"),
        ({"s_m": float("nan")}, "finite number"),
        ({"s_m": "3"}, "finite number"),
        ({"heading_deg": None}, "finite number"),
        ({"offset_m": 30.0}, "road of oval reaches"),
        ([3], "give a dict"),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence_and_changes_nothing(env, options, match):
    env.reset(seed=0)
    before = env.race.cars.tobytes()
    with pytest.raises(BadConfig, match=match):
        env.reset(options=options)
    assert env.race.cars.tobytes() == before


def test_every_car_of_the_vector_door_begins_there():
    env = RacerVectorEnv(3)
    obs, _ = env.reset(seed=0, options={"waypoint": 7})
    assert len(set(env.race.cars["start_s"].tolist())) == 1
    assert (obs == obs[0]).all()
    env.close()


def test_stable_baselines_sets_options_for_all_or_each():
    env = vec_env(2)
    env.set_options({"s_m": 1.0})
    env.reset()
    assert env.race.cars["start_s"].tolist() == [1.0, 1.0]
    env.set_options([{"s_m": 2.0}, {}])
    env.reset()
    assert env.race.cars["start_s"][0] == 2.0 != env.race.cars["start_s"][1]
    env.close()


# -- rewards and types


def test_every_door_chooses_the_engine_the_same_way(env):
    vector = RacerVectorEnv(1)
    assert env.race.reward.name == vector.race.reward.name != "inprocess"
    vector.close()
    plain = RacerEnv(reward_engine="inprocess")
    assert plain.race.reward.name == "inprocess"
    plain.close()


def test_a_reward_may_be_a_python_function():
    seen = []

    def reward(params):
        seen.append(params)
        return params["steps"] / 2

    env = RacerEnv(reward=reward)
    env.reset(seed=0)
    assert env.step(STILL)[1] == 1.0
    assert seen[0] == env.params
    env.close()
    vector = RacerVectorEnv(2, reward=reward)
    vector.reset(seed=0)
    assert vector.step(np.stack([STILL, STILL]))[1].tolist() == [1.0, 1.0]
    vector.close()


def test_a_function_that_fails_is_named_with_its_line(tmp_path):
    def mine(params):
        return params["speeed"]

    env = RacerEnv(reward=mine)
    env.race.reward.failure_folder = tmp_path
    env.reset(seed=0)
    with pytest.raises(RacerError, match=r"test_doors\.py:\d+: KeyError: 'speeed'"):
        env.step(STILL)
    env.close()


def test_a_function_of_no_argument_is_refused():
    with pytest.raises(BadReward, match="it takes one argument, params"):
        RacerEnv(reward=lambda: 1.0)


@pytest.mark.parametrize("door", [RacerEnv, RacerVectorEnv])
@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"track": np.zeros((4, 6))}, r"track = array\(.*give a name or the path"),
        ({"reward": 3}, "reward = 3; .* or a function of params"),
        ({"actions": None}, "actions = None"),
        ({"vehicle": ["deepracer"]}, "vehicle = "),
    ],
)
def test_a_wrong_type_is_one_sentence(door, settings, match):
    with pytest.raises(BadConfig, match=match):
        door(**settings)


def test_a_closed_environment_says_so_in_every_door():
    actions = np.stack([STILL, STILL])
    vector, vec = RacerVectorEnv(2), vec_env(2)
    for env in (vector, vec):
        env.reset()
        env.close()
        with pytest.raises(Exception, match="closed; make a new one"):
            env.step(actions)
        with pytest.raises(Exception, match="closed; make a new one"):
            env.reset()


# -- autoreset


def test_next_step_autoreset_is_that_of_gymnasiums_own_vector_env(driver):
    from gymnasium.vector import SyncVectorEnv

    rules = Rules(max_steps=7, start="random")
    ours = RacerVectorEnv(3, rules=rules, autoreset_mode=AutoresetMode.NEXT_STEP)
    theirs = SyncVectorEnv(
        [lambda: RacerEnv(rules=rules)] * 3, autoreset_mode=AutoresetMode.NEXT_STEP
    )
    assert ours.metadata["autoreset_mode"] == theirs.metadata["autoreset_mode"]
    seeds = [5, 6, 7]
    obs = ours.reset(seed=seeds)[0], theirs.reset(seed=seeds)[0]
    for _ in range(30):
        np.testing.assert_array_equal(*obs)
        actions = driver(ours.race)
        found, wanted = ours.step(actions), theirs.step(actions)
        for k in range(4):
            np.testing.assert_array_equal(found[k], wanted[k])
        for name in ("steps", "status", "_status"):
            assert list(found[4].get(name, [])) == list(wanted[4].get(name, [])), name
        obs = found[0], wanted[0]
    ours.close()
    theirs.close()


def test_gymnasiums_normalising_wrappers_take_next_step(driver):
    env = RacerVectorEnv(2, rules=SHORT, autoreset_mode=AutoresetMode.NEXT_STEP)
    wrapped = gymnasium.wrappers.vector.NormalizeObservation(
        gymnasium.wrappers.vector.NormalizeReward(
            gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
        )
    )
    wrapped.reset(seed=0)
    lengths = set()
    for _ in range(20):
        infos = wrapped.step(driver(env.race))[4]
        if "episode" in infos:
            lengths |= set(infos["episode"]["l"][infos["_episode"]].tolist())
    assert lengths == {5}
    wrapped.close()


def test_an_unknown_autoreset_mode_is_refused():
    with pytest.raises(BadConfig, match="SAME_STEP or NEXT_STEP"):
        RacerVectorEnv(2, autoreset_mode="never")


# -- pictures


def test_the_vector_doors_give_a_picture_of_each_car():
    vector, vec = RacerVectorEnv(2, render_mode="rgb_array"), vec_env(2, "rgb_array")
    for env, frames in ((vector, vector.render), (vec, vec.get_images)):
        env.reset()
        first, second = frames()
        assert first.dtype == np.uint8
        assert first.ndim == 3
        assert (first != second).any()  # they start 5 % of a lap apart
        env.close()


@pytest.fixture
def moviepy():
    """Imported once without warnings: old versions have escapes that Python warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("moviepy.video.io.ImageSequenceClip")


@pytest.mark.usefixtures("moviepy")
def test_gymnasium_records_a_video_of_the_vector_door(tmp_path):
    env = gymnasium.wrappers.vector.RecordVideo(
        RacerVectorEnv(2, render_mode="rgb_array", autoreset_mode=AutoresetMode.NEXT_STEP),
        str(tmp_path / "videos"),
        step_trigger=lambda step: step == 0,
        video_length=4,
    )
    env.reset(seed=0)
    for _ in range(6):
        env.step(np.stack([STILL, STILL]))
    env.close()
    assert list(tmp_path.rglob("*.mp4"))


@pytest.mark.usefixtures("moviepy")
def test_stable_baselines_records_a_video(tmp_path):
    from stable_baselines3.common.vec_env import VecVideoRecorder

    env = VecVideoRecorder(
        vec_env(2, "rgb_array"), str(tmp_path), lambda step: step == 0, video_length=4
    )
    env.reset()
    for _ in range(6):
        env.step(np.stack([STILL, STILL]))
    env.close()
    assert list(tmp_path.glob("*.mp4"))


def test_stable_baselines_tiles_the_pictures():
    env = vec_env(2, "rgb_array")
    env.reset()
    one = env.get_images()[0]
    assert env.render().size == 2 * one.size
    env.close()
    with pytest.raises(BadConfig, match="rgb_array"):
        vec_env(2, "human")
