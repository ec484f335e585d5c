"""`racer reward`: what a teacher would say of a reward, in one table, without training."""

import contextlib
import functools
import itertools
import json
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from racer import actions
from racer.actions import Continuous
from racer.cli import main
from racer.race.drivers import DRIVERS
from racer.reward import load, make_engine
from racer.reward.compiler.engine import CompiledEngine
from racer.reward_check import report as report_module
from racer.reward_check import speed
from racer.reward_check.drives import drive_all, pay, slowest
from racer.reward_check.incentives import judge
from racer.reward_check.lint import findings
from racer.reward_check.map import ACROSS, View, maps, rows_on
from racer.reward_check.report import EXIT_CODES, check
from racer.reward_check.speed import KERNEL_STEPS, of_kernel
from racer.tracks import Track

PROGRESS = "def reward_function(params):\n    return params['progress'] / params['steps']\n"


@functools.cache
def _driven(track, space):
    return drive_all(Track.load(track), space)


@pytest.fixture(autouse=True)
def cheap(request, monkeypatch):
    """The same checks without what costs: the drivers drive each road once for all tests, speeds
    are measured for one tick of the clock, and this process compiles in place of a second one.
    """
    if request.node.name == "test_a_check_compiles_beside_the_drivers":
        return
    monkeypatch.setattr(
        report_module, "drive_all", lambda road, space, others: _driven(road.name, space)
    )
    monkeypatch.setattr(report_module, "Ahead", lambda file, objects: contextlib.nullcontext())
    monkeypatch.setattr(speed, "ENOUGH", 1e-9)
    monkeypatch.setattr(speed, "LEAST", 1e-9)


@pytest.fixture
def write(tmp_path):
    def make(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


@pytest.fixture(scope="module")
def episodes():
    return drive_all(Track.load("oval"), Continuous((-30.0, 30.0), (0.0, 4.0)))[0]


def _codes(report):
    return {finding.code for finding in report.findings if finding.level == "warning"}


def _judged(file):
    """What the drivers are paid by a reward in this process, and the warnings of that."""
    episodes, _ = _driven("oval", actions.load("continuous"))
    waypoints = Track.load("oval").waypoints
    with closing(
        make_engine(file, n=len(episodes), waypoints=waypoints, engine="inprocess")
    ) as engine:
        drivers = pay(engine, episodes)
    return drivers, [f for f in judge(drivers, file.line) if f.level == "warning"]


def test_progress_per_step_ranks_the_drivers_as_they_deserve(write):
    report = check(str(write(PROGRESS)))
    assert report.verdict == "clean", report.findings
    finished = [d for d in report.drivers if d.progress_pct == 100.0]
    merits = [d.merit for d in sorted(finished, key=lambda d: -d.per_step)]
    assert merits == [0, 1, 2, 3]
    assert {d.driver for d in report.drivers} == {d.name for d in DRIVERS} - {"stand still"}
    laps = {d.driver: d.progress_pct for d in report.drivers}
    assert laps["fast line"] == laps["crawl"] == 100.0
    assert laps["drive out"] < 50.0
    assert laps["reversed"] < 0.0


def test_a_reward_for_staying_in_the_middle_is_exploited_by_crawling():
    report = check("center_line")
    assert report.verdict == "warnings"
    assert "exploit" in _codes(report)
    assert any("'crawl' exploits it" in finding.message for finding in report.findings)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return 1.0", "constant"),
        ("return 1.0 + 1e-6 * params['speed']", "episode-length"),
        ("return 1000.0 if params['progress'] == 100 else 1e-3", "terminal-bonus"),
        ("return 4.0 - params['speed']", "exploit"),
    ],
)
def test_rewards_that_teach_the_wrong_thing_are_told_apart(body, code, write):
    file = load(write(f"def reward_function(params):\n    {body}\n"))
    assert code in {warning.code for warning in _judged(file)[1]}


