"""A lower bound of a lap time: a sanity check of references, not a goal.

Drop delay, lags, the action rate and keep: speed is at most v, the line's curvature k at most
min(k1, grip / v^2), the car's centre inside the road, widened by what the rule lets it leave. With
f(k) = max(1 / v, sqrt(k / grip)), env its lower convex envelope, a line of length L that turns by T
in all takes at least

    int f(|k|) ds >= L env(T / L)        by Jensen's inequality

L is at least the length of a string pulled taut round the widened road. T is taken as that string's
own turning: it bends only where a border makes it. That is argued, not proved. The bound is for the
mean of many laps, 6 to 20 % below what can be driven.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from racer.raceline import kernels
from racer.raceline.rollouts import Floats
from racer.raceline.setup import Setup
from racer.tracks import Track

CUT = 0.2  # m between cuts across the road
CHORD = 0.02  # m; between two judged places a car may leave the road by so much
SWEEPS = 20_000


@dataclass(frozen=True)
class Bound:
    """No lap is faster.

    Args:
        seconds: the bound; nan where parts of the road are so near that it says nothing.
        length: of the taut string, m.
    """

    seconds: float
    length: float


def bound(setup: Setup) -> Bound:
    """The lower bound of a flying lap."""
    vehicle = setup.vehicle[0]
    half = 0.5 * max(vehicle["track_front"], vehicle["track_rear"])
    ahead = vehicle["wheelbase"]  # the front axle, seen from the rear one, whose path is bounded
    reach = float(math.hypot(ahead, half)) if setup.wheels_off else 0.0
    length, turning = _string(setup.track, reach + CHORD)
    if length >= setup.track.length:  # neighbouring legs were joined: the cuts are nonsense
        return Bound(math.nan, length)
    command = min(setup.actions.speed_max, float(vehicle["speed_max"]))
    fastest = command * float(vehicle["speed_gain"])
    grip, steer = float(vehicle["lateral_grip"]), float(vehicle["steer_max"])
    tightest = math.tan(steer) / float(vehicle["effective_wheelbase"])
    easy = grip / fastest**2  # 1/m; less than this is driven at full speed
    seconds = length / fastest
    if tightest > easy and turning > easy * length:
        slope = (math.sqrt(tightest / grip) - 1.0 / fastest) / (tightest - easy)
        seconds += (turning - easy * length) * slope
    return Bound(seconds, length)


def _string(track: Track, widen: float) -> tuple[float, float]:
    """Length (m) and turning (rad) of a string pulled taut round the road."""
    a, b = _cuts(track, widen)
    at = np.full(len(a), 0.5)
    kernels.tighten(a, b, at, SWEEPS)
    points = a + at[:, None] * b
    steps = np.roll(points, -1, axis=0) - points
    following = np.roll(steps, -1, axis=0)
    cross = steps[:, 0] * following[:, 1] - steps[:, 1] * following[:, 0]
    turns = np.abs(np.arctan2(cross, (steps * following).sum(axis=1)))
    return float(np.hypot(*steps.T).sum()), float(turns.sum())


def _cuts(track: Track, widen: float) -> tuple[Floats, Floats]:
    """Cuts across the widened road, each from a to a + b: (M, 2), (M, 2)."""
    table = track.arrays.table
    rows = np.linspace(0, len(table), max(int(track.length / CUT), 16), endpoint=False).astype(int)
    middle = np.stack([table["x"][rows], table["y"][rows]], axis=1)
    left = np.stack([-table["tangent_y"][rows], table["tangent_x"][rows]], axis=1)
    lines = (track.inner, track.outer)
    ends = []
    for side in (left, -left):
        hit = np.min([_hits(middle, side, line) for line in lines], axis=0)
        ends.append(middle + side * (hit + widen)[:, None])
    return np.ascontiguousarray(ends[1]), np.ascontiguousarray(ends[0] - ends[1])


def _hits(origin: Floats, direction: Floats, line: Floats) -> Floats:
    """How far (m) each ray goes until it meets the polyline; inf if it does not."""
    p, d = line[:-1][None], np.diff(line, axis=0)[None]
    o, r = origin[:, None], direction[:, None]
    det = r[..., 0] * d[..., 1] - r[..., 1] * d[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = p - o
        along = (gap[..., 0] * d[..., 1] - gap[..., 1] * d[..., 0]) / det
        across = (gap[..., 0] * r[..., 1] - gap[..., 1] * r[..., 0]) / det
    ok = (det != 0.0) & (along >= 0.0) & (across >= 0.0) & (across <= 1.0)
    nearest: Floats = np.where(ok, along, np.inf).min(axis=1)
    return nearest
