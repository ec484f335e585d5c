"""When an episode ends, and why: the rules in the order of the official simulator.

A lap counts before any fault; of the faults, a crash counts before being off the track, that before
standing still, and that before going back; the step cap, which is ours, comes last. A car that is
not to blame for the contact it is in makes no fault at all in that step.

Source: reset rules of deepracer-simapp.
"""

from __future__ import annotations

from racer.sim.jit import inlined
from racer.sim.types import (
    CRASHED,
    IMMOBILIZED,
    IN_PROGRESS,
    LAP_COMPLETE,
    OFF_TRACK,
    REVERSED,
    TIME_UP,
)


@inlined
def judge(car, sim, hit):
    """Set car.status for the state at hand.

    Args:
        hit: what the car touches: 0 nothing, > 0 by its own fault, < 0 by the fault of the other.
    """
    car.status = IN_PROGRESS
    if car.progress >= 100.0:
        car.laps += 1
        if not sim.continuous:
            car.status = LAP_COMPLETE
    elif hit != 0:
        car.status = CRASHED if hit > 0 else IN_PROGRESS
    elif car.wheels_off >= sim.off_track_wheels and sim.end_off_track:
        car.status = OFF_TRACK
    elif car.slow_steps >= sim.fault_steps and sim.end_immobilized:
        car.status = IMMOBILIZED
    elif car.backward_steps >= sim.fault_steps and sim.end_reversed:
        car.status = REVERSED
    if car.status == IN_PROGRESS and 0 < sim.max_steps < car.steps:
        car.status = TIME_UP
