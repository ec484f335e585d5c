"""Plausible PARAMS rows around a centre line, for proofs and checks when nothing was driven yet.

They are random on purpose, beyond what a car on a road would give, and need waypoints alone: where
there is a road, rows are measured (racer/sim/params.py).
"""

from __future__ import annotations

import numpy as np

from racer.reward.engine import Floats, Rows
from racer.reward.params import Waypoints
from racer.sim.types import params_type

NOSE = 0.14  # m
SPEEDS = (0.5, 4.0)  # m/s
STEERING = 30.0  # deg

MADE_UP = 1500  # rows


def plausible_rows(
    waypoints: Waypoints, n: int = MADE_UP, *, width: float = 0.76, objects: int = 0
) -> Rows:
    """Episodes of a car that wanders over the road, each ending off the track or with the lap.

    Args:
        waypoints: (M, 2) m, closed.
        n: rows.
        width: m, of the road.
        objects: around the car; boxes and bots that stand elsewhere in every row.

    Returns:
        (n,) PARAMS, with room for the objects. Every row is consistent with itself; consecutive
        ones are not physics.
    """
    rng = np.random.default_rng(0)
    line = np.asarray(waypoints, np.float64)
    lengths = np.hypot(*np.diff(line, axis=0).T)
    s = np.concatenate([[0.0], np.cumsum(lengths)])
    total, rows = float(s[-1]), np.zeros(n, params_type(objects))
    at, start, steps = 0.0, 0.0, 2
    for row in rows:
        offset = float(np.clip(rng.normal(0.0, 0.3), -0.8, 0.8)) * width
        _place(row, line, s, at % total, offset, float(rng.normal(0.0, 25.0)))
        row["speed"] = rng.uniform(*SPEEDS)
        row["steering_angle"] = (
            rng.integers(-2, 3) * STEERING / 2 if steps % 2 else rng.normal(0, 9)
        )
        row["progress"] = min(100.0, 100.0 * (at - start) / total)
        row["steps"], row["sim_time"] = steps, steps / 15.0
        row["track_length"], row["track_width"] = total, width * rng.uniform(0.98, 1.02)
        row["all_wheels_on_track"] = abs(offset) < width / 2 - 0.1
        row["is_offtrack"] = abs(offset) > width / 2 + 0.1
        at, steps = at + float(rng.uniform(0.0, 0.6)), steps + 1
        if row["progress"] == 100.0 or row["is_offtrack"]:
            start, steps = at, 2
            row["progress"] = row["progress"] if not row["is_offtrack"] else row["progress"] / 2
    if objects:
        _surround(rows, objects, line, s, width, rng)
    return rows


def _surround(
    rows: Rows, count: int, line: Floats, s: Floats, width: float, rng: np.random.Generator
) -> None:
    """Put `count` objects anywhere on the road of every row."""
    at = rng.uniform(0.0, s[-1], (len(rows), count))
    aside = rng.uniform(-0.4, 0.4, (len(rows), count)) * width
    k = np.clip(np.searchsorted(s, at, side="right"), 1, len(s) - 1)
    along = (line[k] - line[k - 1]) / np.maximum(s[k] - s[k - 1], 1e-9)[..., None]
    point = line[k - 1] + along * (at - s[k - 1])[..., None]
    others = rows["objects"]
    others["x"][:, :count] = point[..., 0] - aside * along[..., 1]
    others["y"][:, :count] = point[..., 1] + aside * along[..., 0]
    others["distance"][:, :count] = at
    others["distance_from_center"][:, :count] = np.abs(aside)
    others["left_of_center"][:, :count] = aside > 0.0
    moving = rng.random(len(rows)) < 0.5
    others["heading"][moving, :count] = np.arctan2(along[..., 1], along[..., 0])[moving]
    others["speed"][moving, :count] = rng.uniform(0.2, 1.5, (moving.sum(), count))
    rows["objects_count"] = count
    rows["object_in_camera"] = rng.random(len(rows)) < 0.3
    rows["is_crashed"] = rng.random(len(rows)) < 0.02


def _place(row: np.void, line: Floats, s: Floats, at: float, offset: float, turn: float) -> None:
    """Put the nose at arc length `at` m and `offset` m to the left, turned by `turn` deg."""
    k = min(int(np.searchsorted(s, at, side="right")), len(s) - 1)
    before, ahead = line[k - 1], line[k]
    direction = (ahead - before) / (s[k] - s[k - 1])
    point = before + direction * (at - s[k - 1])
    row["x"], row["y"] = point + offset * np.array([-direction[1], direction[0]])
    heading = np.degrees(np.arctan2(direction[1], direction[0])) + turn
    row["heading"] = 180.0 - (180.0 - heading) % 360.0
    row["distance_from_center"], row["is_left_of_center"] = abs(offset), offset > 0.0
    row["projection_distance"] = at
    row["prev_waypoint"], row["next_waypoint"] = k - 1, k
