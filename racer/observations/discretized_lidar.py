"""A scan in sectors: in which of some bins of distance is the nearest thing?"""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._scans import Scans
from racer.sim.lidar import DISCRETIZED


class Observation(Scans):
    """float32 of shape (sectors x values,): in each sector 1 for the bin of the nearest, else 0.

    `race.lidar.values` bins from 0 to `race.lidar.discretized_clip_m`; all are 0 when nothing is
    nearer than that. Sectors are those of `sector_lidar`.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        size = sensors.lidar.sectors * sensors.lidar.values
        super().__init__(sensors.lidar, DISCRETIZED, size)
