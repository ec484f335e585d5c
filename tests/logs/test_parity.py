import json
from dataclasses import replace

import numpy as np
import pytest

from racer.cli import main
from racer.config import RaceConfig
from racer.errors import BadLog
from racer.logs import check_parity, read_one, recompute
from racer.logs.convert import check_track
from racer.logs.log import LOG_STATUSES
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
        # a wheel of the simulator is up to 2 mm from where the body says: one row in 6,500
        assert fields["all_wheels_on_track"].matches >= len(log.rows) - 1


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


def test_logs_of_another_track_are_refused(csv_lines):
    log = read_one("\n".join(csv_lines).encode(), "a.csv")
    with pytest.raises(BadLog, match="driven on a track of"):
        check_track([log], Track.load("bean"))


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
    from tests.logs.test_read import trace_lines

    log = read_one("\n".join(trace_lines(csv_lines)).encode(), "robomaker.log")
    assert check_parity(log, oval).passed
