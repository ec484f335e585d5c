"""Ghosts: where another drive was, and how much later a lap came to the same place."""

import dataclasses

import numpy as np
import pygame
import pytest

from racer.errors import BadTrack
from racer.recording.trace import TRACE, Trace
from racer.render.ghosts import COLORS, Ghost, Pace, best_lap, ghost_of, same_road, time_at
from racer.render.video import Film
from racer.render.viewer import Viewer
from racer.sim.types import LAP_COMPLETE, OFF_TRACK
from racer.tracks import Track

DT = 1 / 15


def lap(seconds, *, until=100.0):
    """A lap with steady progress, as TRACE rows."""
    count = round(seconds / DT) + 1
    rows = np.zeros(count, TRACE)
    rows["time"] = np.arange(count) * DT
    rows["params"]["progress"] = np.linspace(0.0, until, count)
    rows["x"] = rows["params"]["progress"] / 100.0
    return rows


def test_the_gap_is_the_difference_of_times_at_the_same_place():
    slow, fast = lap(20.0), Ghost("fast", lap(10.0), DT)
    gap = fast.gap(slow, DT)
    assert gap[0] == 0.0
    assert gap[len(gap) // 2] == pytest.approx(5.0)  # half way: 10 s against 5 s
    assert gap[-1] == pytest.approx(10.0)
    assert Ghost("slow", slow, DT).gap(lap(10.0), DT)[-1] == pytest.approx(-10.0)


def test_where_a_ghost_never_came_there_is_no_gap():
    gap = Ghost("stopped", lap(5.0, until=50.0), DT).gap(lap(10.0), DT)
    assert np.isfinite(gap[:70]).all()
    assert np.isnan(gap[-1])


def test_a_ghost_that_went_back_is_timed_when_it_first_came():
    rows = lap(10.0)
    rows["params"]["progress"][60:75] = 10.0
    assert time_at(rows, DT, 39.0) == pytest.approx(3.9, abs=DT)
    assert time_at(rows, DT, 80.0) == pytest.approx(8.0, abs=DT)


def test_a_ghost_moves_between_rows_and_waits_at_its_end():
    ghost = Ghost("one", lap(10.0), DT)
    assert ghost.pose(5.0).x == pytest.approx(0.5)
    assert ghost.pose(5.0 + DT / 2).x == pytest.approx(0.5 + DT / 20)
    assert ghost.pose(99.0).x == pytest.approx(1.0)


def test_the_best_lap_is_the_quickest_by_the_recordings_own_clock(oval):
    rows = np.concatenate([lap(10.0), lap(9.0), lap(3.0, until=30.0)])
    rows["episode"] = np.repeat([0, 1, 2], [151, 136, 46])
    rows["status"][[150, 286, -1]] = LAP_COMPLETE, LAP_COMPLETE, OFF_TRACK
    trace = Trace(oval, rows, DT)
    assert best_lap(trace) == slice(151, 287)
    timed = dataclasses.replace(trace, meta={"lap_times_s": [8.5, 9.1, 3.0]})
    assert best_lap(timed) == slice(0, 151)
    assert len(ghost_of(timed, "x", COLORS[0], oval).rows) == 151


def test_a_ghost_of_another_road_is_refused(playback):
    with pytest.raises(BadTrack, match="ghost 'other' was driven on oval, not on bean"):
        ghost_of(playback, "other", COLORS[0], Track.load("bean"))
    assert same_road(Track.load("oval"), playback.track)


def test_the_window_shows_ghosts_and_the_strip_of_gaps(playback):
    ghost = ghost_of(playback, "itself", COLORS[0], playback.track)
    alone, beside = (pygame.Surface((1280, 720), 0, 32) for _ in range(2))
    for view, surface in ((Viewer(playback), alone), (Viewer(playback, None, [ghost]), beside)):
        view.state = view.state._replace(at=40.0)
        view.draw(surface)
    a, b = (pygame.surfarray.array3d(surface).astype(int) for surface in (alone, beside))
    strip = np.abs(a - b)[400:1030, 620:710]
    assert (strip.sum(axis=2) > 60).mean() > 0.01  # text and lines where there was only ground


def test_a_flying_lap_is_timed_from_the_line_not_from_its_first_row():
    rows = lap(10.0)[1:]  # begins one step past the line
    rows["v"], rows["params"]["track_length"] = 1.0, 10.0
    assert Ghost("same", lap(10.0), DT).gap(rows, DT) == pytest.approx(0.0, abs=1e-9)


def flying(seconds, first, length=10.0):
    """A lap at a steady speed from `first` steps past the line, as recorded: progress ends at 100.

    Its last step ends past the line, and the waypoint 0 is not at the line.
    """
    v = length / seconds
    at = v * DT * np.arange(first, seconds / DT + 1.0)  # m
    rows = np.zeros(len(at), TRACE)
    rows["v"], rows["params"]["track_length"] = v, length
    rows["params"]["progress"] = np.minimum(100.0 * at / length, 100.0)
    rows["params"]["projection_distance"] = (at + 0.05) % length
    return rows


@pytest.mark.parametrize(("one", "other"), [(9.03, 9.075), (9.075, 9.03), (5.01, 9.99)])
@pytest.mark.parametrize(("first", "other_first"), [(0.3, 0.9), (1.9, 0.2)])
def test_the_gap_is_right_in_every_row_also_at_the_line(one, other, first, other_first):
    rows, ghost = flying(one, first), Ghost("other", flying(other, other_first), DT)
    gap, share = ghost.gap(rows, DT), rows["params"]["progress"] / 100.0
    assert gap == pytest.approx(share * (one - other), abs=1e-9)  # both at a steady speed
    assert gap[-1] == pytest.approx(one - other, abs=1e-9)


def test_the_reference_is_a_ghost_of_its_flying_lap():
    from racer.config import RaceConfig
    from racer.raceline import Setup, find
    from racer.render.ghosts import reference_ghost

    setup = Setup.of(RaceConfig(track="oval"))
    known = find(setup)
    ghost = reference_ghost(known, setup)
    assert ghost.rows["params"]["progress"][0] == pytest.approx(0.0, abs=0.05)
    assert time_at(ghost.rows, ghost.dt, 100.0) == pytest.approx(known.flying_s, abs=0.002)
    assert ghost.rows["v"].min() > 0.5  # at speed at the line, too


def test_the_header_says_percent_of_optimal_and_the_gap(playback):
    pace = Pace(ghost_of(playback, "best", COLORS[0], playback.track), [97.14, None])
    assert pace.words(0.312, 0) == "97.1 % of optimal   +0.31 s to the best"
    assert pace.words(-0.1) == "-0.10 s to the best"
    assert pace.words(float("nan"), 1) == ""
    film = Film(playback, pace=pace)
    assert film._status(0, 40.0, "").pace == "97.1 % of optimal   +0.00 s to the best"
    assert film._status(1, 20.0, "").pace.endswith(" s to the best")
