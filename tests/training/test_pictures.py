"""Pictures are learned from, played without torch, kept, gone on from and exported."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from racer import RaceConfig, Run, TrainConfig, observations
from racer.actions import parse
from racer.cli import main
from racer.config import CameraConfig, Config
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadActions, BadConfig, BadRun, ResourceError, UsageError
from racer.export.sb3 import write_sb3
from racer.policy import Policy, from_model, into_model
from racer.policy.branches import Branch
from racer.policy.inputs import Part
from racer.policy.network import Network, read_network
from racer.race import make_race
from racer.runs import RUNS
from racer.training import algorithms, memory
from racer.training.checkpoint import policy_of
from racer.training.networks import NETWORKS, branches

TINY = CameraConfig(width=40, height=40)
SMALL = [
    *("--observation", "camera+features", "--laps", "1", "--num-envs", "8"),
    *("--set", "race.camera.width=40", "--set", "race.camera.height=40"),
    *("--set", "train.n_steps=32", "--set", "train.eval_every=100000"),
]


def model_of(algo="ppo", observation="camera", network="small", camera=TINY):
    race = make_race(RaceConfig(observation=observation, camera=camera), 4, with_reward=False)
    env = RacerVecEnv(race)
    config = TrainConfig(algo=algo, num_envs=4, network=network, batch_size=8, n_epochs=None)
    if algo == "sac":
        config = dataclasses.replace(config, buffer_size=1000)
    model = algorithms.build(config, env)
    with torch.no_grad():  # far from the small initial weights
        for parameter in model.policy.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    return model, env


@pytest.mark.parametrize(
    ("algo", "observation"),
    [("ppo", "camera"), ("ppo", "camera+features"), ("sac", "camera"), ("sac", "features+stereo")],
)
def test_the_player_gives_torchs_actions_and_a_row_does_not_know_its_batch(algo, observation):
    model, env = model_of(algo, observation)
    policy = Policy.from_bytes(from_model(model).to_bytes())
    obs = env.reset()
    for _ in range(3):
        obs = env.step(np.ones((4, 2), np.float32))[0]
        expected, _ = model.predict(obs, deterministic=True)
        acts = policy.act(obs)
        np.testing.assert_allclose(acts, expected, atol=1e-5, rtol=0)
    one = policy.act(observations.take(obs, slice(2, 3)))
    assert one.tobytes() == acts[2:3].tobytes()
    again, _ = model_of(algo, observation)
    into_model(policy, again)
    np.testing.assert_array_equal(again.predict(obs, deterministic=True)[0], expected)


def policy_size(network, sees):
    """How many weights the actor has, with five choices."""
    seen = tuple(Part(key, shape, "uint8" if len(shape) == 3 else "float32") for key, shape in sees)
    made = branches(network, seen, {})
    inputs = sum(b.outputs(p) for b, p in zip(made, seen, strict=True))
    after = NETWORKS[network].after
    whole = Network("ppo", inputs, after, after, "relu", choices=5, parts=seen, branches=made)
    actor = {k: s for k, s in whole.shapes().items() if "vf_" not in k and "value_net" not in k}
    return sum(int(np.prod(shape)) for shape in actor.values())


MONO, STEREO = ("camera", (1, 120, 160)), ("stereo", (2, 120, 160))
SECTORS, LIDAR = ("sector_lidar", (8,)), ("lidar", (64,))


@pytest.mark.parametrize(
    ("network", "sees", "weights"),
    [  # as counted in the official simulator: reference rows 104 and 105
        ("deepracer_shallow", [MONO], 5_842_085),
        ("deepracer_shallow", [STEREO], 5_844_133),
        ("deepracer_shallow", [MONO, SECTORS], 6_041_253),
        ("deepracer_shallow", [LIDAR, STEREO], 6_057_637),
        ("deepracer", [MONO], 3_685_413),
        ("deepracer", [STEREO], 57_624_549),
        ("deepracer_deep", [MONO], 1_106_117),
        ("deepracer_deep", [STEREO], 28_983_269),
    ],
)
def test_deepracers_networks_have_as_many_weights_as_deepracers(network, sees, weights):
    assert policy_size(network, sees) == weights


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(*options):
    assert main(["train", *SMALL, *options]) == 0
    return Run.open("latest", RUNS)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_training_from_pictures_goes_on_as_if_it_had_never_stopped(folder, algo, capsys):
    more = ["--algo", algo]
    step, end = (512, 1024)
    if algo == "sac":
        more += ["--set", "train.buffer_size=4000", "--set", "train.batch_size=16"]
        more = [one for one in more if "n_steps" not in one]
        step, end = 2056, 2080
    options = SMALL if algo == "ppo" else [one for one in SMALL if one != "train.n_steps=32"]
    if algo == "sac":
        at = options.index("train.eval_every=100000") - 1
        options = options[: at - 1] + options[at:]
    run = ["train", *options, *more, "--timesteps"]
    assert main([*run, str(end)]) == 0
    whole = Run.open("latest", RUNS)
    assert main([*run, str(step)]) == 0
    parted = Run.open("latest", RUNS)
    assert main(["train", "--resume", parted.name, "--timesteps", str(end), "--laps", "1"]) == 0
    weights = [policy_of(one.folder, "last").to_bytes() for one in (whole, parted)]
    assert weights[0] == weights[1]
    assert 'network = "small"' in (whole.folder / "config.toml").read_text()
    if algo == "ppo":
        assert main(["evaluate", "latest", "--laps", "1"]) == 0
        assert main(["compare", whole.name, parted.name]) == 0
        zipped = write_sb3(whole, folder / "model.zip")
        from stable_baselines3 import PPO

        model = PPO.load(zipped, device="cpu")
        race = make_race(whole.config().race, 4, with_reward=False)
        obs = observations.copied(race.reset())
        expected, _ = model.predict(obs, deterministic=True)
        np.testing.assert_allclose(policy_of(whole.folder).act(obs), expected, atol=1e-5)
        pytest.importorskip("onnxruntime")
        assert main(["export", "latest", "--onnx", "camera.onnx"]) == 0


def test_seeds_that_see_are_trained_and_compared(folder, capsys, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # one after the other, in this process
    assert main(["train", *SMALL, "--timesteps", "256", "--seeds", "2", "--tag", "eyes"]) == 0
    said = capsys.readouterr().out
    first, second = (Run.open(line.split()[-1], RUNS) for line in said.splitlines()[:2])
    assert [first.config().train.seed, second.config().train.seed] == [0, 1]
    assert policy_of(first.folder).to_bytes() != policy_of(second.folder).to_bytes()
    assert main(["compare", "eyes"]) == 0
    table = capsys.readouterr().out
    assert "plot          compare.png" in table
    assert (folder / "compare.png").stat().st_size > 0


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_pictures_that_do_not_fit_into_memory_are_refused_with_the_setting(
    folder, algo, monkeypatch
):
    monkeypatch.setattr(memory.memory, "free", lambda: 10_000_000)
    config = Config().override({"race.observation": "camera", "train.algo": algo})
    config = algorithms.with_network(config)
    race = make_race(config.race, 4, with_reward=False)
    what = "train.buffer_size" if algo == "sac" else "--num-envs, train.n_steps"
    with pytest.raises(ResourceError, match=f"{what}, or smaller pictures"):
        memory.check(config, race)


def test_the_estimate_holds_what_the_buffers_hold():
    model, env = model_of("ppo")
    config = TrainConfig(num_envs=4, network="small", batch_size=8)
    held = sum(a.nbytes for a in vars(model.rollout_buffer).values() if isinstance(a, np.ndarray))
    estimate = memory.buffers(Config(train=config), env.race)
    assert 2 * held <= estimate < 6 * held


def metadata(folder, **more):
    space = [{"steering_angle": 20, "speed": 1}, {"steering_angle": -20, "speed": 1}]
    content = {"action_space": space, "version": "5", **more}
    (folder / "model_metadata.json").write_text(json.dumps(content))
    return Config().override({"race.actions": "model_metadata.json", "race.observation": "sensors"})


def test_sensors_network_and_lidar_of_a_model_metadata_are_used(folder):
    given = metadata(
        folder,
        sensor=["STEREO_CAMERAS", "DISCRETIZED_SECTOR_LIDAR"],
        neural_network="DEEP_CONVOLUTIONAL_NETWORK_DEEP",
        lidar_config={"num_sectors": 4, "num_values_per_sector": 2, "clipping_dist": 20.0},
    )
    config = algorithms.with_network(given)
    assert config.race.observation == "stereo+discretized_lidar"
    assert (config.race.camera.width, config.race.camera.height) == (160, 120)
    lidar = config.race.lidar
    assert (lidar.sectors, lidar.discretized_sectors, lidar.values) == (8, 4, 2)
    assert config.race.lidar.discretized_clip_m == 12.0  # reference row 103
    assert config.train.network == "deepracer_deep"
    space = make_race(given.race, 1, with_reward=False).observation_space
    assert space["stereo"].shape == (2, 120, 160)
    assert space["discretized_lidar"].shape == (8,)
    config = algorithms.with_network(metadata(folder, sensor=["FRONT_FACING_CAMERA"]))
    assert (config.race.observation, config.train.network) == ("camera", "deepracer_shallow")
    config = algorithms.with_network(metadata(folder, sensor=["SECTOR_LIDAR"]))
    assert (config.race.observation, config.train.network) == ("sector_lidar", None)


def test_sector_lidar_has_eight_sectors_whatever_the_discretized_one_has(folder):
    sensors = ["SECTOR_LIDAR", "DISCRETIZED_SECTOR_LIDAR"]
    given = metadata(folder, sensor=sensors, lidar_config={"num_sectors": 16})
    space = make_race(given.race, 1, with_reward=False).observation_space
    assert (space["sector_lidar"].shape, space["discretized_lidar"].shape) == ((8,), (128,))


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("sensors", "camera+lidar"),
        ("sensors+features", "camera+lidar+features"),
        ("camera+sensors", "camera+lidar"),
        ("features+sensors+stereo", "features+camera+lidar+stereo"),
    ],
)
def test_sensors_may_be_one_of_several(folder, typed, seen):
    config = metadata(folder, sensor=["FRONT_FACING_CAMERA", "LIDAR"])
    config = algorithms.with_network(config.override({"race.observation": typed}))
    assert (config.race.observation, config.train.network) == (seen, "deepracer_shallow")
    space = make_race(config.race, 1, with_reward=False).observation_space
    assert list(space.spaces) == sorted(seen.split("+"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("LIDAR", "LIDAR is the official name of the observation lidar: use lidar, or sensors"),
        ("features+LEFT_CAMERA", "official name of the observation camera"),
        ("sensor", "Did you mean 'sensors'"),
        ("camera, features", "join several with a plus and nothing else"),
        ("camera + features", "join several with a plus and nothing else"),
        ("camera+", "join several with a plus and nothing else"),
    ],
)
def test_other_names_are_refused_with_what_to_write(folder, typed, said):
    config = metadata(folder, sensor=["LIDAR"]).override({"race.observation": typed})
    with pytest.raises(UsageError, match=said):
        algorithms.with_network(config)


def test_sensors_have_official_pictures_and_another_size_is_refused(folder):
    config = metadata(folder, sensor=["LEFT_CAMERA"]).override({"race.camera.width": 40})
    with pytest.raises(BadConfig, match=r"race.camera.width = 40; .* official simulator's, 160"):
        algorithms.with_network(config)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "names no sensors"),
        ({"sensor": ["RADAR"]}, "sensor 'RADAR'; use observation"),
        ({"sensor": ["LIDAR"], "neural_network": "BIG"}, "neural_network 'BIG'; use DEEP"),
        ({"sensor": "LIDAR"}, "sensor is 'LIDAR'; a list of names is needed"),
        ({"sensor": ["LIDAR"], "lidar_config": {"num_sectors": 2.5}}, "num_sectors is 2.5"),
        ({"sensor": ["LIDAR"], "lidar_config": {"num_sectors": True}}, "whole number from 1 to 64"),
        ({"sensor": ["LIDAR"], "lidar_config": {"num_sectors": 7}}, "64 beams cannot be split"),
        ({"sensor": ["LIDAR"], "lidar_config": {"num_values_per_sector": 10**400}}, "from 1 to 64"),
        ({"sensor": ["LIDAR"], "lidar_config": 3}, "a table is needed"),
    ],
)
def test_sensors_that_are_not_official_are_refused(folder, more, said):
    with pytest.raises(BadActions, match=said):
        algorithms.with_network(metadata(folder, **more))


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(BadConfig, match="is for pictures; the observation 'features' has none"):
        algorithms.with_network(Config().override({"train.network": "small"}))
    with pytest.raises(BadConfig, match="20 x 20 pixels is too small for it"):
        branches("small", (Part("", (1, 20, 20), "uint8"),), {})


def test_a_hostile_description_of_branches_is_refused():
    model, _ = model_of()
    described = from_model(model).network.described()
    for wrong in ([[0, [[8, 99, 1]], []]], [[99, [[8, 4, 4]], []]], [[0, [[8, 4]], []]], [], [7]):
        with pytest.raises(BadRun):
            read_network(described | {"branches": wrong, "shared": True})
    assert Branch(0, ((8, 4, 4),)).sizes(Part("", (1, 40, 40), "uint8"))[-1] == (8, 10, 10)
    assert parse([{"steering_angle": 0, "speed": 1}], "x").space.n == 1
