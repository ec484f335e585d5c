"""Zips of policies that see: racer's own come back, Stable-Baselines3's NatureCNN comes in."""

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC

from racer import Run, observations
from racer.cli import main
from racer.config import CameraConfig, RaceConfig
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadRun
from racer.export.sb3 import read_sb3
from racer.race import make_race

SMALL = CameraConfig(width=48, height=40)


def zipped(path, algo, observation, **layers):
    """A stock SB3 model with convolutions, saved; and what it does."""
    race = make_race(RaceConfig(observation=observation, camera=SMALL), 3, with_reward=False)
    mixed = hasattr(race.observation_space, "spaces")
    env, more = RacerVecEnv(race), {"buffer_size": 10} if algo is SAC else {"n_steps": 8}
    kind = "MultiInputPolicy" if mixed else "CnnPolicy"
    model = algo(kind, env, batch_size=8, policy_kwargs={"net_arch": [16], **layers}, **more)
    with torch.no_grad():  # far from the small initial weights
        for parameter in model.policy.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    model.save(path)
    obs = observations.copied(race.reset())
    return race, obs, model.predict(obs, deterministic=True)[0]


@pytest.mark.parametrize(
    ("algo", "observation", "layers"),
    [
        (PPO, "camera", {}),
        (PPO, "camera+features", {"share_features_extractor": False}),
        (SAC, "camera", {}),
    ],
)
def test_a_stock_network_that_sees_acts_the_same(tmp_path, algo, observation, layers):
    race, obs, expected = zipped(tmp_path / "a.zip", algo, observation, **layers)
    policy = read_sb3(tmp_path / "a.zip", race=race)
    np.testing.assert_allclose(policy.act(obs), expected, atol=1e-5, rtol=0)


def test_another_observation_is_refused_with_what_to_say(tmp_path):
    zipped(tmp_path / "a.zip", PPO, "camera")
    race = make_race(RaceConfig(observation="camera"), 1, with_reward=False)
    with pytest.raises(BadRun, match=r"for an observation of an array of shape \(1, 60, 80\)"):
        read_sb3(tmp_path / "a.zip", race=race)
    mixed = RaceConfig(observation="camera+features", camera=SMALL)  # as many tensors
    with pytest.raises(BadRun, match="for an observation of camera of shape"):
        read_sb3(tmp_path / "a.zip", race=make_race(mixed, 1, with_reward=False))


def test_a_run_with_pictures_goes_out_and_comes_back(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    camera = ["--set", "race.camera.width=48", "--set", "race.camera.height=40"]
    train = ["train", "--observation", "camera", "--timesteps", "16", "--num-envs", "2"]
    assert main([*train, *camera, "--set", "train.n_steps=8", "--laps", "1"]) == 0
    before = Run.open("latest", tmp_path / "runs")
    assert main(["export", "latest", "--sb3", "a.zip"]) == 0
    assert main(["import-sb3", "a.zip", "--observation", "camera", *camera]) == 0
    back = Run.open("latest", tmp_path / "runs")
    assert back.folder != before.folder
    assert main(["evaluate", back.name, "--laps", "1"]) == 0
    assert main(["import-sb3", "a.zip"]) == 3
    assert "--observation camera" in capsys.readouterr().err
