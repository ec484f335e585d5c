"""What stands upright: faces of walls and objects, shaded by Lambert's law."""

from __future__ import annotations

import numpy as np

from racer.sim.camera.edges import add_edge
from racer.sim.camera.ground import FIELD, SKY, WALL
from racer.sim.camera.hidden import hidden_by, inside_of, side_of, sticks_out
from racer.sim.camera.lens import plane_of, project
from racer.sim.camera.order import farthest, remember
from racer.sim.jit import inlined
from racer.sim.trig import sincos
from racer.sim.types import BOX

_LITTLE = np.float32(1e-3)  # of a pixel: too little to be seen
NEAR = 0.02  # m, what is nearer to the lens is cut off

# Gain of an upright face: ambient light, and sunlight by Lambert's law. The unit vector to the sun.
_AMBIENT, _SUN = 0.5, 0.966
_SUN_X, _SUN_Y, _SUN_Z = 0.4834, -0.0967, 0.8701
# Texture colours of a box, and of a car's shell.
_BOX_RED, _BOX_GREEN, _BOX_BLUE = 123.0, 97.0, 79.0
_CAR_RED, _CAR_GREEN, _CAR_BLUE = 13.0, 14.0, 11.0


@inlined
def add_walls(desk, walls, weights, eye, view, channels):
    """The inner sides of the walls, as areas of the ground: all that is behind is field or sky.

    What is as high as the lens is on the horizon: below it a wall takes the place of the field,
    above it that of the sky.
    """
    light = desk.light
    red, green = desk.colors[WALL, 0] * light[0], desk.colors[WALL, 1] * light[1]
    blue = desk.colors[WALL, 2] * light[2]
    box = (0.0, 0.0, 0.0, 0.0)
    for k in range(4):
        ax, ay, bx, by, nx, ny = side_of(walls, k)
        if nx * (eye[0] - ax) + ny * (eye[1] - ay) <= 0.0:
            continue
        gain = _gain(nx, ny)
        for part in range(2):
            low = 0.0 if part == 0 else min(eye[2], walls[4])
            high = min(eye[2], walls[4]) if part == 0 else walls[4]
            behind = FIELD if part == 0 else SKY
            for p in range(channels):
                level = plane_of(channels, p, weights, gain * red, gain * green, gain * blue)
                desk.delta[p] = level - desk.palette[behind * channels + p]
            _upright(desk, eye, bx, by, ax, ay, low, high)
            box = _add_face(desk, desk.corners, 4, eye, view, channels, box)


@inlined
def draw_objects(desk, objects, world, own, walls, weights, eye, view, channels):
    count, outside = 0, False
    for k in range(objects.shape[1]):
        one = objects[world, k]
        if one.present and k != own:
            count = remember(desk.seen, desk.near, count, k, one, eye)
            outside = outside or (walls[4] > 0.0 and sticks_out(one, walls))
    if outside:
        _lay_walls(desk, walls, weights, eye, view, channels)
    for _ in range(count):
        k = farthest(desk.seen, desk.near, count, objects, world, eye)
        column = desk.seen[k]
        desk.seen[k] = -1
        _draw_object(desk, objects[world, column], walls, weights, eye, view, channels)


@inlined
def _lay_walls(desk, walls, weights, eye, view, channels):
    """How much of every pixel is wall, to desk.wall: its colours times that, and that."""
    light = desk.light
    red, green = desk.colors[WALL, 0] * light[0], desk.colors[WALL, 1] * light[1]
    blue = desk.colors[WALL, 2] * light[2]
    box = (0.0, 0.0, 0.0, 0.0)
    for k in range(4):
        ax, ay, bx, by, nx, ny = side_of(walls, k)
        if nx * (eye[0] - ax) + ny * (eye[1] - ay) > 0.0:
            _upright(desk, eye, bx, by, ax, ay, 0.0, walls[4])
            _color(desk, channels, weights, _gain(nx, ny), red, green, blue)
            box = _add_face(desk, desk.corners, 4, eye, view, channels + 1, box)
    width, height = view.width, view.height
    run = desk.run[:height]
    for p in range(channels + 1):
        run[:] = np.float32(0.0)
        for x in range(width + 1):
            at = (p * (width + 1) + x) * height
            _sum_up(desk.sums[at : at + height], run)
            if x < width:
                at = (p * width + x) * height
                desk.wall[at : at + height] = run


