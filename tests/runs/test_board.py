"""The leaderboard: hand-made laps are timed, ranked and compared with the fastest known one."""

import dataclasses
import json

import numpy as np
import pytest

from racer import raceline
from racer.cli import main
from racer.config import Config, RaceConfig
from racer.evaluation.result import Lap, Result, TrackLaps
from racer.raceline import Setup
from racer.recording.laps import fastest, timed
from racer.recording.trace import TRACE, Trace
from racer.runs import Run
from racer.runs.board import PERSON, REFERENCE, RUN, boards
from racer.runs.laps import share_of
from racer.sim.types import LAP_COMPLETE
from racer.storage import files
from racer.tracks import Track

DT = 1 / 15
OVAL = Track.load("oval")


def drive(v, laps=2, *, off=(), track=OVAL, **meta):
    """Laps at steady `v` m/s along the centre line; laps of `off` have a wheel beside the road."""
    rows, lap = [], 0
    while lap < laps:
        k, s = len(rows), len(rows) * v * DT
        row = np.zeros((), TRACE)
        row["x"], row["y"], row["yaw"] = track.pose_at(s)
        row["v"], row["episode"], row["time"] = v if k else 0.0, lap, k * DT
        params = row["params"]
        params["steps"], params["projection_distance"] = k + 2, s % track.length
        params["progress"] = min(100.0, 100.0 * (s / track.length - lap))
        params["all_wheels_on_track"] = lap not in off
        if s >= (lap + 1) * track.length:
            row["status"], lap = LAP_COMPLETE, lap + 1
        rows.append(row)
    times = [round(track.length / v, 2)] * laps
    return Trace(track, np.array(rows), DT, {"lap_times_s": times} | meta)


def a_run(folder, trace, name="mine", **settings):
    road = {} if "race.tracks" in settings else {"race.track": trace.track.name}
    config = Config().override(road | settings)
    run = Run.create(folder, [name], texts={"config.toml": config.to_toml()}, manifest={})
    trace.save(run.laps_file)
    return run


def a_person(folder, trace, driver="ada"):
    folder.mkdir(exist_ok=True)
    about = {"driver": driver, "vehicle": "deepracer", "actions": "continuous"}
    Trace(trace.track, trace.rows, trace.dt, trace.meta | about).save(folder / f"{driver}.npz")


def best_known(rule="official"):
    return raceline.find(Setup.of(RaceConfig(track="oval"), rule))


def test_laps_are_timed_between_steps():
    first, second = timed(drive(1.37))
    assert second.seconds == pytest.approx(OVAL.length / 1.37, abs=1e-9)
    assert (first.flying, second.flying) == (False, True)
    assert fastest([first, second]) is second


def test_percent_of_optimal_of_a_hand_made_lap_is_right(tmp_path):
    run = a_run(tmp_path, drive(1.37))
    assert share_of(run) == pytest.approx(100.0 * best_known().flying_s * 1.37 / OVAL.length)


def test_one_lap_is_compared_with_the_standing_reference(tmp_path):
    run = a_run(tmp_path, drive(1.37, laps=1))
    assert share_of(run) == pytest.approx(100.0 * best_known().standing_s * 1.37 / OVAL.length)


def test_on_several_tracks_every_command_says_the_median_of_the_evaluation(tmp_path, capsys):
    """The recorded laps are of the first track alone, which is at another percentage."""
    laps = (Lap("lap_complete", 100.0, 10.0, 1.0),)
    shares = {"oval": 4.1, "bean": 6.2}  # s of the reference, for a flying lap of 10 s
    found = Result.on([TrackLaps(name, 20.0, laps, 10.0, s) for name, s in shares.items()])
    assert "median 51.5 % of optimal on 2" in found.table()
    run = a_run(tmp_path, drive(1.37), **{"race.tracks": "oval,bean"})
    run.metrics_file.write_text("timesteps,laps\n100,1\n")
    files.write_json(run.evaluation_file, found.to_json())
    assert share_of(run) == pytest.approx(51.5)
    compare = ["compare", run.name, "--png", str(tmp_path / "c.png")]
    for words in (["runs", "list"], ["runs", "show", run.name], compare):
        assert main([*words, "--runs-dir", str(tmp_path)]) == 0
        assert "51.5" in capsys.readouterr().out


