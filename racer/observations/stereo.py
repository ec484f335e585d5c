"""Two pictures: what a camera with two lenses sees."""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._pictures import Pictures


class Observation(Pictures):
    """Pixels, uint8 of shape (2 channels, height, width): the left lens's, then the right one's.

    Otherwise as the observation `camera`.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        aside = 0.5 * sensors.camera.baseline_m
        super().__init__(sensors.camera, (aside, -aside), weights=PILLOW, varied=sensors.varied)


PILLOW = (0.299, 0.587, 0.114, 0.5)  # of red, green and blue in a grey level, and rounding
