"""Kinematic single-track vehicle: the rear axle follows the heading, the wheels turn the car.

    yaw_rate = v tan(steer) / effective_wheelbase, and |v * yaw_rate| <= lateral_grip

Source: CommonRoad vehicle models, section "kinematic single-track", with the effective wheelbase
and grip limit measured on real DeepRacer logs (deepracer reference, vehicle section).

Actuators are first-order lags, so speed and steering inside a control step are known in closed
form. Yaw and then position are plain integrals of known functions: Simpson's rule on each.
"""

from __future__ import annotations

import math

from racer.sim.jit import inlined, kernel


@inlined
def lag(value, target, tau, accel, t):
    """A first-order lag of rate at most `accel`, `t` seconds on.

    Args:
        value, target: now and eventually.
        tau: s; 0 follows at once.
        accel: limit of the rate of change, per s; inf for none.
        t: s, >= 0.
    """
    if tau <= 0.0:
        return target
    gap = target - value
    slack = accel * tau  # within this of the target the lag is slower than the limit
    if abs(gap) > slack:
        sign = 1.0 if gap > 0.0 else -1.0
        ramp = (abs(gap) - slack) / accel
        if t <= ramp:
            return value + sign * accel * t
        return target - sign * slack * math.exp(-(t - ramp) / tau)
    return target - gap * math.exp(-t / tau)


@inlined
def turning_rate(v, steer, vehicle):
    """Yaw rate, rad/s, of a car at speed `v` (m/s) with its wheels at `steer` (rad)."""
    rate = v * math.tan(steer) / vehicle.effective_wheelbase
    if abs(v * rate) > vehicle.lateral_grip:
        rate = math.copysign(vehicle.lateral_grip / abs(v), rate)
    return rate


@kernel
def step_kinematic(car, steer_target, speed_target, vehicle, dt, substeps):
    """Drive `car` for `dt` s towards the targets (rad, m/s).

    The error per substep h is O(h^5) while the grip limit is not switching on or off.
    """
    h = dt / substeps
    x = car.x - vehicle.rear_axle * math.cos(car.yaw)
    y = car.y - vehicle.rear_axle * math.sin(car.yaw)
    yaw, v, steer = car.yaw, car.v, car.steer
    rate = turning_rate(v, steer, vehicle)
    vx, vy = v * math.cos(yaw), v * math.sin(yaw)
    for _ in range(substeps):
        v_mid = lag(v, speed_target, vehicle.speed_lag, vehicle.accel_max, 0.5 * h)
        v_end = lag(v, speed_target, vehicle.speed_lag, vehicle.accel_max, h)
        steer_mid = lag(steer, steer_target, vehicle.steer_lag, math.inf, 0.5 * h)
        steer_end = lag(steer, steer_target, vehicle.steer_lag, math.inf, h)
        rate_mid = turning_rate(v_mid, steer_mid, vehicle)
        rate_end = turning_rate(v_end, steer_end, vehicle)
        # the parabola through three rates, integrated to the middle and to the end
        yaw_mid = yaw + h / 24.0 * (5.0 * rate + 8.0 * rate_mid - rate_end)
        yaw = yaw + h / 6.0 * (rate + 4.0 * rate_mid + rate_end)
        vx_end, vy_end = v_end * math.cos(yaw), v_end * math.sin(yaw)
        x += h / 6.0 * (vx + 4.0 * v_mid * math.cos(yaw_mid) + vx_end)
        y += h / 6.0 * (vy + 4.0 * v_mid * math.sin(yaw_mid) + vy_end)
        v, steer, rate, vx, vy = v_end, steer_end, rate_end, vx_end, vy_end
    car.x = x + vehicle.rear_axle * math.cos(yaw)
    car.y = y + vehicle.rear_axle * math.sin(yaw)
    car.yaw = yaw
    car.v, car.steer, car.yaw_rate = v, steer, rate
    car.slip = 0.0
