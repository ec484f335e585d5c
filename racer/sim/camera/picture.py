"""Draw what every car sees: the ground first, then walls and objects from far to near."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from racer.sim.camera.edges import add_edge
from racer.sim.camera.ground import COLORS, FIELD, SKY, WALL
from racer.sim.camera.order import farthest, remember
from racer.sim.camera.vary import vary_image, vary_lens, vary_light
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.scene import own_column
from racer.sim.trig import sincos
from racer.sim.types import BOX

NEAR = 0.02  # m, what is nearer to the lens is cut off
DASHES_SEEN = 8.0  # m; farther away a dash changes a pixel by less than one level
OBJECTS_SEEN = 16  # the nearest of those that may be in view

_TINY = 0.04  # px2; a dash that is smaller is put into one pixel whole

# Gain of an upright face: ambient light, and sunlight by Lambert's law. The unit vector to the sun.
_AMBIENT, _SUN = 0.5, 0.966
_SUN_X, _SUN_Y, _SUN_Z = 0.4834, -0.0967, 0.8701
# Texture colours of a box, and of a car's shell.
_BOX_RED, _BOX_GREEN, _BOX_BLUE = 123.0, 97.0, 79.0
_CAR_RED, _CAR_GREEN, _CAR_BLUE = 13.0, 14.0, 11.0


class Desk(NamedTuple):
    """Room to draw one picture in, and whatever is the same for all."""

    sums: np.ndarray  # float32: planes of what edges add, see racer.sim.camera.edges
    picture: np.ndarray  # float32: planes of pixels, column after column
    run: np.ndarray  # float32: running sums of every row
    palette: np.ndarray  # (COLORS * channels,) float32
    delta: np.ndarray  # (4,) float32
    corners: np.ndarray  # (4, 3) m: of a face, seen from the lens, ahead, left and up
    face: np.ndarray  # (6, 2) px
    seen: np.ndarray  # (OBJECTS_SEEN,) int64, columns of the objects in view; negative: drawn
    near: np.ndarray  # (OBJECTS_SEEN,) m, how far each is
    colors: np.ndarray  # (COLORS, 3) of this car's episode
    light: np.ndarray  # (3,) factors of red, green and blue


def desk(width: int, height: int, channels: int) -> Desk:
    """Room for pictures of this size."""
    planes = channels + 1
    return Desk(
        np.zeros(planes * (width + 1) * height, np.float32),
        np.zeros(channels * width * height, np.float32),
        np.zeros(planes * height, np.float32),
        np.zeros(COLORS * channels, np.float32),
        np.zeros(4, np.float32),
        np.zeros((4, 3)),
        np.zeros((6, 2)),
        np.zeros(OBJECTS_SEEN, np.int64),
        np.zeros(OBJECTS_SEEN),
        np.zeros((COLORS, 3)),
        np.ones(3),
    )


@kernel
def draw(
    cars,
    mask,
    out,
    first,
    direction,
    ground,
    colors,
    weights,
    varied,
    views,
    objects,
    per_world,
    desk,
):
    """What each car of this direction with mask[i] sees, to out[i].

    Args:
        cars: (N,) CAR.
        mask: (N,) bool.
        out: (N, planes, height, width) uint8.
        first: the plane that the first view begins at.
        direction: CAR["direction"] of the cars that are drawn.
        ground: Ground of the road.
        colors: (COLORS, 3) red, green, blue.
        weights: (3,) of red, green and blue in a grey level.
        varied: light, lens and noise differ from episode to episode, see racer.sim.camera.vary.
        views: (V,) VIEW, all of one size.
        objects: (W, K) OBJECT of each world.
        per_world: cars in a world.
        desk: Desk for that size.
    """
    ground, desk, objects = borrowed(ground), borrowed(desk), borrowed(objects)
    out, colors, weights = borrowed(out), borrowed(colors), borrowed(weights)
    channels = views[0].channels
    for i in range(cars.size):
        if mask[i] and cars[i].direction == direction:
            if varied:
                vary_light(cars[i], colors, desk.colors, desk.light)
            else:
                desk.colors[:] = colors
            _mix_palette(desk, weights, channels)
            for v in range(views.size):
                view = views[v]
                eye = _eye_of(cars[i], view, varied)
                if ground.walls[4] > 0.0:
                    _add_walls(desk, ground.walls, weights, eye, view, channels)
                _add_ground(desk, ground, eye, view, channels)
                _fill(desk, eye, view, channels)
                if objects.shape[1] > 0:
                    world, own = i // per_world, own_column(i, per_world)
                    _draw_objects(desk, objects, world, own, weights, eye, view, channels)
                if varied:
                    _write_varied(desk.picture, out[i], first, cars[i], v, view, channels)
                else:
                    _write(desk.picture, out[i], first + v * channels, view, channels)


@inlined
def _level(channels, p, weights, red, green, blue):
    """Plane p of a colour: its grey level, or one of red, green and blue."""
    if channels == 1:
        return weights[0] * red + weights[1] * green + weights[2] * blue
    return red if p == 0 else (green if p == 1 else blue)


@inlined
def _mix_palette(desk, weights, channels):
    light = desk.light
    for k in range(COLORS):
        red = min(desk.colors[k, 0] * light[0], 255.0)
        green = min(desk.colors[k, 1] * light[1], 255.0)
        blue = min(desk.colors[k, 2] * light[2], 255.0)
        for p in range(channels):
            desk.palette[k * channels + p] = _level(channels, p, weights, red, green, blue)


@inlined
def _eye_of(car, view, varied):
    """Where the lens is and how it looks: x, y, up; sine and cosine of yaw and pitch; focal."""
    yaw, pitch, up, aside, zoom = 0.0, 0.0, 0.0, 0.0, 1.0
    if varied:
        yaw, pitch, up, aside, zoom = vary_lens(car)
    s, c = sincos(car.yaw)
    left = view.left + aside
    x = car.x + c * view.forward - s * left
    y = car.y + s * view.forward + c * left
    s, c = sincos(car.yaw + yaw)
    sp, cp = sincos(max(view.pitch + pitch, 0.0))
    return x, y, max(view.up + up, 0.01), s, c, sp, cp, view.focal * zoom


@inlined
def _project(eye, view, ahead, left, up):
    """Column and row, px, of a point seen from under the lens: m ahead, left, above the ground."""
    _, _, height, _, _, sp, cp, focal = eye
    below = height - up
    per_depth = focal / (ahead * cp + below * sp)
    column = 0.5 * view.width - left * per_depth
    return column, 0.5 * view.height + (below * cp - ahead * sp) * per_depth


@inlined
def _add_ground(desk, ground, eye, view, channels):
    width, height = view.width, view.height
    size = (width + 1) * height
    x0, y0, up, s, c, sp, cp, focal = eye
    wide = 0.5 * width / focal
    rim = np.sqrt(1.0 + wide * wide)
    near = 0.5 * up / (sp + 0.5 * height / focal * cp)  # m, well below the picture's lower edge
    for k in range(ground.chunks.size):
        chunk = ground.chunks[k]
        dx, dy = chunk.x - x0, chunk.y - y0
        ahead, left = c * dx + s * dy, c * dy - s * dx
        depth = ahead * cp + up * sp
        r = chunk.radius
        if depth + r < near or left + wide * depth < -r * rim:
            continue
        aside = left - wide * depth > r * rim  # left of the picture: where it is does not matter
        if chunk.area > 0.0 and (aside or ahead > DASHES_SEEN):
            continue
        for p in range(channels):
            on_right = desk.palette[chunk.right * channels + p]
            desk.delta[p] = on_right - desk.palette[chunk.left * channels + p]
        tiny = chunk.area * focal * focal * up / (depth * depth * depth)
        if chunk.area > 0.0 and depth > r + near and tiny < _TINY:
            col, row = _project(eye, view, ahead, left, 0.0)
            if 0.0 <= col < width and 0.0 <= row < height:
                at = int(col) * height + int(row)
                for p in range(channels):
                    desk.sums[p * size + at] -= tiny * desk.delta[p]
                    desk.sums[p * size + at + height] += tiny * desk.delta[p]
            continue
        step = chunk.count if aside and depth - r > near else 1
        _draw_line(desk, ground.points, chunk.first, chunk.count, step, eye, view, channels, near)


@inlined
def _draw_line(desk, points, first, count, step, eye, view, channels, near):
    """The edges from points[first] to points[first + count], `step` of them in one."""
    x0, y0, up, s, c, sp, cp, _ = eye
    width, height = view.width, view.height
    size = (width + 1) * height
    a_ahead = a_left = a_depth = a_col = a_row = 0.0
    for j in range(first, first + count + 1, step):
        dx, dy = points[j, 0] - x0, points[j, 1] - y0
        ahead, left = c * dx + s * dy, c * dy - s * dx
        depth = ahead * cp + up * sp
        col = row = 0.0
        if depth >= near:
            col, row = _project(eye, view, ahead, left, 0.0)
        if j > first and (depth >= near or a_depth >= near):
            b_col, b_row = col, row
            if depth < near or a_depth < near:
                t = (near - a_depth) / (depth - a_depth)
                cut = _project(
                    eye, view, a_ahead + t * (ahead - a_ahead), a_left + t * (left - a_left), 0.0
                )
                if depth < near:
                    b_col, b_row = cut
                else:
                    a_col, a_row = cut
            add_edge(
                desk.sums, height, width, size, channels, desk.delta, a_col, a_row, b_col, b_row
            )
        a_ahead, a_left, a_depth, a_col, a_row = ahead, left, depth, col, row


@inlined
def _fill(desk, eye, view, channels):
    """Sum up what the edges added, from sky and field at the left end of every row."""
    width, height = view.width, view.height
    _, _, _, _, _, sp, cp, focal = eye
    horizon = min(max(0.5 * height - focal * sp / cp, 0.0), float(height))
    top = int(horizon)  # the row that holds it
    run = desk.run[:height]
    for p in range(channels):
        sky, field = desk.palette[SKY * channels + p], desk.palette[FIELD * channels + p]
        for row in range(height):
            run[row] = sky if row < top else field
        if top < height:
            run[top] = field + np.float32(horizon - top) * (sky - field)
        sums = desk.sums[p * (width + 1) * height : (p + 1) * (width + 1) * height]
        picture = desk.picture[p * width * height : (p + 1) * width * height]
        for x in range(width):
            added = sums[x * height : (x + 1) * height]
            pixels = picture[x * height : (x + 1) * height]
            for row in range(added.size):
                run[row] += added[row]
                pixels[row] = run[row]
                added[row] = np.float32(0.0)
        sums[width * height :] = np.float32(0.0)


@inlined
def _add_face(desk, eye, view, planes, box):
    """Add desk.delta inside the face whose corners are at desk.corners, clockwise as seen.

    Args:
        box: left, top, right, bottom of what is around everything so far, px.

    Returns:
        the same around this face, too.
    """
    left, top, right, bottom = box
    sp, cp, up = eye[5], eye[6], eye[2]
    count = 0
    for k in range(4):
        a, b = desk.corners[k], desk.corners[(k + 1) % 4]
        depth = a[0] * cp + (up - a[2]) * sp
        next_depth = b[0] * cp + (up - b[2]) * sp
        if depth >= NEAR:
            desk.face[count, 0], desk.face[count, 1] = _project(eye, view, a[0], a[1], a[2])
            count += 1
        if (depth >= NEAR) != (next_depth >= NEAR):
            t = (NEAR - depth) / (next_depth - depth)
            ahead, aside = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
            high = a[2] + t * (b[2] - a[2])
            desk.face[count, 0], desk.face[count, 1] = _project(eye, view, ahead, aside, high)
            count += 1
    size = (view.width + 1) * view.height
    for k in range(count):
        col, row = desk.face[k]
        left, right = min(left, col), max(right, col)
        top, bottom = min(top, row), max(bottom, row)
        b_col, b_row = desk.face[(k + 1) % count]
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
def _blend(desk, view, channels, box):
    """Lay what the faces added over the picture, inside the box around them."""
    width, height = view.width, view.height
    size, pixels = (width + 1) * height, width * height
    first, last = int(min(max(box[0], 0.0), width)), int(min(max(box[2] + 1.0, 0.0), width))
    top, bottom = int(min(max(box[1], 0.0), height)), int(min(max(box[3] + 1.0, 0.0), height))
    rows = bottom - top
    cover = desk.run[channels * height : channels * height + rows]
    cover[:] = np.float32(0.0)
    for p in range(channels):
        desk.run[p * height : p * height + rows] = np.float32(0.0)
    for x in range(first, last + 1):
        at = x * height + top
        added = desk.sums[channels * size + at : channels * size + at + rows]
        for row in range(added.size):
            cover[row] += added[row]
            added[row] = np.float32(0.0)
        for p in range(channels):
            added = desk.sums[p * size + at : p * size + at + rows]
            run = desk.run[p * height : p * height + rows]
            for row in range(added.size):
                run[row] += added[row]
                added[row] = np.float32(0.0)
            if x < width:
                under = desk.picture[p * pixels + at : p * pixels + at + rows]
                for row in range(added.size):
                    under[row] = under[row] - cover[row] * under[row] + run[row]


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
def _add_walls(desk, walls, weights, eye, view, channels):
    """The inner sides of the walls, as areas of the ground: all that is behind is field or sky.

    What is as high as the lens is on the horizon: below it a wall takes the place of the field,
    above it that of the sky.
    """
    light = desk.light
    red, green = desk.colors[WALL, 0] * light[0], desk.colors[WALL, 1] * light[1]
    blue = desk.colors[WALL, 2] * light[2]
    box = (0.0, 0.0, 0.0, 0.0)
    for k in range(4):  # counter-clockwise from the lower left corner
        ax, bx = walls[2 if k in (1, 2) else 0], walls[2 if k in (0, 1) else 0]
        ay, by = walls[3 if k in (2, 3) else 1], walls[3 if k in (1, 2) else 1]
        nx = 1.0 if k == 3 else (-1.0 if k == 1 else 0.0)
        ny = 1.0 if k == 0 else (-1.0 if k == 2 else 0.0)
        if nx * (eye[0] - ax) + ny * (eye[1] - ay) <= 0.0:
            continue
        gain = _gain(nx, ny)
        for part in range(2):
            low = 0.0 if part == 0 else min(eye[2], walls[4])
            high = min(eye[2], walls[4]) if part == 0 else walls[4]
            behind = FIELD if part == 0 else SKY
            for p in range(channels):
                level = _level(channels, p, weights, gain * red, gain * green, gain * blue)
                desk.delta[p] = level - desk.palette[behind * channels + p]
            _upright(desk, eye, bx, by, ax, ay, low, high)
            box = _add_face(desk, eye, view, channels, box)


@inlined
def _draw_objects(desk, objects, world, own, weights, eye, view, channels):
    count = 0
    for k in range(objects.shape[1]):
        one = objects[world, k]
        if one.present and k != own:
            count = remember(desk.seen, desk.near, count, k, one, eye)
    for _ in range(count):
        k = farthest(desk.seen, desk.near, count, objects, world, eye)
        column = desk.seen[k]
        desk.seen[k] = -1
        _draw_object(desk, objects[world, column], weights, eye, view, channels)


@inlined
def _color(desk, channels, weights, gain, red, green, blue):
    """What a face of an object adds: its colour, and that it covers."""
    red, green, blue = red * desk.light[0], green * desk.light[1], blue * desk.light[2]
    for p in range(channels):
        level = _level(channels, p, weights, gain * red, gain * green, gain * blue)
        desk.delta[p] = min(level, 255.0)
    desk.delta[channels] = 1.0


@inlined
def _draw_object(desk, one, weights, eye, view, channels):
    red, green, blue = _CAR_RED, _CAR_GREEN, _CAR_BLUE
    if one.kind == BOX:
        red, green, blue = _BOX_RED, _BOX_GREEN, _BOX_BLUE
    s, c = sincos(one.yaw)
    along, across = 0.5 * one.length, 0.5 * one.width
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
        box = _add_face(desk, eye, view, channels + 1, box)
    if eye[2] > one.height:
        for k in range(4):  # clockwise as seen from above
            a = along if k in (0, 3) else -along
            b = across if k < 2 else -across
            _corner(desk, 3 - k, eye, one.x + c * a - s * b, one.y + s * a + c * b, one.height)
        _color(desk, channels, weights, _AMBIENT + _SUN * _SUN_Z, red, green, blue)
        box = _add_face(desk, eye, view, channels + 1, box)
    if box[0] < box[2]:
        _blend(desk, view, channels, box)


@inlined
def _write(picture, out, first, view, channels):
    width, height = view.width, view.height
    for p in range(channels):
        pixels = picture[p * width * height : (p + 1) * width * height]
        to = out[first + p]
        for x in range(width):
            column = pixels[x * height : (x + 1) * height]
            for row in range(column.size):
                level = column[row] + view.rounding
                to[row, x] = np.uint8(min(max(level, np.float32(0.0)), np.float32(255.0)))


@inlined
def _write_varied(picture, out, first, car, v, view, channels):
    """The same with blur, and with noise from a linear congruential generator."""
    width, height = view.width, view.height
    blur, noise, state = vary_image(car, v)
    beside = 0.25 * blur
    for p in range(channels):
        pixels = picture[p * width * height : (p + 1) * width * height]
        for x in range(width):
            left, right = max(x - 1, 0) * height, min(x + 1, width - 1) * height
            for row in range(height):
                above, below = max(row - 1, 0), min(row + 1, height - 1)
                around = pixels[left + row] + pixels[right + row]
                around += pixels[x * height + above] + pixels[x * height + below]
                level = (1.0 - blur) * pixels[x * height + row] + beside * around + view.rounding
                state = (state * 1103515245 + 12345) & 0x7FFFFFFF
                level += noise * (2.0 * (state >> 8) / 8388608.0 - 1.0)
                out[first + v * channels + p, row, x] = np.uint8(min(max(level, 0.0), 255.0))