@pytest.mark.parametrize(
    ("body", "driver"),
    [
        ("return 1.0 + params['steering_angle'] / 30", "short loop"),
        ("return 5.0 - params['speed']", "crawl"),
    ],
)
def test_the_driver_that_exploits_a_reward_is_named(body, driver, write):
    file = load(write(f"def reward_function(params):\n    {body}\n"))
    drivers, warnings = _judged(file)
    assert max(drivers, key=lambda d: d.per_step).driver == driver
    assert any(f"'{driver}' exploits it" in warning.message for warning in warnings)


def test_the_loop_is_a_circle_on_the_road(episodes):
    (loop,) = (rows for driver, rows in episodes.items() if driver.loop)
    turns = np.ptp(np.unwrap(np.radians(loop["heading"]))) / (2 * np.pi)
    assert turns > 10.0
    assert not loop["is_offtrack"].any()
    assert np.abs(loop["progress"]).max() < 10.0  # it stays where it started


def test_standing_still_is_the_slowest_that_the_vehicle_goes(episodes):
    (still,) = (rows for driver, rows in episodes.items() if driver.name == "stand still")
    moved = np.hypot(*np.diff([still["x"], still["y"]], axis=1))
    np.testing.assert_allclose(moved[10:] * 15.0, 0.1, atol=0.01)  # m/s, the official minimum


def test_a_road_too_narrow_for_a_loop_is_told_instead_of_a_row(write):
    report = check(str(write(PROGRESS)), "tight")
    assert "too narrow" in report.not_driven["short loop"]
    assert "short loop" not in {drive.driver for drive in report.drivers}


@pytest.mark.parametrize("name", ["continuous", "discrete"])
def test_drivers_keep_to_the_action_space(name):
    space = actions.load(name)
    driven, left_out = drive_all(Track.load("oval"), space)
    assert min(rows["speed"].min() for rows in driven.values()) >= slowest(space) == 1.0
    assert left_out["stand still"] == "no action is slower than 1 m/s"


@pytest.mark.parametrize(
    "body",
    [
        "return 1.0 / params['speed']",
        "params.update({'lap': 1.0})\n    return params['lap'] + params['progress']",
        "params.update(dict(lap=1.0))\n    return params['lap'] + params['progress']",
        "params.setdefault('lap', 1.0)\n    return params['lap'] + params['progress']",
        "params = {**params, 'lap': 1.0}\n    return params['lap'] + params['progress']",
        "try:\n        lap = params['lap']\n    except KeyError:\n        lap = 1.0\n"
        "    return lap + params['progress']",
        "lap = params['lap'] if 'lap' in params else 1.0\n    return lap + params['progress']",
        "return params['progress'] if params['steps'] > 1 else params['never']",
    ],
)
def test_a_file_that_works_is_not_called_unusable(body, write):
    report = check(str(write(f"def reward_function(params):\n    {body}\n")))
    assert report.verdict != "unusable"
    assert "error" not in {finding.level for finding in report.findings}


LAST = """
last = None
def reward_function(params):
    global last
    if params['steps'] == 2:
        last = params['progress']
    gained = params['progress'] - last
    last = params['progress']
    return gained
"""


def test_a_reward_that_keeps_state_is_paid_whole_episodes(write):
    report = check(str(write(LAST)))
    (fast,) = (drive for drive in report.drivers if drive.driver == "fast line")
    assert report.verdict == "clean", report.findings
    assert fast.total == pytest.approx(100.0, abs=1.0)  # a lap, but for its first step


def test_what_a_file_keeps_between_calls_is_one_note_with_every_name(write):
    text = "a = b = 0\ndef one():\n    global a\ndef two():\n    global a, b\n"
    file = load(write(text + "def reward_function(params):\n    return 1.0\n"))
    (note,) = (finding for finding in findings(file) if finding.code == "state")
    assert note.line == 3
    assert note.message.startswith("keeps a, b between calls")


def test_a_map_drives_every_car_from_its_first_step(write):
    (gained,) = maps(load(write(LAST)), Track.load("oval"), [View(2.0, 0.0)])
    length = Track.load("oval").length
    assert (gained[:2] == 0.0).all()  # two cars in a lane, 2 m/s in steps of 13 cm
    np.testing.assert_allclose(gained[2:-4], 100.0 * 2.0 / 15.0 / length)


