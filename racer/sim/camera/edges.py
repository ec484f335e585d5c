"""Signed areas: what one edge adds to the pixels it crosses.

`sums` holds planes of pixels, column after column, one column more than the picture has. An edge
adds `delta` (one number for each plane, what is on its right less what is on its left) times the
area to the right of it, so that a running sum along each row is the exact mean over every pixel.

Source: the accumulation buffer of font rasterizers (Raph Levien, font-rs, 2016).
"""

from __future__ import annotations

from racer.sim.jit import inlined


@inlined
def _add(sums, at, size, planes, delta, first, amount):
    sums[at] += amount * first  # delta[0], read once: a grey picture has one plane
    for p in range(1, planes):
        sums[p * size + at] += amount * delta[p]


@inlined
def _add_row(sums, row, height, width, size, planes, delta, first, x0, x1, part):
    """The piece of an edge inside one row, from x0 to x1, that covers `part` of the row."""
    a, b = min(x0, x1), max(x0, x1)
    if a >= width:
        return
    if b <= 0.0:
        _add(sums, row, size, planes, delta, first, part)
        return
    i = int(a)
    if a >= 0.0 and b <= i + 1:  # all of it in one pixel
        share = part * (0.5 * (a + b) - i)
        _add(sums, i * height + row, size, planes, delta, first, part - share)
        _add(sums, (i + 1) * height + row, size, planes, delta, first, share)
        return
    per = part / (b - a)
    if a < 0.0:
        _add(sums, row, size, planes, delta, first, per * -a)
        a = 0.0
    b = min(b, float(width))
    i = int(a)
    while a < b:
        end = min(float(i + 1), b)
        piece = per * (end - a)
        share = piece * (0.5 * (a + end) - i)
        _add(sums, i * height + row, size, planes, delta, first, piece - share)
        _add(sums, (i + 1) * height + row, size, planes, delta, first, share)
        a = end
        i += 1


@inlined
def add_edge(sums, height, width, size, planes, delta, x0, y0, x1, y1):
    """An edge from (x0, y0) to (x1, y1), px; y grows downwards, parts outside are cut off."""
    sign = 1.0
    if y0 < y1:
        sign = -1.0
    else:
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y1 <= 0.0 or y0 >= height or y0 == y1 or (x0 >= width and x1 >= width):
        return
    slope = (x1 - x0) / (y1 - y0)
    first = delta[0]
    y = max(y0, 0.0)
    last = min(y1, float(height))
    x = x0 + slope * (y - y0)
    row = int(y)
    while y < last:
        end = min(float(row + 1), last)
        x_end = x0 + slope * (end - y0)
        part = sign * (end - y)
        _add_row(sums, row, height, width, size, planes, delta, first, x, x_end, part)
        x, y = x_end, end
        row += 1