@inlined
def _draw_object(desk, one, walls, weights, eye, view, channels):
    red, green, blue = _CAR_RED, _CAR_GREEN, _CAR_BLUE
    if one.kind == BOX:
        red, green, blue = _BOX_RED, _BOX_GREEN, _BOX_BLUE
    s, c = sincos(one.yaw)
    along, across = 0.5 * one.length, 0.5 * one.width
    behind = walls[4] > 0.0 and sticks_out(one, walls)
    box = (1e9, 1e9, -1e9, -1e9)
    for k in range(4):  # ahead, left, behind, right: the outward normal of each side
        nx = c if k == 0 else (-s if k == 1 else (-c if k == 2 else s))
        ny = s if k == 0 else (c if k == 1 else (-s if k == 2 else -c))
        out, side = (along, across) if k % 2 == 0 else (across, along)
        mx, my = one.x + out * nx, one.y + out * ny
        if nx * (eye[0] - mx) + ny * (eye[1] - my) <= 0.0:
            continue
        # seen from outside, the right end is to the left of the normal
        _upright(
            desk,
            eye,
            mx + side * ny,
            my - side * nx,
            mx - side * ny,
            my + side * nx,
            0.0,
            one.height,
        )
        _color(desk, channels, weights, _gain(nx, ny), red, green, blue)
        box = _add_seen(desk, walls, behind, eye, view, channels + 1, box)
    if eye[2] > one.height:
        for k in range(4):  # clockwise as seen from above
            a = along if k in (0, 3) else -along
            b = across if k < 2 else -across
            _corner(desk, 3 - k, eye, one.x + c * a - s * b, one.y + s * a + c * b, one.height)
        _color(desk, channels, weights, _AMBIENT + _SUN * _SUN_Z, red, green, blue)
        box = _add_seen(desk, walls, behind, eye, view, channels + 1, box)
    if box[0] < box[2]:
        _blend(desk, view, channels, box, behind)


@inlined
def _add_seen(desk, walls, behind, eye, view, planes, box):
    """Add the face at desk.corners, less what walls hide of it if it may be `behind` one.

    The last plane, which only such an object has, is of what is inside the walls.
    """
    if not behind:
        return _add_face(desk, desk.corners, 4, eye, view, planes, box)
    desk.delta[planes] = 0.0
    box = _add_face(desk, desk.corners, 4, eye, view, planes, box)
    for p in range(planes):  # what is hidden is taken away again
        desk.delta[p] = -desk.delta[p]
    for k in range(5):
        if k < 4:
            count = hidden_by(desk.corners, desk.cut, walls, k, eye)
        else:
            count = inside_of(desk.corners, desk.cut, walls, eye)
            desk.delta[:planes] = np.float32(0.0)
            desk.delta[planes] = 1.0
        if count > 2:
            box = _add_face(desk, desk.cut[0], count, eye, view, planes + 1, box)
    return box


@inlined
def _add_face(desk, corners, count, eye, view, planes, box):
    """Add desk.delta inside a face with `count` corners, which are clockwise as seen.

    Args:
        corners: (K, 3) m, seen from the lens: ahead, left and up.
        box: left, top, right, bottom of what is around everything so far, px.

    Returns:
        the same around this face, too.
    """
    left, top, right, bottom = box
    sp, cp, up = eye[5], eye[6], eye[2]
    seen = 0
    for k in range(count):
        a, b = corners[k], corners[(k + 1) % count]
        depth = a[0] * cp + (up - a[2]) * sp
        next_depth = b[0] * cp + (up - b[2]) * sp
        if depth >= NEAR:
            desk.face[seen, 0], desk.face[seen, 1] = project(eye, view, a[0], a[1], a[2])
            seen += 1
        if (depth >= NEAR) != (next_depth >= NEAR):
            t = (NEAR - depth) / (next_depth - depth)
            ahead, aside = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
            high = a[2] + t * (b[2] - a[2])
            desk.face[seen, 0], desk.face[seen, 1] = project(eye, view, ahead, aside, high)
            seen += 1
    size = (view.width + 1) * view.height
    for k in range(seen):
        col, row = desk.face[k]
        left, right = min(left, col), max(right, col)
        top, bottom = min(top, row), max(bottom, row)
        b_col, b_row = desk.face[(k + 1) % seen]
        add_edge(
            desk.sums,
            view.height,
            view.width,
            size,
            planes,
            desk.delta,
            col,
            row,
            b_col,
            b_row,
        )
    return left, top, right, bottom


