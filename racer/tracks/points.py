"""A circuit through points: a smooth closed curve whose borders are half the width beside it.

The curve is a periodic cubic spline over the square root of the chords ("centripetal": Lee 1989,
Choosing nodes in parametric curve interpolation), which neither loops nor overshoots between
points that are unevenly far apart. Its curvature is continuous, so a car finds no kinks.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack

Array: TypeAlias = NDArray[np.float64]

POINTS_MIN, POINTS_MAX = 4, 500
APART_MIN = 0.05  # m between neighbours
FINE = 16  # samples between two points, before they are spread evenly
CURB = 0.05  # m, smallest radius of the inner border


class Curve(NamedTuple):
    """A closed curve at even distances."""

    center: Array  # (M, 2) m, not repeated at the end
    yaw: Array  # (M,) rad
    curvature: Array  # (M,) 1/m, left positive
    width: Array  # (M,) m of the road
    length: float  # m

    @property
    def tightest_m(self) -> float:
        """The smallest radius of the centre line, m."""
        return float(1.0 / max(np.abs(self.curvature).max(), 1e-9))

    def borders(self) -> tuple[Array, Array]:
        """Left and right border, (M, 2) m each."""
        normal = np.stack([-np.sin(self.yaw), np.cos(self.yaw)], axis=1)
        half = self.width[:, None] / 2
        return self.center + normal * half, self.center - normal * half


def curve(points: Array, widths: Array, spacing: float) -> Curve:
    """The road through `points` (K, 2) m with `widths` (K,) m at them, from the first point on.

    Args:
        spacing: m between the samples, about.
    """
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(_chords(points)))])
    slopes = _slopes(points, knots)
    fine = np.concatenate(
        [np.linspace(a, b, FINE, endpoint=False) for a, b in itertools.pairwise(knots)]
    )
    place, _, _ = _at(points, knots, slopes, np.append(fine, knots[-1]))
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(place, axis=0).T))])
    count = max(3 * POINTS_MIN, round(s[-1] / spacing))
    u = np.interp(np.arange(count) * s[-1] / count, s, np.append(fine, knots[-1]))
    center, first, second = _at(points, knots, slopes, u)
    speed = np.hypot(first[:, 0], first[:, 1])
    turn = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / speed**3
    width = np.interp(u, knots, np.append(widths, widths[0]))
    return Curve(center, np.arctan2(first[:, 1], first[:, 0]), turn, width, float(s[-1]))


def refuse_tight(road: Curve, name: str) -> None:
    """Refuse a bend whose inner border would fold.

    Raises:
        BadTrack: says where and how tight.
    """
    room = 1.0 / np.maximum(np.abs(road.curvature), 1e-9) - road.width / 2
    at = int(room.argmin())
    if room[at] < CURB:
        x, y = road.center[at]
        raise BadTrack(
            f"{name}: the bend at x = {x:.2f}, y = {y:.2f} has a radius of "
            f"{room[at] + road.width[at] / 2:.2f} m, too tight for a road {road.width[at]:.2f} m "
            f"wide. It must be at least half the width plus {CURB:g} m: move its points apart."
        )


def written(title: str, points: Array, widths: Array) -> str:
    """The circuit as the readable text of a track file, in centimetres."""
    lines = [f"title    {title}"] if title else []
    width = None
    for (x, y), here in zip(points.tolist(), widths.tolist(), strict=True):
        if width is None or abs(here - width) > 5e-4:
            width = here
            lines.append(f"width_m  {here:.3f}".rstrip("0").rstrip("."))
        lines.append(f"point    {x + 0.0:.2f} {y + 0.0:.2f}")
    return "\n".join(lines) + "\n"


def refuse_points(points: Array, lines: Sequence[int], name: str) -> None:
    """Refuse too few, too many, or two at one place.

    Raises:
        BadTrack: names the line of the file.
    """
    if not POINTS_MIN <= len(points) <= POINTS_MAX:
        raise BadTrack(f"{name}: {len(points)} points; a circuit has {POINTS_MIN} to {POINTS_MAX}.")
    close = np.flatnonzero(_chords(points) < APART_MIN)
    if len(close):
        k = int(close[0])
        raise BadTrack(
            f"{name}: line {lines[(k + 1) % len(lines)]}: this point is less than {APART_MIN:g} m "
            f"from the one before it. The curve closes by itself: do not repeat the first point."
        )


def _chords(points: Array) -> Array:
    """(K,) m from each point to the next, the last to the first."""
    return np.hypot(*(np.roll(points, -1, axis=0) - points).T)  # type: ignore[no-any-return]


def _slopes(points: Array, knots: Array) -> Array:
    """(K, 2) derivative at each point of the periodic spline with continuous curvature.

    For neighbouring intervals h0, h1 with secants m0, m1:
    h1 d[k-1] + 2 (h0 + h1) d[k] + h0 d[k+1] = 3 (h1 m0 + h0 m1).
    """
    count = len(points)
    after = np.diff(knots)  # (K,) from point k to the next
    before = np.roll(after, 1)
    secant = (np.roll(points, -1, axis=0) - points) / after[:, None]
    k = np.arange(count)
    matrix = np.zeros((count, count))
    matrix[k, k] = 2 * (before + after)
    matrix[k, k - 1] += after
    matrix[k, (k + 1) % count] += before
    right = 3 * (after[:, None] * np.roll(secant, 1, axis=0) + before[:, None] * secant)
    found: Array = np.asarray(np.linalg.solve(matrix, right), np.float64)
    return found


def _at(points: Array, knots: Array, slopes: Array, u: Array) -> tuple[Array, Array, Array]:
    """Place, first and second derivative of the spline at parameters `u`."""
    k = np.clip(np.searchsorted(knots, u, side="right") - 1, 0, len(points) - 1)
    after = (k + 1) % len(points)
    h = (knots[k + 1] - knots[k])[:, None]
    t = (u - knots[k])[:, None] / h
    p, q, a, b = points[k], points[after], slopes[k] * h, slopes[after] * h
    c, d = 3 * (q - p) - 2 * a - b, 2 * (p - q) + a + b
    return (
        p + t * (a + t * (c + t * d)),
        (a + t * (2 * c + 3 * t * d)) / h,
        (2 * c + 6 * t * d) / h**2,
    )
