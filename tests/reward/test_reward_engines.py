"""What all engines share: state per car, order, direction, randomness, failures kept for replay."""

import json
import os
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.error

import numpy as np
import pytest

from racer.errors import RewardFailed
from racer.reward import load, make_engine
from racer.reward.failure import read_params
from racer.reward.params import KEYS
from racer.reward.usage import ALL, needs
from racer.reward.worker import channel
from racer.reward.worker.engine import WorkerEngine
from racer.reward_check.once import once
from racer.sim.types import CAR

COUNTER = """
count = 0
def reward_function(params):
    global count
    if params['steps'] <= 2:
        count = 0
    count += 1
    return count * params['speed']
"""
RANDOM = "import random\ndef reward_function(params):\n    return random.uniform(0, 1)\n"
SIGHT = "def reward_function(params):\n    return params['waypoints'][1][1]\n"


@pytest.fixture
def pipes(monkeypatch):
    """The worker as on Windows: pipes, a temporary file, threads."""
    monkeypatch.setattr("racer.reward.worker.engine.open_channel", channel.PipeChannel)


@pytest.fixture
def engine(write, waypoints):
    """Make an engine of a text; closed at the end."""
    made = []

    def make(text, n=4, kind="worker", seed=0):
        made.append(make_engine(write(text), n=n, waypoints=waypoints, engine=kind, seed=seed))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _compute(engine, rows):
    out = np.zeros(len(rows))
    engine.compute(rows, None, out)
    return out.tolist()


@pytest.mark.parametrize("kind", ["worker", "inprocess"])
def test_state_of_a_car_does_not_depend_on_how_many_there_are(kind, engine, rows):
    many = engine(COUNTER, 8, kind)
    batches = [_compute(many, rows[k : k + 8].copy()) for k in (0, 8, 16)]
    for car in (0, 5):
        one = engine(COUNTER, 1, kind)
        alone = [_compute(one, rows[k + car : k + car + 1].copy())[0] for k in (0, 8, 16)]
        assert alone == [batch[car] for batch in batches]


@pytest.mark.parametrize("kind", ["worker", "inprocess"])
def test_random_is_seeded_per_car_and_leaves_the_trainers_alone(kind, engine, rows):
    random.seed(1)
    before = random.getstate()
    first = _compute(engine(RANDOM, 4, kind, seed=10), rows[:4].copy())
    again = _compute(engine(RANDOM, 4, kind, seed=10), rows[:4].copy())
    shifted = _compute(engine(RANDOM, 4, kind, seed=11), rows[:4].copy())
    assert random.getstate() == before
    assert first == again
    assert len(set(first)) == 4
    assert shifted[:3] == first[1:]


@pytest.mark.parametrize("kind", ["compiled", "worker", "inprocess"])
def test_a_reversed_car_sees_the_waypoints_in_its_own_direction(kind, engine, rows, waypoints):
    batch = rows[:2].copy()
    batch["is_reversed"] = [False, True]
    assert _compute(engine(SIGHT, 2, kind), batch) == [waypoints[1][1], waypoints[-2][1]]


def test_submit_and_collect_are_compute_in_two_halves(engine, rows):
    worker = engine(COUNTER)
    out = np.zeros(4)
    worker.submit(rows[:4].copy(), None)
    worker.collect(out)
    assert out.tolist() == rows["speed"][:4].tolist()


def test_a_failure_names_car_episode_and_step_and_can_be_repeated(engine, rows, tmp_path):
    worker = engine("def reward_function(params):\n    return 1 / (params['steps'] - 4)\n")
    worker.failure_folder = tmp_path / "run"
    batch, cars = rows[:4].copy(), np.zeros(4, CAR)
    batch["steps"], cars["episode"] = [2, 3, 4, 5], [7, 8, 9, 10]
    with pytest.raises(
        RewardFailed, match=r"mine.py:2: ZeroDivisionError.*car 2, episode 9, step 4"
    ):
        worker.compute(batch, cars, np.zeros(4))
    (saved,) = (tmp_path / "run").iterdir()
    assert str(saved) in str(_raised(worker, batch))
    params = read_params(saved)
    assert set(params) == set(KEYS)
    with pytest.raises(RewardFailed, match="ZeroDivisionError"):
        once(worker.file, params, "worker")
    assert json.loads(saved.read_text())["car"] == 2


