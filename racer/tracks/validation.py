"""Reasons to refuse the lines of a track, each with the row it was found at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack

Array: TypeAlias = NDArray[np.float64]
Name = Callable[[int], str]  # row index → how the file's reader counts it

ROWS_MIN = 4
ROWS_MAX = 20_000
COORDINATE_MAX = 1e5  # m
CAR_WIDTH = 0.2  # m
BLOCK = 32  # segments whose common box is tested before they are


def rows(table: Array, path: str, name: Name) -> None:
    """Refuse too few or too many rows, and numbers that are not coordinates in metres."""
    finite(table, path, name)
    if len(table) < ROWS_MIN:
        raise BadTrack(f"{path}: {len(table)} rows; a track needs at least {ROWS_MIN}.")
    if len(table) > ROWS_MAX:
        raise BadTrack(f"{path}: {len(table)} rows; a track has at most {ROWS_MAX}.")
    far = np.flatnonzero((np.abs(table) > COORDINATE_MAX).any(axis=1))
    if len(far):
        raise BadTrack(f"{path}: {name(int(far[0]))} is over 100 km away. Tracks are in metres.")


def finite(table: Array, path: str, name: Name) -> None:
    """Refuse nan, inf and what was not a number."""
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise BadTrack(f"{path}: {name(int(bad[0]))} has a value that is not a finite number.")


def close(table: Array, path: str, open_at: float, rounding: float) -> Array:
    """The table with its first row at the end; x and y are its first two columns.

    Args:
        table: (N, K).
        open_at: × the longest segment: a larger gap between last and first row is an open track.
        rounding: × the median segment: a smaller gap is the first row again.
    """
    finite(table, path, lambda row: f"row {row}")
    steps = np.hypot(*np.diff(table[:, :2], axis=0).T)
    steps = steps[steps > 0]
    if len(steps) < ROWS_MIN - 2:
        raise BadTrack(f"{path}: its rows have fewer than {ROWS_MIN - 1} different places.")
    gap = float(np.hypot(*(table[0, :2] - table[-1, :2])))
    if gap > open_at * steps.max():
        raise BadTrack(
            f"{path}: the track is open: its last row is {gap:.2f} m from its first, and rows are "
            f"at most {steps.max():.2f} m apart. Laps need a closed track."
        )
    if gap <= rounding * float(np.median(steps)):
        return np.concatenate([table[:-1], table[:1]])
    return np.concatenate([table, table[:1]])


def area(ring: Array) -> float:
    """Area enclosed by a closed (M, 2) ring, m²."""
    x, y = (ring - ring[0]).T
    return 0.5 * abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])))


def widths(center: Array, inner: Array, outer: Array, path: str, name: Name) -> None:
    """Refuse a road that is narrower than a car, border to border through the centre line."""
    across = np.hypot(*(inner - center).T) + np.hypot(*(outer - center).T)
    narrow = int(across.argmin())
    if across[narrow] < CAR_WIDTH:
        raise BadTrack(
            f"{path}: {name(narrow)}: the road is {across[narrow]:.3f} m wide, less than the car "
            f"({CAR_WIDTH:g} m)."
        )
    if not area(inner) < area(center) < area(outer):
        raise BadTrack(
            f"{path}: its borders are crossed: the inner one must enclose less area than the "
            "centre line, the outer one more."
        )


def simple(center: Array, path: str, name: Name) -> None:
    """Refuse a centre line that crosses itself, as a figure 8 does."""
    hit = crossing(center, center)
    if hit:
        raise BadTrack(
            f"{path}: the centre line crosses itself between {name(hit[0])} and {name(hit[1])}. "
            "A figure 8 has no inside."
        )
    turned = turning(center)
    if abs(abs(turned) - 360.0) > 1.0:  # a crossing at a shared point shows only here
        raise BadTrack(
            f"{path}: a lap turns by {turned:.0f} degrees. One that does not cross itself turns by "
            "360 or -360."
        )


def apart(center: Array, inner: Array, outer: Array, path: str, name: Name) -> None:
    """Refuse borders that cross each other or the centre line."""
    pairs = (("inner", inner, "outer", outer), ("inner", inner, "centre", center))
    for one, a, other, b in (*pairs, ("outer", outer, "centre", center)):
        hit = crossing(a, b)
        if hit:
            raise BadTrack(
                f"{path}: the {one} border at {name(hit[0])} crosses the {other} line at "
                f"{name(hit[1])}."
            )


def doubtful(inner: Array, outer: Array) -> list[str]:
    """What can be driven on but is hardly meant: a border that crosses itself."""
    found = []
    for name, line in (("inner", inner), ("outer", outer)):
        hit = crossing(line, line)
        if hit:
            found.append(
                f"the {name} border crosses itself between its points {hit[0]} and {hit[1]}, so "
                "what is on the road there may surprise. Remove the loop from the file."
            )
    return found


def turning(ring: Array) -> float:
    """By how much a closed ring turns in one lap, degrees, left positive."""
    steps = np.diff(ring, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    yaw = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.diff(np.append(yaw, yaw[0]))
    return float(np.degrees(np.sum((turns + np.pi) % (2 * np.pi) - np.pi)))


def crossing(a: Array, b: Array) -> tuple[int, int] | None:
    """First segments of two polylines found to cross, (i, j), or None.

    Touching end points and neighbours on one line do not count. Blocks of segments are compared
    by their boxes first, so ordinary tracks cost milliseconds and memory stays small.
    """
    (low_a, high_a), (low_b, high_b) = _boxes(a), _boxes(b)
    for i in range(len(low_a)):
        near = (low_a[i] <= high_b).all(axis=1) & (low_b <= high_a[i]).all(axis=1)
        if a is b:
            near[:i] = False
        for j in np.flatnonzero(near):
            hit = _cross(a, i * BLOCK, b, int(j) * BLOCK)
            if hit:
                return hit
    return None


def _boxes(line: Array) -> tuple[Array, Array]:
    starts = np.arange(0, len(line) - 1, BLOCK)
    # a block of 32 segments has 33 points: its last is the next block's first
    low = np.minimum.reduceat(line, starts)
    high = np.maximum.reduceat(line, starts)
    ends = line[np.minimum(starts + BLOCK, len(line) - 1)]
    return np.minimum(low, ends), np.maximum(high, ends)


def _cross(a: Array, i: int, b: Array, j: int) -> tuple[int, int] | None:
    p, q = a[i : i + BLOCK + 1], b[j : j + BLOCK + 1]
    d, e = np.diff(p, axis=0), np.diff(q, axis=0)
    # on which side of each segment the other's points lie
    q_of_p = _side(d[:, None], q[None, :] - p[:-1, None])  # (I, J + 1)
    p_of_q = _side(e[:, None], p[None, :] - q[:-1, None])  # (J, I + 1)
    hits = (q_of_p[:, :-1] * q_of_p[:, 1:] < 0) & (p_of_q[:, :-1] * p_of_q[:, 1:] < 0).T
    found = np.argwhere(hits)
    return (i + int(found[0, 0]), j + int(found[0, 1])) if len(found) else None


def _side(direction: Array, offset: Array) -> Array:
    cross: Array = direction[..., 0] * offset[..., 1] - direction[..., 1] * offset[..., 0]
    return np.sign(cross)
