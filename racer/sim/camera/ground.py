"""The ground as edges between areas of one colour: borders with their lines, centre dashes."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from racer.sim.scenery import Scenery, walls_around
from racer.sim.types import TrackArrays

FIELD, ROAD, LINE, DASH, SKY, WALL = range(6)  # what has a colour of its own
COLORS = 6

PER_CHUNK = 8  # edges that are skipped together when they are out of view
_STRAIGHT = 1e-5  # m; a point this near to the line of its neighbours is left out
_SHARPEST = 4.0  # a corner's offset is at most this times the width
_BENT = 1.85  # a dash that turns by 45 degrees or more is mitred; below it would change little
_ARC = 9  # points around a corner, so at most 22.5 degrees apart

CHUNK = np.dtype(  # edges one after the other: points[first] to points[first + count]
    [
        ("x", "f8"),  # m, middle of a circle around them
        ("y", "f8"),
        ("radius", "f8"),  # m
        ("first", "i8"),
        ("count", "i8"),
        ("left", "i4"),  # what is on their left
        ("right", "i4"),
        ("area", "f8"),  # m2, of a dash, whose edges go round; 0 for other edges
    ],
    align=True,
)


class Ground(NamedTuple):
    """What the camera knows of a road and of the walls around it."""

    chunks: np.ndarray  # (K,) CHUNK
    points: np.ndarray  # (P, 2) m
    walls: np.ndarray  # (5,) x, y of two opposite corners, height, m; a height of 0 for none


def ground_of(track: TrackArrays, scenery: Scenery) -> Ground:
    """The edges of a road: they do not depend on the driving direction."""
    chunks: list[tuple[object, ...]] = []
    points: list[np.ndarray] = []

    def add(line: np.ndarray, left: int, right: int, area: float = 0.0) -> None:
        steps = len(line) - 1 if area else PER_CHUNK
        for first in range(0, len(line) - 1, steps):
            part = line[first : first + steps + 1]
            middle = (part.min(axis=0) + part.max(axis=0)) / 2.0
            radius = float(np.hypot(*(part - middle).T).max())
            at = sum(map(len, points))
            chunks.append((*middle, radius, at, len(part) - 1, left, right, area))
            points.append(part)

    outset, width = scenery.line_outset, scenery.line_width
    for line, outwards in ((track.outer, 1.0), (track.inner, -1.0)):
        border = _ring(line)
        field = offset(border, outwards * outset)
        road = offset(border, outwards * (outset - width))
        inside, within = (LINE, ROAD) if outwards > 0 else (FIELD, LINE)
        outside, beyond = (FIELD, LINE) if outwards > 0 else (LINE, ROAD)
        add(field, inside, outside)
        add(road, within, beyond)
    for dash in dashes(track, scenery):
        add(dash, DASH, ROAD, _area(dash))
    walls = walls_around(track.outer, scenery)
    return Ground(np.array(chunks, CHUNK), np.ascontiguousarray(np.concatenate(points)), walls)


def _ring(line: np.ndarray) -> np.ndarray:
    """A closed LINE counter-clockwise without points that change nothing; (K, 2), first = last."""
    ring = np.stack([line["x"], line["y"]], axis=1)[:-1]
    ring = ring[np.hypot(*(ring - np.roll(ring, 1, axis=0)).T) > 1e-9]
    x, y = ring.T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0.0:
        ring = ring[::-1]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    whole = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    across = np.abs(_cross(before, whole)) / np.maximum(np.hypot(*whole.T), 1e-9)
    bends = (across > _STRAIGHT) | (np.sum(before * after, axis=1) <= 0.0)
    ring = ring[bends] if bends.sum() >= 3 else ring
    return np.concatenate([ring, ring[:1]])


def offset(ring: np.ndarray, distance: float) -> np.ndarray:
    """The closed line `distance` m to the outside (right) of a counter-clockwise ring.

    Corners are mitred, but rounded where the ring turns by more than 60 degrees. Where it bends
    more tightly than the distance, the offset folds over itself; the points of such a fold are
    nearer to the ring than they should be, and are left out.
    """
    if distance == 0.0:
        return ring
    points = ring[:-1]
    along = np.roll(points, -1, axis=0) - points
    along /= np.hypot(*along.T)[:, None]
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    before = np.roll(normal, 1, axis=0)
    both = normal + before
    per = np.maximum(np.sum(both * both, axis=1) / 2.0, 2.0 / _SHARPEST**2)
    moved = points + distance * both / per[:, None]
    turns_much = (per < 1.5) & (_cross(before, normal) * distance > 0.0)
    for k in np.flatnonzero(turns_much)[::-1]:
        moved = np.insert(
            np.delete(moved, k, 0), k, _arc(points[k], before[k], normal[k], distance), 0
        )
    fine = _distance(moved, ring) > abs(distance) * (1.0 - 1e-6)
    moved = moved[fine] if fine.sum() >= 3 else moved
    return np.concatenate([moved, moved[:1]])


def _arc(middle: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float) -> np.ndarray:
    """Around `middle`, from `radius` m along the unit vector a to the same along b, (K, 2) m."""
    turn = math.atan2(a[0] * b[1] - a[1] * b[0], float(a @ b))
    angles = math.atan2(a[1], a[0]) + turn * np.linspace(0.0, 1.0, _ARC)
    return np.asarray(middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _distance(points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """From each of (K, 2) points to a closed line, m."""
    nearest = np.full(len(points), np.inf)
    for a, b in itertools.pairwise(ring):
        step = b - a
        t = np.clip((points - a) @ step / max(step @ step, 1e-18), 0.0, 1.0)
        nearest = np.minimum(nearest, np.hypot(*(points - a - t[:, None] * step).T))
    return nearest


def dashes(track: TrackArrays, scenery: Scenery) -> list[np.ndarray]:
    """Every dash of the centre line as a closed counter-clockwise polygon, (K, 2) m.

    A whole number of them, from waypoint 0: the period is stretched by less than a percent or two.
    """
    center = track.center
    length = float(track.head["length"][0])
    if scenery.dash_width <= 0.0 or scenery.dash_period <= 0.0:
        return []
    count = max(1, round(length / scenery.dash_period))
    period = length / count
    on = period * scenery.dash_on / scenery.dash_period
    found = []
    s = center["s"]
    for k in range(count):
        inner = s[(s > k * period + 1e-6) & (s < k * period + on - 1e-6)]
        stations = np.concatenate([[k * period], inner, [k * period + on]])
        x, y = np.interp(stations, s, center["x"]), np.interp(stations, s, center["y"])
        line = np.stack([x, y], axis=1)
        found.append(_ribbon(line, scenery.dash_width))
    return found


def _ribbon(line: np.ndarray, width: float) -> np.ndarray:
    """What is within half of `width` m of (K, 2) m, as a closed counter-clockwise line."""
    steps = np.diff(line, axis=0)
    steps /= np.maximum(np.hypot(*steps.T)[:, None], 1e-12)
    along = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    long = np.maximum(np.hypot(*along.T)[:, None], 1e-12)
    along /= long
    side = 0.5 * width * np.stack([-along[:, 1], along[:, 0]], axis=1)
    # twice the cosine of half a turn; it is 1 at the ends, and where a waypoint is there twice
    side *= np.where((long > 1.001) & (long < _BENT), 2.0 / long, 1.0)
    ring = np.concatenate([line - side, (line + side)[::-1]])
    return np.concatenate([ring, ring[:1]])


def _area(ring: np.ndarray) -> float:
    """Of a closed counter-clockwise line, m2."""
    return float(0.5 * np.sum(_cross(ring[:-1], ring[1:])))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    crossed: np.ndarray = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return crossed