@pytest.mark.parametrize(
    ("body", "line", "code"),
    [
        ("if params['steps'] == 0:\n        return 0.0", 2, "never-fires"),
        ("s = params['steps']\n    if s <= 1:\n        return 0.0", 3, "never-fires"),
        ("if params['steps'] <= 2:\n        return 0.0", 0, ""),
        ("if params['progress'] == 0.0:\n        return 0.0", 2, "never-fires"),
        ("if 2 > params['steps']:\n        return 0.0", 2, "never-fires"),
        (
            "a, s = params['x'], params['steps']\n    if not s:\n        return 0.0",
            3,
            "never-fires",
        ),
        ("if int(params['steps']) in (0, 1):\n        return 0.0", 2, "never-fires"),
        ("if params['progress'] >= 0.0:\n        return 0.0", 0, ""),
        ("x = params['speeed']", 2, "unknown-key"),
        ("import time\n    time.sleep(0.1)", 3, "sleep"),
        ("x = params['objects_speed'][0]", 2, "empty-objects"),
        ("x = params['is_crashed']", 2, "constant-key"),
        ("import time\n    x = time.time()", 3, "wall-clock"),
        ("import json", 2, "official"),
        ("x = 'download'", 2, "official"),
        ("return 1", 2, "official"),
        ("kept = params\n    kept['total'] = kept['speed']", 0, ""),
    ],
)
def test_reading_the_file_shows(body, line, code, write):
    file = load(write(f"def reward_function(params):\n    {body}\n    return 1.0\n"))
    found = {(finding.line, finding.code) for finding in findings(file)}
    assert ((line, code) in found) if code else not found


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("sped", "'speed'"),
        ("on_track", "'all_wheels_on_track'"),
        ("is_on_track", "'all_wheels_on_track'"),
        ("offtrack", "'is_offtrack'"),
        ("is_right_of_center", "not params['is_left_of_center']"),
        ("distance_from_centre", "'distance_from_center'"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(key, meant, write):
    text = f"def reward_function(params):\n    return params[{key!r}]\n"
    (finding,) = findings(load(write(text)))
    assert finding.message == f"params has no key {key!r}. Did you mean {meant}?"
    assert finding.level == "warning"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PROGRESS, 0),
        ("def reward_function(params):\n    return 1.0\n", 1),
        ("def reward_function(params):\n    return None\n", 3),
        ("def reward_function(params)\n    return None\n", 3),
    ],
)
def test_the_command_returns_the_verdict_and_prints_one_object(text, code, write, capsys):
    path = write(text)
    assert main(["reward", "check", str(path), "--json", "-"]) == code
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == ("clean", "warnings", "", "unusable")[code]
    assert {"engine", "why_not_compiled", "findings", "calls_per_second"} <= report.keys()
    for finding in report["findings"]:
        assert finding["line"] > 0
    if code == 3:
        assert str(path) in report["findings"][-1]["message"]


def test_a_place_is_said_once(monkeypatch, tmp_path, capsys):
    (tmp_path / "rewards").mkdir()
    (tmp_path / "rewards" / "mine.py").write_text("def reward_function(params):\n    print 'x'\n")
    monkeypatch.chdir(tmp_path)
    assert main(["reward", "check", "mine"]) == 3
    assert capsys.readouterr().out.count("mine.py:2:") == 1
    assert main(["reward", "check", "rewards"]) == 2
    assert "'rewards' is a folder" in capsys.readouterr().err


def test_the_table_is_printed_and_written(write, tmp_path, capsys):
    target = tmp_path / "found.json"
    assert main(["reward", "check", str(write(PROGRESS)), "--json", str(target)]) == 0
    text = capsys.readouterr().out
    assert "mine.py: clean" in text
    for engine in ("compiled", "worker", "inprocess"):
        assert f"{engine} " in text, text
    assert "fast line" in text
    assert json.loads(target.read_text())["verdict"] == "clean"


