"""Rows that equal the log at another pose which the log's own precision allows.

A text log rounds poses to four digits: 0.05 mm further the car can be on another waypoint's side.
The simulator reads the wheels' links in a call of its own, a moment before or after the pose; in
a frame in which it moves the car (prepare, pause), at the old place or at the new one.
"""

from __future__ import annotations

import numpy as np

from racer import vehicles
from racer.deepracer.logs.log import PAUSE, PREPARE, Log
from racer.deepracer.logs.recompute import Recomputed, nearer_waypoint
from racer.tracks import Track

# Of a step: one tick of the simulator's 60 Hz controllers. Over 190,000 rows no wheel needs more.
_EARLY_OR_LATE = 0.25
_ROUNDING = 5e-5  # m
_GRID = 5  # poses a side over what rounds to the logged pose
_ROWS = 2000  # looked at together


def equal_nearby(
    log: Log, track: Track, found: Recomputed, field: str, wrong: np.ndarray, tolerance: float
) -> np.ndarray:
    """Which of the rows `wrong` have the logged value of `field` at a pose nearby.

    Args:
        wrong: (K,) row numbers.
        tolerance: largest difference that counts as equal.

    Returns:
        (K,) bool.
    """
    equal = {
        "progress": _equal_progress,
        "closest_waypoint": _equal_waypoint,
        "all_wheels_on_track": _equal_wheels,
    }.get(field)
    if equal is None or (field != "all_wheels_on_track" and not log.rounded):
        return np.zeros(len(wrong), np.bool_)
    road = track.without_duplicates() if found.dropped else track
    backward = np.repeat(found.backward, [part.stop - part.start for part in log.episodes()])
    result = np.zeros(len(wrong), np.bool_)
    for reverse in (False, True):
        mine = np.flatnonzero(backward[wrong] == reverse)
        for part in np.array_split(mine, 1 + len(mine) // _ROWS):
            if len(part):
                way = road.reversed() if reverse else road
                result[part] = equal(log, way, found, wrong[part], tolerance)
    return result


def _equal_progress(
    log: Log, track: Track, found: Recomputed, rows: np.ndarray, tolerance: float
) -> np.ndarray:
    parts = log.episodes()
    starts = np.repeat(found.starts, [part.stop - part.start for part in parts])[rows]
    here = track.nearest(*_rounded_poses(log, rows))
    progress = 100.0 * (here["s"] / track.length - starts[:, None])
    off = (progress - log.rows["progress"][rows][:, None] + 50.0) % 100.0 - 50.0
    return np.asarray((np.abs(off) <= tolerance).any(axis=1))


def _equal_waypoint(
    log: Log, track: Track, found: Recomputed, rows: np.ndarray, tolerance: float
) -> np.ndarray:
    x, y = _rounded_poses(log, rows)
    here = track.nearest(x, y)
    nearer = nearer_waypoint(track.center, x, y, here["prev_waypoint"], here["next_waypoint"])
    return np.asarray((nearer == log.rows["closest_waypoint"][rows][:, None]).any(axis=1))


def _rounded_poses(log: Log, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, y (K, P) m: what rounds to the logged poses."""
    side = np.linspace(-_ROUNDING, _ROUNDING, _GRID)
    dx, dy = (part.ravel() for part in np.meshgrid(side, side))
    return log.rows["x"][rows][:, None] + dx, log.rows["y"][rows][:, None] + dy


def _equal_wheels(
    log: Log, track: Track, found: Recomputed, rows: np.ndarray, tolerance: float
) -> np.ndarray:
    poses = _wheel_poses(log, rows)  # (K, 3, 3)
    vehicle = vehicles.load("deepracer")[0]
    sine, cosine = np.sin(poses[:, 2]), np.cos(poses[:, 2])
    front, rear = vehicle["wheelbase"] - vehicle["rear_axle"], -vehicle["rear_axle"]
    on = np.ones(sine.shape, np.bool_)
    for along, width in ((front, vehicle["track_front"]), (rear, vehicle["track_rear"])):
        for across in (0.5 * width, -0.5 * width):
            x = poses[:, 0] + (along - vehicle["nose"]) * cosine - across * sine
            y = poses[:, 1] + (along - vehicle["nose"]) * sine + across * cosine
            on &= track.nearest(x, y)["on_road"]
    return np.asarray((on == log.rows["all_wheels_on_track"][rows][:, None]).any(axis=1))


def _wheel_poses(log: Log, rows: np.ndarray) -> np.ndarray:
    """(K, 3, 3) x, y (m), yaw (rad) of the nose when the wheels may have been read."""
    yaw = np.radians(log.rows["yaw_deg"])
    pose = np.stack([log.rows["x"], log.rows["y"], yaw], axis=1)
    before, after = np.maximum(rows - 1, 0), np.minimum(rows + 1, len(pose) - 1)
    held = np.isin(log.rows["status"][rows], (PREPARE, PAUSE))
    poses = np.repeat(pose[rows][:, :, None], 3, axis=2)
    for k, other in ((0, before), (2, after)):
        move = pose[other] - pose[rows]
        move[:, 2] = (move[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
        next_step = np.abs(log.rows["steps"][other] - log.rows["steps"][rows]) == 1
        driven = (log.rows["episode"][other] == log.rows["episode"][rows]) & next_step
        share = np.where(held, 1.0, np.where(driven, _EARLY_OR_LATE, 0.0))
        poses[:, :, k] += share[:, None] * move
    return poses
