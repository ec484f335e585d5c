"""An observation may be any Box or Dict; a user's own file is one, without touching the package."""

import copy
import textwrap

import numpy as np
import pytest

from racer import observations, vehicles
from racer.config import Others, RaceConfig, Rules
from racer.envs.env import RacerEnv
from racer.envs.vector_env import RacerVectorEnv
from racer.errors import BadConfig, BadInput, UnknownName
from racer.race import make_race
from racer.sim.geometry import look_ahead

# A picture of 36 x 36 grey pixels beside two numbers, by plain NumPy; and the picture alone.
PICTURE = """
import gymnasium
import numpy as np
from racer.sim.scene import Scene


class Observation:
    def __init__(self, vehicle):
        self._picture = gymnasium.spaces.Box(0, 255, (36, 36, 1), np.uint8)
        self._numbers = gymnasium.spaces.Box(-10.0, 10.0, (2,), np.float64)
        self.space = gymnasium.spaces.Dict(picture=self._picture, numbers=self._numbers)

    def bind(self, scene: Scene, out):
        def observe():
            for i in np.flatnonzero(scene.mask):
                car = scene.cars[i]
                out["numbers"][i] = car["v"], car["n"]
                out["picture"][i] = 0
                out["picture"][i, int(car["segment"]) % 8, :, 0] = 100 + scene.roads[i]
        return observe
"""
ALONE = (
    PICTURE.replace(
        "gymnasium.spaces.Dict(picture=self._picture, numbers=self._numbers)", ("self._picture")
    )
    .replace('out["numbers"][i] = car["v"], car["n"]', "pass")
    .replace('out["picture"]', "out")
)
KERNEL = """
import gymnasium
import numpy as np
from racer.sim.jit import kernel
from racer.sim.native_call import bind

SCALE = 1.0


@kernel
def observe(cars, mask, out, direction):
    for i in range(cars.size):
        if mask[i] and cars[i].direction == direction:
            out[i, 0] = cars[i].s * SCALE


class Observation:
    def __init__(self, vehicle):
        self.space = gymnasium.spaces.Box(-1e3, 1e3, (1,), np.float32)

    def bind(self, scene, out):
        return scene.each(lambda p: bind(observe, p.cars, p.mask, out[p.rows], p.direction))
"""
SHORT = Rules(max_steps=12)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Files in ./observations of a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "observations"
    folder.mkdir()
    (folder / "picture.py").write_text(PICTURE)
    (folder / "alone.py").write_text(ALONE)
    (folder / "along.py").write_text(KERNEL)
    return folder


@pytest.mark.parametrize("name", ["picture", "alone", "along", "features", "far_features"])
@pytest.mark.usefixtures("mine")
def test_buffers_follow_the_space_and_every_row_is_in_it(name):
    race = make_race(RaceConfig(observation=name, rules=SHORT), 3)
    race.reset()
    for _ in range(30):
        race.step(np.zeros((3, 2), np.float32))
        rows = [observations.take(race.obs, i) for i in range(3)]
        assert all(race.observation_space.contains(row) for row in rows)
        race.reset(race.done)


@pytest.mark.usefixtures("mine")
def test_an_observation_sees_the_track_of_every_car():
    from racer.tracks import Track

    tracks = [Track.load("oval"), Track.load("bean")]
    race = make_race(RaceConfig(observation="picture"), 4, tracks=tracks)
    obs = race.reset()
    assert obs["picture"].max(axis=(1, 2, 3)).tolist() == [100, 100, 101, 101]


@pytest.mark.parametrize("others", [{}, {"race": "object_avoidance", "obstacles": 7}])
def test_far_features_are_the_features_and_two_more_points_of_the_road(others):
    names = "features", "far_features"
    around = Others(**others)
    races = [
        make_race(RaceConfig(track="bean", observation=name, others=around), 8) for name in names
    ]
    rng = np.random.default_rng(0)
    for race in races:
        race.reset()
    for _ in range(40):
        actions = rng.uniform(-1, 1, (8, 2)).astype(np.float32)
        near, far = (race.step(actions) for race in races)
        assert (far[:, :21] == near[:, :21]).all()
        assert (far[:, 27:] == near[:, 21:]).all()
        for car, seen in zip(race.cars, far[:, 21:27].reshape(8, 2, 3), strict=True):
            for ahead, (forward, left, width) in zip((4.5, 6.0), seen, strict=True):
                x, y, road = look_ahead(race.track.arrays, car["s"] + ahead)
                away = complex(x - car["nose_x"], y - car["nose_y"]) * np.exp(-1j * car["yaw"])
                assert forward == pytest.approx(away.real / ahead, abs=1e-6)
                assert left == pytest.approx(away.imag / ahead, abs=1e-6)
                assert width == pytest.approx(road, abs=1e-6)
        for race in races:
            race.reset(race.done)


@pytest.mark.usefixtures("mine")
def test_the_single_door_gives_a_dict_of_its_own_arrays():
    env = RacerEnv(observation="picture", rules=SHORT)
    first, _ = env.reset(seed=1)
    assert env.observation_space.contains(first)
    before = copy.deepcopy(first)
    obs, *_ = env.step(np.array([0.3, 1.0]))
    assert env.observation_space.contains(obs)
    assert obs["numbers"][0] > 0.0
    np.testing.assert_equal(first, before)
    env.close()


