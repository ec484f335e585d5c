"""Index a track once so that every later query touches a handful of segments and is still exact.

A segment can be nearest to some point of a place (a grid cell, a centre segment) only if its
distance to the place's middle is at most the least such distance plus twice the place's radius.
Everything within that bound (and a rounding margin) is listed; the query then compares the list.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import (
    border_points,
    in_ring,
    nearest_segment_of_all,
    squared_distance,
)
from racer.sim.jit import helper, kernel
from racer.sim.types import (
    AHEAD,
    ALL_ROAD,
    BORDER,
    CELL,
    FENCE,
    HEAD,
    LINE,
    NO_ROAD,
    PIECES,
    SPAN,
    TrackArrays,
)

CELL_SIZE = 0.1  # m; about the length of a centre segment: 2-4 candidates a cell
REACH = 1.0  # m of grid beyond the outer border; further out the whole line is searched
TABLE_DS = 0.05  # m, spacing of the look-ahead table: chord error < 1 mm at a radius of 0.4 m
_FAR = 1e9  # m, to the right of every track
_MARGIN = 1e-9  # m, far above rounding at the size of a track
_SIDE = 4  # a cell is covered by so many discs squared: more make shorter lists


def make_line(points: np.ndarray) -> np.ndarray:
    """(M, 2) m, closed → (M,) LINE; arc length summed in order, as GEOS does."""
    line = np.zeros(len(points), LINE)
    line["x"], line["y"] = points[:, 0], points[:, 1]
    line["dx"][:-1], line["dy"][:-1] = np.diff(line["x"]), np.diff(line["y"])
    squared = line["dx"] ** 2 + line["dy"] ** 2
    line["step"] = np.sqrt(squared)
    line["s"][1:] = np.cumsum(line["step"][:-1])
    np.divide(1.0, squared, out=line["inverse"], where=squared > 0.0)
    line["fraction"] = line["s"] / line["s"][-1]
    return line


def index_track(center: np.ndarray, inner: np.ndarray, outer: np.ndarray) -> TrackArrays:
    """Everything kernels need of a track; (M, 2) m each, first point repeated at the end."""
    middle, inside, outside = make_line(center), make_line(inner), make_line(outer)
    head = np.zeros(1, HEAD)
    head["length"] = length = float(middle["s"][-1])
    twice_area = np.sum(center[:-1, 0] * center[1:, 1] - center[1:, 0] * center[:-1, 1])
    head["ccw"] = twice_area > 0.0
    corners = np.concatenate((inner, outer))
    low, high = corners.min(axis=0) - REACH, corners.max(axis=0) + REACH
    columns, rows = (int(k) for k in np.ceil((high - low) / CELL_SIZE))
    head["grid_x"], head["grid_y"] = low
    head["cell"], head["per_cell"] = CELL_SIZE, 1.0 / CELL_SIZE
    head["columns"], head["rows"] = columns, rows
    head["table_ds"] = length / max(4, round(length / TABLE_DS))
    head["per_table_ds"] = 1.0 / head["table_ds"]

    spans = np.zeros(PIECES * (len(center) - 1), SPAN)
    cells = np.zeros(columns * rows, CELL)
    k = np.arange(columns * rows)
    middles = np.stack((k % columns, k // columns)) * CELL_SIZE + 0.5 * CELL_SIZE + low[:, None]
    cells["road"] = road_cells(inside, outside, head)
    cells["clearance"] = clearances(inside, outside, middles[0], middles[1])
    lists = [np.zeros(0, np.int32)]
    steps = np.stack((middle["dx"][:-1], middle["dy"][:-1]))
    starts = np.stack((middle["x"][:-1], middle["y"][:-1]))
    along = (np.arange(PIECES) + 0.5) / PIECES  # of each centre segment
    points = (starts[:, :, None] + steps[:, :, None] * along).reshape(2, -1, 1)
    radii = np.repeat(0.5 * middle["step"][:-1] / PIECES, PIECES)
    _keep(lists, spans, "inner_", candidates(inside, points[0], points[1], radii))
    _keep(lists, spans, "outer_", candidates(outside, points[0], points[1], radii))
    side = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5  # a cell, cut in squares
    dx, dy = (part.ravel() * CELL_SIZE for part in np.meshgrid(side, side))
    radii = np.full(k.size, CELL_SIZE * math.sqrt(0.5) / _SIDE)
    xs, ys = middles[0][:, None] + dx, middles[1][:, None] + dy
    _keep(lists, cells, "", candidates(middle, xs, ys, radii))
    fences = fence_cells(inside, outside, head, cells)
    track = TrackArrays(
        head,
        middle,
        spans,
        inside,
        outside,
        cells,
        fences,
        np.concatenate(lists),
        np.zeros(0, AHEAD),
    )
    table = np.zeros(round(length / float(head["table_ds"][0])), AHEAD)
    fill_table(track, table)
    return track._replace(table=table)


def _keep(
    lists: list[np.ndarray], places: np.ndarray, prefix: str, found: tuple[np.ndarray, np.ndarray]
) -> None:
    """Append the found items to `lists` and note each place's range in its record."""
    starts, items = found
    offset = sum(part.size for part in lists)
    places[f"{prefix}first"] = starts[:-1] + offset
    places[f"{prefix}last"] = starts[1:] + offset
    lists.append(items)


