"""A run records what is in the files of its car, and goes on with no other."""

import json
from pathlib import Path

import pytest

from racer import api, cli, vehicles
from racer.config import Config
from racer.errors import BadInput, UsageError

VEHICLE = """import math

from racer.vehicles import vehicle

PARAMS = vehicle(
    wheelbase=0.164, rear_axle=0.0817, nose=0.14, track_front=0.159, track_rear=0.162,
    length=0.324, width=0.188, steer_max=math.radians(30.0), speed_max=SPEED, speed_min=0.1,
    effective_wheelbase=0.25, lateral_grip=4.0,
)
"""
ACTIONS = [{"steering_angle": angle, "speed": 1.0} for angle in (-30, 0, 30)]


def write_vehicle(speed):
    Path("vehicles").mkdir(exist_ok=True)
    Path("vehicles/mine.py").write_text(VEHICLE.replace("SPEED", str(speed)))


def write_actions(speed):
    listed = [one | {"speed": speed} for one in ACTIONS]
    Path("mine.json").write_text(json.dumps({"action_space": listed}))


@pytest.mark.parametrize(
    ("kind", "name", "write", "sentence"),
    [
        ("vehicle", "mine", write_vehicle, "the vehicle mine has other numbers"),
        ("actions", "mine.json", write_actions, "the actions mine.json are others"),
    ],
)
def test_a_run_goes_on_with_the_car_that_it_began_with(
    kind, name, write, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("racer.training.train.draw", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    write(2.0)
    tiny = {"train.timesteps": 1024, "train.num_envs": 16, "train.n_steps": 32, "eval.laps": 1}
    more = {"train.batch_size": 256, "train.net_arch": [16], "train.eval_laps": 1}
    config = Config().override({**tiny, **more, f"race.{kind}": name})
    run, _ = api.train(config, runs_dir=tmp_path / "runs", quiet=True)
    before = run.manifest()[kind]
    assert before["name"] == name
    write(3.0)
    assert cli.main(["evaluate", str(run.folder), "--laps", "1"]) == 0
    assert f"since the training, {sentence}" in capsys.readouterr().err
    longer = {"train.timesteps": 2048}
    with pytest.raises(UsageError, match=sentence):
        api.resume(run, longer, quiet=True)
    write(2.0)
    api.resume(run, longer, quiet=True)
    write(3.0)
    api.resume(run, {"train.timesteps": 3072}, accept_change=True, quiet=True)
    assert run.manifest()[kind]["sha256"] != before["sha256"]
    assert sentence in run.manifest()["resumed"][-1]["changes"][0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import sys; sys.exit(0)", r"mine\.py:1 cannot be imported: SystemExit: 0\.$"),
        ("PARAMS = \0", r"mine\.py cannot be imported: (SyntaxError|ValueError): [^.]*\.$"),
        ("from racer.vehicles import vehicle\nvehicle(mass=-1)", r"mine\.py:2 .*[^.]\.$"),
    ],
)
def test_a_vehicle_that_cannot_be_imported_is_named(text, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("vehicles").mkdir()
    Path("vehicles/mine.py").write_text(text)
    with pytest.raises(BadInput, match=problem):
        vehicles.load("mine")