def _raised(engine, rows):
    with pytest.raises(RewardFailed) as caught:
        engine.compute(rows, None, np.zeros(len(rows)))
    return caught.value


@pytest.mark.parametrize("kind", ["worker", "inprocess"])
@pytest.mark.parametrize("said", ["1 / 0", "None", "''"])
def test_an_error_that_cannot_be_told_in_words_is_named(said, kind, engine, rows):
    text = f"""
class Mine(Exception):
    def __str__(self):
        return {said}
def reward_function(params):
    raise Mine
"""
    assert "mine.py:6: Mine (car 0" in str(_raised(engine(text, 1, kind), rows[:1].copy()))


def test_the_worker_goes_on_after_an_exception(engine, rows):
    worker = engine("def reward_function(params):\n    return 1 / (params['steps'] - 4)\n", 1)
    batch = rows[:1].copy()
    batch["steps"] = 4
    _raised(worker, batch)
    batch["steps"] = 5
    assert _compute(worker, batch) == [1.0]


def test_a_killed_worker_is_reported_at_once(engine, rows):
    worker = engine(COUNTER)
    os.kill(worker._process.pid, signal.SIGKILL)
    assert "crashed (SIGKILL)" in str(_raised(worker, rows[:4].copy()))


def test_a_stopped_worker_is_waited_for(engine, rows):
    worker = engine(COUNTER)
    os.kill(worker._process.pid, signal.SIGSTOP)
    worker.submit(rows[:4].copy(), None)
    alarm = signal.signal(signal.SIGALRM, lambda *_: os.kill(worker._process.pid, signal.SIGCONT))
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    out = np.zeros(4)
    worker.collect(out)
    signal.signal(signal.SIGALRM, alarm)
    assert out.tolist() == rows["speed"][:4].tolist()


def test_a_worker_leaves_no_process_and_no_descriptor_behind(engine):
    before = len(os.listdir("/proc/self/fd"))
    worker = engine(COUNTER)
    pid = worker._process.pid
    worker.close()
    worker.close()
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_a_reward_prints_is_kept_up_to_64_kib(engine, rows):
    text = "def reward_function(params):\n    print('x' * 1000)\n    return 1.0\n"
    worker = engine(text, 1)
    for _ in range(100):
        _compute(worker, rows[:1].copy())
    assert len(worker.output()) == 65536


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("return params['speed'] + params.get('x', 0)", {"speed", "x"}),
        ("p = params\n    return p['speed']", {"speed"}),
        ("return helper(params)", {"heading"}),
        ("print(params)\n    return params['speed']", ALL),
        ("return len(params)", ALL),
        ("def any(*a):\n        return a[0]['x']\n    return any(params)", ALL),
        ("p, q = params, 1\n    return p['speed']", ALL),
        ("k = 'speed'\n    return params[k]", ALL),
    ],
)
def test_needs_are_the_keys_that_may_be_read(body, keys, write):
    import ast

    text = f"def helper(q):\n    return q['heading']\ndef reward_function(params):\n    {body}\n"
    found = needs(ast.parse(text))
    assert found == keys or (keys != ALL and found == keys | {"heading"})


CLASS = """
from copy import copy
class A:
    def copy(self, params): return 1.0
    def append(self, params): return 1.0
    def score(self, params): return params["speed"]
    @staticmethod
    def still(params): return params["steps"]
    OTHER
a, kept = A(), []
def reward_function(params):
    return BODY
"""


