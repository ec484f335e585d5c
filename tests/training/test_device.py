"""Training on the GPU where there is one; the same tests run on the CPU everywhere."""

import numpy as np
import pytest
import torch

from racer.api import resume, train
from racer.config import Config
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig
from racer.policy import Policy, from_model
from racer.race import make_race
from racer.runs import Run
from racer.training import algorithms
from racer.training.checkpoint import latest

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]
ALGOS = {
    "ppo": {"train.n_steps": 16, "train.net_arch": [16]},
    "sac": {"train.timesteps": 400, "train.net_arch": [16]},
}


def config(algo, device):
    small = {
        "train.algo": algo,
        "train.device": device,
        "train.num_envs": 8,
        "train.timesteps": 1024,
        "race.reward_engine": "inprocess",
        "eval.laps": 1,
    }
    return Config().override(small | ALGOS[algo])


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    monkeypatch.setattr("racer.render.figures.laps_picture", lambda *_: None)
    monkeypatch.setattr("racer.render.figures.curve_picture", lambda *_: None)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("algo", ALGOS)
def test_a_run_is_trained_kept_and_trained_longer(algo, device, tmp_path):
    run, result = train(config(algo, device), runs_dir=tmp_path, quiet=True)
    assert result.to_json()["laps"] == 1
    before = latest(run.checkpoints).state.timesteps
    resume(run, {"train.timesteps": 2 * before}, quiet=True)
    assert latest(run.checkpoints).state.timesteps >= 2 * before
    policy = Policy.load(Run.open("latest", tmp_path).folder / "policy.safetensors")
    assert np.isfinite(policy.act(np.zeros((1, 21), np.float32))).all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("algo", ALGOS)
def test_the_player_without_torch_acts_as_the_model_does(algo, device):
    settings = config(algo, device)
    env = RacerVecEnv(make_race(settings.race, 8))
    model = algorithms.build(settings.train, env)
    assert model.device.type == device
    obs = env.reset()
    expected, _ = model.predict(obs, deterministic=True)
    assert np.abs(from_model(model).act(obs) - expected).max() < 1e-5
    env.close()


def test_a_device_that_is_not_there_is_refused_before_anything_is_said(tmp_path, capsys):
    with pytest.raises(BadConfig, match="device 'cuda:99'"):
        train(config("ppo", "cuda:99"), runs_dir=tmp_path)
    assert "".join(capsys.readouterr()) == ""


@pytest.mark.parametrize("name", ["cuda:99", "cuda:x", "cuda:-1"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(BadConfig, match="here"):
        algorithms.device(name)
