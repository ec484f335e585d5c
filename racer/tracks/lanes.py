"""The two lanes of a track, where boxes stand and bots drive."""

from __future__ import annotations

import numpy as np

from racer.sim.lanes import smooth
from racer.sim.progress import NEAREST, nearest_many
from racer.sim.track_index.build import make_line
from racer.sim.types import LANE, REACH, Lanes
from racer.tracks.track import Track

_NEIGHBOURS = 12  # segments either way; more than a bend squeezes into a quarter of the width
_ROUNDING = 1e-9  # m


def lanes_of(track: Track) -> Lanes:
    """Half way from the centre line to each border.

    As in the official simulator, a vertex is the middle of a waypoint and of the border point of
    the same number. Of a track whose lines have other numbers of points, it is half way to the
    nearest point of the border.
    """
    lines = [_middles(track.center, border) for border in (track.inner, track.outer)]
    curves = [_curve(track, line) for line in lines]
    reaches = [_reach(track.center, line) for line in lines]
    return Lanes(*map(make_line, lines), *reaches, *curves)


def _middles(center: np.ndarray, border: np.ndarray) -> np.ndarray:
    if len(border) == len(center):
        middles: np.ndarray = (center + border) / 2.0
        return middles
    nearest = np.argmin(((center[:, None] - border[None]) ** 2).sum(axis=2), axis=1)
    middles = (center + border[nearest]) / 2.0
    middles[-1] = middles[0]
    return middles


def _curve(track: Track, line: np.ndarray) -> np.ndarray:
    """The closed cubic spline through a lane, by the arc length that its vertices project to."""
    points = line[:-1]
    where = np.zeros(len(points), NEAREST)
    nearest_many(track.arrays, *map(np.ascontiguousarray, points.T), where)
    at = np.mod(where["s"], track.length)
    _, first = np.unique(at, return_index=True)
    curve = np.zeros(len(first), LANE)
    curve["at"] = at[first]
    curve["x"], curve["y"] = points[first].T
    smooth(curve, track.length)
    return curve


def _reach(center: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Which segments of a lane may be nearest to a point of each centre segment, (M - 1,) REACH.

    From a point between A and B, L apart, a segment is at most as far as from the farther of the
    two, and at least (its distance from A + that from B - L) / 2, because a step of 1 m changes a
    distance by 1 m at most.
    """
    a, b = center[:-1], center[1:]
    steps = range(-_NEIGHBOURS, _NEIGHBOURS + 1)
    from_a, from_b = (
        np.array(
            [_distance(p, *(np.roll(q, -k, axis=0) for q in (line[:-1], line[1:]))) for k in steps]
        )
        for p in (a, b)
    )
    least = (from_a + from_b - np.linalg.norm(b - a, axis=1)) / 2.0
    most = np.maximum(from_a, from_b).min(axis=0)
    possible = least <= most + _ROUNDING
    reach = np.zeros(len(a), REACH)
    reach["back"] = np.maximum(_NEIGHBOURS - possible.argmax(axis=0), 0)
    reach["ahead"] = np.maximum(_NEIGHBOURS - possible[::-1].argmax(axis=0), 0)
    return reach


def _distance(p: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """From points (M, 2) to the segments of the same number, m."""
    d = b - a
    length = (d * d).sum(axis=1)
    along = ((p - a) * d).sum(axis=1) / np.where(length > 0.0, length, 1.0)
    away: np.ndarray = np.linalg.norm(a + np.clip(along, 0.0, 1.0)[:, None] * d - p, axis=1)
    return away