@pytest.mark.parametrize(
    ("other", "body", "keys"),
    [
        ("pass", "a.score(params)", {"speed"}),
        ("pass", "A.still(params)", {"steps"}),
        ("pass", "A.score(a, params)", ALL),
        ("pass", "copy(params)['heading']", ALL),
        ("pass", "kept.append(params) or kept[0]['heading']", ALL),
        ("@classmethod\n    def new(cls, params): return params['x']", "A.new(params)", ALL),
        ("def odd(this, params): return params['x']", "a.odd(params)", ALL),
    ],
)
def test_needs_follow_a_call_only_where_it_is_certain_what_is_called(other, body, keys):
    import ast

    found = needs(ast.parse(CLASS.replace("OTHER", other).replace("BODY", body)))
    assert found == keys


def _batches(engine, rows, count):
    for _ in range(count):
        assert _compute(engine, rows[:32].copy()) == [1.0] * 32


def test_a_reward_computes_with_the_instructions_of_its_trainer(monkeypatch):
    """Another OPENBLAS_CORETYPE has other last bits of a dot product."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("SECRET", "1")
    environment = channel._environment()
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    assert "SECRET" not in environment


def test_a_slow_reward_is_not_killed_but_told_once(engine, rows, caplog, monkeypatch):
    monkeypatch.setattr("racer.reward.worker.slowness.LOOK_EVERY", 0.0)
    monkeypatch.setattr("racer.reward.worker.slowness.SLOW", 0.0002)  # on any machine
    worker = engine("def reward_function(p):\n    sum(range(1000000))\n    return 1.0\n", 32)
    _batches(worker, rows, 4)
    assert caplog.text.count("ms of processor time a call") == 1


TABLE = """
import time
import urllib.error
table = []
def reward_function(p):
    if not table:
        until = time.process_time() + 0.02
        while time.process_time() < until:
            table.append(1)
    return 1.0
"""


def test_a_table_that_every_car_makes_is_told_once_at_once(engine, rows, monkeypatch):
    monkeypatch.setattr("racer.reward.worker.slowness.LOOK_EVERY", 0.0)
    monkeypatch.setattr("racer.reward.worker.slowness.SLOW_START", 0.1)
    waited = []
    monkeypatch.setattr(
        "racer.reward.worker.slowness.log.warning",
        lambda text, *about: waited.append((worker._calls, text % about)),
    )
    worker = engine(TABLE, 32)
    _batches(worker, rows, 3)
    ((calls, said),) = waited
    assert "each of 32 cars makes it" in said
    assert calls == 0  # while they are waited for


FIRST = """
import time
import urllib.error
done = False
def reward_function(params):
    global done
    if EVERY or not done:
        until = time.process_time() + 0.4
        while time.process_time() < until:
            pass
        done = True
    return 1.0
