"""A view: where a camera sits on the car, which way it looks, and what of its picture is kept."""

from __future__ import annotations

import math

import numpy as np

VIEW = np.dtype(
    [
        ("width", "i8"),  # px
        ("height", "i8"),
        ("channels", "i8"),  # 1 grey, 3 red, green and blue
        ("focal", "f8"),  # px, the same across and down
        ("pitch", "f8"),  # rad, down
        ("forward", "f8"),  # m, of the optical centre ahead of the car's origin
        ("left", "f8"),  # m
        ("up", "f8"),  # m, above the ground
        ("rounding", "f4"),  # added before the fraction of a pixel's value is dropped
    ],
    align=True,
)


def view(
    width: int,
    height: int,
    *,
    channels: int,
    fov: float,
    pitch: float,
    forward: float,
    left: float,
    up: float,
    rounding: float,
) -> np.ndarray:
    """(1,) VIEW; `fov` is the horizontal field of view, rad."""
    row = np.zeros(1, VIEW)
    focal = 0.5 * width / math.tan(0.5 * fov)
    row[0] = (width, height, channels, focal, pitch, forward, left, up, rounding)
    return row
