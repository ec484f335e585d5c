"""Points, segments and rings: nearest point, arc length and inside tests, equal to GEOS.

The order of operations follows GEOS (the engine of shapely, which the official simulator uses), so
that distances, arc lengths and ties come out the same to the last digits: its
`Distance::pointToSegment`, `LengthIndexOfPoint` and `RayCrossingCounter`.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.jit import helper, inlined
from racer.sim.types import ALL, ALL_ROAD, BORDER, NO_ROAD, PIECES

_TWO_PI = 2.0 * math.pi


@inlined
def wrap(angle):
    """The same angle in (-pi, pi], rad; angles already there come back unchanged."""
    turned = angle - _TWO_PI * np.floor((angle + math.pi) / _TWO_PI)
    turned = math.pi if turned <= -math.pi else turned
    return angle if (angle > -math.pi) & (angle <= math.pi) else turned


@inlined
def squared_distance(segment, x, y):
    """Squared distance from (x, y) to a segment (a LINE row), m2."""
    # all three cases, then a choice: cheaper than a branch nobody can predict
    px = x - segment.x
    py = y - segment.y
    r = (px * segment.dx + py * segment.dy) * segment.inverse
    cross = py * segment.dx - px * segment.dy
    between = cross * cross * segment.inverse
    before = px * px + py * py
    # from the end point itself, so that both segments of a corner agree to the bit
    px = x - (segment.x + segment.dx)
    py = y - (segment.y + segment.dy)
    after = px * px + py * py
    beyond = after if r >= 1.0 else between
    return before if r <= 0.0 else beyond


@inlined
def fraction_along(line, j, x, y):
    """Where on segment `j` the point nearest to (x, y) lies, 0 at its start to 1 at its end.

    Exactly 1 for the end point, as in GEOS: there x - a.x is a.dx to the bit.
    """
    a = line[j]
    squared = a.dx * a.dx + a.dy * a.dy
    r = ((x - a.x) * a.dx + (y - a.y) * a.dy) / squared
    r = 1.0 if r > 1.0 else r
    return 0.0 if (r < 0.0) | (squared <= 0.0) else r


@inlined
def nearest_segment(line, items, first, also, x, y):
    """The segment of `line` nearest to (x, y) among those of a list; the first one of equals."""
    if also >= 0:  # nearly always; no branch chooses, for none could be predicted
        d = squared_distance(line[first], x, y)
        return first + also * int(squared_distance(line[first + also], x, y) < d)
    best = items[first + 1]
    nearest = math.inf
    for k in range(first + 1, first + 1 + items[first]):
        d = squared_distance(line[items[k]], x, y)
        if d < nearest:
            nearest = d
            best = items[k]
    return best


@helper
def nearest_segment_of_all(line, x, y):
    """The segment of `line` nearest to (x, y); the first one of equals."""
    best = 0
    nearest = math.inf
    for j in range(line.size - 1):
        d = squared_distance(line[j], x, y)
        if d < nearest:
            nearest = d
            best = j
    return best


@inlined
def segment_at(line, s):
    """The segment at arc length `s` (m, in [0, length]) and the fraction of it before `s`."""
    j, after = 0, line.size - 1
    while after - j > 1:
        middle = (j + after) // 2
        if line[middle].s <= s:
            j = middle
        else:
            after = middle
    r = (s - line[j].s) / line[j].step if line[j].step > 0.0 else 0.0
    return j, r


@inlined
def point_on(line, j, r):
    """The point at fraction `r` of segment `j`: (x, y), m."""
    return line[j].x + r * line[j].dx, line[j].y + r * line[j].dy


@inlined
def cell_index(columns, i, j):
    """Where the cell of column `i`, row `j` is stored: squares of four after each other.

    Such a square is a line of the CPU's cache. The nose and wheels of a car lie within two or three
    of them; rows of the grid after each other would spread them over six.
    """
    return 4 * ((j >> 1) * (columns >> 1) + (i >> 1)) + 2 * (j & 1) + (i & 1)


@inlined
def cell_of(head, x, y):
    """Index of the grid cell around (x, y), -1 outside the grid."""
    column = (x - head.grid_x) * head.per_cell
    row = (y - head.grid_y) * head.per_cell
    if 0.0 <= column < head.columns and 0.0 <= row < head.rows:
        return cell_index(head.columns, int(column), int(row))
    return -1


@inlined
def project(track, x, y):
    """Project a point on the whole centre line.

    Returns:
        segment: int, of the centre line.
        r: fraction along that segment, [0, 1].
        s: arc length from waypoint 0, m, [0, length].
    """
    center = track.center
    k = cell_of(track.head[0], x, y)
    if k >= 0 and track.cells[k].also != ALL:
        cell = track.cells[k]
        j = nearest_segment(center, track.items, cell.first, cell.also, x, y)
    else:
        j = nearest_segment_of_all(center, x, y)
    r = fraction_along(center, j, x, y)
    return j, r, center[j].s + r * center[j].step


@inlined
def border_points(track, j, r, x, y):
    """The points of the inner and outer border nearest to (x, y), fraction `r` of segment `j`.

    Returns:
        inner x, inner y, outer x, outer y; m.
    """
    span = track.spans[PIECES * j + min(int(r * PIECES), PIECES - 1)]
    inner, outer, items = track.inner, track.outer, track.items
    k = nearest_segment(inner, items, span.inner_first, span.inner_also, x, y)
    ix, iy = point_on(inner, k, fraction_along(inner, k, x, y))
    k = nearest_segment(outer, items, span.outer_first, span.outer_also, x, y)
    ox, oy = point_on(outer, k, fraction_along(outer, k, x, y))
    return ix, iy, ox, oy


@inlined
def _crosses(ax, ay, dx, dy, by, x, y):
    """Does the ray from (x, y) towards +x cross the segment from a to b? Half open in y."""
    # which side of the upward segment the point is on, the same sign test as GEOS
    cross = dx * (y - ay) - (x - ax) * dy
    side = cross > 0.0 if by > ay else cross < 0.0
    return ((ay > y) != (by > y)) & side


@helper
def in_ring(line, x, y):
    """Is (x, y) inside the closed line (even-odd rule)?"""
    inside = False
    for j in range(line.size - 1):
        a = line[j]
        inside ^= _crosses(a.x, a.y, a.dx, a.dy, line[j + 1].y, x, y)
    return inside


@inlined
def _inside(fences, first, last, inside, x, y):
    """The same from the fences of one cell; `inside` counts what all rays from it cross."""
    for k in range(first, last):
        a = fences[k]
        inside ^= _crosses(a.x, a.y, a.dx, a.dy, a.end_y, x, y)
    return inside


@inlined
def on_road(track, x, y):
    """Is (x, y) inside the outer ring and not inside the inner one?"""
    k = cell_of(track.head[0], x, y)
    if k < 0:  # the grid reaches beyond the outer border
        return False
    cell = track.cells[k]
    if cell.road != BORDER:
        return cell.road == ALL_ROAD
    fences, gate = track.fences, track.gates[cell.gate]
    middle = gate.inner_first
    return _inside(fences, gate.outer_first, middle, gate.in_outer, x, y) and not _inside(
        fences, middle, gate.inner_last, gate.in_inner, x, y
    )


@inlined
def around(track, x, y):
    """What is around (x, y) within a distance, m: (NO_ROAD or ALL_ROAD, that distance).

    The distance is negative where a border may be nearer than a cell's size.
    """
    head = track.head[0]
    column = (x - head.grid_x) * head.per_cell
    row = (y - head.grid_y) * head.per_cell
    if not (0.0 <= column < head.columns and 0.0 <= row < head.rows):
        return NO_ROAD, -1.0
    i, j = int(column), int(row)
    cell = track.cells[cell_index(head.columns, i, j)]
    if cell.road == BORDER:
        return NO_ROAD, -1.0
    dx, dy = column - i - 0.5, row - j - 0.5
    return cell.road, cell.clearance - head.cell * math.sqrt(dx * dx + dy * dy)


@inlined
def table_index(track, s):
    """Row of the look-ahead table at or before arc length `s` (m, >= 0), and the fraction after."""
    u = s * track.head[0].per_table_ds
    i = int(u)
    r = u - i
    size = track.table.size
    while i >= size:
        i -= size
    return i, r


@inlined
def look_ahead(track, s):
    """Centre line and road width at arc length `s` (m, >= 0), from the table.

    Returns:
        x, y, width; m. Linear between table points, `table_ds` apart.
    """
    i, r = table_index(track, s)
    row = track.table[i]
    return row.x + r * row.dx, row.y + r * row.dy, row.width + r * row.dwidth
