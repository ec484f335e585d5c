"""Physics randomisation: the vehicle that a car drives in one episode, keyed per car.

| what | how much |
|---|---|
| grip | 0.8 to 1.2 times; of a vehicle with tyres, their friction |
| lag of the speed, lag of the steering | each 0.7 to 1.3 times, and up to 30 ms more |
| delay | 0.5 to 1.5 times, and up to 15 ms more; never longer than a control step |
| speed gain | 0.9 to 1.1 times |
| wheelbase that it turns by | 0.9 to 1.1 times |

The body stays: where the wheels and the nose are is measured with the vehicle as it is.
"""

from __future__ import annotations

from racer.sim.jit import inlined
from racer.sim.rng import between

_GROUP = 8  # of random numbers; the camera has 1 to 3
_MORE_LAG, _MORE_DELAY = 0.030, 0.015  # s


@inlined
def vary_vehicle(car, vehicle, sim, out):
    """Write the VEHICLE of this episode of `car` to the row `out`, a copy of `vehicle` so far."""
    grip = between(car, _GROUP, 0, 0.8, 1.2)
    out.lateral_grip = vehicle.lateral_grip * grip
    out.friction = vehicle.friction * grip
    more = between(car, _GROUP, 1, 0.0, _MORE_LAG)
    out.speed_lag = vehicle.speed_lag * between(car, _GROUP, 2, 0.7, 1.3) + more
    more = between(car, _GROUP, 3, 0.0, _MORE_LAG)
    out.steer_lag = vehicle.steer_lag * between(car, _GROUP, 4, 0.7, 1.3) + more
    more = between(car, _GROUP, 5, 0.0, _MORE_DELAY)
    delay = vehicle.delay * between(car, _GROUP, 6, 0.5, 1.5) + more
    out.delay = min(delay, sim.control_dt)
    out.speed_gain = vehicle.speed_gain * between(car, _GROUP, 7, 0.9, 1.1)
    longer = between(car, _GROUP, 8, 0.9, 1.1)
    out.effective_wheelbase = vehicle.effective_wheelbase * longer
    out.wheelbase = vehicle.wheelbase * longer
    out.rear_axle = vehicle.rear_axle * longer
