"""The line of a reference lap: spacing, bends, files; the lower bound; where a lap loses time."""

import numpy as np
import pytest

from racer import raceline
from racer.config import RaceConfig
from racer.raceline import Setup
from racer.raceline.loss import losses, worst
from racer.tracks import Track


@pytest.fixture(scope="module")
def clover():
    """The shipped reference of the clover: its setup, the reference and the flying lap's points."""
    setup = Setup.of(RaceConfig(track="clover"))
    reference = raceline.find(setup)
    line = reference.drive(setup)
    return setup, reference, raceline.points_of(line, setup.track, 1, 1 / 15)


def test_points_are_even_and_take_the_lap_time(clover):
    setup, reference, points = clover
    gaps = np.hypot(np.diff(points["x"]), np.diff(points["y"]))
    assert gaps == pytest.approx(np.full(len(gaps), 0.1), rel=0.02)  # chords of bends are shorter
    assert points["time"][-1] == pytest.approx(reference.flying_s, abs=1e-9)
    assert points["place"][[0, -1]] == pytest.approx([0.0, setup.track.length], abs=1e-6)
    assert (np.diff(points["time"]) > 0).all()


def test_a_clover_has_four_slow_bends_entered_under_braking(clover):
    _, _, points = clover
    found = raceline.bends(points)
    assert len(found) == 4
    for bend in found:
        assert bend.braking < bend.apex
        assert points["v"][bend.apex] < 2.0 < points["v"][bend.braking]


def test_a_line_without_bends_has_none(clover):
    _, _, points = clover
    straight = points.copy()
    straight["curvature"] = 0.0
    assert raceline.bends(straight) == []


def test_the_csv_is_a_tumftm_race_line(clover):
    _, _, points = clover
    head, *rows = raceline.csv_text(points).splitlines()
    assert head == "# s_m; x_m; y_m; psi_rad; kappa_radpm; vx_mps; ax_mps2"
    table = np.array([[float(cell) for cell in row.split(";")] for row in rows])
    # psi is zero at north: driving towards it moves y
    dx, dy = np.diff(table[:, 1]), np.diff(table[:, 2])
    heading = np.arctan2(-dx, dy)
    off = (heading - table[:-1, 3] + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(off).max() < 0.2  # the direction changes by up to 0.2 rad in 10 cm


def test_the_list_is_what_reward_files_hold(clover):
    _, reference, points = clover
    rows = raceline.reward_list(points)
    assert all(len(row) == 4 for row in rows)
    assert sum(row[3] for row in rows[:-1]) == pytest.approx(reference.flying_s, abs=1e-3)
    track = Track.load("clover")
    assert track.nearest(*np.array(rows)[:, :2].T)["distance"].max() < track.width


def test_no_reference_is_faster_than_the_bound():
    for name in ("clover", "oval", "bean"):
        for rule in raceline.RULES:
            setup = Setup.of(RaceConfig(track=name), rule)
            seconds = raceline.bound(setup).seconds
            assert 0.75 * raceline.find(setup).flying_s < seconds < raceline.find(setup).flying_s


def test_a_taut_string_round_a_ring_is_its_inner_circle():
    setup = Setup.of(RaceConfig(track="oval"), "strict")
    angle = np.linspace(0.0, 2.0 * np.pi, 241)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring[-1] = ring[0]
    track = Track("ring", 3.0 * ring, 2.6 * ring, 3.4 * ring)
    length = raceline.bound(
        Setup(track, setup.vehicle, setup.actions, "strict")
    ).length  # widened by 2 cm
    assert length == pytest.approx(2.0 * np.pi * 2.58, rel=2e-3)


def test_losses_add_up_to_the_difference(clover):
    setup, _, best = clover
    mine = best.copy()
    mine["time"] *= 1.1
    found = losses(mine, best, setup.track)
    assert sum(one.seconds for one in found) == pytest.approx(0.1 * best["time"][-1])
    assert [one.start_m for one in found[1:]] == [one.end_m for one in found[:-1]]


def test_the_bend_that_was_entered_too_slowly_is_named(clover):
    setup, _, best = clover
    bend = raceline.bends(best)[1]
    mine = best.copy()
    slow = slice(bend.first - 8, bend.last)
    mine["v"][slow] -= 0.6
    mine["time"][bend.first :] += 0.31
    (one,) = worst(mine, best, setup.track)
    assert str(one).startswith("0.31 s in the bend at waypoints ")
    assert str(one).endswith("entered 0.6 m/s too slow")
    assert one.first <= raceline.waypoint_at(setup.track, best["place"][bend.apex]) <= one.last


def test_a_perfect_lap_loses_nowhere(clover):
    setup, _, best = clover
    assert worst(best, best, setup.track) == []
