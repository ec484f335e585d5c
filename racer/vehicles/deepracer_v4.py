"""DeepRacer as simulated in the console era (model_metadata version 3 and 4): a slow powertrain."""

from __future__ import annotations

import math

from racer.vehicles import vehicle

PARAMS = vehicle(
    # chassis, from the official URDF (deepracer reference, section 3)
    wheelbase=0.164,
    rear_axle=0.0817,
    nose=0.14,  # where params are measured: model origin + 0.14 m
    track_front=0.159,
    track_rear=0.162,
    length=0.324,  # body mesh
    width=0.188,
    steer_max=math.radians(30.0),
    speed_min=0.1,
    speed_max=4.0,
    # identified on a real log, training-20 of the console era: `racer log fit`, docs/fidelity.md
    speed_gain=0.9926,
    speed_lag=0.2292,
    steer_lag=0.4745,
    effective_wheelbase=0.2251,
    lateral_grip=2.0987,
)
