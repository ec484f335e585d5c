"""Points, segments and rings: nearest point, arc length and inside tests, equal to GEOS.

The order of operations follows GEOS (the engine of shapely, which the official simulator uses), so
that distances, arc lengths and ties come out the same to the last digits:
`Distance::pointToSegment`, `LengthIndexOfPoint`, `RayCrossingCounter`.
"""

from __future__ import annotations

import math

from racer.sim.jit import kernel
from racer.sim.types import ALL_ROAD, BORDER

_TWO_PI = 2.0 * math.pi


@kernel
def wrap(angle):
    """The same angle in (-pi, pi], rad; angles already there come back unchanged."""
    if -math.pi < angle <= math.pi:
        return angle
    angle = angle - _TWO_PI * math.floor((angle + math.pi) / _TWO_PI)
    return math.pi if angle <= -math.pi else angle


@kernel
def distance_to_segment(x, y, ax, ay, bx, by):
    """Distance from (x, y) to the segment a-b, m."""
    dx = bx - ax
    dy = by - ay
    squared = dx * dx + dy * dy
    if squared > 0.0:
        r = ((x - ax) * dx + (y - ay) * dy) / squared
        if r >= 1.0:
            return math.sqrt((x - bx) * (x - bx) + (y - by) * (y - by))
        if r > 0.0:
            cross = ((ay - y) * dx - (ax - x) * dy) / squared
            return abs(cross) * math.sqrt(squared)
    return math.sqrt((x - ax) * (x - ax) + (y - ay) * (y - ay))


@kernel
def fraction_along(x, y, ax, ay, bx, by):
    """Where on the segment a-b the point nearest to (x, y) lies, 0 at a to 1 at b."""
    if x == bx and y == by and not (ax == bx and ay == by):
        return 1.0
    dx = bx - ax
    dy = by - ay
    squared = dx * dx + dy * dy
    if squared <= 0.0:
        return 0.0
    return min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / squared))


@kernel
def nearest_segment(line, items, first, last, x, y):
    """The segment of `line` nearest to (x, y) among items[first:last]; the first one of equals."""
    best = items[first]
    nearest = math.inf
    for k in range(first, last):
        j = items[k]
        d = distance_to_segment(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1])
        if d < nearest:
            nearest = d
            best = j
    return best


@kernel
def nearest_segment_of_all(line, x, y):
    """The segment of `line` nearest to (x, y); the first one of equals."""
    best = 0
    nearest = math.inf
    for j in range(line.x.size - 1):
        d = distance_to_segment(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1])
        if d < nearest:
            nearest = d
            best = j
    return best


@kernel
def point_on(line, j, r):
    """The point at fraction `r` of segment `j`: (x, y), m."""
    ax, ay = line.x[j], line.y[j]
    return ax + r * (line.x[j + 1] - ax), ay + r * (line.y[j + 1] - ay)


@kernel
def cell_of(grid, x, y):
    """Index of the grid cell around (x, y), -1 outside the grid."""
    column = math.floor((x - grid.x) / grid.cell)
    row = math.floor((y - grid.y) / grid.cell)
    if 0 <= column < grid.columns and 0 <= row < grid.rows:
        return int(row) * grid.columns + int(column)
    return -1


@kernel
def project(track, x, y):
    """Project a point on the whole centre line.

    Returns:
        segment: int, of the centre line.
        r: fraction along that segment, [0, 1].
        s: arc length from waypoint 0, m, [0, length].
    """
    center = track.center
    cell = cell_of(track.grid, x, y)
    if cell >= 0:
        first, last = track.grid.starts[cell], track.grid.starts[cell + 1]
        j = nearest_segment(center, track.grid.items, first, last, x, y)
    else:
        j = nearest_segment_of_all(center, x, y)
    r = fraction_along(x, y, center.x[j], center.y[j], center.x[j + 1], center.y[j + 1])
    dx = center.x[j + 1] - center.x[j]
    dy = center.y[j + 1] - center.y[j]
    return j, r, center.s[j] + r * math.sqrt(dx * dx + dy * dy)


@kernel
def border_points(track, segment, x, y):
    """The points of the inner and outer border nearest to (x, y), a point of a centre segment.

    Returns:
        inner x, inner y, outer x, outer y; m.
    """
    near = track.inner_near
    line = track.inner
    j = nearest_segment(line, near.items, near.starts[segment], near.starts[segment + 1], x, y)
    r = fraction_along(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1])
    ix, iy = point_on(line, j, r)
    near = track.outer_near
    line = track.outer
    j = nearest_segment(line, near.items, near.starts[segment], near.starts[segment + 1], x, y)
    r = fraction_along(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1])
    ox, oy = point_on(line, j, r)
    return ix, iy, ox, oy


@kernel
def _crosses(x, y, ax, ay, bx, by):
    """Does the ray from (x, y) towards +x cross the segment a-b? Half open in y."""
    if (ay > y) == (by > y):
        return False
    # orientation of the point against the upward segment, the same sign test as GEOS
    cross = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
    return cross > 0.0 if by > ay else cross < 0.0


@kernel
def in_ring(line, x, y):
    """Is (x, y) inside the closed line (even-odd rule)?"""
    inside = False
    for j in range(line.x.size - 1):
        if _crosses(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1]):
            inside = not inside
    return inside


@kernel
def _in_ring_band(line, bands, row, x, y):
    inside = False
    for k in range(bands.starts[row], bands.starts[row + 1]):
        j = bands.items[k]
        if _crosses(x, y, line.x[j], line.y[j], line.x[j + 1], line.y[j + 1]):
            inside = not inside
    return inside


@kernel
def on_road(track, x, y):
    """Is (x, y) inside the outer ring and not inside the inner one?"""
    grid = track.grid
    cell = cell_of(grid, x, y)
    if cell < 0:  # the grid reaches beyond the outer border
        return False
    what = grid.road[cell]
    if what != BORDER:
        return what == ALL_ROAD
    row = cell // grid.columns
    if not _in_ring_band(track.outer, grid.outer_bands, row, x, y):
        return False
    return not _in_ring_band(track.inner, grid.inner_bands, row, x, y)


@kernel
def look_ahead(track, s):
    """Centre line and road width at arc length `s` (any real number), from the table.

    Returns:
        x, y, width; m. Linear between table points, `table_ds` apart.
    """
    u = s / track.table_ds
    i = math.floor(u)
    r = u - i
    i = int(i) % track.table_x.size
    k = i + 1 if i + 1 < track.table_x.size else 0
    x = track.table_x[i] + r * (track.table_x[k] - track.table_x[i])
    y = track.table_y[i] + r * (track.table_y[k] - track.table_y[i])
    width = track.table_width[i] + r * (track.table_width[k] - track.table_width[i])
    return x, y, width
