"""Reward files as people save them: found, decoded, or refused with file and line."""

import sys

import numpy as np
import pytest

from racer.errors import BadConfig, BadReward, RacerError, ResourceError, UnknownName
from racer.reward import load, make_engine, names
from racer.reward.params import KEYS, ROW_SIZE, params_of
from racer.reward.worker import engine as worker
from racer.sim.types import PARAMS

GOOD = "def reward_function(params):\n    return params['speed']\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        "# -*- coding: latin-1 -*-\n# caf\xe9\n".encode("latin-1") + GOOD.encode(),
        "# caf\xe9 without a declaration\n".encode("latin-1") + GOOD.encode(),
        "# 中心\n".encode() + GOOD.encode(),
    ],
    ids=["bom", "crlf", "cr", "declared latin-1", "latin-1", "utf-8"],
)
def test_files_load_as_people_save_them(raw, write):
    assert "reward_function" in load(write(raw)).source


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (GOOD.encode("utf-16"), ":1: is UTF-16"),
        (b"x = 1\ny = '\0'\n", ":2: holds a NUL byte"),
        (b"x = (" * 5000, "does not parse|nested too deeply"),
        (b"#" * 1_100_000, "1100000 bytes"),
        (b"x = 1\n  y = 2\n", ":2: does not parse"),
        (b"```python\nx = 1\n```\n", ":1: .*Delete the lines that begin with ```"),
    ],
)
def test_files_that_are_no_python_are_refused_with_the_line(raw, says, write):
    with pytest.raises(BadReward, match=says) as caught:
        load(write(raw))
    assert "mine.py" in str(caught.value)


@pytest.mark.parametrize("name", ["räcing line.py", "random.py", "math.py", "-dash.py", "🏁.py"])
@pytest.mark.parametrize("engine", ["worker", "inprocess"])
def test_odd_file_names_work_and_shadow_no_module(name, engine, write, waypoints, rows):
    text = "import math\nimport random\n" + GOOD.replace("params['speed']", "math.cos(0.0)")
    made = make_engine(write(text, name), n=2, waypoints=waypoints, engine=engine)
    out = np.zeros(2)
    made.compute(rows[:2].copy(), None, out)
    made.close()
    assert out.tolist() == [1.0, 1.0]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no reward 'centre_line'.*Did you mean 'center_line'"):
        load("centre_line")


def test_the_users_folder_comes_first(tmp_path, monkeypatch):
    (tmp_path / "rewards").mkdir()
    (tmp_path / "rewards" / "center_line.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert load("center_line").source == GOOD
    assert {"center_line", "racing_line"} <= names().keys()


def test_settings_that_cannot_be_are_refused(waypoints):
    with pytest.raises(BadConfig, match="no reward engine 'fast'"):
        make_engine("center_line", n=1, waypoints=waypoints, engine="fast")
    with pytest.raises(BadConfig, match="strict"):
        make_engine("center_line", n=1, waypoints=waypoints, engine="inprocess", sandbox="strict")


def test_strict_refuses_a_machine_that_cannot_lock(waypoints, monkeypatch):
    missing = {"limits": 1, "landlock": 0, "seccomp": 1}
    monkeypatch.setattr(worker.WorkerEngine, "_started", lambda self: missing)
    with pytest.raises(ResourceError, match=r"locked partly \(limits, seccomp, time\)"):
        make_engine("center_line", n=1, waypoints=waypoints, sandbox="strict")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_strict_runs_in_a_fully_locked_worker(waypoints):
    engine = make_engine("center_line", n=1, waypoints=waypoints, sandbox="strict")
    engine.close()
    assert engine.name == "worker"
    assert "locked fully" in engine.why


def test_params_are_27_plain_python_values(waypoints):
    assert PARAMS.itemsize == ROW_SIZE
    row = np.zeros(1, PARAMS)
    row["next_waypoint"], row["speed"], row["is_offtrack"] = 7, 1.5, True
    params = params_of(row[0], waypoints)
    assert set(params) == set(KEYS)
    assert len(params) == 27
    assert params["closest_waypoints"] == [0, 7]
    assert params["waypoints"] == waypoints
    kinds = {key: type(value) for key, value in params.items()}
    for key, kind in kinds.items():
        assert kind.__name__ == KEYS[key].kind.split(" ")[0].partition("[")[0] or kind is list
    assert kinds["closest_waypoints"] is list
    assert type(params["closest_waypoints"][0]) is int


def test_what_a_reward_does_to_params_is_gone_at_the_next_call(waypoints):
    row = np.zeros(1, PARAMS)[0]
    first = params_of(row, waypoints)
    for value in first.values():
        if isinstance(value, list):
            value.append("changed")
    second = params_of(row, waypoints)
    assert "changed" not in second["waypoints"]
    assert second["closest_waypoints"] == [0, 0]
    assert second["objects_speed"] == []


def test_every_error_of_a_reward_has_the_documented_exit_code():
    codes = {error.__name__: error.exit_code for error in RacerError.__subclasses__()}
    assert codes["RewardFailed"] == 4
    assert BadReward.exit_code == 3
