"""Where a lane is: points and directions of its line and of the smooth curve through it.

The curve is the interpolating periodic cubic spline, whose parameter is the arc length of the
centre line, kept as its slopes. On [a, b] with h = b - a and t = (u - a) / h it is Hermite's form:

    p(u) = (1 + 2t)(1 - t)² p_a + t(1 - t)² h m_a + t²(3 - 2t) p_b - t²(1 - t) h m_b
"""

from __future__ import annotations

import math

from racer.sim.geometry import fraction_along, point_on, segment_at, squared_distance
from racer.sim.jit import inlined, kernel

_SWEEPS = 60  # each at least halves what is left of the error: below 1e-17


@kernel
def smooth(curve, length):
    """Fill the slopes `dx`, `dy` of a closed curve (K,) LANE, on a centre line of `length` m.

    The second derivative is continuous at every vertex i, with h the gap after it and g before:
    m[i-1] / g + 2 m[i] (1/g + 1/h) + m[i+1] / h = 3 (p[i] - p[i-1]) / g² + 3 (p[i+1] - p[i]) / h²
    """
    count = curve.size
    for _ in range(_SWEEPS):
        for i in range(count):
            a, b, c = curve[i - 1], curve[i], curve[i + 1 if i + 1 < count else 0]
            g = b.at - a.at if i > 0 else b.at - a.at + length
            h = c.at - b.at if i + 1 < count else c.at - b.at + length
            scale = 2.0 * (1.0 / g + 1.0 / h)
            x = 3.0 * ((b.x - a.x) / (g * g) + (c.x - b.x) / (h * h))
            y = 3.0 * ((b.y - a.y) / (g * g) + (c.y - b.y) / (h * h))
            b.dx = (x - a.dx / g - c.dx / h) / scale
            b.dy = (y - a.dy / g - c.dy / h) / scale


@inlined
def hermite(t, h, pa, ma, pb, mb):
    """Value and slope at fraction `t` of a cubic piece of length `h`."""
    u = 1.0 - t
    value = (1.0 + 2.0 * t) * u * u * pa + t * u * u * h * ma
    value += t * t * (3.0 - 2.0 * t) * pb - t * t * u * h * mb
    slope = 6.0 * t * u * (pb - pa) / h + u * (1.0 - 3.0 * t) * ma - t * (2.0 - 3.0 * t) * mb
    return value, slope


@inlined
def vertex_before(curve, at):
    """The last vertex at or before arc length `at` (m, in [0, length)); -1 before the first."""
    low, high = -1, curve.size
    while high - low > 1:
        middle = (low + high) // 2
        if curve[middle].at <= at:
            low = middle
        else:
            high = middle
    return low


@inlined
def on_curve(curve, length, at):
    """The curve at arc length `at` (m, in [0, length)): x, y (m), dx, dy (m per m)."""
    i = vertex_before(curve, at)
    j = i + 1 if i + 1 < curve.size else 0
    a, b = curve[i], curve[j]  # of the last for -1
    h = b.at - a.at if b.at > a.at else b.at - a.at + length
    t = (at - a.at if i >= 0 else at - a.at + length) / h
    x, dx = hermite(t, h, a.x, a.dx, b.x, b.dx)
    y, dy = hermite(t, h, a.y, a.dy, b.y, b.dy)
    return x, y, dx, dy


@inlined
def on_center(track, s):
    """The centre line at arc length `s` (m, wrapped): its segment, x, y (m)."""
    center = track.center
    s -= track.head[0].length * math.floor(s / track.head[0].length)
    j, r = segment_at(center, s)
    x, y = point_on(center, j, r)
    return j, x, y


@inlined
def nearest_near(line, reach, j, x, y):
    """The segment of a lane nearest to a point (x, y) of segment `j` of the centre line.

    Args:
        reach: REACH of the lane, see `racer.tracks.lanes`.
    """
    count = line.size - 1
    best, nearest = j, squared_distance(line[j], x, y)
    for step in range(-reach[j].back, reach[j].ahead + 1):
        k = j + step
        k += count if k < 0 else 0
        k -= count if k >= count else 0
        d = squared_distance(line[k], x, y)
        if d < nearest or (d == nearest and k < best):
            best, nearest = k, d
    return best


@inlined
def beside(line, reach, j, x, y):
    """The point of a lane's line nearest to (x, y) of centre segment `j`, and the direction there.

    Returns:
        x, y (m), yaw (rad): from the vertex before the point to the one after it.
    """
    j = nearest_near(line, reach, j, x, y)
    r = fraction_along(line, j, x, y)
    px, py = point_on(line, j, r)
    s = line[j].s + r * line[j].step
    after = j + 1  # the first vertex beyond the point
    while after < line.size - 1 and line[after].s <= s:
        after += 1
    before = after - 1
    return px, py, math.atan2(line[after].y - line[before].y, line[after].x - line[before].x)


@inlined
def in_lane(line, reach, j, x, y):
    """The same point, looking at the next vertex of the lane: x, y (m), yaw (rad)."""
    j = nearest_near(line, reach, j, x, y)
    px, py = point_on(line, j, fraction_along(line, j, x, y))
    after = j + 1
    if line[after].x == px and line[after].y == py:
        after = after + 1 if after + 1 < line.size else 1
    return px, py, math.atan2(line[after].y - py, line[after].x - px)
