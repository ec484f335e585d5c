"""What the cells of the grid over a track hold: road or not, and the fences at a border."""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import in_ring, squared_distance
from racer.sim.jit import helper, kernel
from racer.sim.track_index.candidates import copied
from racer.sim.types import ALL_ROAD, BORDER, FENCE, NO_ROAD

REACH = 1.0  # m beyond the borders in which cells have lists; elsewhere the whole line is searched
_FAR = 1e9  # m, to the right of every track
_MARGIN = 1e-9  # m, far above rounding at the size of a track


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
def fence_cells(inner, outer, heads, cells, gates):
    """Fill in the gates (G,) of the BORDER cells, as many; returns their fences, (F,) FENCE."""
    fences = np.empty(1024, FENCE)
    count = 0
    used = np.zeros(1, np.int64)  # an array: numba compiles for the constant 0 and for the rest
    for k in range(cells.size):
        cell = cells[k]
        if cell.road != BORDER:
            continue
        most = used[0] + 2 * (inner.size + outer.size)
        if most > fences.size:
            fences = copied(fences, used[0], 2 * most)
        cell.gate = count
        gate = gates[count]
        gate.outer_first = used[0]
        gate.in_outer = _fence(outer, heads[0], k, fences, used)
        gate.inner_first = used[0]
        gate.in_inner = _fence(inner, heads[0], k, fences, used)
        gate.inner_last = used[0]
        count += 1
    return copied(fences, used[0], used[0])


@helper
def _mark(line, head, reach, value, marked):
    """Set `marked` to `value` for every cell whose middle is within `reach` (m) of the line."""
    size = head.cell
    more = math.ceil(reach / size) + 1
    for j in range(line.size - 1):
        a, b = line[j], line[j + 1]
        first_column = max(0, math.floor((min(a.x, b.x) - head.grid_x) / size) - more)
        last_column = min(head.columns - 1, math.floor((max(a.x, b.x) - head.grid_x) / size) + more)
        first_row = max(0, math.floor((min(a.y, b.y) - head.grid_y) / size) - more)
        last_row = min(head.rows - 1, math.floor((max(a.y, b.y) - head.grid_y) / size) + more)
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                mx = head.grid_x + (column + 0.5) * size
                my = head.grid_y + (row + 0.5) * size
                if squared_distance(a, mx, my) <= reach * reach:
                    marked[row * head.columns + column] = value


@kernel
def road_cells(inner, outer, heads):
    """What each grid cell holds, and which are on the road or near it.

    No border runs through cells whose middle is more than half a diagonal from it; two of them side
    by side are both road or both not.

    Returns:
        road: (columns * rows,) int32 of NO_ROAD, ALL_ROAD or BORDER.
        near: (columns * rows,) int32, 1 where a border is within REACH or all is road.
    """
    head = heads[0]
    road = np.full(head.columns * head.rows, NO_ROAD, np.int32)
    near = np.zeros(road.size, np.int32)
    for line in (inner, outer):
        _mark(line, head, head.cell * math.sqrt(0.5) + _MARGIN, BORDER, road)
        _mark(line, head, REACH, 1, near)
    for k in range(road.size):
        if road[k] == BORDER:
            continue
        if k % head.columns > 0 and road[k - 1] != BORDER:
            road[k] = road[k - 1]
            continue
        mx = head.grid_x + (k % head.columns + 0.5) * head.cell
        my = head.grid_y + (k // head.columns + 0.5) * head.cell
        if in_ring(outer, mx, my) and not in_ring(inner, mx, my):
            road[k] = ALL_ROAD
    for k in range(road.size):
        if road[k] == ALL_ROAD:
            near[k] = 1
    return road, near
