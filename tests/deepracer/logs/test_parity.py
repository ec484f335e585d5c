import json
from dataclasses import replace

import numpy as np
import pytest

from racer.cli import main
from racer.config import RaceConfig
from racer.deepracer.logs import LOG, Log, check_parity, read_one, recompute
from racer.deepracer.logs.convert import open_driven
from racer.deepracer.logs.log import LOG_STATUSES
from racer.errors import BadLog
from racer.race import make_race
from racer.tracks import Track


def test_real_logs_are_recomputed(era):
    _, logs, track = era
    for log in logs:
        result = check_parity(log, track)
        assert result.passed, result
        fields = {field.name: field for field in result.fields}
        assert fields["progress"].worst <= 1e-9
        assert fields["closest_waypoint"].match_pct == 100.0
        wheels = fields["all_wheels_on_track"]
        assert wheels.matches == len(log.rows)
        assert wheels.nearby <= 2  # frames in which the simulator moved the car, and 0.4 mm


def test_off_track_is_where_the_simulator_ended_the_episode(era):
    _, logs, track = era
    ended = wrong = 0
    for log in logs:
        params = recompute(log, track).params
        off = log.rows["status"] == LOG_STATUSES.index("off_track")
        driving = log.rows["status"] == LOG_STATUSES.index("in_progress")
        ended += off.sum()
        wrong += (~params["is_offtrack"][off]).sum() + params["is_offtrack"][driving].sum()
    assert ended > 50
    assert wrong <= 1  # a wheel 1.9 mm inside


def test_starts_are_those_of_the_round_robin(era):
    _, logs, track = era
    for log in logs:
        starts = recompute(log, track).starts
        assert np.abs(starts * 20 - np.round(starts * 20)).max() < 1e-9  # every 5 % of a lap


def test_a_wrong_row_is_found_and_named(era, tmp_path, capsys):
    _, logs, track = era
    log = logs[0]
    rows = log.rows.copy()
    rows["progress"][40] += 1e-8
    rows["closest_waypoint"][50] += 1
    result = check_parity(type(log)(log.source, rows), track)
    fields = {field.name: field for field in result.fields}
    assert not result.passed
    assert fields["progress"].first["line"] == rows["line"][40]
    assert fields["closest_waypoint"].first["steps"] == rows["steps"][50]
    assert fields["closest_waypoint"].matches == len(rows) - 1
    assert fields["track_len"].passed


