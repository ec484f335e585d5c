"""An ONNX file acts as the run's policy does, says what it is, and runs with onnxruntime alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from made_runs import made_run, random_policy

from racer import observations
from racer.cli import main
from racer.errors import BadRun
from racer.export import graph, onnx
from racer.policy.inputs import Part
from racer.race import make_race

ROOT = Path(__file__).resolve().parents[2]
MIXED = """
import gymnasium
import numpy as np
from gymnasium.spaces import Box

class Observation:
    '''| array | meaning |'''
    def __init__(self, vehicle):
        self.space = gymnasium.spaces.Dict(
            bins=Box(0, 9, (3, 4), np.uint8), speed=Box(-9.0, 9.0, (2,), np.float64)
        )

    def bind(self, scene, out):
        def observe():
            out["speed"][:, 0] = scene.cars["v"]
            out["bins"][:] = np.arange(12).reshape(3, 4) % 7
        return observe
"""
MIXED_PARTS = (Part("bins", (3, 4), "uint8"), Part("speed", (2,), "float64"))


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "observations").mkdir()
    (tmp_path / "observations" / "mixed.py").write_text(MIXED)
    return tmp_path


@pytest.mark.parametrize(
    ("policy", "settings"),
    [
        (random_policy(), {}),
        (random_policy(choices=6, activation="relu"), {"actions": "discrete"}),
        (random_policy("sac", activation="elu"), {}),
        (random_policy(inputs=14, parts=MIXED_PARTS), {"observation": "mixed"}),
    ],
    ids=["ppo", "discrete", "sac", "dict"],
)
def test_the_file_acts_as_the_policy_and_knows_what_its_actions_mean(policy, settings, folder):
    run = made_run(folder / "runs", policy, **settings)
    made = onnx.write_onnx(run, folder / "car")
    assert made.path == folder / "car.onnx"
    assert made.difference <= 1e-5  # of actions in [-1, 1]; it was proven while exporting
    race = make_race(run.config().race, 3, with_reward=False)
    for _ in range(5):  # other observations than those of the proof
        drawn = [race.observation_space.sample() for _ in range(3)]
        obs = observations.stacked(drawn)
        arrays = obs if isinstance(obs, dict) else {"observation": obs}
        action, command = session(made.path).run(["action", "command"], arrays)
        np.testing.assert_allclose(action, policy.act(obs), atol=1e-5)
        race.reset()
        race.step(action)
        np.testing.assert_allclose(command, race.commands, atol=1e-3)  # of up to 30 deg


def test_the_metadata_says_what_it_is(folder):
    run = made_run(folder / "runs", random_policy(choices=6), actions="discrete")
    made = onnx.write_onnx(run, folder / "car.onnx")
    about = session(made.path).get_modelmeta().custom_metadata_map
    said = {key: json.loads(value) for key, value in about.items() if key != "racer.version"}
    assert "| 0 | speed | the vehicle's top speed |" in said["racer.observation"]["about"]
    assert said["racer.observation"]["arrays"][0]["shape"] == [21]
    assert said["racer.actions"]["action_space"][0]["speed"] == 1.0
    assert said["racer.vehicle"]["wheelbase"] == 0.164
    assert said["racer.track"]["name"] == "oval"
    assert said["racer.hashes"]["policy.safetensors"] == run.manifest()["files"][onnx.FILE]
    again = onnx.write_onnx(run, folder / "again.onnx")
    assert again.path.read_bytes() == made.path.read_bytes()


def test_a_file_that_acts_differently_is_not_written(folder, monkeypatch):
    policy = random_policy(seed=1)
    run = made_run(folder / "runs", random_policy(seed=2))
    right = graph.build
    monkeypatch.setattr(graph, "build", lambda _, *rest: right(policy, *rest))
    with pytest.raises(BadRun, match="would act differently"):
        onnx.write_onnx(run, folder / "car.onnx")
    assert not (folder / "car.onnx").exists()


def test_the_example_needs_onnxruntime_alone(folder, capsys):
    made_run(folder / "runs")
    assert main(["export", "latest", "--onnx", "car.onnx"]) == 0
    assert "on 10000 observations its actions differ by" in capsys.readouterr().out
    code = "import runpy, sys; sys.modules['racer'] = None; sys.argv = ['x', 'car.onnx']; "
    code += f"runpy.run_path({str(ROOT / 'examples' / 'drive_onnx.py')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "steering angle" in done.stdout, done.stderr


def test_without_the_library_the_extra_is_named(folder, monkeypatch, capsys):
    made_run(folder / "runs")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main(["export", "latest", "--onnx", "car.onnx"]) == 5
    assert "pip install 'racer[onnx]'" in capsys.readouterr().err
