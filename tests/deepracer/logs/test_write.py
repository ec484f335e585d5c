import dataclasses
import json

import numpy as np
import pytest
from recorder import Recorder

from racer.actions import Continuous, Discrete
from racer.cli import main
from racer.deepracer.logs import check_parity, read_one
from racer.deepracer.logs.log import LOG_STATUSES
from racer.deepracer.logs.write import (
    WRITTEN,
    csv_text,
    evaluation_metrics,
    from_log,
    training_file,
    training_metrics,
    written_rows,
)
from racer.sim.types import CRASHED


def recorded(race, driver, episodes=3):
    """Every step of `episodes` episodes of one car."""
    recorder = Recorder(race.track, race.dt)
    while episodes:
        recorder.before(race.cars)
        race.step(driver(race))
        recorder.after(race.cars, race.params, race.rewards)
        if race.done[0]:
            episodes -= 1
            race.reset(race.done)
    return recorder.trace()


@pytest.fixture
def trace(race, driver):
    return recorded(race(1), driver)


def rows_of(trace, actions=None, **more):
    chosen = actions or Continuous((-30.0, 30.0), (0.0, 4.0))
    return list(written_rows(trace.rows, trace.track, chosen, dt=trace.dt, **more))


def test_our_own_drive_passes_parity(trace):
    """What we write is what the simulator would have: read again, every field is recomputed."""
    log = read_one(csv_text(rows_of(trace)).encode(), "ours.csv")
    assert log.notes == ()
    assert len(log.rows) == len(trace.rows) + 3  # a prepare frame each
    result = check_parity(log, trace.track)
    assert result.passed
    assert all(field.matches == field.rows for field in result.fields)


def test_alternating_directions_pass_parity(race, driver):
    drive = recorded(race(1, alternate_direction=True), driver, 2)
    log = read_one(csv_text(rows_of(drive)).encode(), "ours.csv")
    result = check_parity(log, drive.track)
    assert result.passed
    assert "1 episodes driven against the file's order" in result.notes


def test_an_episode_begins_with_a_prepare_frame_and_ends_done(trace):
    log = read_one(csv_text(rows_of(trace)).encode(), "ours.csv")
    for part in log.episodes():
        rows = log.rows[part]
        assert LOG_STATUSES[rows["status"][0]] == "prepare"
        assert rows["steps"].tolist() == list(range(1, len(rows) + 1))
        assert rows["reward"][0] == 0.0
        assert rows["done"].tolist() == [False] * (len(rows) - 1) + [True]
        assert rows["progress"][-1] == 100.0
        assert np.diff(rows["tstamp"]) == pytest.approx(1 / 15, abs=2e-6)


def test_csv_and_lines_say_the_same(trace):
    rows = rows_of(trace)
    assert csv_text(rows).splitlines()[0] == ",".join(WRITTEN)
    exact = read_one(csv_text(rows).encode(), "a.csv")
    text = read_one("\n".join(row.line() for row in rows).encode(), "a.log")
    assert text.rounded
    for name in ("episode", "steps", "status", "closest_waypoint", "done"):
        assert (text.rows[name] == exact.rows[name]).all()
    assert np.abs(text.rows["x"] - exact.rows["x"]).max() <= 5.1e-5
    assert check_parity(text, trace.track).passed


def test_a_log_that_was_read_is_written_the_same(trace, tmp_path, capsys):
    rows = rows_of(trace)
    log = read_one(csv_text(rows).encode(), "a.csv")
    assert csv_text(from_log(log)) == csv_text(rows)
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows))
    assert main(["log", "lines", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [row.line() for row in rows]


def test_discrete_actions_are_written_by_index(race):
    actions = Discrete(((-20.0, 1.0), (0.0, 2.0), (20.0, 1.0)))
    r = race(1, actions=actions)
    recorder = Recorder(r.track, r.dt)
    for choice in (1, 2, 0, 1):
        recorder.before(r.cars)
        r.step(np.array([choice]))
        recorder.after(r.cars, r.params, r.rewards)
    rows = rows_of(recorder.trace(), actions)
    assert [row.action for row in rows] == ["1", "1", "2", "0", "1"]


def test_a_penalty_is_written_as_pause(trace):
    rows = rows_of(trace, pauses=[(10, 5)])
    statuses = [row.status for row in rows]
    assert statuses[:13] == ["prepare", *["in_progress"] * 10, "pause", "pause"]
    assert statuses.count("pause") == 5
    assert rows[15].pause_s == pytest.approx(5 / 15)


def test_metrics_count_as_the_simulator(trace):
    rows = rows_of(trace)
    found = training_metrics(rows, 2)
    assert [m["episode"] for m in found] == [1, 2, 3]
    assert [m["trial"] for m in found] == [1, 2, 1]
    assert training_metrics(rows, 2, first=4)[0]["episode"] == 5
    first = found[0]
    assert first["episode_status"] == "Lap complete"
    assert first["completion_percentage"] == 100
    steps = int((trace.rows["episode"] == 0).sum()) + 1  # and the prepare frame
    assert first["elapsed_time_in_milliseconds"] == pytest.approx(1000 * steps / 15, abs=1)
    laps = evaluation_metrics(rows, [{}, {"off_track_count": 2, "reset_count": 2}, {}])
    assert laps["metrics"][1]["off_track_count"] == 2
    assert laps["metrics"][1]["trial"] == 2
    json.dumps([training_file(found), laps])


def test_a_crash_is_counted_in_its_episode_and_read_again(trace, tmp_path):
    rows = trace.rows.copy()
    first = np.flatnonzero(rows["episode"] == 0)
    rows["status"][first[[5, 9]]] = CRASHED
    written = rows_of(dataclasses.replace(trace, rows=rows))
    assert [row.crashes for row in written[5:12]] == [0, 1, 1, 1, 1, 2, 2]
    assert {row.crashes for row in written if row.episode > 0} == {0}
    path = tmp_path / "log.csv"
    path.write_text(csv_text(written))
    log = read_one(path.read_bytes(), path)
    assert log.rows["crashes"].tolist() == [row.crashes for row in written]
    assert "crashed" in {row.status for row in written}