"""


@pytest.mark.parametrize("every", [False, True])
def test_a_slow_first_call_of_every_car_is_waited_for(every, engine, rows, monkeypatch):
    monkeypatch.setattr("racer.reward.worker.engine.MEAN_LIMIT", 0.01)
    worker = engine(FIRST.replace("EVERY", str(every)), 6)
    assert _compute(worker, rows[:6].copy()) == [1.0] * 6
    if every:
        assert "on average" in str(_raised(worker, rows[:6].copy()))
    else:
        assert _compute(worker, rows[:6].copy()) == [1.0] * 6


def test_a_quick_reward_is_not_called_slow_on_a_busy_machine(engine, rows, capsys, monkeypatch):
    worker = engine("def reward_function(p):\n    return 1.0\n", 32)
    clock = iter(range(10**6))
    monkeypatch.setattr(time, "monotonic", lambda: 10.0 * next(clock))  # 10 s for every batch
    _batches(worker, rows, 40)
    assert capsys.readouterr().err == ""


def test_a_file_that_looks_around_for_its_params_receives_all_of_them():
    import ast

    text = "def reward_function(params):\n    return eval(\"params['speed']\")\n"
    assert needs(ast.parse(text)) == ALL


def test_what_came_before_a_failure_is_given(write, waypoints, rows):
    path = write("def reward_function(params):\n    return 1 / (params['steps'] - 4)\n")
    worker = WorkerEngine(load(path), n=1, waypoints=waypoints, capacity=3)
    batch, out = rows[:3].copy(), np.zeros(3)
    batch["steps"] = [5, 6, 4]
    with pytest.raises(RewardFailed):
        worker.compute(batch, None, out)
    worker.close()
    assert out.tolist() == [1.0, 0.5, 0.0]


def test_by_pipes_a_reward_pays_the_same(pipes, engine, rows, tmp_path):
    worker, plain = engine(COUNTER, 8), engine(COUNTER, 8, "inprocess")
    assert isinstance(worker._channel, channel.PipeChannel)
    for k in (0, 8, 16):
        assert _compute(worker, rows[k : k + 8].copy()) == _compute(plain, rows[k : k + 8].copy())


def test_by_pipes_a_hang_is_found_with_its_line_and_nothing_stays(pipes, engine, rows, tmp_path):
    threads, memory = threading.active_count(), tempfile.gettempdir()
    worker = engine("def reward_function(params):\n    while True:\n        pass\n")
    path = worker._channel._path
    assert path.startswith(memory)
    with pytest.raises(RewardFailed, match=r"mine.py:[23]: one call took longer than 1 s"):
        worker.compute(rows[:4].copy(), None, np.zeros(4))
    worker.close()
    assert not os.path.exists(path)
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("    import os\n    os._exit(3)", "ended its process"),
        ("    import ctypes\n    ctypes.string_at(0)", r"mine.py:3: .*(crashed|ended its process)"),
        ("    return 1 / 0", "mine.py:2: ZeroDivisionError"),
        ("    return 'x'", "text, 'x'"),
        ("    import os\n    os.write(1, b'1' * 100)\n    return 1 / 0", "ZeroDivisionError"),
    ],
)
def test_by_pipes_what_goes_wrong_is_told(body, says, pipes, engine, rows):
    worker = engine(f"def reward_function(params):\n{body}\n")
    assert re.search(says, str(_raised(worker, rows[:4].copy())))


def test_by_pipes_prints_are_kept(pipes, engine, rows):
    worker = engine("def reward_function(params):\n    print('one', 2)\n    return 1.0\n", 2)
    _compute(worker, rows[:2].copy())
    assert worker.output() == "one 2\none 2\n"


def test_prints_are_shown_with_the_name_of_the_reward_and_end_with_a_notice(engine, rows, capsys):
    worker = engine("def reward_function(params):\n    print('x' * 40_000)\n    return 1.0\n", 1)
    for _ in range(4):
        _compute(worker, rows[:1].copy())
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "mine: " + "x" * 40_000
    assert "has printed 64 KiB" in said[-1]
    assert len(said) == 2


def test_prints_of_a_run_are_kept_in_its_folder(engine, rows, capsys, tmp_path):
    worker = engine("def reward_function(params):\n    print(params['x'])\n    return 1.0\n", 8)
    worker.failure_folder = tmp_path
    for k in range(4):
        _compute(worker, rows[k : k + 8].copy())
    kept = (tmp_path / "prints.txt").read_text(encoding="utf-8").split()
    assert kept == [str(float(rows["x"][k + i])) for k in range(4) for i in range(8)]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 21
    assert "prints.txt" in said[-1]


@pytest.mark.parametrize("call", ["print(1)", "logging.info('here')"])
def test_a_compiled_reward_that_prints_says_once_how_to_see_it(call, engine, rows, capsys):
    text = f"def reward_function(params):\n    {call}\n    return params['x']\n"
    for _ in range(2):
        assert engine(f"import logging\n{text}", 2, "auto").name == "compiled"
    assert capsys.readouterr().err.count("--reward-engine worker") == 1


def test_a_print_that_only_the_file_as_a_program_reaches_is_not_missed(engine, rows, capsys):
    text = "def reward_function(params):\n    return params['x']\n"
    engine(f"{text}if __name__ == '__main__':\n    print(1)\n", 2, "auto")
    assert "prints" not in capsys.readouterr().err


MODULE = """
from __future__ import annotations
import pickle, sys
from dataclasses import dataclass

