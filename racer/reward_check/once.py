"""One call of a reward, with saved params or with those of a place: `racer reward run`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from racer.config import Others
from racer.race.start import Start
from racer.reward import RewardFile, make_engine
from racer.reward.params import params_of
from racer.reward_check.around import first_race
from racer.sim.types import PARAMS, params_type
from racer.tracks import Track


def params_at(track: Track, others: Others, part: float) -> dict[str, Any]:
    """Params of a car that stands on the centre line at a part of the lap, among others.

    Raises:
        BadConfig: more than fits on the road.
    """
    race = first_race(track, others)
    race.reset(start=Start(progress_pct=100.0 * part))
    race.commands[...] = 0.0
    race.step_commands()
    params: dict[str, Any] = params_of(race.params[0], race.track.waypoints)
    return params


def once(file: RewardFile, params: dict[str, Any], engine: str) -> tuple[float, str]:
    """One call with saved params: the reward, and what the file printed."""
    objects = len(params["objects_location"])
    row = np.zeros(1, params_type(objects))
    for name in PARAMS.names or ():
        if name in params:
            row[name] = params[name]
    row["prev_waypoint"], row["next_waypoint"] = params["closest_waypoints"]
    if objects:
        _tell(row, params, objects)
    waypoints = params["waypoints"][:: -1 if params["is_reversed"] else 1]
    out = np.zeros(1)
    with closing(
        make_engine(file, n=1, waypoints=waypoints, engine=engine, objects=objects)
    ) as made:
        made.compute(row, None, out)
        return float(out[0]), made.output()


def _tell(row: np.ndarray, params: dict[str, Any], count: int) -> None:
    """Put the lists of objects into the row."""
    others = row["objects"][0, :count]
    others["x"], others["y"] = np.array(params["objects_location"], np.float64).T
    for name in ("distance", "distance_from_center", "heading", "speed", "left_of_center"):
        others[name] = params[f"objects_{name}"]
    row["objects_count"] = count