@kernel
def candidates(line, xs, ys, radii):
    """Segments of `line` that can be nearest to some point of each place.

    A place is covered by discs: of radius radii[i] (m) around each (xs[i, k], ys[i, k]).

    Returns:
        starts: (places + 1,) int32; items: int32, ascending within each place.
    """
    places, discs = xs.shape
    segments = line.size - 1
    starts = np.zeros(places + 1, np.int32)
    items = np.empty(4 * places + segments, np.int32)
    distances = np.empty(segments)
    for i in range(places):
        used = first = int(starts[i])
        spread = 0.0  # of the discs' middles around the first
        for k in range(1, discs):
            spread = max(spread, math.hypot(xs[i, k] - xs[i, 0], ys[i, k] - ys[i, 0]))
        nearest = math.inf
        for j in range(segments):
            distances[j] = math.sqrt(squared_distance(line[j], xs[i, 0], ys[i, 0]))
            nearest = min(nearest, distances[j])
        if used + segments > items.size:
            items = _copy(items, used, 2 * items.size + segments)
        bound = nearest + 2.0 * (spread + radii[i]) + _MARGIN
        for j in range(segments):  # those of one big disc around the whole place
            if distances[j] <= bound:
                items[used] = j
                used += 1
        used = _keep_some(line, xs[i], ys[i], radii[i], items, first, used)
        starts[i + 1] = used
    return starts, _copy(items, int(starts[places]), int(starts[places]))


@helper
def _copy(rows, used, size):
    """The first `used` rows, with room for `size`."""
    copied = np.empty(size, rows.dtype)
    for i in range(used):  # numba takes seconds to compile an assignment of slices
        copied[i] = rows[i]
    return copied


@helper
def _keep_some(line, xs, ys, radius, items, first, last):
    """Keep of items[first:last] what one of the discs can need; returns the new end."""
    keep = np.zeros(last - first, np.bool_)
    distances = np.empty(last - first)
    for k in range(xs.size):
        nearest = math.inf
        for j in range(distances.size):
            distances[j] = math.sqrt(squared_distance(line[items[first + j]], xs[k], ys[k]))
            nearest = min(nearest, distances[j])
        for j in range(distances.size):
            if distances[j] <= nearest + 2.0 * radius + _MARGIN:
                keep[j] = True
    end = first
    for j in range(keep.size):
        if keep[j]:
            items[end] = items[first + j]
            end += 1
    return end


@kernel
def clearances(inner, outer, xs, ys):
    """Distance from each point to the nearest border, m, as float32 rounded down."""
    found = np.empty(xs.size, np.float32)
    for i in range(xs.size):
        j = nearest_segment_of_all(inner, xs[i], ys[i])
        k = nearest_segment_of_all(outer, xs[i], ys[i])
        nearest = min(
            squared_distance(inner[j], xs[i], ys[i]), squared_distance(outer[k], xs[i], ys[i])
        )
        found[i] = math.sqrt(nearest) * (1.0 - 1e-6)
    return found