@dataclass
class Point:
    x: float
    y: float = 0.0

calls = 0
def reward_function(params):
    global calls
    calls += 1
    kept = pickle.loads(pickle.dumps(Point(params['x'])))
    assert type(kept) is Point
    return kept.x + sys.modules[__name__].calls
"""


@pytest.mark.parametrize("kind", ["worker", "inprocess"])
def test_a_reward_file_is_a_module(kind, engine, rows):
    one = engine(MODULE, 4, kind)
    assert _compute(one, rows[:4].copy()) == [float(x) + 1 for x in rows["x"][:4]]
    assert _compute(one, rows[:4].copy()) == [float(x) + 2 for x in rows["x"][:4]]
    assert "reward" not in sys.modules


@pytest.mark.parametrize("kind", ["worker", "inprocess"])
def test_an_array_of_one_element_is_a_number(kind, engine, rows):
    text = "import numpy as np\ndef reward_function(p):\n    return np.array([p['x']])\n"
    assert _compute(engine(text, 2, kind), rows[:2].copy()) == rows["x"][:2].tolist()


@pytest.mark.parametrize("kind", ["auto", "worker", "inprocess"])
def test_no_engine_shows_a_reward_the_environment(kind, engine, rows, monkeypatch):
    monkeypatch.setenv("RACER_SCALE", "2")
    text = """
import os
from os import environ, getenv
from os.path import expandvars
import os.path
def reward_function(params):
    assert os.path.join("a", "b") and not environ and not os.environ
    assert os.path.expanduser("~/table") == "~/table"
    assert expandvars("$RACER_SCALE") == os.path.expandvars("$RACER_SCALE") == "$RACER_SCALE"
    assert os.getenvb(b"RACER_SCALE") is None
    scale = float(os.environ.get("RACER_SCALE", "1")) + float(getenv("RACER_SCALE", default="1"))
    environ["MINE"] = "4"
    return scale + float(expandvars("$MINE"))
"""
    assert _compute(engine(text, 2, kind), rows[:2].copy()) == [6.0, 6.0]


FULL = """
import numpy as np
kept = None
def reward_function(params):
    global kept
    for size in (26, 20, 16):
        try:
            while True:
                kept = kept, np.empty(1 << size, np.uint8)  # of which no page is touched
        except MemoryError:
            pass
    for size in range(60, 0, -1):  # and what is left of every kind of small object
        try:
            while True:
                kept = (kept,) * size
        except MemoryError:
            pass
    return float(len([0.0] * 10**7))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_a_full_memory_is_said_with_what_to_do(engine, rows):
    said = str(_raised(engine(FULL, 1), rows[:1].copy()))
    assert "MemoryError" in said
    assert "--num-envs" in said
    assert "--reward-engine inprocess" in said


def test_a_refused_file_names_the_guard_and_what_runs_it_without(engine, rows, tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("1")
    text = f"def reward_function(params):\n    return float(open({str(path)!r}).read())\n"
    said = str(_raised(engine(text, 1), rows[:1].copy()))
    assert "guard" in said
    assert "--reward-engine inprocess" in said


def test_what_libraries_call_a_refusal_names_the_guard_too():
    from racer.reward.worker.loop import GUARDED, problem

    def said(cause):
        try:
            try:
                raise cause
            except OSError as error:
                raise ValueError("no answer") from error
        except Exception as error:
            return problem(error)

    url = urllib.error.URLError(PermissionError(1, "Operation not permitted"))
    assert problem(url).endswith(GUARDED)
    assert problem(socket.gaierror(-2, "Name or service not known")).endswith(GUARDED)
    assert problem(RuntimeError("can't start new thread")).endswith(GUARDED)
    assert said(PermissionError(1, "Operation not permitted")).endswith(GUARDED)
    assert problem(RuntimeError("other")) == "RuntimeError: other"
    assert GUARDED not in said(FileNotFoundError(2, "No such file or directory"))
