"""A scan in sectors: in which of some bins of distance is the nearest thing?"""

from __future__ import annotations

import numpy as np

from racer.config import Sensors
from racer.observations._scans import Scans
from racer.sim.lidar import DISCRETIZED


class Observation(Scans):
    """float32 of shape (sectors x values,): in each sector 1 for the bin of the nearest, else 0.

    `race.lidar.values` bins from 0 to `race.lidar.discretized_clip_m`; all are 0 when nothing is
    nearer than that. Sectors are those of `sector_lidar`, or `race.lidar.discretized_sectors`.
    """

    def __init__(self, vehicle: np.ndarray, sensors: Sensors) -> None:
        lidar = sensors.lidar
        sectors = lidar.discretized_sectors or lidar.sectors
        super().__init__(lidar, DISCRETIZED, sectors * lidar.values, sectors)