@helper
def _fence(line, head, k, fences, used):
    """List what rays to +x from points of cell `k` cross of `line`, in fences[used[0]:].

    A segment to the left is never crossed. A run of segments to the right is crossed if its two
    ends are on different sides of the ray: always or never if both are above or below the cell,
    else each end within the cell's height stands for the run, as a fence from there down.

    `used` (1,) is moved to the new end.

    Returns:
        what all rays cross, odd or even.
    """
    left = head.grid_x + k % head.columns * head.cell - _MARGIN
    low = head.grid_y + k // head.columns * head.cell - _MARGIN
    right, high = left + head.cell + 2.0 * _MARGIN, low + head.cell + 2.0 * _MARGIN
    inside = False
    last = line.size - 2
    for j in range(line.size - 1):
        a, b = line[j], line[j + 1]
        if max(a.x, b.x) < left or max(a.y, b.y) < low or min(a.y, b.y) > high:
            continue
        if min(a.x, b.x) <= right:
            fence = fences[used[0]]
            fence.x, fence.y, fence.dx, fence.dy, fence.end_y = a.x, a.y, a.dx, a.dy, b.y
            used[0] += 1
            continue
        before, after = line[j - 1 if j > 0 else last], line[j + 2 if j < last else 1]
        for end, neighbour in ((a, before), (b, after)):
            if end.y > high:
                inside = not inside
            elif end.y >= low and min(end.x, neighbour.x) <= right:
                fence = fences[used[0]]
                fence.x, fence.y, fence.dx, fence.dy, fence.end_y = (
                    _FAR,
                    end.y,
                    0.0,
                    -1.0,
                    -math.inf,
                )
                used[0] += 1
    return inside


@kernel
def fence_cells(inner, outer, heads, cells):
    """Fill in the fences of every BORDER cell; returns them, (F,) FENCE."""
    fences = np.empty(1024, FENCE)
    used = np.zeros(1, np.int64)  # an array: numba compiles for the constant 0 and for the rest
    for k in range(cells.size):
        cell = cells[k]
        if cell.road != BORDER:
            continue
        most = used[0] + 2 * (inner.size + outer.size)
        if most > fences.size:
            fences = _copy(fences, used[0], 2 * most)
        cell.outer_first = used[0]
        cell.in_outer = _fence(outer, heads[0], k, fences, used)
        cell.inner_first = used[0]
        cell.in_inner = _fence(inner, heads[0], k, fences, used)
        cell.inner_last = used[0]
    return _copy(fences, used[0], used[0])


@helper
def _mark_border(line, head, road):
    """Mark every cell within half a diagonal of the line: no border can run through the others."""
    size = head.cell
    reach = size * math.sqrt(0.5) + _MARGIN
    for j in range(line.size - 1):
        a, b = line[j], line[j + 1]
        first_column = max(0, math.floor((min(a.x, b.x) - head.grid_x) / size) - 1)
        last_column = min(head.columns - 1, math.floor((max(a.x, b.x) - head.grid_x) / size) + 1)
        first_row = max(0, math.floor((min(a.y, b.y) - head.grid_y) / size) - 1)
        last_row = min(head.rows - 1, math.floor((max(a.y, b.y) - head.grid_y) / size) + 1)
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                mx = head.grid_x + (column + 0.5) * size
                my = head.grid_y + (row + 0.5) * size
                if squared_distance(a, mx, my) <= reach * reach:
                    road[row * head.columns + column] = BORDER


@kernel
def road_cells(inner, outer, heads):
    """What each grid cell holds: (columns * rows,) int32 of NO_ROAD, ALL_ROAD or BORDER."""
    head = heads[0]
    road = np.full(head.columns * head.rows, NO_ROAD, np.int32)
    _mark_border(inner, head, road)
    _mark_border(outer, head, road)
    for k in range(road.size):
        if road[k] != BORDER:
            mx = head.grid_x + (k % head.columns + 0.5) * head.cell
            my = head.grid_y + (k // head.columns + 0.5) * head.cell
            if in_ring(outer, mx, my) and not in_ring(inner, mx, my):
                road[k] = ALL_ROAD
    return road


@kernel
def fill_table(track, table):
    """The centre line and the road's width at equal steps of arc length, into `table` (T,)."""
    center = track.center
    j = 0
    for i in range(table.size):
        s = i * track.head[0].table_ds
        while j + 2 < center.size and center[j + 1].s < s:
            j += 1
        r = (s - center[j].s) / center[j].step if center[j].step > 0.0 else 0.0
        x = center[j].x + r * center[j].dx
        y = center[j].y + r * center[j].dy
        ix, iy, ox, oy = border_points(track, j, r, x, y)
        table[i].x = x
        table[i].y = y
        table[i].width = math.sqrt((ix - ox) ** 2 + (iy - oy) ** 2)
    for i in range(table.size):
        a, b = table[i - 1], table[(i + 1) % table.size]
        norm = math.hypot(b.x - a.x, b.y - a.y)
        table[i].tangent_x = (b.x - a.x) / norm
        table[i].tangent_y = (b.y - a.y) / norm
