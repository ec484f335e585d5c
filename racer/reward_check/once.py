"""Repeat one call of a reward with saved params: `racer reward run`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from racer.reward import RewardFile, make_engine
from racer.sim.types import PARAMS


def once(file: RewardFile, params: dict[str, Any], engine: str) -> tuple[float, str]:
    """One call with saved params: the reward, and what the file printed."""
    row = np.zeros(1, PARAMS)
    for name in PARAMS.names or ():
        if name in params:
            row[name] = params[name]
    row["prev_waypoint"], row["next_waypoint"] = params["closest_waypoints"]
    waypoints = params["waypoints"][:: -1 if params["is_reversed"] else 1]
    out = np.zeros(1)
    with closing(make_engine(file, n=1, waypoints=waypoints, engine=engine)) as made:
        made.compute(row, None, out)
        return float(out[0]), made.output()
