"""T1 of the determinism list, and that losing the terminal is the same for both ways to train."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from racer.config import RaceConfig
from racer.evaluation import evaluate
from racer.race import make_race
from racer.recording.trace import Trace
from racer.runs import list_runs

ROOT = Path(__file__).resolve().parents[2]
STEPS = 100_000


def drive():
    """The hash of everything a car does and is told in 100,000 steps of noise."""
    race = make_race(RaceConfig(), 1, seed=5)
    digest = hashlib.sha256(race.reset().tobytes())
    actions = np.random.default_rng(3).uniform(-1, 1, (STEPS, 1, 2)).astype(np.float32)
    for action in actions:
        race.step(action)
        digest.update(race.obs.tobytes() + race.rewards.tobytes() + race.cars.tobytes())
        done = race.terminated | race.truncated
        if done.any():
            race.reset(done)
    return digest.hexdigest()


def test_the_same_seed_twice_in_one_process_gives_the_same_bits_for_100_000_steps():
    assert drive() == drive()


class Noise:
    """A driver of random actions, or of given ones."""

    def __init__(self, discrete, actions=None):
        rng = np.random.default_rng(1)
        noise = rng.integers(0, 5, 10_000) if discrete else rng.uniform(-1, 1, (10_000, 2))
        self.actions = iter(noise if actions is None else actions)

    def act(self, obs):
        return np.array([next(self.actions)])


@pytest.mark.parametrize("actions", ["continuous", "discrete"])
def test_a_recording_driven_again_from_its_actions_is_the_same_to_the_bit(actions, tmp_path):
    config = RaceConfig(actions=actions)
    known = make_race(config, 1, with_reward=False).actions
    result, trace = evaluate(Noise(actions == "discrete"), config, laps=8)
    trace.save(tmp_path / "laps.npz")
    params = Trace.load(tmp_path / "laps.npz").rows["params"]
    commands = np.stack([params["steering_angle"], params["speed"]], axis=1)
    if actions == "discrete":
        apart = np.abs(commands[:, None] - np.array(known.choices)).sum(axis=2)
        again = apart.argmin(axis=1)
    else:
        low, high = np.array([known.steer_deg, known.speed]).T
        again = (2.0 * (commands - low) / (high - low) - 1.0).astype(np.float32)
    assert len(again) > 50
    second, retrace = evaluate(Noise(actions == "discrete", again), config, laps=8)
    assert second == result
    retrace.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "laps.npz").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("program", [["-m", "racer", "train"], [str(ROOT / "train_agent.py")]])
@pytest.mark.parametrize("lost", ["closed", "no reader"])
def test_training_goes_on_without_stdout_and_stderr(tmp_path, program, lost):
    words = ["--timesteps", "4096", "--num-envs", "16", "--runs-dir", str(tmp_path)]
    command = [sys.executable, *program, *words]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    if lost == "closed":
        command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command]
        done = subprocess.run(command, env=environ)
    else:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(command, env=environ, stdout=writing, stderr=writing)
        os.close(writing)
    assert done.returncode == 0
    (run,) = list_runs(tmp_path)
    assert run.manifest()["status"] == "finished"
    assert run.damaged() == []
