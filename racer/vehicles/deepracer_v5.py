"""DeepRacer as simulated since 2021 (model_metadata version 5 and 6): speed follows at once."""

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
    # identified on a real log, training-12 of 2026: `racer log fit`, docs/fidelity.md
    delay=0.0322,
    speed_gain=1.0149,  # the wheels turn at speed / 0.035 m and have a radius of 0.036 m: 1.029
    speed_lag=0.0057,
    steer_lag=0.1543,
    effective_wheelbase=0.251,
    lateral_grip=4.378,
)
