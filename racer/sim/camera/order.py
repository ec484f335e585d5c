"""Which objects are in view, and which of them is to be drawn first: the one nothing is behind."""

from __future__ import annotations

import numpy as np

from racer.sim.jit import inlined
from racer.sim.trig import sincos


@inlined
def remember(seen, near, count, column, one, eye):
    """Note an object that may be in view; of too many, the nearest. Returns how many are noted."""
    x, y, _, s, c, _, _, _ = eye
    dx, dy = one.x - x, one.y - y
    radius = 0.5 * np.hypot(one.length, one.width)
    if c * dx + s * dy < -radius:
        return count
    distance = np.hypot(dx, dy)
    at = count
    if count == seen.size:
        at = 0
        for k in range(1, count):
            at = k if near[k] > near[at] else at
        if near[at] <= distance:
            return count
        count -= 1
    seen[at], near[at] = column, distance
    return count + 1


@inlined
def farthest(seen, near, count, objects, world, eye):
    """Index in `seen` of an object that hides no other; where they overlap, of the most distant."""
    best = -1
    for k in range(count):
        if seen[k] < 0:
            continue
        hides_any = False
        for other in range(count):
            if other != k and seen[other] >= 0:
                a, b = objects[world, seen[k]], objects[world, seen[other]]
                hides_any = hides_any or _hides(a, b, eye[0], eye[1])
        if not hides_any:
            return k
        if best < 0 or near[k] > near[best]:
            best = k
    return best


@inlined
def _hides(a, b, x, y):
    """Is the eye on a's side of every edge of either that lies between the two? Then a is nearer.

    Two rectangles that do not overlap are separated by the line of an edge. If a hides b, the way
    from the eye to b crosses a first and then every such line: the eye is on a's side of each.
    """
    between, beyond = False, False
    for turn in range(2):
        mine, other = (a, b) if turn == 0 else (b, a)
        s, c = sincos(mine.yaw)
        for side in range(4):
            nx = c if side == 0 else (-s if side == 1 else (-c if side == 2 else s))
            ny = s if side == 0 else (c if side == 1 else (-s if side == 2 else -c))
            reach = 0.5 * (mine.length if side % 2 == 0 else mine.width)
            if _nearest(other, mine.x, mine.y, nx, ny) >= reach:
                outside = nx * (x - mine.x) + ny * (y - mine.y) > reach
                between = True
                beyond = beyond or (outside == (turn == 0))
    return between and not beyond


@inlined
def _nearest(one, x, y, nx, ny):
    """How far the corners of `one` reach from (x, y) along (nx, ny), m: the least."""
    s, c = sincos(one.yaw)
    middle = nx * (one.x - x) + ny * (one.y - y)
    along = abs(0.5 * one.length * (c * nx + s * ny))
    return middle - along - abs(0.5 * one.width * (c * ny - s * nx))
