"""Index a track once so that every later query touches a handful of segments and is still exact."""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import border_points
from racer.sim.jit import kernel
from racer.sim.track_index.candidates import Places, candidates, everything
from racer.sim.track_index.grid import REACH, fence_cells, road_cells
from racer.sim.types import (
    AHEAD,
    ALL,
    BORDER,
    CELL,
    GATE,
    HEAD,
    LINE,
    NAMED,
    PIECES,
    SPAN,
    TrackArrays,
)

CELL_SIZE = 0.1  # m; about the length of a centre segment: 2-4 candidates a cell
TABLE_DS = 0.05  # m, spacing of the look-ahead table: chord error < 1 mm at a radius of 0.4 m


def index_track(center: np.ndarray, inner: np.ndarray, outer: np.ndarray) -> TrackArrays:
    """Everything kernels need of a track; (M, 2) m each, first point repeated at the end."""
    middle, inside, outside = make_line(center), make_line(inner), make_line(outer)
    head = _head(middle, np.concatenate((inner, outer)))
    lists = [np.zeros(0, np.int32)]
    spans = _spans(middle, inside, outside, lists)
    cells = _cells(head, middle, inside, outside, lists)
    gates = np.zeros(np.count_nonzero(cells["road"] == BORDER), GATE)
    fences = fence_cells(inside, outside, head, cells, gates)
    cells = _in_squares(cells, head)
    items, table = np.concatenate(lists), np.zeros(0, AHEAD)
    track = TrackArrays(head, middle, spans, inside, outside, cells, gates, fences, items, table)
    table = _in_cache_lines(round(float(head["length"][0] / head["table_ds"][0])), AHEAD)
    fill_table(track, table)
    return track._replace(table=table)


def make_line(points: np.ndarray) -> np.ndarray:
    """(M, 2) m, closed → (M,) LINE; arc length summed in order, as GEOS does."""
    line = _in_cache_lines(len(points), LINE)
    line["x"], line["y"] = points[:, 0], points[:, 1]
    line["dx"][:-1], line["dy"][:-1] = np.diff(line["x"]), np.diff(line["y"])
    squared = line["dx"] ** 2 + line["dy"] ** 2
    line["step"] = np.sqrt(squared)
    line["s"][1:] = np.cumsum(line["step"][:-1])
    np.divide(1.0, squared, out=line["inverse"], where=squared > 0.0)
    line["end_fraction"][:-1] = line["s"][1:] / line["s"][-1]
    return line


def _in_cache_lines(count: int, dtype: np.dtype) -> np.ndarray:
    """(count,) zeros from where a cache line begins: it holds a LINE or AHEAD row, or 4 cells."""
    room = np.zeros(count * dtype.itemsize + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + count * dtype.itemsize].view(dtype)


def _head(middle: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(1,) HEAD of a centre line, (M,) LINE, whose borders have these `corners`, (K, 2) m."""
    head = np.zeros(1, HEAD)
    head["length"] = length = float(middle["s"][-1])
    x, y = middle["x"], middle["y"]
    head["ccw"] = np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0.0
    low, high = corners.min(axis=0) - REACH, corners.max(axis=0) + REACH
    pairs = np.ceil((high - low) / (2.0 * CELL_SIZE)).astype(np.int64)
    head["columns"], head["rows"] = 2 * pairs  # even, see `cell_index`
    head["grid_x"], head["grid_y"] = low
    head["cell"], head["per_cell"] = CELL_SIZE, 1.0 / CELL_SIZE
    head["table_ds"] = length / max(4, round(length / TABLE_DS))
    head["per_table_ds"] = 1.0 / head["table_ds"]
    return head


def _spans(
    middle: np.ndarray, inside: np.ndarray, outside: np.ndarray, lists: list[np.ndarray]
) -> np.ndarray:
    """(PIECES * (M - 1),) SPAN: border segments near each piece of the centre line."""
    segments = middle[:-1]
    spans = np.zeros(PIECES * segments.size, SPAN)
    roughly = _pieces(segments, 1)
    finely = _pieces(segments, PIECES)
    parents = np.repeat(np.arange(segments.size), PIECES)
    for side, line in (("inner_", inside), ("outer_", outside)):
        found = candidates(line, *roughly, *everything(line, segments.size))
        _keep(lists, spans, side, candidates(line, *finely, parents, *found))
    return spans


def _pieces(segments: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middles, x and y (K, 1), and half the lengths (K,), m, of each segment cut into `k`."""
    along = (np.arange(k) + 0.5) / k
    x = segments["x"][:, None] + segments["dx"][:, None] * along
    y = segments["y"][:, None] + segments["dy"][:, None] * along
    return x.reshape(-1, 1), y.reshape(-1, 1), np.repeat(0.5 * segments["step"] / k, k)


def _cells(
    head: np.ndarray,
    middle: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
    lists: list[np.ndarray],
) -> np.ndarray:
    """(columns * rows,) CELL, without gates; lists for cells near the road and on it."""
    road, is_near = road_cells(inside, outside, head)
    near = Places(np.flatnonzero(is_near), head)
    listed = np.zeros(near.cells.size, CELL)
    _keep(lists, listed, "", near.candidates(middle))
    squared = np.minimum(near.nearest_squared(inside), near.nearest_squared(outside))
    listed["clearance"] = np.sqrt(squared) * (1.0 - 1e-6)  # never above it as float32

    cells = np.zeros(road.size, CELL)
    cells["also"], cells["clearance"] = ALL, REACH
    cells[near.cells] = listed
    cells["road"] = road
    return cells


def _in_squares(cells: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Rows of cells after each other → the order of `cell_index`."""
    stored = _in_cache_lines(cells.size, CELL)
    pairs = int(head["rows"][0]) // 2, 2, int(head["columns"][0]) // 2, 2
    stored[:] = cells.reshape(pairs).swapaxes(1, 2).reshape(-1)
    return stored


def _keep(
    lists: list[np.ndarray], places: np.ndarray, prefix: str, found: tuple[np.ndarray, np.ndarray]
) -> None:
    """Append the found items to `lists` and note each place's list in its record."""
    starts, items = found
    first, last, count = items[starts[:-1]], items[starts[1:] - 1], np.diff(starts)
    named = (count > 2) | (last - first > np.iinfo(np.int16).max)
    room = np.where(named, 1 + count, 0)
    ends = sum(part.size for part in lists) + np.cumsum(room)
    places[f"{prefix}first"] = np.where(named, ends - room, first)
    places[f"{prefix}also"] = np.where(named, NAMED, last - first)
    with_counts = np.insert(items, starts[:-1][named], count[named])
    lists.append(with_counts[np.repeat(named, count + named)])


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
        table[i].dx, table[i].dy = b.x - table[i].x, b.y - table[i].y
        table[i].dwidth = b.width - table[i].width
        norm = math.hypot(b.x - a.x, b.y - a.y)
        table[i].tangent_x = (b.x - a.x) / norm
        table[i].tangent_y = (b.y - a.y) / norm
