"""A scan: how far it is to boxes, cars and walls, beam by beam."""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._scans import Scans
from racer.sim.lidar import RANGES


class Observation(Scans):
    """Ranges, float32 of shape (beams,), m, from 0.15 to `race.lidar.clip_m`.

    | index | meaning | range |
    |---|---|---|
    | k | distance to what beam k meets; clip_m where it meets nothing nearer | 0.15 ... 1 m |

    As on the official car 64 beams over 300 degrees, counter-clockwise: beam 0 points 30 degrees to
    the left of straight ahead, beam 31 backwards, beam 63 30 degrees to the right. 60 degrees
    straight ahead are not seen.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        super().__init__(sensors.lidar, RANGES, sensors.lidar.beams)
