"""What lies on the ground: the edges of road, lines and dashes, then the sum over every row."""

from __future__ import annotations

import numpy as np

from racer.sim.camera.edges import add_edge
from racer.sim.camera.ground import FIELD, SKY
from racer.sim.camera.lens import project
from racer.sim.jit import inlined

DASHES_SEEN = 8.0  # m; farther away a dash changes a pixel by less than one level
_TINY = 0.04  # px2; a dash that is smaller is put into one pixel whole


@inlined
def add_ground(desk, ground, eye, view, channels):
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
            col, row = project(eye, view, ahead, left, 0.0)
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
            col, row = project(eye, view, ahead, left, 0.0)
        if j > first and (depth >= near or a_depth >= near):
            b_col, b_row = col, row
            if depth < near or a_depth < near:
                t = (near - a_depth) / (depth - a_depth)
                cut = project(
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
def fill(desk, eye, view, channels):
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
