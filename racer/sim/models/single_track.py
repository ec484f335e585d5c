"""Dynamic single-track vehicle: front and rear tyre slip, load transfer, a kinematic low end.

Tyre forces are linear in slip and in load; speed and steering follow their commands as first-order
lags, the acceleration limited. Below CRAWL the tyre equations divide by nearly nothing, so the
kinematic equations about the centre of gravity take over.

Source: CommonRoad vehicle models (Althoff, Würsching), sections "kinematic single-track" and
"single-track"; f1tenth_gym uses the same equations.
"""

from __future__ import annotations

import math

from racer.sim.geometry import wrap
from racer.sim.jit import helper, inlined
from racer.sim.models.kinematic import portions_of

GRAVITY = 9.81  # m/s2, as the source
CRAWL = 0.1  # m/s
_PER_STEP = 1.0  # rate times step size, at most: RK4 is stable to 2.8 and accurate to 1 % at 1
_QUICKEST = 1e-3  # s; a lag of 0 is taken as this


@inlined
def single_track_derivative(yaw, v, steer, yaw_rate, slip, steer_rate, accel, vehicle):
    """How the state of a car about its centre of gravity changes.

    Args:
        yaw, steer, slip: rad. v: m/s. yaw_rate, steer_rate: rad/s. accel: m/s2.

    Returns:
        dx, dy (m/s), dyaw (rad/s), dyaw_rate (rad/s2), dslip (rad/s).
    """
    if abs(v) < CRAWL:
        return _crawl_derivative(yaw, v, steer, slip, steer_rate, accel, vehicle)
    rear = vehicle.rear_axle
    base = vehicle.wheelbase
    front = base - rear
    # axle loads over mass, m2/s2, and cornering stiffness times load
    grip_front = vehicle.stiffness_front * (GRAVITY * rear - accel * vehicle.cg_height)
    grip_rear = vehicle.stiffness_rear * (GRAVITY * front + accel * vehicle.cg_height)
    turn = vehicle.friction * vehicle.mass / (vehicle.inertia * base)
    drift = vehicle.friction / (v * base)
    dyaw_rate = turn * (
        -(front * front * grip_front + rear * rear * grip_rear) * yaw_rate / v
        + (rear * grip_rear - front * grip_front) * slip
        + front * grip_front * steer
    )
    dslip = (
        (drift / v * (grip_rear * rear - grip_front * front) - 1.0) * yaw_rate
        - drift * (grip_rear + grip_front) * slip
        + drift * grip_front * steer
    )
    return v * math.cos(slip + yaw), v * math.sin(slip + yaw), yaw_rate, dyaw_rate, dslip


@inlined
def _crawl_derivative(yaw, v, steer, slip, steer_rate, accel, vehicle):
    base = vehicle.wheelbase
    share = vehicle.rear_axle / base
    tangent, cosine = math.tan(steer), math.cos(steer)
    angle = math.atan(tangent * share)  # of the velocity at the centre of gravity
    # as the source has it; exact would be (tangent * share) ** 2, 4 % less at full lock
    dslip = share * steer_rate / (cosine * cosine * (1.0 + (tangent * tangent * share) ** 2))
    dyaw_rate = (
        accel * math.cos(slip) * tangent
        - v * math.sin(slip) * dslip * tangent
        + v * math.cos(slip) * steer_rate / (cosine * cosine)
    ) / base
    dyaw = v * math.cos(angle) * tangent / base
    return v * math.cos(angle + yaw), v * math.sin(angle + yaw), dyaw, dyaw_rate, dslip


@inlined
def fastest_rate(v, vehicle):
    """A bound on how fast the state can change by itself, 1/s: it sets the step size."""
    rate = 1.0 / max(min(vehicle.speed_lag, vehicle.steer_lag), _QUICKEST)
    if abs(v) < CRAWL:
        return rate
    rear, base = vehicle.rear_axle, vehicle.wheelbase
    front = base - rear
    stiff = max(vehicle.stiffness_front, vehicle.stiffness_rear) * GRAVITY * vehicle.friction
    turning = stiff * vehicle.mass * front * rear / (vehicle.inertia * abs(v))
    return max(rate, turning + stiff / abs(v) + math.sqrt(stiff * vehicle.mass / vehicle.inertia))


@inlined
def _inputs(v, steer, speed_target, steer_target, vehicle):
    accel = (speed_target - v) / max(vehicle.speed_lag, _QUICKEST)
    accel = min(max(accel, -vehicle.accel_max), vehicle.accel_max)
    return (steer_target - steer) / max(vehicle.steer_lag, _QUICKEST), accel


@inlined
def _rates(state, targets, vehicle):
    """Time derivative of (x, y, yaw, v, steer, yaw_rate, slip)."""
    yaw, v, steer, yaw_rate, slip = state[2], state[3], state[4], state[5], state[6]
    steer_rate, accel = _inputs(v, steer, targets[1], targets[0], vehicle)
    dx, dy, dyaw, dyaw_rate, dslip = single_track_derivative(
        yaw, v, steer, yaw_rate, slip, steer_rate, accel, vehicle
    )
    return dx, dy, dyaw, accel, steer_rate, dyaw_rate, dslip


@inlined
def _moved(s, k, h):
    return (
        s[0] + h * k[0],
        s[1] + h * k[1],
        s[2] + h * k[2],
        s[3] + h * k[3],
        s[4] + h * k[4],
        s[5] + h * k[5],
        s[6] + h * k[6],
    )


@helper
def step_single_track(car, steer_target, speed_target, vehicle, h, substeps):
    """Drive `car` for `substeps` of `h` s towards the targets (rad, m/s).

    Classic Runge-Kutta of 4th order; a substep is cut further where the tyres are quick, which is
    at low speed.
    """
    targets = (steer_target, speed_target)
    s = (car.x, car.y, car.yaw, car.v, car.steer, car.yaw_rate, car.slip)
    for _ in range(substeps):
        parts = max(1, math.ceil(h * fastest_rate(s[3], vehicle) / _PER_STEP))
        dt = h / parts
        for _ in range(parts):
            k1 = _rates(s, targets, vehicle)
            k2 = _rates(_moved(s, k1, 0.5 * dt), targets, vehicle)
            k3 = _rates(_moved(s, k2, 0.5 * dt), targets, vehicle)
            k4 = _rates(_moved(s, k3, dt), targets, vehicle)
            s = _moved(_moved(s, k1, dt / 6.0), k2, dt / 3.0)
            s = _moved(_moved(s, k3, dt / 3.0), k4, dt / 6.0)
    car.x, car.y, car.yaw, car.v, car.steer, car.yaw_rate, car.slip = s


@helper
def drive_single_track(car, steer, speed, vehicle, sim):
    """Drive `car` one control step: the last command until the delay is over, then this one."""
    cut = portions_of(vehicle, sim)
    step_single_track(car, car.steer_command, car.speed_command, vehicle, cut.early_h, cut.early)
    step_single_track(car, steer, speed, vehicle, cut.late_h, cut.late)
    car.steer_command, car.speed_command = steer, speed
    car.yaw = wrap(car.yaw)
