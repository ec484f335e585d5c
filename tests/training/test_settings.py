"""Learning-rate schedules, clip range, GAE lambda, and how often and how long training judges."""

from __future__ import annotations

import json

import pytest

from racer import evaluation
from racer.api import resume, train
from racer.config import Config, RaceConfig, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig, BadRun, UsageError
from racer.race import make_race
from racer.training import algorithms
from racer.training.checkpoint import latest
from racer.training.schedule import learning_rate


def small(**more):
    settings = {
        "train.num_envs": 16,
        "train.n_steps": 32,
        "train.net_arch": [16],
        "train.timesteps": 8192,
        "race.reward_engine": "inprocess",
        "eval.laps": 1,
    }
    return Config().override(settings | {f"train.{key}": value for key, value in more.items()})


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    monkeypatch.setattr("racer.training.train.draw", lambda *_: None)


def test_clip_range_and_gae_lambda_reach_the_algorithm():
    config = TrainConfig(num_envs=4, n_steps=16, clip_range=0.3, gae_lambda=0.8)
    env = RacerVecEnv(make_race(RaceConfig(), 4, with_reward=False))
    model = algorithms.build(config, env)
    assert model.clip_range(1.0) == 0.3
    assert model.rollout_buffer.gae_lambda == 0.8


@pytest.mark.parametrize("name", ["clip_range", "gae_lambda"])
def test_sac_refuses_what_it_does_not_have(name):
    with pytest.raises(BadConfig, match=f"sac has no train.{name}"):
        algorithms.settings(TrainConfig(algo="sac", **{name: 0.5}))


@pytest.mark.parametrize(
    ("schedule", "half"),
    [("linear", 0.6e-3), ("cosine", 0.6e-3)],  # both are symmetric about the middle
)
def test_a_schedule_goes_from_the_start_to_the_end(schedule, half):
    config = TrainConfig(learning_rate_schedule=schedule, learning_rate_end=2e-4)
    rate = learning_rate(config, 1e-3)
    assert rate(1.0) == pytest.approx(1e-3)
    assert rate(0.5) == pytest.approx(half)
    assert rate(0.0) == pytest.approx(2e-4)
    assert rate(0.9) > rate(0.8) > rate(0.2) > rate(0.1)


def test_without_a_schedule_the_rate_is_a_number_and_an_end_is_refused():
    assert learning_rate(TrainConfig(), 1e-3) == 1e-3
    with pytest.raises(BadConfig, match="learning_rate_schedule=linear"):
        learning_rate(TrainConfig(learning_rate_end=1e-4), 1e-3)


def test_the_rate_falls_while_a_training_goes_on_and_a_break_does_not_change_it(tmp_path):
    config = small(learning_rate_schedule="linear")
    straight, _ = train(config, runs_dir=tmp_path / "a", quiet=True)
    cut, _ = train(
        config.override({"train.time_limit_s": 1e-9}), runs_dir=tmp_path / "b", quiet=True
    )
    resume(cut, {"train.time_limit_s": 0.0}, quiet=True)
    rates = [latest(r.checkpoints).state.arrays["optimizer.policy.lr"] for r in (straight, cut)]
    # SB3 sets the rate at the start of the last update, when 1/16 of the steps is "left" to 0.
    assert 0.0 <= rates[0][0] < 1e-3 / 15
    assert rates[0] == rates[1]
    policies = [(r.folder / "policy.safetensors").read_bytes() for r in (straight, cut)]
    assert policies[0] == policies[1]


def test_a_longer_training_with_a_schedule_is_another_training(tmp_path):
    config = small(learning_rate_schedule="cosine", timesteps=1024)
    run, _ = train(config, runs_dir=tmp_path, quiet=True)
    with pytest.raises(UsageError, match=r"train\.timesteps was 1024, now 2048"):
        resume(run, {"train.timesteps": 2048}, quiet=True)


@pytest.mark.parametrize(
    ("settings", "times", "laps"),
    [
        ({}, 10, 1),  # tenths of the training; no more laps than the evaluation has
        ({"eval_every": 2048, "eval_laps": 2}, 4, 2),
        ({"eval_every": 10**6}, 1, 1),  # at the end only
    ],
)
def test_how_often_and_how_long_training_judges(tmp_path, monkeypatch, settings, times, laps):
    seen = []

    def make_scorer(race, *, laps, opponents):
        real = evaluation.make_scorer(race, laps=1, opponents=opponents)

        def scorer(driver):
            seen.append(laps)
            return real(driver)

        return scorer

    monkeypatch.setattr("racer.training.train.make_scorer", make_scorer)
    train(small(**settings), runs_dir=tmp_path, quiet=True)
    assert seen == [laps] * times


def test_an_action_file_that_asks_for_sac_is_not_trained_with_ppo(tmp_path):
    path = tmp_path / "model_metadata.json"
    space = {"steering_angle": {"low": -30, "high": 30}, "speed": {"low": 1, "high": 3}}
    path.write_text(json.dumps({"action_space": space, "training_algorithm": "sac"}))
    config = small().override({"race.actions": str(path)})
    with pytest.raises(BadConfig, match=r"training_algorithm sac, but train\.algo is ppo"):
        train(config, runs_dir=tmp_path / "runs", quiet=True)
    assert not (tmp_path / "runs").exists()
    algorithms.check_actions(config.override({"train.algo": "sac"}))


def test_weights_for_other_actions_are_refused_by_what_differs(tmp_path):
    config = small(timesteps=512)
    parent, _ = train(config, runs_dir=tmp_path, quiet=True)
    discrete = config.override({"race.actions": "discrete"})
    with pytest.raises(BadRun, match=r"gives 2 continuous actions.*discrete ones") as caught:
        train(discrete, runs_dir=tmp_path, quiet=True, parent=parent)
    assert "hidden" not in str(caught.value)
    assert "inputs" not in str(caught.value)
