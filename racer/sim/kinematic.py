"""Kinematic single-track vehicle: the rear axle follows the heading, the wheels turn the car.

    yaw_rate = v tan(steer) / effective_wheelbase, and |v * yaw_rate| <= lateral_grip

Source: CommonRoad vehicle models, section "kinematic single-track", with the effective wheelbase
and grip limit measured on real DeepRacer logs (deepracer reference, vehicle section).

Actuators are first-order lags, so speed and steering inside a control step are known in closed
form. Yaw and then position are plain integrals of known functions: Simpson's rule on each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from racer.sim.jit import inlined


class Decay(NamedTuple):
    """What first-order lags keep of a gap after half a substep and after all of it."""

    speed_half: float
    speed_full: float
    steer_half: float
    steer_full: float


@inlined
def kept(tau, t):
    """Share of a gap that a first-order lag of `tau` s leaves after `t` s."""
    return math.exp(-t / tau) if tau > 0.0 else 0.0


@inlined
def decay_of(vehicle, h):
    """Decay for substeps of `h` s; the same for every car, so computed once."""
    return Decay(
        kept(vehicle.speed_lag, 0.5 * h),
        kept(vehicle.speed_lag, h),
        kept(vehicle.steer_lag, 0.5 * h),
        kept(vehicle.steer_lag, h),
    )


@inlined
def speed_after(v, target, tau, accel, t, share):
    """Speed `t` s on: a first-order lag whose rate of change is at most `accel`.

    Args:
        v, target: m/s, now and eventually.
        tau: s, of the lag; 0 follows at once.
        accel: m/s2; inf for no limit.
        share: kept(tau, t).
    """
    gap = target - v
    slack = accel * tau  # within this of the target the lag is slower than the limit
    if tau <= 0.0 or abs(gap) <= slack:
        return target - gap * share
    ramp = (abs(gap) - slack) / accel
    if t <= ramp:
        return v + math.copysign(accel * t, gap)
    return target - math.copysign(slack, gap) * math.exp(-(t - ramp) / tau)


@inlined
def turning_rate(v, steer, vehicle):
    """Yaw rate, rad/s, of a car at speed `v` (m/s) with its wheels at `steer` (rad)."""
    rate = v * math.tan(steer) / vehicle.effective_wheelbase
    if abs(v * rate) > vehicle.lateral_grip:
        rate = math.copysign(vehicle.lateral_grip / abs(v), rate)
    return rate


@inlined
def step_kinematic(car, steer_target, speed_target, vehicle, h, substeps, decay):
    """Drive `car` for `substeps` of `h` s towards the targets (rad, m/s).

    The error per substep is O(h^5) while the grip limit is not switching on or off.
    """
    x = car.x - vehicle.rear_axle * math.cos(car.yaw)
    y = car.y - vehicle.rear_axle * math.sin(car.yaw)
    yaw, v, steer = car.yaw, car.v, car.steer
    rate = car.yaw_rate
    vx, vy = v * math.cos(yaw), v * math.sin(yaw)
    for _ in range(substeps):
        v_mid = speed_after(
            v, speed_target, vehicle.speed_lag, vehicle.accel_max, 0.5 * h, decay.speed_half
        )
        v_end = speed_after(
            v, speed_target, vehicle.speed_lag, vehicle.accel_max, h, decay.speed_full
        )
        steer_mid = steer_target - (steer_target - steer) * decay.steer_half
        steer_end = steer_target - (steer_target - steer) * decay.steer_full
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
