"""Which segments of a line can be nearest to some point of a place: short lists, still exact.

A segment can be nearest to some point of a place (a grid cell, a piece of a centre segment) only if
its distance to the place's middle is at most the least such distance plus a bound on how much the
difference of the two can change within the place. Everything within that bound (and a rounding
margin) is listed; a query then compares the list. Lists of cells are made from those of the blocks
they are in.

The bound: a distance changes by at most the way moved, two of them by twice as much. Away from the
segments it is far less: a distance grows in the direction away from its nearest point, nearly the
same direction for two segments that follow each other. The direction is Lipschitz, with 1 / r where
the distance is at least r, for the segment is convex.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from racer.sim.geometry import squared_distance
from racer.sim.jit import helper, inlined, kernel

_MARGIN = 1e-9  # m, far above rounding at the size of a track
_BLOCK = 16  # cells, side of a block
_SIDE = 4  # a cell is covered by so many discs squared: more make shorter lists


def everything(line: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For `candidates`: all places have one parent, which may need every segment of `line`."""
    segments = line.size - 1
    starts = np.array([0, segments], np.int32)
    return np.zeros(places, np.int64), starts, np.arange(segments, dtype=np.int32)


class Places:
    """Grid cells, and the blocks they are in.

    Args:
        cells: (K,) indices of cells.
        head: (1,) HEAD.
    """

    def __init__(self, cells: np.ndarray, head: np.ndarray) -> None:
        self.cells, self._size = cells, float(head["cell"][0])
        columns, low = int(head["columns"][0]), np.stack((head["grid_x"], head["grid_y"]))
        grid = np.stack((cells % columns, cells // columns))
        self._x, self._y = (grid + 0.5) * self._size + low
        blocks, self._block = np.unique(grid // _BLOCK, axis=1, return_inverse=True)
        side = _BLOCK * self._size
        self._block_x, self._block_y = np.ascontiguousarray((blocks + 0.5) * side + low)
        self._block_radii = np.full(blocks.shape[1], side * math.sqrt(0.5))

    def _roughly(self, line: np.ndarray) -> Any:
        """The candidates of the blocks."""
        x, y = self._block_x.reshape(-1, 1), self._block_y.reshape(-1, 1)
        every = everything(line, self._block_radii.size)
        return candidates(line, x, y, self._block_radii, *every)

    def candidates(self, line: np.ndarray) -> Any:
        """Segments of `line` that can be nearest to some point of each cell: starts, items."""
        side = ((np.arange(_SIDE) + 0.5) / _SIDE - 0.5) * self._size  # a cell, cut in squares
        dx, dy = (part.ravel() for part in np.meshgrid(side, side))
        xs, ys = self._x[:, None] + dx, self._y[:, None] + dy
        radii = np.full(self.cells.size, self._size * math.sqrt(0.5) / _SIDE)
        return candidates(line, xs, ys, radii, self._block.ravel(), *self._roughly(line))

    def nearest_squared(self, line: np.ndarray) -> Any:
        """Squared distance from the middle of each cell to `line`, (K,) m2."""
        return nearest_squared(line, self._x, self._y, self._block.ravel(), *self._roughly(line))


@kernel
def candidates(line, xs, ys, radii, parents, parent_starts, parent_items):
    """Segments of `line` that can be nearest to some point of each place.

    A place is covered by discs: of radius radii[i] (m) around each (xs[i, k], ys[i, k]). It is part
    of parent p = parents[i], whose own are parent_items[parent_starts[p]:parent_starts[p + 1]].

    Returns:
        starts: (places + 1,) int32; items: int32, ascending within each place.
    """
    places, discs = xs.shape
    starts = np.zeros(places + 1, np.int32)
    items = np.empty(4 * places + line.size, np.int32)
    distances = np.empty(line.size)
    for i in range(places):
        used = first = int(starts[i])
        parent_first, parent_last = parent_starts[parents[i]], parent_starts[parents[i] + 1]
        spread = 0.0  # of the discs' middles around the first
        for k in range(1, discs):
            spread = max(spread, math.hypot(xs[i, k] - xs[i, 0], ys[i, k] - ys[i, 0]))
        nearest = math.inf
        for j in range(parent_first, parent_last):
            d = math.sqrt(squared_distance(line[parent_items[j]], xs[i, 0], ys[i, 0]))
            distances[j - parent_first] = d
            nearest = min(nearest, d)
        if used + parent_last - parent_first > items.size:
            items = copied(items, used, 2 * items.size + line.size)
        bound = nearest + 2.0 * (spread + radii[i]) + _MARGIN
        for j in range(parent_first, parent_last):  # those of one big disc around the whole place
            if distances[j - parent_first] <= bound:
                items[used] = parent_items[j]
                used += 1
        used = _keep_some(line, xs[i], ys[i], radii[i], items, first, used)
        starts[i + 1] = used
    return starts, copied(items, int(starts[places]), int(starts[places]))


@helper
def copied(rows, used, size):
    """The first `used` rows, with room for `size`."""
    copied = np.empty(size, rows.dtype)
    for i in range(used):  # numba takes seconds to compile an assignment of slices
        copied[i] = rows[i]
    return copied


@helper
def _keep_some(line, xs, ys, radius, items, first, last):
    """Keep of items[first:last] what one of the discs can need; returns the new end."""
    keep = np.zeros(last - first, np.bool_)
    for k in range(xs.size):
        nearest, nearest_x, nearest_y = math.inf, 0.0, 0.0
        for j in range(first, last):
            d, way_x, way_y = _way(line[items[j]], xs[k], ys[k])
            if d < nearest:
                nearest, nearest_x, nearest_y = d, way_x, way_y
        least = nearest - radius  # distance of a point of the disc to any of them
        for j in range(first, last):
            d, way_x, way_y = _way(line[items[j]], xs[k], ys[k])
            change = 2.0
            if least > 0.0:
                turn = math.hypot(way_x - nearest_x, way_y - nearest_y)
                change = min(2.0, turn + radius / least)
            if d - nearest <= radius * change + _MARGIN:
                keep[j - first] = True
    end = first
    for j in range(keep.size):
        if keep[j]:
            items[end] = items[first + j]
            end += 1
    return end


@inlined
def _way(segment, x, y):
    """From the nearest point of a segment to (x, y): distance (m) and direction, a unit vector."""
    dx, dy = x - segment.x, y - segment.y
    r = (dx * segment.dx + dy * segment.dy) * segment.inverse
    r = min(max(r, 0.0), 1.0)
    dx, dy = dx - r * segment.dx, dy - r * segment.dy
    d = math.hypot(dx, dy)
    per_d = 1.0 / d if d > 0.0 else 0.0
    return d, dx * per_d, dy * per_d


@kernel
def nearest_squared(line, xs, ys, parents, parent_starts, parent_items):
    """Squared distance from each point to `line`, m2, by the segments of each point's parent."""
    found = np.full(xs.size, math.inf)
    for i in range(xs.size):
        for j in range(parent_starts[parents[i]], parent_starts[parents[i] + 1]):
            found[i] = min(found[i], squared_distance(line[parent_items[j]], xs[i], ys[i]))
    return found
