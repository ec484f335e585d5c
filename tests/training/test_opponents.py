"""head_to_model: a car that learns beside cars that frozen policies drive."""

import dataclasses

import numpy as np
import pytest
from made_runs import made_run, random_policy

from racer import Config, evaluate, resume, train
from racer.config import Others
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig, BadRun
from racer.race import make_race
from racer.runs import list_runs
from racer.training import checkpoint, opponents

SMALL = {"train.num_envs": 4, "train.timesteps": 64, "train.n_steps": 16, "train.batch_size": 32}
SMALL |= {"eval.laps": 1, "race.track": "oval", "race.rules.max_steps": 30}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run that was trained alone."""
    folder = tmp_path_factory.mktemp("runs")
    train(Config().override(SMALL), runs_dir=folder, quiet=True)
    return folder


def trained_alone(runs):
    return next(run for run in list_runs(runs) if not run.config().race.others.count)


def against(runs, **more):
    (name,) = [path.name for path in runs.iterdir() if path.is_dir()][:1]
    names = ", ".join([name] * more.pop("times", 2))
    settings = {"race.others.race": "head_to_model", "race.others.opponents": names}
    return Config().override(SMALL | settings | more)


def test_the_learner_is_a_row_and_its_opponents_are_driven(runs):
    config = against(runs)
    race = make_race(config.race, 4 * 3, with_reward=False)
    rivals = opponents.load(config.race, runs)
    env = RacerVecEnv(race, rivals=rivals)
    assert env.num_envs == 4
    obs = env.reset()
    assert obs.shape == (4, 33)
    for _ in range(20):
        expected = rivals[0].act(race.obs[1::3])
        obs, rewards, dones, infos = env.step(np.zeros((4, 2), np.float32))
        assert (race.action_buffer[1::3] == expected).all()
        assert (race.action_buffer[0::3] == 0.0).all()
        assert len(obs) == len(rewards) == len(dones) == len(infos) == 4
        assert [bool(info) for info in infos] == dones.tolist()


def test_a_policy_that_was_trained_alone_sees_the_road_alone(runs):
    config = against(runs, times=1)
    (rival,) = opponents.load(config.race, runs)
    obs = np.random.default_rng(0).uniform(-1, 1, (5, 33)).astype(np.float32)
    other = obs.copy()
    other[:, 21:] = 0.0
    assert (rival.act(obs) == rival.act(other)).all()


def test_a_run_against_opponents_trains_evaluates_and_says_so(runs):
    run, result = train(against(runs), runs_dir=runs, quiet=True)
    assert len(result.laps) == 1
    again, trace = evaluate(run, runs_dir=runs, laps=1)
    assert trace.objects.shape[1] == 2  # both opponents
    assert again.laps[0] == result.laps[0]


def test_an_opponent_sees_by_the_settings_of_its_sensors(tmp_path):
    beams = {"observation": "lidar", "lidar.beams": 32}
    run = made_run(tmp_path, random_policy(inputs=32), **beams)
    settings = {"race.others.race": "head_to_model", "race.others.opponents": run.name}
    config = Config().override(settings | {f"race.{key}": value for key, value in beams.items()})
    (rival,) = opponents.load(config.race, tmp_path)
    assert rival.policy.network.inputs == 32


def test_one_that_sees_less_of_the_road_drives_among_those_that_see_farther(runs):
    alone = trained_alone(runs)
    sees = {"race.observation": "far_features", "race.others.opponents": alone.name}
    (rival,) = opponents.load(against(runs, **sees).race, runs)
    obs = np.random.default_rng(0).uniform(-1, 1, (5, 39)).astype(np.float32)
    expected = checkpoint.policy_of(alone.folder).act(np.ascontiguousarray(obs[:, :21]))
    assert (rival.act(obs) == expected).all()
    with pytest.raises(BadRun, match=r"Train with --observation features\."):
        opponents.load(against(runs, **{"race.observation": "sector_lidar"}).race, runs)


def test_opponents_that_cannot_drive_here_are_refused(runs):
    with pytest.raises(BadRun, match="one action space"):
        opponents.load(against(runs, **{"race.actions": "discrete"}).race, runs)
    with pytest.raises(BadConfig, match="--opponent RUN"):
        Others(race="head_to_model")
    with pytest.raises(BadConfig, match="--opponent RUN"):
        Others(race="multi", opponents="a")


@pytest.mark.parametrize(
    "others",
    [
        {"race": "head_to_bot", "bots": 2, "lane_changes": True, "randomize_bots": True},
        {"race": "multi", "cars": 2, "obstacles": 1, "randomize_obstacles": True},
    ],
    ids=["bots", "cars"],
)
def test_a_training_among_others_resumes_to_the_same_bits(tmp_path, others):
    more = {f"race.others.{name}": value for name, value in others.items()}
    config = Config().override(SMALL | more | {"train.timesteps": 256})
    whole, _ = train(config, runs_dir=tmp_path / "whole", quiet=True)
    first = config.override({"train.timesteps": 128})
    begun, _ = train(first, runs_dir=tmp_path / "parts", quiet=True)
    again, _ = resume(begun, {"train.timesteps": 256}, quiet=True)
    one, two = (checkpoint.latest(run.checkpoints).state for run in (whole, again))
    assert one.timesteps == two.timesteps == 256
    assert one.arrays["env.objects"].size > 0
    for name, array in one.arrays.items():
        assert array.tobytes() == two.arrays[name].tobytes(), name


def test_far_features_go_on_among_others_as_they_were():
    alone = dataclasses.replace(random_policy(inputs=27), about={"observation": "far_features"})
    race = Config().override({"race.others.race": "multi", "race.observation": "far_features"}).race
    wider = opponents.among(alone, race)
    obs = np.random.default_rng(0).uniform(-1, 1, (5, 39)).astype(np.float32)
    assert (wider.act(obs) == alone.act(np.ascontiguousarray(obs[:, :27]))).all()
    nearer = Config().override({"race.others.race": "multi"}).race
    assert opponents.among(alone, nearer) is alone


def test_a_policy_that_was_trained_alone_goes_on_among_others_as_it_was(runs):
    alone = checkpoint.policy_of(trained_alone(runs).folder)
    race = Config().override({"race.others.race": "multi"}).race
    wider = opponents.among(alone, race)
    obs = np.random.default_rng(0).uniform(-1, 1, (5, 33)).astype(np.float32)
    assert (wider.act(obs) == alone.act(np.ascontiguousarray(obs[:, :21]))).all()
    assert opponents.among(wider, race) is wider
    assert opponents.among(alone, Config().race) is alone


def test_a_run_starts_among_others_from_one_that_was_trained_alone(runs):
    parent = trained_alone(runs)
    config = Config().override(SMALL | {"race.others.race": "multi", "train.learning_rate": 0.0})
    run, _ = train(config, runs_dir=runs, quiet=True, parent=parent)
    old, new = (checkpoint.policy_of(one.folder).weights for one in (parent, run))
    layer = "mlp_extractor.policy_net.0.weight"
    assert new[layer].shape == (64, 33)
    assert (new[layer][:, :21] == old[layer]).all()
    assert not new[layer][:, 21:].any()
