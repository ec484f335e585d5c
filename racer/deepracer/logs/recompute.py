"""Recompute what a log recorded, from its poses alone, with the engine's own kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer import vehicles
from racer.deepracer.logs.log import Log
from racer.sim.replay import measure_poses
from racer.sim.types import CAR, PARAMS
from racer.tracks import Track


@dataclass(frozen=True, eq=False)
class Recomputed:
    """A log's rows as the engine measures them.

    Args:
        cars: (R,) CAR: pose of the model origin, projection, wheels.
        params: (R,) PARAMS as a reward would have seen them, commands and steps included.
        closest_waypoint: (R,) the nearer of the waypoints before and after.
        starts: (E,) fraction of a lap where each episode began.
        backward: (E,) bool, was the episode driven against the order of the track file?
        dropped: was the track numbered without its duplicate waypoints?
    """

    cars: np.ndarray
    params: np.ndarray
    closest_waypoint: np.ndarray
    starts: np.ndarray
    backward: np.ndarray
    dropped: bool


def recompute(log: Log, track: Track) -> Recomputed:
    """Measure every row of `log` on `track`.

    Which way an episode was driven, and whether the simulator numbered waypoints with or without
    duplicate rows of the file, is not in a log: the variant that agrees is taken.
    """
    best = _both_ways(log, track, dropped=False)
    if _differing(log, best).any():
        other = track.without_duplicates()
        if len(other.center) < len(track.center):
            second = _both_ways(log, other, dropped=True)
            if _differing(log, second).sum() < _differing(log, best).sum():
                return second
    return best


def start_fractions(log: Log, fractions: np.ndarray) -> np.ndarray:
    """Where each episode began, as a fraction of a lap: (E,).

    Progress counts from there; a log does not name the place, but every row of the episode implies
    it. The median is exact to the last digits and blind to the rows that are clipped to 100 %.
    """
    progress = log.rows["progress"]
    implied = (fractions - progress / 100.0) % 1.0
    starts = []
    for part in log.episodes():
        values = implied[part]
        open_rows = values[progress[part] < 100.0]
        values = open_rows if open_rows.size else values
        around = (values - values[-1] + 0.5) % 1.0 - 0.5
        middle = np.partition(around, around.size // 2)[around.size // 2]
        start = (values[-1] + middle) % 1.0
        starts.append(0.0 if min(start, 1.0 - start) < 1e-12 else start)
    return np.array(starts)


def _both_ways(log: Log, track: Track, *, dropped: bool) -> Recomputed:
    forward = _measure(log, track, dropped=dropped)
    wrong = _differing(log, forward)
    if not wrong.any():
        return forward
    back = _measure(log, track.reversed(), dropped=dropped)
    wrong_back = _differing(log, back)
    for e, part in enumerate(log.episodes()):
        if wrong_back[part].sum() < wrong[part].sum():
            forward.cars[part], forward.params[part] = back.cars[part], back.params[part]
            forward.closest_waypoint[part] = back.closest_waypoint[part]
            forward.params["is_reversed"][part] = True
            forward.starts[e], forward.backward[e] = back.starts[e], True
    return forward


def _differing(log: Log, found: Recomputed) -> np.ndarray:
    """(R,) 0 to 2: which of closest waypoint and progress differ."""
    limit = 1e-3 if log.rounded else 1e-9
    ours: NDArray[np.float64] = found.params["progress"]
    recorded: NDArray[np.float64] = log.rows["progress"]
    progress = np.abs(ours - recorded) > limit
    waypoint = found.closest_waypoint != log.rows["closest_waypoint"]
    both: np.ndarray = waypoint.astype(int) + progress
    return both


def _measure(log: Log, track: Track, *, dropped: bool) -> Recomputed:
    rows = log.rows
    count = len(rows)
    noses = np.stack([rows["x"], rows["y"], rows["yaw_deg"]], axis=1)
    fractions = track.nearest(rows["x"], rows["y"])["s"] / track.length
    starts = start_fractions(log, fractions)
    parts = log.episodes()
    first = np.zeros(count, np.bool_)
    first[[part.start for part in parts]] = True
    cars, params = np.zeros(count, CAR), np.zeros(count, PARAMS)
    measure_poses(
        cars,
        params,
        noses,
        np.repeat(starts, [part.stop - part.start for part in parts]),
        first,
        track.arrays,
        vehicles.load("deepracer"),
    )
    params["speed"], params["steering_angle"] = rows["speed"], rows["steer_deg"]
    params["steps"], params["sim_time"] = rows["steps"], rows["tstamp"]
    for name in ("episode", "steps"):
        cars[name] = rows[name]
    return Recomputed(
        cars,
        params,
        nearer_waypoint(track.center, *(params[name] for name in NEARER)),
        starts,
        np.zeros(len(parts), np.bool_),
        dropped,
    )


# what nearer_waypoint takes of PARAMS
NEARER = ("x", "y", "prev_waypoint", "next_waypoint")


def nearer_waypoint(
    center: np.ndarray, x: np.ndarray, y: np.ndarray, before: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """The nearer of the two waypoints around each point, which is what logs record."""
    to_before, to_after = (
        np.sqrt((center[k, 0] - x) ** 2 + (center[k, 1] - y) ** 2) for k in (before, after)
    )
    return np.where(to_before < to_after, before, after)