def test_list_shows_every_lesson(capsys):
    assert main(["reward", "list"]) == 0
    text = capsys.readouterr().out
    for number in range(1, 7):
        assert f"Lesson {number}" in text


def test_a_failed_call_is_repeated_from_its_file(write, capsys, tmp_path):
    text = "def reward_function(params):\n    print('hi')\n    return 1 / (params['steps'] - 2)\n"
    path = write(text)
    report = check(str(path))
    saved = report.findings[-1].message.split("--params ")[1]
    assert main(["reward", "run", str(path), "--params", saved]) == 4
    params = json.loads(Path(saved).read_text())
    params["params"]["steps"] = 4.0
    (tmp_path / "p.json").write_text(json.dumps(params))
    assert main(["reward", "run", str(path), "--params", str(tmp_path / "p.json")]) == 0
    assert capsys.readouterr().out == "hi\n0.5\n"
    assert main(["reward", "run", str(path), "--params", str(path)]) == 3


def test_the_map_is_a_picture_of_the_road(tmp_path):
    target = tmp_path / "map.png"
    assert main(["reward", "map", "center_line", "--png", str(target)]) == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    for wrong in ("--heading=sideways", "--heading=nan", "--speed=nan", "--speed=-1"):
        with pytest.raises(SystemExit) as end:  # by argparse or by the command
            sys.exit(main(["reward", "map", "center_line", wrong]))
        assert end.value.code == 2


def test_a_reward_that_keeps_state_begins_anew_in_every_map(write):
    text = "calls = []\ndef reward_function(params):\n    calls.append(1)\n    return len(calls)\n"
    one, two = maps(load(write(text)), Track.load("oval"), [View(1.0, 0.0), View(1.0, 30.0)])
    np.testing.assert_array_equal(one[:, 0], np.arange(len(one)) + 1.0)  # one car in each lane
    np.testing.assert_array_equal(one, two)


