"""Circuits through points: a smooth closed curve, its borders, and what is refused."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from racer.errors import BadTrack
from racer.tracks import Track, layout, points

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
WIDTHS = np.full(4, 0.8)


def circle(count, radius):
    angle = np.arange(count) * 2 * np.pi / count
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_points_on_a_circle_make_the_circle():
    road = points.curve(circle(24, 2.0), np.full(24, 0.6), 0.1)
    assert road.length == pytest.approx(4 * np.pi, rel=1e-4)
    assert np.hypot(*road.center.T) == pytest.approx(2.0, abs=1e-3)
    assert road.curvature == pytest.approx(0.5, rel=0.01)
    left, right = road.borders()
    assert np.hypot(*left.T) == pytest.approx(1.7, abs=2e-3)
    assert np.hypot(*right.T) == pytest.approx(2.3, abs=2e-3)


def test_the_curve_is_scipys_periodic_spline():
    rng = np.random.default_rng(4)
    given = circle(9, 3.0) * rng.uniform(0.7, 1.3, (9, 1))
    closed = np.concatenate([given, given[:1]])
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(closed, axis=0).T)))])
    spline = CubicSpline(knots, closed, bc_type="periodic")
    u = np.linspace(0.0, knots[-1], 500, endpoint=False)
    slopes = points._slopes(given, knots)
    ours = points._at(given, knots, slopes, u)
    for order, values in enumerate(ours):
        assert values == pytest.approx(spline(u, order), abs=1e-9)


def test_it_goes_through_its_points_and_starts_at_the_first():
    road = points.curve(SQUARE, WIDTHS, 0.05)
    assert road.center[0] == pytest.approx(SQUARE[0], abs=1e-9)
    for point in SQUARE:
        assert np.hypot(*(road.center - point).T).min() < 0.03


def test_the_road_widens_evenly_between_points():
    road = points.curve(SQUARE, np.array([0.6, 1.0, 0.6, 0.6]), 0.05)
    at = [int(np.hypot(*(road.center - p).T).argmin()) for p in SQUARE]
    assert road.width[at] == pytest.approx([0.6, 1.0, 0.6, 0.6], abs=0.02)
    assert 0.6 < road.width[at[1] // 2] < 1.0


def test_text_and_back(tmp_path):
    widths = np.array([0.8, 0.8, 1.05, 0.8])
    written = points.written("Square", SQUARE, widths)
    assert "title    Square\nwidth_m  0.8\npoint    0.00 0.00\n" in written
    plan = layout.parse(written)
    places, found = plan.arrays()
    assert places.tolist() == SQUARE.tolist()
    assert found.tolist() == widths.tolist()
    (tmp_path / "square.txt").write_text(written)
    track = Track.load(tmp_path / "square.txt")
    assert track.ccw
    assert 16 < track.length < 20


def test_points_in_the_other_order_drive_the_other_way(tmp_path):
    (tmp_path / "square.txt").write_text(points.written("", SQUARE[::-1], WIDTHS))
    assert not Track.load(tmp_path / "square.txt").ccw


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("width_m 0.8\n" + "point 0 0\npoint 4 0\npoint 4 4\n", "3 points; a circuit has 4 to 500"),
        ("width_m 0.8\n" + "point 0 0\n" * 4, "line 3: this point is less than 0.05 m"),
        ("point 0 0\n", "line 1: the width is not known yet"),
        (
            "width_m 0.8\npoint 0 0\nstraight 3\n",
            "line 3: a circuit is made of pieces or of points",
        ),
        ("width_m 0.8\npoint 0 nan\n", "line 2: 'nan' is not a number from -1000 to 1000 m"),
        ("width_m 3\npoint 0 0\npoint 4 0\npoint 4 4\npoint 0 1\n", "too tight for a road 3.00 m"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(BadTrack, match=said.replace("(", r"\(")):
        layout.build(text, "mine.txt")


def test_a_curve_that_crosses_itself_is_refused(tmp_path):
    (tmp_path / "eight.txt").write_text(points.written("", SQUARE[[0, 2, 1, 3]] * 2, WIDTHS))
    with pytest.raises(BadTrack, match="cross"):
        Track.load(tmp_path / "eight.txt")
