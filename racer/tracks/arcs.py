"""A closed line of straights and arcs: a polygon whose corners are rounded.

At a corner that turns by a, an arc of radius r begins and ends r tan(|a| / 2) before and after it:

      r = 1, a = 90 degrees: from 1 m before the corner to 1 m after it
      r = 1, a = 150 degrees, nearly a hairpin: 3.7 m, so its legs must be that long
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CORNERS_MIN = 3
ROUNDS = 40  # of leaving out a corner, or scaling
ON_ARCS, ON_STRAIGHTS = 0.35, 0.5  # m between the points given back
APART = 0.06  # m; points nearer to the next one are left out


def rounded(corners: Array, radii: Array, tightest: float, length: float) -> Array:
    """Points along the polygon with rounded corners, scaled until its line is `length` m long.

    Corners that have no room for an arc of the `tightest` radius are left out.

    Args:
        corners: (N, 2), of any size.
        radii: (N,) m, wished for; legs that are too short make them smaller.

    Returns:
        (K, 2) m; empty if fewer than CORNERS_MIN corners have room.
    """
    corners = corners * (length / _around(corners))
    for _ in range(ROUNDS):
        before, turn, fitting = _fitted(corners, radii)
        worst = int(fitting.argmin())
        if fitting[worst] < tightest:
            if len(corners) <= CORNERS_MIN:
                break
            corners, radii = np.delete(corners, worst, axis=0), np.delete(radii, worst)
            corners = corners * (length / _around(corners))
            continue
        line = _line(corners, before, turn, fitting)
        if abs(_around(line) - length) < 0.01 * length:
            return line
        corners = corners * (length / _around(line))
    return np.empty((0, 2))


def _around(ring: Array) -> float:
    """Length of a closed polygon, m."""
    return float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum())


def _fitted(corners: Array, radii: Array) -> tuple[Array, Array, Array]:
    """For each corner: direction of the leg before it (N, 2), its turn (N,) rad, its radius (N,) m.

    The arcs of two corners share the leg between them as their wishes do.
    """
    legs = np.roll(corners, -1, axis=0) - corners  # from each corner to the next
    long = np.hypot(*legs.T)
    after = legs / long[:, None]
    before = np.roll(after, 1, axis=0)
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn = np.arctan2(cross, (before * after).sum(axis=1))
    need = radii * np.tan(np.abs(turn) / 2.0)
    share = np.minimum(1.0, 0.97 * long / np.maximum(need + np.roll(need, -1), 1e-9))
    return before, turn, radii * np.minimum(share, np.roll(share, 1))


def _line(corners: Array, before: Array, turn: Array, radii: Array) -> Array:
    """(K, 2) m: the arc of every corner and the straight that follows it."""
    reach = radii * np.tan(np.abs(turn) / 2.0)
    after = np.roll(before, -1, axis=0)
    starts, ends = corners - before * reach[:, None], corners + after * reach[:, None]
    parts = []
    for k, (a, radius) in enumerate(zip(turn.tolist(), radii.tolist(), strict=True)):
        side = math.copysign(1.0, a)
        middle = starts[k] + side * radius * np.array([-before[k, 1], before[k, 0]])
        first = math.atan2(*(starts[k] - middle)[::-1])
        steps = max(2, math.ceil(abs(a) * radius / ON_ARCS))
        angles = first + a * np.arange(steps + 1) / steps
        parts.append(middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
        straight = starts[(k + 1) % len(corners)] - ends[k]
        pieces = int(np.hypot(*straight) / ON_STRAIGHTS)
        parts.append(ends[k] + straight * (np.arange(1, pieces)[:, None] / max(pieces, 1)))
    line = np.concatenate(parts)
    apart: Array = line[np.hypot(*(np.roll(line, -1, axis=0) - line).T) > APART]
    return apart
