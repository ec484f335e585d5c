"""Kinematic single-track vehicle: the rear axle follows the heading, the wheels turn the car.

    yaw_rate = v tan(steer) / effective_wheelbase, and |v * yaw_rate| <= lateral_grip

Source: CommonRoad vehicle models, section "kinematic single-track", with the effective wheelbase
and grip limit measured on real DeepRacer logs (deepracer reference, vehicle section).

Actuators are first-order lags, so speed and steering inside a control step are known in closed
form. Yaw and then position are plain integrals of known functions: Simpson's rule on each.

Cars are driven in blocks: `load` copies up to BLOCK of them, number by number, into rows of one
flat array, over which `drive` is a loop that the compiler turns into vector instructions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from racer.sim.geometry import wrap
from racer.sim.jit import borrowed, helper, inlined
from racer.sim.trig import sincos

BLOCK = 64  # cars; two rows of a block are a fixed distance apart, which loops rely on
_ROWS = 16
(
    # pose of the rear axle (m, m, rad) and its direction
    _X,
    _Y,
    _YAW,
    COS,
    SIN,
    # m/s, rad, rad/s: now
    _V,
    _STEER,
    _RATE,
    # m/s: in the middle and at the end of a substep
    _V_MID,
    _V_END,
    # rad, m/s: the last command, which acts until the delay is over, and the new one
    _OLD_STEER,
    _OLD_SPEED,
    _NEW_STEER,
    _NEW_SPEED,
    _VX,
    _VY,
) = range(0, _ROWS * BLOCK, BLOCK)


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


class Portions(NamedTuple):
    """A control step cut in two: the last command acts for the delay, then the new one."""

    early_h: float  # s, substep
    early: int  # substeps; 0 without a delay
    early_decay: Decay
    late_h: float
    late: int
    late_decay: Decay


@inlined
def portions_of(vehicle, sim):
    """How `vehicle` divides a control step."""
    dt = sim.control_dt
    delay = min(vehicle.delay, dt)
    early, late = 0, sim.substeps
    if delay >= dt:
        early, late = sim.substeps, 0
    elif delay > 0.0:
        early = max(1, round(sim.substeps * delay / dt))
        late = max(1, sim.substeps - early)
    early_h = delay / max(1, early)
    late_h = (dt - delay) / max(1, late)
    return Portions(
        early_h, early, decay_of(vehicle, early_h), late_h, late, decay_of(vehicle, late_h)
    )


def new_block() -> np.ndarray:
    """Room for BLOCK cars, to give to the kernels that drive."""
    return np.empty(_ROWS * BLOCK)


@inlined
def load(block, i, car, steer, speed):
    """Make `car` the i-th of the block, commanded to `steer` (rad) and `speed` (m/s)."""
    block[_X + i] = car.x
    block[_Y + i] = car.y
    block[_YAW + i] = car.yaw
    block[_V + i] = car.v
    block[_STEER + i] = car.steer
    block[_RATE + i] = car.yaw_rate
    block[_OLD_STEER + i] = car.steer_command
    block[_OLD_SPEED + i] = car.speed_command
    block[_NEW_STEER + i] = steer
    block[_NEW_SPEED + i] = speed


@inlined
def store(block, i, car):
    """Copy the i-th of the block back to `car`."""
    car.x = block[_X + i]
    car.y = block[_Y + i]
    car.yaw = block[_YAW + i]
    car.v = block[_V + i]
    car.steer = block[_STEER + i]
    car.yaw_rate = block[_RATE + i]
    car.slip = 0.0
    car.steer_command = block[_NEW_STEER + i]
    car.speed_command = block[_NEW_SPEED + i]


@helper
def drive(block, count, vehicle, cut):
    """Drive the first `count` cars of the block one control step; COS and SIN are of its end.

    The error per substep is O(h^5) while the grip limit is not switching on or off.
    """
    block, rear = borrowed(block), vehicle.rear_axle
    for i in range(count):
        sine, cosine = sincos(block[_YAW + i])
        block[_X + i] -= rear * cosine
        block[_Y + i] -= rear * sine
        block[_VX + i] = block[_V + i] * cosine
        block[_VY + i] = block[_V + i] * sine
    for _ in range(cut.early):
        _speeds(block, count, _OLD_SPEED, vehicle, cut.early_h, cut.early_decay)
        _substep(block, count, _OLD_STEER, vehicle, cut.early_h, cut.early_decay)
    for _ in range(cut.late):
        _speeds(block, count, _NEW_SPEED, vehicle, cut.late_h, cut.late_decay)
        _substep(block, count, _NEW_STEER, vehicle, cut.late_h, cut.late_decay)
    for i in range(count):
        yaw = wrap(block[_YAW + i])
        sine, cosine = sincos(yaw)
        block[_X + i] += rear * cosine
        block[_Y + i] += rear * sine
        block[_YAW + i] = yaw
        block[COS + i] = cosine
        block[SIN + i] = sine


@helper
def _speeds(block, count, target, vehicle, h, decay):
    """Speeds in the middle and at the end of a substep of `h` s towards row `target`."""
    tau, accel = vehicle.speed_lag, vehicle.accel_max
    for i in range(count):
        v, goal = block[_V + i], block[target + i]
        block[_V_MID + i] = speed_after(v, goal, tau, accel, 0.5 * h, decay.speed_half)
        block[_V_END + i] = speed_after(v, goal, tau, accel, h, decay.speed_full)


@inlined
def _turning_rate(v, steer, wheelbase, grip):
    """Yaw rate, rad/s, of a car at speed `v` (m/s) with its wheels at `steer` (rad)."""
    sine, cosine = sincos(steer)
    rate = v * sine / (cosine * wheelbase)
    limit = grip / abs(v)
    return math.copysign(limit, rate) if abs(v * rate) > grip else rate


@helper
def _substep(block, count, target, vehicle, h, decay):
    """Drive `h` s on, wheels turning towards row `target`, at the speeds of `_speeds`."""
    wheelbase, grip = vehicle.effective_wheelbase, vehicle.lateral_grip
    for i in range(count):
        v_mid, v_end = block[_V_MID + i], block[_V_END + i]
        goal, rate, yaw = block[target + i], block[_RATE + i], block[_YAW + i]
        gap = goal - block[_STEER + i]
        steer_end = goal - gap * decay.steer_full
        rate_mid = _turning_rate(v_mid, goal - gap * decay.steer_half, wheelbase, grip)
        rate_end = _turning_rate(v_end, steer_end, wheelbase, grip)
        # the parabola through three rates, integrated to the middle and to the end
        sine_mid, cosine_mid = sincos(yaw + h / 24.0 * (5.0 * rate + 8.0 * rate_mid - rate_end))
        yaw += h / 6.0 * (rate + 4.0 * rate_mid + rate_end)
        sine, cosine = sincos(yaw)
        vx, vy = v_end * cosine, v_end * sine
        block[_X + i] += h / 6.0 * (block[_VX + i] + 4.0 * v_mid * cosine_mid + vx)
        block[_Y + i] += h / 6.0 * (block[_VY + i] + 4.0 * v_mid * sine_mid + vy)
        block[_YAW + i] = yaw
        block[_V + i] = v_end
        block[_STEER + i] = steer_end
        block[_RATE + i] = rate_end
        block[_VX + i] = vx
        block[_VY + i] = vy