def test_rows_of_the_map_lie_across_the_road():
    track = Track.load("oval")
    rows = rows_on(track, View(2.0, 0.0)).reshape(-1, ACROSS)
    np.testing.assert_allclose(rows["distance_from_center"][:, ACROSS // 2], 0.0, atol=1e-12)
    assert rows["is_left_of_center"][:, -1].all()
    assert not rows["all_wheels_on_track"][:, 0].any()
    x, y = rows["x"][:, ACROSS // 2], rows["y"][:, ACROSS // 2]
    along = np.degrees(np.arctan2(np.diff(y), np.diff(x)))
    off = (along - rows["heading"][:-1, ACROSS // 2] + 180.0) % 360.0 - 180.0
    assert np.abs(off).max() < 6.0  # the road turns that much between two points of the map


def test_every_step_of_a_slow_reward_is_paid(write):
    fast = "def reward_function(params):\n    return params['speed'] * params['progress']\n"
    slow = fast.replace("    return", "    sum(range(8000))\n    return")
    expected = {d.driver: d.total for d in check(str(write(fast, "fast.py"))).drivers}
    report = check(str(write(slow, "slow.py")))
    assert {d.driver: d.total for d in report.drivers} == expected


def _fixed(report):
    """All of a report but what is measured."""
    return {key: value for key, value in report.plain().items() if key != "calls_per_second"}


@pytest.mark.parametrize("text", [PROGRESS, LAST])
def test_a_report_does_not_depend_on_the_clock(text, write, monkeypatch):
    path = str(write(text))
    quiet = _fixed(check(path))
    looks = iter(range(10**7))  # a machine so busy that 50 ms pass between two looks at the clock
    monkeypatch.setattr(time, "monotonic", lambda: 0.05 * next(looks))
    monkeypatch.setattr(time, "perf_counter", lambda: 0.05 * next(looks))
    assert _fixed(check(path)) == quiet


def test_a_check_compiles_beside_the_drivers(write):
    """Parts are shown as soon as they are known."""
    seen = []

    def show(part, report):
        seen.append((part, bool(report.drivers), bool(report.engine)))

    found = check(str(write(PROGRESS)), show=show)
    assert found.engine == "compiled"
    assert set(found.calls_per_second) == {"compiled", "worker", "inprocess"}
    assert seen == [
        ("text", False, False),
        ("drivers", True, False),
        ("engine", True, True),
        ("verdict", True, True),
    ]


PARTS = """
components = {}
def reward_function(params):
    components["speed"] = params["speed"] / 4.0
    components["progress"] = params["progress"] / params["steps"]
    return float(sum(components.values()))
"""


def test_components_are_shown_for_every_driver(write, capsys):
    report = check(str(write(PARTS)))
    assert set(report.components) == {"speed", "progress"}
    for drive in report.drivers:
        parts = [paid[drive.driver] for paid in report.components.values()]
        assert sum(parts) == pytest.approx(drive.per_step)
    assert main(["reward", "check", str(write(PARTS))]) == EXIT_CODES[report.verdict]
    assert "components per step" in capsys.readouterr().out


def test_one_component_is_drawn(write, tmp_path, capsys):
    target, path = tmp_path / "map.png", str(write(PARTS))
    assert main(["reward", "map", path, "--component", "speed", "--png", str(target)]) == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    assert main(["reward", "map", path, "--component", "sped"]) == 2
    assert "Did you mean 'speed'?" in capsys.readouterr().err
    assert main(["reward", "map", "center_line", "--component", "speed"]) == 2
    assert "names none" in capsys.readouterr().err


@pytest.mark.parametrize(("tick", "cars"), [(1e-3, KERNEL_STEPS), (0.25, 4), (3.0, 1)])
def test_measuring_a_kernel_that_keeps_state(write, episodes, monkeypatch, tick, cars):
    """A bind takes longer than a batch, so there is one; slow first calls are of few cars."""
    clock = itertools.count()
    monkeypatch.setattr(speed.time, "process_time", lambda: next(clock) * tick)
    binds, bind = [], CompiledEngine.bind
    monkeypatch.setattr(
        CompiledEngine, "bind", lambda *args: binds.append(len(args[1])) or bind(*args)
    )
    file = load(write(LAST))
    rows = next(iter(episodes.values()))
    waypoints = Track.load("oval").waypoints
    engine = make_engine(file, n=1, waypoints=waypoints, sample_rows=lambda: rows)
    assert engine.name == "compiled"
    binds.clear()
    assert of_kernel(engine, {"fast line": rows}) > 0.0
    assert binds == [1, cars]
    engine.close()


TABLE_AT_FIRST = """
seen = [0]
def reward_function(params):
    if seen[0] == 0:
        total = 0.0
        for i in range(2100000):  # a kernel gives up
            total += (i % 7) * 0.5
    seen[0] = seen[0] + 1
    return params["speed"]
"""


def test_first_calls_that_a_kernel_leaves_to_python_are_of_few_cars(write, episodes, monkeypatch):
    asked, ask = [], CompiledEngine._ask_python
    monkeypatch.setattr(
        CompiledEngine, "_ask_python", lambda *args: asked.append(args[3]) or ask(*args)
    )
    rows = next(iter(episodes.values()))
    waypoints = Track.load("oval").waypoints
    engine = make_engine(load(write(TABLE_AT_FIRST)), n=1, waypoints=waypoints)
    assert engine.name == "compiled"
    asked.clear()
    assert of_kernel(engine, {"fast line": rows}) > 0.0
    assert asked == [0]
    engine.close()


@pytest.mark.parametrize(
    "text",
    [
        "def pay(params):\n    return params['speed']\nreward_function = pay\n",
        "def pay(params):\n    return params['speed']\nreward_function = lambda p: pay(p)\n",
        "class A:\n    def __call__(self, params):\n        return 1.0\nreward_function = A()\n",
        "class A:\n    def pay(self, params):\n        return 1.0\nreward_function = A().pay\n",
        "class reward_function(float):\n    def __new__(cls, params):\n        return 1.0\n",
    ],
)
def test_a_reward_that_is_no_def_is_read_too(text, write):
    assert not [finding for finding in findings(load(write(text))) if finding.level == "error"]
