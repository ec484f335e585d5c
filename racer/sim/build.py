"""Index a track once so that every later query touches a handful of segments and is still exact.

A segment can be nearest to some point of a place (a grid cell, a centre segment) only if its
distance to the place's middle is at most the least such distance plus twice the place's radius.
Everything within that bound (and a rounding margin) is listed; the query then compares the list.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import distance_to_segment, in_ring
from racer.sim.jit import kernel
from racer.sim.types import ALL_ROAD, BORDER, NO_ROAD

_MARGIN = 1e-9  # m, far above rounding at the size of a track


@kernel
def candidates(line, xs, ys, radii):
    """Segments of `line` that can be nearest to a point within radii[i] of (xs[i], ys[i]).

    Returns:
        starts: (places + 1,) int32; items: int32, ascending within each place.
    """
    places = xs.size
    segments = line.x.size - 1
    starts = np.zeros(places + 1, np.int32)
    items = np.empty(4 * places + segments, np.int32)
    distances = np.empty(segments)
    used = 0
    for i in range(places):
        nearest = math.inf
        for j in range(segments):
            d = distance_to_segment(
                xs[i], ys[i], line.x[j], line.y[j], line.x[j + 1], line.y[j + 1]
            )
            distances[j] = d
            nearest = min(nearest, d)
        bound = nearest + 2.0 * radii[i] + _MARGIN
        if used + segments > items.size:
            grown = np.empty(2 * items.size + segments, np.int32)
            grown[:used] = items[:used]
            items = grown
        for j in range(segments):
            if distances[j] <= bound:
                items[used] = j
                used += 1
        starts[i + 1] = used
    return starts, items[:used].copy()


@kernel
def bands(line, y0, cell, rows):
    """Segments of `line` that touch each horizontal band of height `cell` from y0 up.

    Returns:
        starts: (rows + 1,) int32; items: int32.
    """
    starts = np.zeros(rows + 1, np.int32)
    items = np.empty(rows * (line.x.size - 1), np.int32)
    used = 0
    for row in range(rows):
        low = y0 + row * cell - _MARGIN
        high = y0 + (row + 1) * cell + _MARGIN
        for j in range(line.x.size - 1):
            if max(line.y[j], line.y[j + 1]) >= low and min(line.y[j], line.y[j + 1]) <= high:
                items[used] = j
                used += 1
        starts[row + 1] = used
    return starts, items[:used].copy()


@kernel
def _mark_border(line, x0, y0, cell, columns, rows, road):
    """Mark every cell within half a diagonal of the line: no border can run through the others."""
    reach = cell * math.sqrt(0.5) + _MARGIN
    for j in range(line.x.size - 1):
        ax, ay, bx, by = line.x[j], line.y[j], line.x[j + 1], line.y[j + 1]
        first_column = max(0, int(math.floor((min(ax, bx) - x0) / cell)) - 1)
        last_column = min(columns - 1, int(math.floor((max(ax, bx) - x0) / cell)) + 1)
        first_row = max(0, int(math.floor((min(ay, by) - y0) / cell)) - 1)
        last_row = min(rows - 1, int(math.floor((max(ay, by) - y0) / cell)) + 1)
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                mx = x0 + (column + 0.5) * cell
                my = y0 + (row + 0.5) * cell
                if distance_to_segment(mx, my, ax, ay, bx, by) <= reach:
                    road[row * columns + column] = BORDER


@kernel
def road_cells(inner, outer, x0, y0, cell, columns, rows):
    """What each grid cell holds: (columns * rows,) int32 of NO_ROAD, ALL_ROAD or BORDER."""
    road = np.full(columns * rows, NO_ROAD, np.int32)
    _mark_border(inner, x0, y0, cell, columns, rows, road)
    _mark_border(outer, x0, y0, cell, columns, rows, road)
    for row in range(rows):
        for column in range(columns):
            k = row * columns + column
            if road[k] != BORDER:
                mx = x0 + (column + 0.5) * cell
                my = y0 + (row + 0.5) * cell
                if in_ring(outer, mx, my) and not in_ring(inner, mx, my):
                    road[k] = ALL_ROAD
    return road