def test_an_older_run_on_several_tracks_has_no_percentage(tmp_path, capsys):
    run = a_run(tmp_path, drive(1.37), **{"race.tracks": "oval,bean"})
    about = Result.on([TrackLaps("oval", 20.0, (Lap("lap_complete", 100.0, 10.0, 1.0),))]).to_json()
    del about["median_pct_of_optimal_official"]
    files.write_json(run.evaluation_file, about)
    assert share_of(run) is None
    assert main(["runs", "show", run.name, "--runs-dir", str(tmp_path)]) == 0
    assert "optimal" not in capsys.readouterr().out


def test_a_run_from_anyone_executes_nothing_and_bad_places_are_no_laps(tmp_path):
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    run = a_run(tmp_path / "runs", drive(1.37), **{"race.vehicle": str(evil)})
    assert share_of(run) is None
    assert boards(tmp_path / "runs", tmp_path)[0] == []
    assert not (tmp_path / "executed").exists()
    bad = drive(1.37)
    bad.rows["params"]["projection_distance"][9] = np.nan
    assert timed(bad) == []


def test_after_a_restart_a_lap_is_not_flying():
    trace = drive(1.5)
    again = trace.rows["episode"] == 1
    trace.rows["v"][int(again.argmax())] = 0.0
    assert [lap.flying for lap in timed(trace)] == [False, False]


def test_a_recording_of_something_else_has_no_timed_laps():
    trace = drive(1.5)
    assert timed(Trace(OVAL, trace.rows, DT, {})) == []  # a log, a time trial
    assert timed(Trace(OVAL, trace.rows, DT, {"lap_times_s": ["a", None]})) == []
    away = trace.rows.copy()
    away["params"]["is_offtrack"][5] = True
    assert [lap.number for lap in timed(Trace(OVAL, away, DT, trace.meta))] == [1]


def test_laps_of_runs_people_and_references_are_ranked(tmp_path):
    run = a_run(tmp_path / "runs", drive(1.5, off=(0, 1)))
    a_person(tmp_path / "laps", drive(1.2))
    (board,), skipped = boards(tmp_path / "runs", tmp_path / "laps")
    assert skipped == []
    assert (board.track, board.vehicle, board.actions) == ("oval", "deepracer", "continuous")
    shown = [(one.kind, one.who, one.rule) for one in board.best().entries]
    assert shown[2:] == [(RUN, run.name, "official"), (PERSON, "ada", "strict")]
    assert {one[::2] for one in shown[:2]} == {(REFERENCE, "official"), (REFERENCE, "strict")}
    assert board.entries[0].optimal_pct == pytest.approx(100.0)
    seconds = [one.seconds for one in board.entries]
    assert seconds == sorted(seconds)
    assert len(board.entries) == 2 + 2 + 2
    slowest, best = board.entries[-1], best_known()
    expected = best.pct(OVAL.length / 1.2, flying=slowest.flying)
    assert slowest.optimal_pct == pytest.approx(expected)


def test_other_actions_vehicles_and_roads_are_not_compared(tmp_path):
    a_run(tmp_path, drive(1.5))
    a_run(tmp_path, drive(1.5), **{"race.actions": "discrete"})
    a_run(tmp_path, drive(1.5, track=Track.load("bean")))
    found, _ = boards(tmp_path, tmp_path)
    assert (found[0].track, found[0].actions) == ("bean", "continuous")
    assert sorted(one.actions for one in found[1:]) == ["continuous", "discrete"]
    (only,), _ = boards(tmp_path, tmp_path, Track.load("bean"))
    assert only.track == "bean"