@pytest.mark.usefixtures("mine")
def test_the_vector_door_keeps_the_last_observation_as_a_dict():
    env = RacerVectorEnv(3, observation="picture", rules=SHORT)
    obs, _ = env.reset(seed=1)
    assert env.observation_space.contains(obs)
    infos = {}
    while "final_obs" not in infos:
        obs, *_, infos = env.step(np.ones((3, 2), np.float32))
    assert env.observation_space.contains(obs)
    car = int(np.argmax(infos["_final_obs"]))
    assert env.single_observation_space.contains(infos["final_obs"][car])
    assert infos["final_obs"][car]["numbers"][0] > 0.0 == obs["numbers"][car, 0]
    env.close()


@pytest.mark.parametrize(
    ("name", "policy"), [("picture", "MultiInputPolicy"), ("alone", "CnnPolicy")]
)
@pytest.mark.usefixtures("mine")
def test_stable_baselines_learns_from_a_dict_and_from_pictures(name, policy):
    from stable_baselines3 import PPO

    from racer.envs.sb3 import RacerVecEnv

    env = RacerVecEnv(make_race(RaceConfig(observation=name, rules=SHORT), 4))
    model = PPO(policy, env, n_steps=16, batch_size=32, n_epochs=1)
    model.learn(128)
    assert model.num_timesteps == 128
    env.close()


@pytest.mark.usefixtures("mine")
def test_state_of_the_vec_env_continues_with_a_dict():
    from racer.envs.sb3 import RacerVecEnv

    env = RacerVecEnv(make_race(RaceConfig(observation="picture", rules=SHORT), 4))
    env.reset()
    actions = np.ones((4, 2), np.float32)
    env.step(actions)
    state = env.get_state()
    then = env.step(actions)[0]
    env.set_state(state)
    np.testing.assert_equal(env.step(actions)[0], then)
    env.close()


def test_flat_and_back():
    obs = {"a": np.arange(3), "b": {"c": np.ones((3, 2))}}
    flat = observations.flat(obs, "obs")
    assert sorted(flat) == ["obs.a", "obs.b.c"]
    np.testing.assert_equal(observations.unflat(obs, flat, "obs"), obs)


@pytest.mark.usefixtures("mine")
def test_racer_train_says_at_once_what_it_cannot_learn_from(tmp_path):
    from racer.config import Config
    from racer.training.train import train

    config = Config().override({"race.observation": "picture", "train.timesteps": 100})
    with pytest.raises(BadConfig, match="Stable-Baselines3"):
        train(config, runs_dir=tmp_path / "runs")


def test_a_users_file_comes_before_the_built_in_one(mine):
    (mine / "features.py").write_text(KERNEL)
    vehicle = vehicles.load("deepracer")
    assert observations.make("features", vehicle).space.shape == (1,)
    assert set(observations.names()) >= {"picture", "along", "features"}


def test_an_edited_file_is_not_answered_from_a_cache(mine, python):
    code = textwrap.dedent("""
        import os; os.chdir({folder!r})
        from racer.config import RaceConfig
        from racer.race import make_race
        race = make_race(RaceConfig(observation="along"), 1, with_reward=False, seed=7)
        print(float(race.reset()[0, 0]))
    """).format(folder=str(mine.parent))
    first = float(python(code))
    path = mine / "along.py"
    stamp = path.stat()
    path.write_text(KERNEL.replace("SCALE = 1.0", "SCALE = 2.0"))
    import os

    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # same size, same time
    assert first > 0.0
    assert float(python(code)) == pytest.approx(2.0 * first)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("import nothing_of_that_name", "broken.py:1 cannot be imported: ModuleNotFoundError"),
        ("x = (", "broken.py:1 cannot be imported: SyntaxError"),
        ("x = 1", "no class Observation"),
        ("class Observation:\n    space = 3\n    def __init__(self, v): ...", "Dict of Boxes"),
    ],
)
def test_a_file_that_is_no_observation_is_named(mine, text, match):
    (mine / "broken.py").write_text(text)
    with pytest.raises(BadInput, match=match):
        observations.make("broken", vehicles.load("deepracer"))


def test_unknown_names_are_told_where_to_put_a_file(mine):
    with pytest.raises(UnknownName, match=r"Did you mean 'picture'.*observations/pictur\.py"):
        observations.make("pictur", vehicles.load("deepracer"))


def test_a_module_of_an_installed_package_is_found_by_its_name():
    made = observations.make("racer.observations.features", vehicles.load("deepracer"))
    assert made.space.shape == (21,)


def test_a_vehicle_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vehicles").mkdir()
    text = "from racer.vehicles import load\nPARAMS = load('deepracer_v5')\nPARAMS['speed_max'] = 3"
    (tmp_path / "vehicles" / "slow.py").write_text(text)
    assert vehicles.load("slow")["speed_max"][0] == 3.0
    assert "slow" in vehicles.names()
    (tmp_path / "vehicles" / "none.py").write_text("PARAMS = 3")
    with pytest.raises(BadInput, match="PARAMS = vehicle"):
        vehicles.load("none")


def test_observations_of_single_cars_stack_to_what_all_see():
    obs = {"a": np.arange(6.0).reshape(3, 2), "b": {"c": np.arange(3)}}
    again = observations.stacked([observations.take(obs, i) for i in range(3)])
    assert again["a"].tolist() == obs["a"].tolist()
    assert again["b"]["c"].tolist() == [0, 1, 2]
