"""A track as two flat arrays, because crossing into a kernel costs by the argument.

`pack` writes them once; `unpack` inside a kernel cuts the views again, which costs nothing there.
"""

from __future__ import annotations

import numpy as np

from racer.sim import build
from racer.sim.geometry import border_points
from racer.sim.jit import kernel
from racer.sim.types import Bands, Candidates, Grid, Line, TrackArrays

CELL = 0.1  # m; about the length of a centre segment: 2-4 candidates a cell, 10-40 thousand cells
REACH = 1.0  # m of grid beyond the outer border; further out the whole line is searched
TABLE_DS = 0.05  # m, spacing of the look-ahead table: chord error < 1 mm at a radius of 0.4 m

_FLOATS, _INTS = 5, 16  # header lengths


def make_line(points: np.ndarray) -> Line:
    """(M, 2) m, closed, → Line; arc length summed in order, as GEOS does."""
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    steps = np.sqrt(np.diff(x) ** 2 + np.diff(y) ** 2)
    return Line(x, y, np.concatenate(([0.0], np.cumsum(steps))))


def index_track(center: np.ndarray, inner: np.ndarray, outer: np.ndarray) -> TrackArrays:
    """Everything kernels need of a track; (M, 2) m each, first point repeated at the end."""
    middle, left, right = make_line(center), make_line(inner), make_line(outer)
    length = float(middle.s[-1])
    fractions = middle.s / length
    fractions[-1] = 1.0
    twice_area = np.sum(center[:-1, 0] * center[1:, 1] - center[1:, 0] * center[:-1, 1])
    mx = 0.5 * (middle.x[:-1] + middle.x[1:])
    my = 0.5 * (middle.y[:-1] + middle.y[1:])
    radii = 0.5 * np.diff(middle.s)
    track = TrackArrays(
        length,
        bool(twice_area > 0.0),
        middle,
        left,
        right,
        fractions,
        Candidates(*build.candidates(left, mx, my, radii)),
        Candidates(*build.candidates(right, mx, my, radii)),
        _grid(middle, left, right),
        TABLE_DS,
        np.zeros(0),
        np.zeros(0),
        np.zeros(0),
    )
    size = max(4, round(length / TABLE_DS))
    table = _table(track, np.arange(size) * (length / size))
    return track._replace(
        table_ds=length / size, table_x=table[0], table_y=table[1], table_width=table[2]
    )


def _grid(center: Line, inner: Line, outer: Line) -> Grid:
    x0 = min(inner.x.min(), outer.x.min()) - REACH
    y0 = min(inner.y.min(), outer.y.min()) - REACH
    columns = int(np.ceil((max(inner.x.max(), outer.x.max()) + REACH - x0) / CELL))
    rows = int(np.ceil((max(inner.y.max(), outer.y.max()) + REACH - y0) / CELL))
    k = np.arange(columns * rows)
    xs = x0 + (k % columns + 0.5) * CELL
    ys = y0 + (k // columns + 0.5) * CELL
    radii = np.full(k.size, CELL * np.sqrt(0.5))
    road = build.road_cells(inner, outer, x0, y0, CELL, columns, rows)
    starts, items = build.candidates(center, xs, ys, radii)
    inner_bands = Bands(*build.bands(inner, y0, CELL, rows))
    outer_bands = Bands(*build.bands(outer, y0, CELL, rows))
    return Grid(x0, y0, CELL, columns, rows, road, starts, items, inner_bands, outer_bands)


@kernel
def _table(track, arc_lengths):
    table = np.empty((3, arc_lengths.size))
    center = track.center
    j = 0
    for i in range(arc_lengths.size):
        while j + 2 < center.s.size and center.s[j + 1] < arc_lengths[i]:
            j += 1
        step = center.s[j + 1] - center.s[j]
        r = (arc_lengths[i] - center.s[j]) / step if step > 0.0 else 0.0
        x = center.x[j] + r * (center.x[j + 1] - center.x[j])
        y = center.y[j] + r * (center.y[j + 1] - center.y[j])
        ix, iy, ox, oy = border_points(track, j, x, y)
        table[0, i] = x
        table[1, i] = y
        table[2, i] = np.sqrt((ix - ox) ** 2 + (iy - oy) ** 2)
    return table


def pack(track: TrackArrays) -> tuple[np.ndarray, np.ndarray]:
    """TrackArrays → (float64 array, int32 array)."""
    g = track.grid
    floats = [track.length, track.table_ds, g.x, g.y, g.cell]
    lines = [track.center, track.inner, track.outer]
    whole = [
        (g.road, g.starts, g.items),
        (track.inner_near.starts, track.inner_near.items),
        (track.outer_near.starts, track.outer_near.items),
        (g.inner_bands.starts, g.inner_bands.items),
        (g.outer_bands.starts, g.outer_bands.items),
    ]
    ints = [int(track.ccw), g.columns, g.rows, track.table_x.size]
    ints += [line.x.size for line in lines]
    ints += [g.items.size, track.inner_near.items.size, track.outer_near.items.size]
    ints += [g.inner_bands.items.size, g.outer_bands.items.size]
    ints += [0] * (_INTS - len(ints))
    parts = [np.array(floats)] + [a for line in lines for a in line]
    parts += [track.fractions, track.table_x, track.table_y, track.table_width]
    return (
        np.ascontiguousarray(np.concatenate(parts)),
        np.concatenate([np.array(ints, np.int32)] + [a for group in whole for a in group]).astype(
            np.int32
        ),
    )


@kernel
def _cut_line(floats, at, size):
    return Line(
        floats[at : at + size],
        floats[at + size : at + 2 * size],
        floats[at + 2 * size : at + 3 * size],
    )


@kernel
def unpack(floats, ints):
    """The views `pack` wrote, in the same order."""
    columns, rows, table = ints[1], ints[2], ints[3]
    m, mi, mo = ints[4], ints[5], ints[6]
    at = _FLOATS
    center = _cut_line(floats, at, m)
    inner = _cut_line(floats, at + 3 * m, mi)
    outer = _cut_line(floats, at + 3 * m + 3 * mi, mo)
    at += 3 * (m + mi + mo)
    fractions = floats[at : at + m]
    at += m

    k = _INTS
    cells = columns * rows
    road = ints[k : k + cells]
    k += cells
    starts = ints[k : k + cells + 1]
    k += cells + 1
    items = ints[k : k + ints[7]]
    k += ints[7]
    inner_near = Candidates(ints[k : k + m], ints[k + m : k + m + ints[8]])
    k += m + ints[8]
    outer_near = Candidates(ints[k : k + m], ints[k + m : k + m + ints[9]])
    k += m + ints[9]
    inner_bands = Bands(ints[k : k + rows + 1], ints[k + rows + 1 : k + rows + 1 + ints[10]])
    k += rows + 1 + ints[10]
    outer_bands = Bands(ints[k : k + rows + 1], ints[k + rows + 1 : k + rows + 1 + ints[11]])
    return TrackArrays(
        floats[0],
        ints[0] != 0,
        center,
        inner,
        outer,
        fractions,
        inner_near,
        outer_near,
        Grid(
            floats[2],
            floats[3],
            floats[4],
            columns,
            rows,
            road,
            starts,
            items,
            inner_bands,
            outer_bands,
        ),
        floats[1],
        floats[at : at + table],
        floats[at + table : at + 2 * table],
        floats[at + 2 * table : at + 3 * table],
    )
