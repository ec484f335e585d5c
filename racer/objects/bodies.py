"""How large each kind of object is: to look at, and to crash into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Body(NamedTuple):
    """Of one kind, m.

    Attributes:
        length, width, height: of what is seen.
        half_length, half_width: of the rectangle that a crash is measured by.
        z: of the pose that the official simulator looks for in the camera.
    """

    length: float
    width: float
    height: float
    half_length: float
    half_width: float
    z: float


# Source: models/*_obstacle and track_geom/constants.py of deepracer-simapp.
BODIES = {
    "box": Body(0.40, 0.30, 0.25, 0.25, 0.20, 0.1),
    "amazon_box": Body(0.40, 0.30, 0.25, 0.25, 0.20, 0.1),
    "deepracer_box": Body(0.36, 0.265, 0.24, 0.25, 0.20, 0.1),
    "car": Body(0.324, 0.188, 0.195, 0.16176, 0.09805, 0.0),
}


def body(rows: np.ndarray, kind: str) -> None:
    """Give OBJECT rows the size of a kind."""
    for name, value in BODIES[kind]._asdict().items():
        rows[name] = value