def test_a_road_is_known_by_its_shape_not_by_its_name(tmp_path, capsys):
    """Two files of one name; a copy under another name; the other direction."""
    other = dataclasses.replace(Track.load("bean"), name="oval")
    np.save(tmp_path / "copy.npy", np.hstack([OVAL.center, OVAL.inner, OVAL.outer]))
    mine = a_run(tmp_path / "runs", drive(1.5))
    back = a_run(tmp_path / "runs", drive(1.4, track=OVAL.reversed()), "back")
    foreign = a_run(tmp_path / "runs", drive(1.5, track=other), "foreign")
    words = ["board", "--runs-dir", str(tmp_path / "runs"), "--laps-dir", str(tmp_path)]
    for name in ("oval", str(tmp_path / "copy.npy")):
        assert main([*words, "--track", name]) == 0
        shown = capsys.readouterr().out
        assert (mine.name in shown, back.name in shown, foreign.name in shown) == (1, 1, 0)
    assert main([*words, "--track", "bean"]) == 0
    shown = capsys.readouterr().out
    assert (mine.name in shown, foreign.name in shown) == (0, 1)


def test_a_run_without_repeated_waypoints_is_on_the_road_that_has_them(tmp_path):
    rows = np.hstack([OVAL.center, OVAL.inner, OVAL.outer])
    np.save(tmp_path / "twice.npy", np.insert(rows, 5, rows[5], axis=0))
    road = Track.load(tmp_path / "twice.npy")
    a_run(tmp_path, drive(1.5, track=road.without_duplicates()))
    assert len(boards(tmp_path, tmp_path / "laps", road)[0]) == 1


def test_damaged_and_foreign_files_are_named_and_the_rest_is_shown(tmp_path, capsys):
    runs, laps = tmp_path / "runs", tmp_path / "laps"
    good = a_run(runs, drive(1.5))
    broken = a_run(runs, drive(1.4), "broken")
    broken.laps_file.write_bytes(b"nothing")
    foreign = a_run(runs, drive(1.4), "foreign", **{"race.vehicle": "os.path"})
    a_person(laps, drive(1.2), "bob")
    drive(1.3).save(laps / "stranger.npz")
    (laps / "folder.npz").mkdir()
    words = ["board", "--runs-dir", str(runs), "--laps-dir", str(laps)]
    assert main([*words, "--json", "-"]) == 0
    shown = capsys.readouterr()
    about = json.loads(shown.out)
    assert [one["who"] for one in about["boards"][0]["laps"]][2:] == [good.name, "bob"]
    for name in (broken.name, foreign.name, "stranger.npz", "folder.npz"):
        (line,) = [line for line in about["skipped"] if name in line]
        assert line.count(name) == 1
        assert line in shown.err
    assert len(about["skipped"]) == 4
    assert any("folder.npz is a folder;" in line for line in about["skipped"])


def test_the_table_and_an_empty_board(tmp_path, capsys):
    words = ["board", "--runs-dir", str(tmp_path), "--laps-dir", str(tmp_path)]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("no laps in ")
    assert main([*words, "--track", "oval"]) == 0
    assert "(reference)" in capsys.readouterr().out
    run = a_run(tmp_path, drive(1.5, laps=3))
    assert main(words) == 0
    assert capsys.readouterr().out.count(run.name) == 1
    assert main([*words, "--all"]) == 0
    assert capsys.readouterr().out.count(run.name) == 3
    assert main([*words, "--track", "ovl"]) == 2
    assert "Did you mean 'oval'?" in capsys.readouterr().err


def test_a_track_that_nobody_drove_is_named_with_what_to_do(tmp_path, capsys):
    """A run on another track is there, so that there are no laps at all would be wrong."""
    a_run(tmp_path, drive(1.5))
    words = ["board", "--runs-dir", str(tmp_path), "--laps-dir", str(tmp_path)]
    assert main([*words, "--track", "generated:77"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("no laps on generated:77 in ")
    for hint in ("train --track", "drive --track", "line"):
        assert f" {hint} generated:77 " in shown
