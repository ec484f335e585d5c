"""What a wall hides of an object that stands behind it, or sticks out through it.

The walls are a rectangle, of which the inner sides are seen. What one of them hides is convex: it
is beyond the wall, between the upright planes through the lens and the wall's ends, and below the
plane through the lens and the wall's top. What two walls hide never overlaps, so each is taken
away from a face on its own, and what is left is exact. So is what of a face is inside the walls.
"""

from __future__ import annotations

import numpy as np

from racer.sim.jit import helper, inlined

CORNERS = 20  # of four cut by four planes; a cut adds one, and never more than half as many


@inlined
def side_of(walls, k):
    """Side k of the rectangle, counter-clockwise from the lowest: both ends, its inward normal."""
    ax, bx = walls[2 if k in (1, 2) else 0], walls[2 if k in (0, 1) else 0]
    ay, by = walls[3 if k in (2, 3) else 1], walls[3 if k in (1, 2) else 1]
    nx = 1.0 if k == 3 else (-1.0 if k == 1 else 0.0)
    ny = 1.0 if k == 0 else (-1.0 if k == 2 else 0.0)
    return ax, ay, bx, by, nx, ny


@inlined
def sticks_out(one, walls):
    """May a part of an object be outside the walls?"""
    reach = 0.5 * np.hypot(one.length, one.width)
    across = (one.x - reach < walls[0]) | (one.x + reach > walls[2])
    return across | (one.y - reach < walls[1]) | (one.y + reach > walls[3])


@helper
def hidden_by(corners, cut, walls, k, eye):
    """What wall k hides of a face.

    Args:
        corners: (4, 3) m of the face, seen from the lens: ahead, left and up.
        cut: (2, CORNERS, 3), out: the corners of the hidden part, in cut[0].

    Returns:
        how many corners that has; below 3 for nothing.
    """
    x, y, z, s, c, _, _, _ = eye
    ax, ay, bx, by, nx, ny = side_of(walls, k)
    away = nx * (x - ax) + ny * (y - ay)
    if away <= 0.0:  # its outer side, which is not seen
        return 0
    n, m = -(c * nx + s * ny), -(c * ny - s * nx)  # outward, in the lens's frame
    right, left = _turned(ax - x, ay - y, s, c), _turned(bx - x, by - y, s, c)  # its ends, as seen
    rise = walls[4] - z
    # beyond the wall; then below its top: (up - z) * away < rise * (how far outward)
    count = _cut(corners, 4, cut[1], n, m, 0.0, -away)
    count = _cut(cut[1], count, cut[0], rise * n, rise * m, -away, z * away)
    count = _cut(cut[0], count, cut[1], -right[1], right[0], 0.0, 0.0)
    return _cut(cut[1], count, cut[0], left[1], -left[0], 0.0, 0.0)


@helper
def inside_of(corners, cut, walls, eye):
    """What of a face no wall is before; arguments and result as of `hidden_by`."""
    x, y, _, s, c, _, _, _ = eye
    points, count = corners, 4
    for k in range(4):
        ax, ay, _, _, nx, ny = side_of(walls, k)
        away = nx * (x - ax) + ny * (y - ay)
        if away > 0.0:
            ahead, left = c * nx + s * ny, c * ny - s * nx
        else:  # its outer side, which is not seen and hides nothing
            ahead, left, away = 0.0, 0.0, 1.0
        count = _cut(points, count, cut[1 - k % 2], ahead, left, 0.0, away)
        points = cut[1 - k % 2]
    return count


@inlined
def _turned(dx, dy, s, c):
    return c * dx + s * dy, c * dy - s * dx


@inlined
def _cut(points, count, out, ahead, left, up, more):
    """Keep of a convex polygon where ahead * x + left * y + up * z + more >= 0.

    Returns:
        how many corners are left. Source: Sutherland and Hodgman, 1974.
    """
    kept = 0
    for k in range(count):
        a, b = points[k], points[(k + 1) % count]
        here = ahead * a[0] + left * a[1] + up * a[2] + more
        there = ahead * b[0] + left * b[1] + up * b[2] + more
        if here >= 0.0:
            out[kept, 0], out[kept, 1], out[kept, 2] = a[0], a[1], a[2]
            kept += 1
        if (here >= 0.0) != (there >= 0.0):
            t = here / (here - there)
            for axis in range(3):
                out[kept, axis] = a[axis] + t * (b[axis] - a[axis])
            kept += 1
    return kept
