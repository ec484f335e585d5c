"""Nearest points, widths and inside tests equal GEOS (shapely), the official simulator's engine."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from racer.sim.geometry import cell_index, nearest_segment_of_all, wrap
from racer.tracks import Track

# A point this close to a border may fall on either side of it in the last bit.
BAND = 1e-9


def poses_around(track, count, rng):
    """Points all over the place, half of them within centimetres of a line of the track."""
    low, high = track.outer.min(0) - 1.5, track.outer.max(0) + 1.5
    points = rng.uniform(low, high, (count, 2))
    close = count // 2
    lines = np.concatenate([track.center, track.inner, track.outer])
    points[:close] = lines[rng.integers(0, len(lines), close)] + rng.normal(0, 0.05, (close, 2))
    return points


def shapely_nearest(track, points):
    """The official simulator's formulas (track_data.py), in shapely."""
    center, inner, outer = (shapely.LinearRing(p) for p in (track.center, track.inner, track.outer))
    pts = shapely.points(points)
    fraction = shapely.line_locate_point(center, pts, normalized=True)
    on_center = shapely.line_interpolate_point(center, fraction, normalized=True)
    on_inner = shapely.line_interpolate_point(inner, shapely.line_locate_point(inner, on_center))
    on_outer = shapely.line_interpolate_point(outer, shapely.line_locate_point(outer, on_center))
    is_left = shapely.distance(on_inner, pts) < shapely.distance(on_outer, pts)
    fractions = shapely.line_locate_point(center, shapely.points(track.center), normalized=True)
    fractions[-1] = 1.0
    after = np.searchsorted(fractions, fraction, side="right")
    return {
        "s": fraction * center.length,
        "distance": shapely.distance(on_center, pts),
        "width": shapely.distance(on_inner, on_outer),
        "is_left": is_left ^ (not center.is_ccw),
        "on_road": shapely.contains(shapely.Polygon(outer, [inner]), pts),
        "prev_waypoint": np.where(after == 0, len(fractions) - 1, after - 1),
        "next_waypoint": np.where(after == len(fractions), 0, after),
        "side_gap": np.abs(shapely.distance(on_inner, pts) - shapely.distance(on_outer, pts)),
        "border_gap": np.minimum(shapely.distance(inner, pts), shapely.distance(outer, pts)),
    }


