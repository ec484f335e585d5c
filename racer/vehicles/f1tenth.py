"""F1TENTH, a 1:10 race car with real tyres: the dynamic single-track model."""

from __future__ import annotations

from racer.sim.types import SINGLE_TRACK
from racer.vehicles import vehicle

_FRONT, _REAR = 0.15875, 0.17145  # m, centre of gravity to the axles
_FRICTION, _GRAVITY = 1.0489, 9.81
_STEER_MAX, _STEER_RATE = 0.4189, 3.2  # rad, rad/s
_SPEED_MAX, _ACCEL = 20.0, 9.51  # m/s, m/s2

# Source, unless a line says otherwise: f1tenth_gym, default params of F110Env.
PARAMS = vehicle(
    model=SINGLE_TRACK,
    wheelbase=_FRONT + _REAR,
    effective_wheelbase=_FRONT + _REAR,
    rear_axle=_REAR,
    nose=0.0,  # params are measured at the centre of gravity
    track_front=0.25,  # body width less a tyre's, about 0.06 m
    track_rear=0.25,
    length=0.58,
    width=0.31,
    steer_max=_STEER_MAX,
    speed_min=0.0,
    speed_max=_SPEED_MAX,
    speed_lag=_SPEED_MAX / (10.0 * _ACCEL),  # the gym's speed controller
    accel_max=_ACCEL,
    steer_lag=0.5 * _STEER_MAX / _STEER_RATE,  # a lag as quick as the servo at full lock
    lateral_grip=_FRICTION * _GRAVITY,
    mass=3.74,
    inertia=0.04712,
    cg_height=0.074,
    friction=_FRICTION,
    stiffness_front=4.718,
    stiffness_rear=5.4562,
)
