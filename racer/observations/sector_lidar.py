"""A scan in eight sectors: is something near in it?"""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._scans import Scans
from racer.sim.lidar import SECTORS


class Observation(Scans):
    """float32 of shape (sectors,): 1 where something is nearer than 0.5 m, else 0.

    Sector 0 is left of the front, the last one right of it; between them they go round the back.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        sectors = sensors.lidar.sectors
        super().__init__(sensors.lidar, SECTORS, sectors, sectors)
