"""A picture: what the car's camera sees of the road and of what stands on it."""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._pictures import Pictures


class Observation(Pictures):
    """Pixels, uint8 of shape (channels, height, width); the first row is the top of the picture.

    One grey channel, or red, green and blue; of a stack the oldest picture comes first. By
    default 80 x 60 pixels, from the official camera's place and with its field of view.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        super().__init__(sensors.camera, (0.0,), varied=sensors.varied)
