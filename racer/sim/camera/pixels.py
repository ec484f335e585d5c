"""Planes of float32 levels become uint8 pixels, with the blur and noise of an episode."""

from __future__ import annotations

import numpy as np

from racer.sim.camera.vary import vary_image
from racer.sim.jit import inlined


@inlined
def write(picture, out, first, view, channels):
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
def write_varied(picture, out, first, car, v, view, channels):
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
