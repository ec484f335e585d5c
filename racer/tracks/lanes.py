"""The two lanes of a track, where boxes stand and bots drive."""

from __future__ import annotations

import numpy as np

from racer.sim.lanes import smooth
from racer.sim.progress import NEAREST, nearest_many
from racer.sim.track_index.build import make_line
from racer.sim.types import LANE, Lanes
from racer.tracks.track import Track


def lanes_of(track: Track) -> Lanes:
    """Half way from the centre line to each border.

    As in the official simulator, a vertex is the middle of a waypoint and of the border point of
    the same number. Of a track whose lines have other numbers of points, it is half way to the
    nearest point of the border.
    """
    lines = [_middles(track.center, border) for border in (track.inner, track.outer)]
    curves = [_curve(track, line) for line in lines]
    return Lanes(make_line(lines[0]), make_line(lines[1]), curves[0], curves[1])


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
