"""The bench reports every row; what a step costs is guarded by counting work, not seconds."""

import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from racer import cli
from racer.bench import engine
from racer.bench.engine import drive
from racer.bench.measure import Job, Plan, Repetition, Row, measure, one_core, table
from racer.bench.report import Report
from racer.config import RaceConfig
from racer.race import make_race
from racer.training.profile import Profile

# Counts signatures in a process where nothing else has called a kernel.
SIGNATURES = """
import json
from racer.bench.engine import drive, race_of
from racer.config import RaceConfig

from racer.sim import actions, step
for n in (1, 16, 300):
    drive(race_of(RaceConfig(), n))(300)
names = ("begin", "advance_kinematic", "finish", "next_episode", "reset")
kernels = [getattr(step, name) for name in names] + [actions.decode_continuous]
print(json.dumps({kernel.__name__: len(kernel.signatures) for kernel in kernels}))
"""


def race_of(n):
    race = make_race(RaceConfig(reward_engine="compiled"), n)
    race.reset()
    return race


def python_calls(race, actions):
    """Calls of Python and C functions that one step makes."""
    calls = 0

    def count(_frame, event, _arg):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        race.step(actions)
    finally:
        sys.setprofile(None)
    return calls


def bytes_allocated(race, actions):
    """The most that one step has allocated at once."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        race.step(actions)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_every_kernel_is_compiled_for_one_signature():
    out = subprocess.run(
        [sys.executable, "-c", SIGNATURES], check=True, capture_output=True, text=True
    )
    found = json.loads(out.stdout)
    assert found == dict.fromkeys(found, 1)


def test_a_step_makes_as_many_python_calls_for_one_car_as_for_thousands():
    counts = {}
    for n in (1, 64, 4096):
        race, actions = race_of(n), np.zeros((n, 2), np.float32)
        race.step(actions)
        counts[n] = python_calls(race, actions)
    assert len(set(counts.values())) == 1, counts
    assert 0 < counts[1] < 10


def test_a_step_allocates_nothing_that_grows_with_the_cars():
    peaks = {}
    for n in (16, 4096):
        race, actions = race_of(n), np.zeros((n, 2), np.float32)
        race.step(actions)
        bytes_allocated(race, actions)  # the first one under tracemalloc fills caches
        peaks[n] = bytes_allocated(race, actions)
    assert peaks[4096] < 4096, peaks  # less than a byte a car
    assert bytes_allocated(Copying(race), actions) > 4096  # it would have been seen


class Copying:
    """A race whose step copies what it is given."""

    def __init__(self, race):
        self.race = race

    def step(self, actions):
        self.race.step(actions.copy())


def test_quick_bench_reports_every_row(tmp_path, capsys, monkeypatch):
    among = "8 learners in a world"  # a reward is compiled anew for each of what may be on the road
    monkeypatch.setattr(engine, "STARTS", {"racer --help": engine.STARTS["racer --help"]})
    monkeypatch.setattr(engine, "AMONG", {among: engine.AMONG[among]})
    monkeypatch.setattr(engine, "CROWDED", {})
    monkeypatch.setattr(engine, "SIZES", (1, 64))
    monkeypatch.setattr(engine, "REWARD_SIZES", (16, 64))
    monkeypatch.setattr(engine, "PACK", 3)
    file, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    assert cli.main(["bench", "engine", "--quick", "--json", str(file), "--png", str(plot)]) == 0
    text, said = capsys.readouterr()
    assert said.splitlines()[-3].startswith("100%  measured in ")
    assert said.count(" s left") > 20  # a line for every turn
    found = json.loads(file.read_text())
    assert [row["cars"] for row in found["engine"]] == [1, 64]
    rewards = [(row["name"].split()[1], row["cars"]) for row in found["rewards"]]
    assert rewards == [(e, n) for e in ("compiled", "worker", "inprocess") for n in (16, 64)]
    roads = ["20", "100", "400", "8", "1", "3"]
    assert [row["name"].split()[1] for row in found["roads"]] == roads
    assert [row["name"] for row in found["sensors"]] == list(engine.SENSORS)
    assert [row["cars"] for row in found["doors"]] == [1, 1024, 1024]
    for row in (
        *found["engine"],
        *found["rewards"],
        *found["roads"],
        *found["sensors"],
        *found["doors"],
    ):
        assert len(row["repetitions"]) >= 5
        assert f" {row['cars']:,} |" in text
        for one in row["repetitions"]:
            assert one["steps"] % row["cars"] == 0
            assert one["wall_s"] > 0
    assert 200 < found["bytes_per_car"] < 2048
    assert found["machine"]["cpu"] in text
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_training_is_measured_from_the_first_step_to_the_evaluation(tmp_path, capsys):
    file = tmp_path / "bench.json"
    open_track = tmp_path / "open.npy"
    np.save(open_track, np.arange(30.0).reshape(5, 6))
    words = ["--seeds", "1", "--seconds", "1.5", "--rewards", "center_line", "--json", str(file)]
    assert cli.main(["bench", "train", "--cpu", "--track", "oval", str(open_track), *words]) == 0
    (run,) = json.loads(file.read_text())["train"]
    assert run["cpu_s"] >= 1.5
    assert run["steps"] > 1000
    assert run["first_lap_s"] is None or 0 < run["first_lap_s"] <= run["cpu_s"]
    assert 0 <= run["completion_pct"] <= 100
    text = capsys.readouterr().out
    assert "| oval  | center_line |" in text
    assert "Training, 1.5 CPU s each" in text
    assert "open.npy: " in text  # why it was left out


def test_a_row_is_the_median_of_its_repetitions():
    row = Row("x", 10, tuple(Repetition(100, wall, 0.5) for wall in (1.0, 4.0, 2.0)))
    assert row.rate == 50.0
    assert row.cpu_rate == 200.0
    assert row.cells()[3:] == ["25..100", "200", "20,000,000"]


def test_measuring_counts_the_work_that_was_done():
    done = []
    job = Job("x", 3, lambda k: [done.append(sum(range(50))) for _ in range(k)])
    (row,) = measure([job], Plan(repetitions=5, target_s=0.002), lambda turn: None)
    assert len(row.repetitions) == 5
    assert 3 * len(done) > sum(one.steps for one in row.repetitions)  # the warm-up is not in it


def test_jobs_are_measured_in_turns_and_closed():
    done, closed, turns = [], [], []

    def job(name):
        return Job(name, 1, lambda k: done.append(name), lambda: closed.append(name))

    measure([job("a"), job("b")], Plan(repetitions=3, target_s=1e-9), turns.append)
    assert done[-6:] == ["a", "b"] * 3
    assert closed == ["a", "b"]
    assert turns == [0, 1, 2, 3]


def test_driving_starts_cars_again():
    race = race_of(8)
    drive(race)(600)
    assert race.cars["episode"].min() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="pins by sched_setaffinity")
def test_the_process_is_pinned_only_while_measuring():
    import os

    before = os.sched_getaffinity(0)
    with one_core() as core:
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


def test_peers_are_printed_as_ratios():
    def row(cars, rate):
        return Row("x", cars, (Repetition(rate, 1.0, 1.0),))

    report = Report({}, RaceConfig(), doors=[row(1, 1000)], engine=[row(64, 9000)])
    report.peers = [row(1, 100)]
    assert "10 × |          90 ×" in report._peers()[1]


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "0"],
        ["--seconds", "0"],
        ["lessons", "--seeds", "0"],
        ["lessons", "--timesteps", "0"],
        ["train", "--png", "x.png"],
        ["engine", "--sb3-loops"],
        ["engine", "--against", "f1"],
        ["engine", "--track", "oval", "bean"],
        ["train", "--rewards", "no_such", "--seeds", "1"],
        ["train", "--track", "no_such", "--seeds", "1"],
    ],
)
def test_what_cannot_be_measured_is_refused(words, monkeypatch, capsys):
    monkeypatch.setattr("racer.bench.engine.SIZES", ())
    assert cli.main(["bench", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_profile_adds_up_and_takes_its_clocks_off():
    class Thing:
        def outer(self):
            return sum(self.inner() for _ in range(3))

        def inner(self):
            return sum(range(1000))

    thing, profile = Thing(), Profile()
    profile.watch(thing, ("outer",), "outside")
    profile.watch(thing, ("inner", "missing"), "inside")
    assert thing.outer() == 3 * 499500
    assert profile.calls == {"outside": 1, "inside": 3}
    assert min(profile.seconds.values()) > 0
    profile.total_s = sum(profile.seconds.values())
    assert "all of learning" in profile.table()
    profile.release()
    assert vars(thing) == {}


def test_a_profile_of_a_race_changes_no_result():
    plain, watched, actions = race_of(4), race_of(4), np.full((4, 2), 0.1, np.float32)
    profile = Profile()
    profile.watch_race(watched)
    for _ in range(20):
        assert (plain.step(actions) == watched.step(actions)).all()
    assert profile.calls["physics"] == 20
    assert profile.calls["reward"] == 40  # submit, collect


def test_tables_are_markdown():
    assert table(["a", "n"], [["x", "10"]]) == "| a |  n |\n| - | -: |\n| x | 10 |"