def test_command_returns_1_below_a_bar(csv_lines, tmp_path, capsys):
    good, bad, out = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "out.json"
    good.write_text("\n".join(csv_lines))
    x = csv_lines[20].split(",")[2]
    bad.write_text("\n".join(csv_lines).replace(x, str(float(x) + 0.3)))
    assert main(["log", "parity", str(good), "--track", "oval", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["passed"] is True
    assert main(["log", "parity", str(bad), "--track", "oval", "--json", str(out)]) == 1
    found = json.loads(out.read_text())["logs"][0]["fields"]["progress"]
    assert found["first_difference"]["line"] == 21
    assert "first difference of progress: line 21" in capsys.readouterr().out


def test_logs_of_another_track_are_refused_or_left_out(csv_lines, tmp_path, oval):
    length = csv_lines[1].split(",")[13]
    (tmp_path / "a.csv").write_text("\n".join(csv_lines))
    (tmp_path / "b.csv").write_text("\n".join(csv_lines).replace(length, "16.6"))
    (tmp_path / "c-iteration.csv").write_text("")
    with pytest.raises(BadLog, match="driven on a track of"):
        open_driven(tmp_path, Track.load("bean"))
    (log,) = open_driven(tmp_path, oval)
    assert log.source.endswith("a.csv")
    assert ["b.csv: it was driven on a track of 16.60 m" in note for note in log.notes] == [0, 1]
    assert "c-iteration.csv: no step of a car in it" in log.notes[0]


def flipped(csv_lines, oval):
    """The same poses as if the track had been driven the other way."""
    back = oval.reversed()
    lines = csv_lines[:1]
    for line in csv_lines[1:]:
        f = line.split(",")
        near = back.nearest(float(f[2]), float(f[3]))[0]
        ends = np.array(back.waypoints)[[near["prev_waypoint"], near["next_waypoint"]]]
        to = np.hypot(*(ends - (float(f[2]), float(f[3]))).T)
        f[12] = str(near["prev_waypoint"] if to[0] < to[1] else near["next_waypoint"])
        f[11] = repr(float(100.0 * (near["s"] / back.length - 0.7 + 0.25 * int(f[0]))))
        lines.append(",".join(f))
    return lines


def test_episodes_driven_the_other_way_are_recognised(csv_lines, oval):
    log = read_one("\n".join(flipped(csv_lines, oval)).encode(), "a.csv")
    found = recompute(log, oval)
    assert found.backward.all()
    assert found.params["is_reversed"].all()
    assert check_parity(log, oval).passed


def test_numbering_without_duplicates_is_recognised(csv_lines, oval):
    center = np.insert(oval.center, 8, oval.center[8], axis=0)  # row 8 twice
    doubled = Track("doubled", center, oval.inner, oval.outer)
    log = read_one("\n".join(csv_lines).encode(), "a.csv")
    assert recompute(log, doubled).dropped
    assert check_parity(log, doubled).passed
    assert not recompute(log, oval).dropped


def test_a_race_can_number_without_duplicates(tmp_path, oval):
    center, inner, outer = (line[:, :] for line in (oval.center, oval.inner, oval.outer))
    doubled = [np.insert(line, 8, line[8], axis=0) for line in (center, inner, outer)]
    path = tmp_path / "doubled.npy"
    np.save(path, np.hstack(doubled))
    config = RaceConfig(track=str(path))
    plain = make_race(config, with_reward=False)
    dropped = make_race(replace(config, drop_duplicate_waypoints=True), with_reward=False)
    assert len(plain.track.waypoints) == len(oval.waypoints) + 1
    assert dropped.track.waypoints == oval.waypoints
    assert dropped.track.length == plain.track.length


def test_text_logs_are_compared_to_their_precision(csv_lines, oval):
    from tests.deepracer.logs.test_read import trace_lines

    log = read_one("\n".join(trace_lines(csv_lines)).encode(), "robomaker.log")
    assert check_parity(log, oval).passed


def crossing(oval, first, late):
    """A car that leaves the road sideways, 60 mm a step; wheels read `late` of a step later."""
    x, y, yaw = oval.pose_at(1.0)
    rows = np.zeros(14, LOG)
    rows["x"], rows["y"], rows["yaw_deg"] = x, y + first + 0.06 * np.arange(14), np.degrees(yaw)
    rows["steps"] = rows["line"] = range(1, 15)
    later = rows.copy()
    later["y"] += 0.06 * late
    return as_recorded(rows, oval, wheels=later)


def as_recorded(rows, track, wheels):
    """A log with everything that the poses of `rows`, and the wheels of `wheels`, give."""
    near = track.nearest(rows["x"], rows["y"])
    rows["progress"], rows["track_len"] = 100.0 * near["s"] / track.length, track.length
    rows["closest_waypoint"] = recompute(Log("a", rows), track).closest_waypoint
    params = recompute(Log("a", wheels), track).params
    rows["all_wheels_on_track"] = params["all_wheels_on_track"]
    return Log("a", rows)


@pytest.mark.parametrize(("late", "nearby"), [(0.0, {0}), (0.2, {0, 1}), (-0.2, {0, 1})])
def test_wheels_may_be_read_a_quarter_of_a_step_before_or_after_the_pose(oval, late, nearby):
    results = [check_parity(crossing(oval, k * 0.006, late), oval) for k in range(10)]
    assert all(result.passed for result in results)
    assert {result.fields[2].nearby for result in results} == nearby


def test_wheels_of_another_step_are_no_match(oval):
    results = [check_parity(crossing(oval, k * 0.006, 0.9), oval) for k in range(10)]
    # but where the border is within a quarter of a step after the row
    assert sum(result.fields[2].passed for result in results) <= 4


def test_a_held_car_may_have_its_wheels_at_the_old_place(csv_lines, oval):
    rows = read_one("\n".join(csv_lines).encode(), "a.csv").rows
    rows["x"][39] += 5.0  # off the road, where the car was before it was put on the line in row 40
    rows["all_wheels_on_track"][39:42] = False
    wheels = check_parity(Log("a.csv", rows), oval).fields[2]
    assert (wheels.nearby, wheels.first["line"]) == (1, rows["line"][41])  # 41 drives


def test_a_text_log_counts_what_rounds_to_the_logged_pose(oval):
    rows = np.zeros(40, LOG)
    step = np.diff(oval.center, axis=0)
    beyond = 0.5 + 2e-5 / np.hypot(*step.T)  # 0.02 mm beyond the middle of each segment
    rows["x"], rows["y"] = (oval.center[:-1] + step * beyond[:, None])[:40].T
    rows["steps"] = rows["line"] = range(1, 41)
    rows = as_recorded(rows, oval, rows).rows
    rows["x"], rows["y"] = rows["x"].round(4), rows["y"].round(4)
    text, csv = (check_parity(Log("a", rows, rounded), oval) for rounded in (True, False))
    assert text.passed
    assert text.fields[1].nearby > 5
    assert csv.fields[1].matches == 40 - text.fields[1].nearby  # a CSV has all digits
