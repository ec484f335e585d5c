"""One car of either model, where every car is driven by itself."""

from __future__ import annotations

from racer.sim.jit import helper
from racer.sim.models.kinematic import drive, load, portions_of, store
from racer.sim.models.single_track import drive_single_track
from racer.sim.types import KINEMATIC


@helper
def drive_one(car, steer, speed, block, vehicle, sim):
    """Drive `car` one control step towards `steer` (rad) and `speed` (m/s).

    Args:
        block: of `new_block`, scratch.
    """
    if vehicle.model == KINEMATIC:
        load(block, 0, car, steer, speed)
        drive(block, 1, vehicle, portions_of(vehicle, sim))
        store(block, 0, car)
    else:
        drive_single_track(car, steer, speed, vehicle, sim)