@inlined
def _blend(desk, view, channels, box, behind):
    """Lay what the faces added over the picture, inside the box around them."""
    width, height = view.width, view.height
    size, pixels = (width + 1) * height, width * height
    first, last = int(min(max(box[0], 0.0), width)), int(min(max(box[2] + 1.0, 0.0), width))
    top, bottom = int(min(max(box[1], 0.0), height)), int(min(max(box[3] + 1.0, 0.0), height))
    rows = bottom - top
    cover = desk.run[channels * height : channels * height + rows]
    inside = desk.run[(channels + 1) * height : (channels + 1) * height + rows]
    cover[:] = inside[:] = np.float32(0.0)
    for p in range(channels):
        desk.run[p * height : p * height + rows] = np.float32(0.0)
    for x in range(first, last + 1):
        at = x * height + top
        _sum_up(desk.sums[channels * size + at : channels * size + at + rows], cover)
        if behind:
            at_inside = (channels + 1) * size + at
            _sum_up(desk.sums[at_inside : at_inside + rows], inside)
        for p in range(channels):
            run = desk.run[p * height : p * height + rows]
            _sum_up(desk.sums[p * size + at : p * size + at + rows], run)
            if x < width:
                under = desk.picture[p * pixels + at : p * pixels + at + rows]
                if behind:
                    wall = desk.wall[p * pixels + at : p * pixels + at + rows]
                    walled = desk.wall[channels * pixels + at : channels * pixels + at + rows]
                    _blend_behind(under, cover, inside, run, wall, walled)
                else:
                    for row in range(run.size):
                        under[row] = under[row] - cover[row] * under[row] + run[row]


@inlined
def _sum_up(added, run):
    """Add to the running sums of a column what edges added to it, which is cleared."""
    for row in range(added.size):
        run[row] += added[row]
        added[row] = np.float32(0.0)


@inlined
def _blend_behind(under, cover, inside, run, wall, walled):
    """Lay over a column what is beside walls, in the rest of a pixel, and what is before them."""
    for row in range(under.size):
        if cover[row] > _LITTLE:
            rest = np.float32(1.0) - walled[row]
            before = min(max(inside[row], np.float32(0.0)), cover[row])
            share = before
            if rest > _LITTLE:
                share = min(before + (cover[row] - before) / rest, np.float32(1.0))
            beside = under[row] - wall[row]
            under[row] += run[row] - before * wall[row] - share * beside


@inlined
def _corner(desk, k, eye, x, y, up):
    """Corner k of a face, at (x, y) of the world."""
    x0, y0, _, s, c, _, _, _ = eye
    dx, dy = x - x0, y - y0
    desk.corners[k, 0], desk.corners[k, 1], desk.corners[k, 2] = (
        c * dx + s * dy,
        c * dy - s * dx,
        up,
    )


@inlined
def _upright(desk, eye, ax, ay, bx, by, low, high):
    """An upright face from a, on the left as seen, to b, and from `low` to `high` m."""
    _corner(desk, 0, eye, ax, ay, low)
    _corner(desk, 1, eye, ax, ay, high)
    _corner(desk, 2, eye, bx, by, high)
    _corner(desk, 3, eye, bx, by, low)


@inlined
def _gain(nx, ny):
    """Of a face with this normal, a vector of length 1: how bright it is."""
    return _AMBIENT + _SUN * max(0.0, _SUN_X * nx + _SUN_Y * ny)


@inlined
def _color(desk, channels, weights, gain, red, green, blue):
    """What a face of an object adds: its colour, and that it covers."""
    red, green, blue = red * desk.light[0], green * desk.light[1], blue * desk.light[2]
    for p in range(channels):
        level = plane_of(channels, p, weights, gain * red, gain * green, gain * blue)
        desk.delta[p] = min(level, 255.0)
    desk.delta[channels] = 1.0