@pytest.mark.parametrize("poses", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_geometry_equals_shapely_on_real_tracks(real_tracks, poses):
    rng = np.random.default_rng(0)
    for track in real_tracks:
        points = poses_around(track, poses, rng)
        ours = track.nearest(points[:, 0], points[:, 1])
        theirs = shapely_nearest(track, points)
        assert track.length == shapely.LinearRing(track.center).length, track.name
        for key in ("s", "distance", "width"):
            assert np.abs(ours[key] - theirs[key]).max() < 1e-9, (track.name, key)
        clear = theirs["side_gap"] > BAND
        assert (ours["is_left"] == theirs["is_left"])[clear].all(), track.name
        clear = theirs["border_gap"] > BAND
        assert (ours["on_road"] == theirs["on_road"])[clear].all(), track.name
        # a point that projects onto a waypoint to the last bit belongs to either side of it
        arcs = np.sort(shapely.line_locate_point(track_ring(track), shapely.points(track.center)))
        gap = np.abs(arcs[np.searchsorted(arcs[1:-1], theirs["s"])] - theirs["s"])
        clear = (gap > BAND) & (theirs["s"] > BAND)
        for key in ("prev_waypoint", "next_waypoint"):
            assert (ours[key] == theirs[key])[clear].all(), (track.name, key)


def track_ring(track):
    return shapely.LinearRing(track.center)


@st.composite
def roads(draw):
    """A star-shaped road of any size with 4 to 60 corners and perhaps duplicate points."""
    corners = draw(st.integers(4, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.floats(0.5, 6.0))
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + 0.4 / corners * np.sin(angles)
    radius = scale * rng.uniform(0.8, 1.2, corners)
    if draw(st.booleans()):
        twin = rng.integers(0, corners)
        angles, radius = (
            np.insert(angles, twin, angles[twin]),
            np.insert(radius, twin, radius[twin]),
        )
    middle = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middle = np.concatenate([middle, middle[:1]])
    if draw(st.booleans()):
        middle = middle[::-1]
    return Track("star", middle, 0.8 * middle, 1.2 * middle), rng


@settings(max_examples=40, derandomize=True)
@given(roads())
def test_geometry_equals_shapely_on_any_road(road):
    track, rng = road
    points = poses_around(track, 200, rng)
    ours = track.nearest(points[:, 0], points[:, 1])
    theirs = shapely_nearest(track, points)
    scale = np.abs(track.outer).max()
    assert np.abs(ours["distance"] - theirs["distance"]).max() < 1e-9 * scale
    # where two parts of the line are equally near either arc length is right
    ring = track_ring(track)
    at = shapely.line_interpolate_point(ring, ours["s"])
    assert np.abs(shapely.distance(at, shapely.points(points)) - theirs["distance"]).max() < (
        1e-9 * scale
    )
    clear = theirs["border_gap"] > BAND * scale
    assert (ours["on_road"] == theirs["on_road"])[clear].all()
    assert (ours["s"] >= 0).all()
    assert (ours["s"] <= track.length).all()


def test_distance_is_zero_on_the_line_and_at_most_that_to_a_waypoint(oval):
    on_line = oval.nearest(*oval.center.T)
    assert on_line["distance"].max() < 1e-12
    rng = np.random.default_rng(1)
    points = poses_around(oval, 500, rng)
    to_waypoints = np.hypot(*(points[:, None] - oval.center).transpose(2, 0, 1)).min(axis=1)
    assert (oval.nearest(*points.T)["distance"] <= to_waypoints + 1e-12).all()


def test_turning_and_moving_the_world_changes_no_distance(oval):
    rng = np.random.default_rng(2)
    points = poses_around(oval, 2000, rng)
    c, s = math.cos(1.1), math.sin(1.1)
    turn = np.array([[c, s], [-s, c]])
    lines = [p @ turn + [3.0, -7.0] for p in (oval.center, oval.inner, oval.outer)]
    there = Track("moved", *lines).nearest(*(points @ turn + [3.0, -7.0]).T)
    here = oval.nearest(*points.T)
    assert np.abs(there["distance"] - here["distance"]).max() < 1e-9
    assert np.abs(there["width"] - here["width"])[here["distance"] < 0.3].max() < 1e-9


def test_mirror_swaps_left_and_right(oval):
    rng = np.random.default_rng(3)
    points = poses_around(oval, 2000, rng)
    mirror = np.array([1.0, -1.0])
    lines = [p * mirror for p in (oval.center, oval.inner, oval.outer)]
    there = Track("mirror", *lines).nearest(*(points * mirror).T)
    here = oval.nearest(*points.T)
    clear = here["distance"] > BAND
    assert (there["is_left"] != here["is_left"])[clear].all()
    assert (there["s"] == here["s"]).all()


def test_the_other_direction_counts_arc_length_from_the_end(oval):
    rng = np.random.default_rng(4)
    points = oval.center[rng.integers(0, len(oval.center), 500)] + rng.normal(0, 0.05, (500, 2))
    back = oval.reversed()
    here, there = oval.nearest(*points.T), back.nearest(*points.T)
    assert back.ccw != oval.ccw
    s = np.remainder(there["s"] + here["s"] + 1.0, oval.length) - 1.0
    assert np.abs(s).max() < 1e-9
    clear = here["distance"] > BAND
    assert (there["is_left"] != here["is_left"])[clear].all()


def test_pose_at_lies_on_the_line_and_looks_at_the_next_waypoint(real_tracks):
    for track in real_tracks[:4]:
        ring = track_ring(track)
        arcs = shapely.line_locate_point(ring, shapely.points(track.center[:-1]))
        for s in np.linspace(-track.length, 2 * track.length, 200):
            x, y, yaw = track.pose_at(s)
            at = ring.interpolate(s % track.length)
            assert math.hypot(at.x - x, at.y - y) < 1e-9
            after = track.center[np.searchsorted(arcs, s % track.length, side="right")]
            assert abs(wrap(math.atan2(after[1] - y, after[0] - x) - yaw)) < 1e-9


@given(st.floats(-1e6, 1e6))
def test_wrap_keeps_the_angle_and_its_range(angle):
    wrapped = wrap(angle)
    assert -math.pi < wrapped <= math.pi
    assert abs(math.sin(wrapped) - math.sin(angle)) < 1e-9
    assert abs(math.cos(wrapped) - math.cos(angle)) < 1e-9
    if -math.pi < angle <= math.pi:
        assert wrapped == angle


def test_look_ahead_table_is_within_a_millimetre_of_the_line(real_tracks):
    from racer.sim.geometry import look_ahead

    for track in real_tracks:
        for s in np.linspace(-1.0, track.length + 1.0, 300):
            x, y, _ = look_ahead(track.arrays, s)
            # at a corner of the line the chord of the 5 cm table cuts at most 1.3 cm
            assert track.nearest(x, y)["distance"][0] < 0.013


def test_a_list_never_misses_the_nearest_segment(real_tracks):
    """Of the lists of cells and pieces, against a search of the whole line, to the segment."""
    rng = np.random.default_rng(1)
    for track in real_tracks:
        points = poses_around(track, 2_000, rng)
        ours = track.nearest(points[:, 0], points[:, 1])
        line = track.arrays.center
        every = [nearest_segment_of_all(line, x, y) for x, y in points]
        assert (ours["segment"] == every).all(), track.name


def test_every_cell_has_a_place_of_its_own_four_neighbours_in_a_line_of_the_cache(oval):
    head, cells = oval.arrays.head[0], oval.arrays.cells
    columns, rows = int(head["columns"]), int(head["rows"])
    at = np.array(
        [[cell_index.py_func(columns, i, j) for i in range(columns)] for j in range(rows)]
    )
    assert sorted(at.ravel()) == list(range(cells.size))
    squares = at.reshape(rows // 2, 2, columns // 2, 2).swapaxes(1, 2).reshape(-1, 4)
    assert (squares // 4 == squares[:, :1] // 4).all()
    assert cells.ctypes.data % 64 == 0
    assert 4 * cells.itemsize == 64
