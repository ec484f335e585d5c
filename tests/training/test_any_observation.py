"""Any Box, or a Dict of Boxes, is learned from, kept, played without torch, and handed to SB3."""

import dataclasses
import json

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict

from racer import RaceConfig, Run, TrainConfig, evaluate, observations, train
from racer.cli import main
from racer.config import Config
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig, BadRun
from racer.export.sb3 import import_sb3, write_sb3
from racer.policy import Policy, from_model, into_model
from racer.policy.network import read_network
from racer.race import make_race
from racer.runs import RUNS
from racer.training import algorithms, memory
from racer.training.checkpoint import policy_of

# Whole numbers, a table and float64, with keys that are not given in the order of the alphabet.
MIXED = """
import gymnasium
import numpy as np
from gymnasium.spaces import Box

class Observation:
    def __init__(self, vehicle):
        self.space = gymnasium.spaces.Dict(
            speed=Box(-9.0, 9.0, (2,), np.float64),
            bins=Box(0, 20, (3, 4), np.uint8),
            laps=Box(-9, 9, (1,), np.int32),
        )

    def bind(self, scene, out):
        def observe():
            for i in np.flatnonzero(scene.mask):
                car = scene.cars[i]
                out["speed"][i] = car["v"], car["n"]
                out["bins"][i] = np.arange(12).reshape(3, 4) + int(car["segment"]) % 8
                out["laps"][i] = car["laps"]
        return observe
"""
TABLE = """
import numpy as np
from gymnasium.spaces import Box

class Observation:
    def __init__(self, vehicle):
        self.space = Box(-9.0, 9.0, (3, 4), np.float32)

    def bind(self, scene, out):
        def observe():
            for i in np.flatnonzero(scene.mask):
                out[i] = np.linspace(-1, 1, 12).reshape(3, 4) * scene.cars[i]["v"]
        return observe
"""
SMALL = ["--num-envs", "16", "--set", "race.reward_engine=inprocess", "--laps", "1"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with observations of one's own, where commands are typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "observations").mkdir()
    (tmp_path / "observations" / "mixed.py").write_text(MIXED)
    (tmp_path / "observations" / "table.py").write_text(TABLE)
    return tmp_path


def trained(*options):
    """A short training through the command line."""
    assert main(["train", *SMALL, "--set", "race.observation=mixed", *options]) == 0
    return Run.open("latest", RUNS)


def model_of(observation, algo):
    race = make_race(RaceConfig(observation=observation), 8, with_reward=False)
    env = RacerVecEnv(race)
    model = algorithms.build(TrainConfig(algo=algo, num_envs=8, n_steps=None), env)
    with torch.no_grad():  # far from the small initial weights
        for parameter in model.policy.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return model, env


@pytest.mark.parametrize("algo", ["ppo", "sac"])
@pytest.mark.parametrize("observation", ["mixed", "table"])
def test_the_player_gives_torchs_actions(folder, observation, algo):
    model, env = model_of(observation, algo)
    policy = Policy.from_bytes(from_model(model).to_bytes())
    obs = env.reset()
    for _ in range(5):
        obs = env.step(np.ones((8, 2), np.float32))[0]
        expected, _ = model.predict(obs, deterministic=True)
        np.testing.assert_allclose(policy.act(obs), expected, atol=1e-5, rtol=0)
    assert [one.key for one in policy.network.sees] in ([""], ["speed", "bins", "laps"])
    assert policy.network.inputs == sum(one.size for one in policy.network.sees)


def test_a_dict_is_trained_on_evaluated_and_compared_on_the_command_line(folder, capsys):
    run = trained("--timesteps", "1024")
    assert policy_of(run.folder).network.parts[1] == ("bins", (3, 4), "uint8")
    capsys.readouterr()
    assert main(["evaluate", "latest", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["laps"] == 1
    assert main(["evaluate", "latest", "--stochastic", "--laps", "1"]) == 0
    assert main(["compare", run.name, run.name]) == 0


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_training_that_goes_on_is_the_one_that_never_stopped(folder, algo):
    sizes = ["--algo", algo, "--set", "train.eval_every=100000"]
    step, end = (1024, 2048) if algo == "ppo" else (4160, 4224)
    whole = trained(*sizes, "--timesteps", str(end))
    parted = trained(*sizes, "--timesteps", str(step))
    assert main(["train", "--resume", parted.name, "--timesteps", str(end), "--laps", "1"]) == 0
    for run in (whole, parted):
        assert run.manifest()["status"] == "finished"
    weights = [policy_of(run.folder, "last").to_bytes() for run in (whole, parted)]
    assert weights[0] == weights[1]


def test_a_policy_is_refused_where_the_observation_is_another(folder):
    run = trained("--timesteps", "512")
    sees = r"speed of shape \(2,\), bins of shape \(3, 4\), laps of shape \(1,\); this"
    with pytest.raises(BadRun, match=sees + " observation is 21 numbers"):
        evaluate(run, RaceConfig(), laps=1)
    features = policy_of(run.folder)
    mixed, _ = model_of("mixed", "ppo")
    # the same arrays in another order
    parts = [["speed", [2], "float64"], ["laps", [1], "int32"], ["bins", [3, 4], "uint8"]]
    described = features.network.described() | {"parts": parts}
    turned = dataclasses.replace(features, network=read_network(described))
    into_model(features, mixed)
    with pytest.raises(BadRun, match=r"sees speed.*, laps.*, bins.*\(race.observation\)"):
        into_model(turned, mixed)
    with pytest.raises(BadRun, match="sees speed"):
        train(Config().override({"train.num_envs": 8}), parent=run, quiet=True)


def test_a_zip_for_sb3_sees_the_dict_and_comes_back(folder):
    from stable_baselines3 import PPO

    run = trained("--timesteps", "512")
    model = PPO.load(write_sb3(run, folder / "model.zip"), device="cpu")
    assert isinstance(model.observation_space, Dict)
    policy = policy_of(run.folder)
    race = make_race(run.config().race, 4, with_reward=False)
    obs = observations.copied(race.reset())
    expected, _ = model.predict(obs, deterministic=True)
    np.testing.assert_allclose(policy.act(obs), expected, atol=1e-5)
    back = import_sb3(folder / "model.zip", run.config(), folder / "imported")
    assert policy_of(back.folder).network == policy.network
    assert policy_of(back.folder).act(obs).tobytes() == policy.act(obs).tobytes()


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_buffers_take_no_more_memory_than_was_asked_for(folder, algo):
    config = Config().override({"race.observation": "mixed", "train.algo": algo})
    config = config.override({"train.num_envs": 8, "train.net_arch": [8]})
    model, env = model_of("mixed", algo)
    held = model.rollout_buffer if algo == "ppo" else model.replay_buffer
    arrays = [a for value in vars(held).values() for a in observations.flat(value, "").values()]
    stored = sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
    if algo == "ppo":  # the rollout as float32 numbers, in arrays and in rows, and rows shuffled
        stored += 32 * 8 * (2 * 4 * 15 + 8 * 23)
    assert stored <= memory.buffers(config, env.race) < 2 * stored


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (Box(0, 255, (36, 36, 1), np.uint8), "is a picture, uint8 of shape"),
        (Dict(front=Box(0, 255, (36, 36, 1), np.uint8)), "'front' is a picture"),
        (Dict(a=Dict(b=Box(-1, 1, (2,)))), "a Dict inside a Dict"),
        (Dict(values=Box(-1, 1, (2,))), "a key that torch cannot use"),
        (Dict({"a.b": Box(-1, 1, (2,))}), "a key that torch cannot use"),
        (Dict(a=Box(-1, 1, ())), r"one number is a Box of shape \(1,\)"),
        (Box(-1, 1, (80, 60)), "has 4800 numbers"),
    ],
)
def test_what_dense_layers_cannot_be_fed_is_refused(space, said):
    with pytest.raises(BadConfig, match=said):
        algorithms.check_observation(space)
    fine = gymnasium.spaces.Dict(a=Box(0, 255, (36, 36), np.uint8), b=Box(-1, 1, (2, 3, 4)))
    algorithms.check_observation(fine)


def test_a_refused_observation_leaves_no_run(folder):
    wide = MIXED.replace("(3, 4), np.uint8", "(90, 90), np.uint8")
    (folder / "observations" / "wide.py").write_text(wide)
    assert main(["train", *SMALL, "--set", "race.observation=wide", "--timesteps", "512"]) == 2
    assert not (folder / "runs").exists()
