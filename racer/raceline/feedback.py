"""Feedback: what a car that is off a known drive steers and how fast it goes, to get back to it.

The engine itself is linearised about the drive: every state of it takes its own action once as it
is, and once with each number a little off. The answer is the linear-quadratic regulator, found from
the drive's end to its beginning (Bertsekas, Dynamic Programming and Optimal Control, volume 1,
section 4.1).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from racer.raceline import kernels
from racer.raceline.drive import Drive
from racer.raceline.rollouts import Cars, Floats, Rollouts

STATES, ACTIONS = 4, 2  # offset, heading, wheel angle, speed; steering and speed
_OFF = np.array([0.01, 0.02, 0.02, 0.05])  # m, rad, rad, m/s: how much a state is changed
_OFF_ACTION = 0.1  # of a range of 2
# What costs 1: so far off the drive, and such a change of its actions.
_ALLOWED = np.array([0.05, 0.08, 0.1, 0.3])  # m, rad, rad, m/s
_ALLOWED_ACTION = 0.5
_STEEPEST = 5.0  # a derivative, at most: where the grip limit switches there is none
_COST_MAX = 1e7


def gains(rollouts: Rollouts, drive: Drive) -> Floats:
    """(T + 1, ACTIONS * STATES): change of each action for each number that is off, row by row."""
    own = drive.table(rollouts)
    a, b = _linearised(rollouts, drive, own)
    price, action_price = np.diag(_ALLOWED**-2.0), np.eye(ACTIONS) / _ALLOWED_ACTION**2
    cost = price
    found = np.zeros((len(own), ACTIONS, STATES))
    for j in range(len(a) - 1, -1, -1):
        back = b[j].T @ cost
        found[j] = -np.linalg.solve(action_price + back @ b[j], back @ a[j])
        cost = price + a[j].T @ cost @ (a[j] + b[j] @ found[j])
        cost = 0.5 * (cost + cost.T)
        if not np.abs(cost).max() < _COST_MAX:
            cost = price
    return found.reshape(len(own), -1)


def _linearised(rollouts: Rollouts, drive: Drive, own: Floats) -> tuple[Floats, Floats]:
    """(T, STATES, STATES) and (T, STATES, ACTIONS): what is off a step on, for what is off now."""
    cars, places = drive.cars[:-1], drive.places[:-1]
    guesses = own[:-1, kernels.FIRST : kernels.SECOND + 1]
    as_driven = _off_after(rollouts, own, cars, places, guesses)
    a = np.empty((len(cars), STATES, STATES))
    for k in range(STATES):
        after = _off_after(rollouts, own, _changed(cars, k), places, guesses)
        a[:, :, k] = (after - as_driven) / _OFF[k]
    b = np.empty((len(cars), STATES, ACTIONS))
    for c in range(ACTIONS):
        inward = np.where(guesses[:, c] > 0.0, -_OFF_ACTION, _OFF_ACTION)
        other = guesses.copy()
        other[:, c] += inward
        b[:, :, c] = (_off_after(rollouts, own, cars, places, other) - as_driven) / inward[:, None]
    return a.clip(-_STEEPEST, _STEEPEST), b.clip(-_STEEPEST, _STEEPEST)


def _changed(cars: Cars, k: int) -> Cars:
    """The cars with the k-th number off: moved to the left, turned, wheels turned, or faster."""
    changed = cars.copy()
    if k == 0:
        left = -np.sin(cars["yaw"]), np.cos(cars["yaw"])
        for axis, share in zip("xy", left, strict=True):
            changed[axis] += _OFF[k] * share
            changed[f"nose_{axis}"] += _OFF[k] * share
    else:
        changed[("yaw", "steer", "v")[k - 1]] += _OFF[k]
    return changed


def _off_after(
    rollouts: Rollouts, own: Floats, cars: Cars, places: Floats, guesses: Floats
) -> Floats:
    """(T, STATES): how far the cars are off the drive after one step, at the place they are at."""
    parts = []
    for first in range(0, len(cars), len(rollouts.cars)):
        part = slice(first, first + len(rollouts.cars))
        count = len(cars[part])
        rollouts.cars[:count] = cars[part]
        rollouts.begin(count, places[part])
        now, _ = rollouts.step(guesses[part])
        parts.append(_off(own, rollouts.cars[:count], now))
    return np.concatenate(parts)


def price(table: Floats, cars: Cars, places: NDArray[np.float64]) -> Floats:
    """(N,): what it costs for a step to be as far off the drive as these cars; 0 behind its end."""
    costs = np.square(_off(table, cars, places) / _ALLOWED).sum(axis=1)
    return np.where(places > table[-1, kernels.PLACE], 0.0, costs)


def _off(own: Floats, cars: Cars, places: NDArray[np.float64]) -> Floats:
    """(N, STATES): how far the cars are off the drive at the places they are at."""
    at = own[:, kernels.PLACE]
    turned = cars["yaw"] - np.interp(places, at, own[:, kernels.YAW])
    turned -= 2.0 * math.pi * np.rint(turned / (2.0 * math.pi))
    others = (("n", kernels.OFFSET), ("steer", kernels.STEER), ("v", kernels.SPEED))
    n, steer, v = (cars[name] - np.interp(places, at, own[:, k]) for name, k in others)
    return np.stack([n, turned, steer, v], axis=1)
