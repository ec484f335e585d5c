"""Kernels that measure and drive on from logged poses, with the rules of a driven car."""

from __future__ import annotations

import math

from racer.sim.geometry import wrap
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.models.one import drive_one
from racer.sim.params import fill_place
from racer.sim.progress import lap_progress, locate
from racer.sim.trig import sincos

_RADIANS = math.pi / 180.0
# How much of what the last step shows corrects the estimated state: near the optimum for both
# eras of real logs, and flat around it.
_SPEED_GAIN, _STEER_GAIN = 0.4, 0.6
_ROLLING = 0.02  # m in a step; below it a turn says nothing about the wheels


@inlined
def _put(car, nose, vehicle):
    """Place the origin of `car` for a nose at x, y (m), heading (deg); cosine, sine of its yaw."""
    car.yaw = nose[2] * _RADIANS
    sine, cosine = sincos(car.yaw)
    car.x = nose[0] - vehicle.nose * cosine
    car.y = nose[1] - vehicle.nose * sine
    return cosine, sine


@kernel
def measure_poses(cars, rows, noses, starts, first, track, vehicles):
    """Fill `cars` and the geometry in `rows` from the poses of consecutive steps.

    Args:
        cars: (R,) CAR, out.
        rows: (R,) PARAMS, out; commands, steps and time stay untouched.
        noses: (R, 3) x, y (m) of the nose and heading (deg).
        starts: (R,) where the episode started, fraction of a lap.
        first: (R,) bool, does an episode start here?
        vehicles: (1,) VEHICLE.
    """
    track, vehicle = borrowed(track), vehicles[0]
    length = track.head[0].length
    before = 0.0
    for i in range(cars.size):
        car, row = cars[i], rows[i]
        cosine, sine = _put(car, noses[i], vehicle)
        locate(car, track, vehicle, cosine, sine)
        if first[i] or before >= 100.0:
            before = 0.0
        car.progress_before = before
        car.progress = before = lap_progress(car.s / length, starts[i], before)
        fill_place(car, row, track, noses[i, 0], noses[i, 1], noses[i, 2], True)


@kernel
def replay(cars, noses, commands, dts, skip, vehicles, sims, block, errors):
    """Drive on from every logged state of one episode with the logged commands.

    A log holds poses, not speeds and wheel angles. These are estimated as an observer does: the
    vehicle follows the commands since the episode began, and each step of the log corrects it.

    Args:
        cars: (2,) CAR, scratch.
        noses: (R, 3) x, y (m) of the nose and heading (deg).
        commands: (R, 2) steering angle (rad), speed (m/s), as clipped by the vehicle.
        dts: (R,) s from each row to the next.
        skip: rows at the beginning from which nothing is predicted.
        vehicles, sims: (1,) VEHICLE and SIM; control_dt is overwritten.
        block: of `new_block`, scratch.
        errors: (R, H, 2) out: distance (m) and heading (rad) after 1..H steps; NaN at the end of
            the log and before `skip`.
    """
    vehicle, sim = vehicles[0], sims[0]
    errors[:] = math.nan
    seen, driven = cars[0], cars[1]
    seen.v, seen.steer, seen.yaw_rate, seen.slip = 0.0, 0.0, 0.0, 0.0
    seen.steer_command, seen.speed_command = 0.0, 0.0
    for k in range(noses.shape[0] - 1):
        _put(seen, noses[k], vehicle)
        if k >= skip:
            _put(driven, noses[k], vehicle)
            driven.v, driven.steer = seen.v, seen.steer
            driven.yaw_rate, driven.slip = seen.yaw_rate, seen.slip
            driven.steer_command, driven.speed_command = seen.steer_command, seen.speed_command
            for h in range(min(errors.shape[1], noses.shape[0] - 1 - k)):
                sim.control_dt = dts[k + h]
                drive_one(driven, commands[k + h, 0], commands[k + h, 1], block, vehicle, sim)
                _compare(driven, noses[k + h + 1], vehicle, errors[k, h])
        sim.control_dt = dts[k]
        x, y, yaw = seen.x, seen.y, seen.yaw
        drive_one(seen, commands[k, 0], commands[k, 1], block, vehicle, sim)
        _correct(seen, x, y, yaw, noses[k + 1], dts[k], vehicle, driven)


@inlined
def _compare(car, nose, vehicle, error):
    sine, cosine = sincos(car.yaw)
    dx = car.x + vehicle.nose * cosine - nose[0]
    dy = car.y + vehicle.nose * sine - nose[1]
    error[0] = math.sqrt(dx * dx + dy * dy)
    error[1] = abs(wrap(car.yaw - nose[2] * _RADIANS))


@inlined
def _correct(car, x, y, yaw, nose, dt, vehicle, scratch):
    """Move the estimated speed and wheel angle towards what the step from (x, y, yaw) shows."""
    moved = math.sqrt((car.x - x) ** 2 + (car.y - y) ** 2)
    turned = wrap(car.yaw - yaw)
    _put(scratch, nose, vehicle)
    really = math.sqrt((scratch.x - x) ** 2 + (scratch.y - y) ** 2)
    car.v = max(0.0, car.v + _SPEED_GAIN * (really - moved) / dt)
    if moved > _ROLLING and really > _ROLLING:
        bend = wrap(scratch.yaw - yaw) / really - turned / moved
        tangent = math.tan(car.steer) + _STEER_GAIN * bend * vehicle.effective_wheelbase
        limit = math.tan(vehicle.steer_max)
        car.steer = math.atan(min(max(tangent, -limit), limit))
