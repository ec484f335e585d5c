"""Which track each car is on, and the rules of a track as kernels take them."""

from __future__ import annotations

import numpy as np

from racer.config import STARTS, Rules
from racer.sim.types import SIM


def spread(n: int, tracks: int) -> np.ndarray:
    """Which of so many tracks each of `n` cars is on: (n,) int64, ascending, equal shares."""
    return np.arange(n) * tracks // n


def sim_row(rules: Rules, length: float) -> np.ndarray:
    """Rules as kernels take them: (1,) SIM, for a track of `length` m."""
    row = np.zeros(1, SIM)
    for name in SIM.names or ():
        if hasattr(rules, name) and name != "start":
            row[name] = getattr(rules, name)
    row["start"] = STARTS.index(rules.start)
    row["start_advance"] = rules.start_advance_pct / 100.0
    row["control_dt"] = 1.0 / rules.control_hz
    row["max_steps"] = rules.step_cap(length)
    row["still_m"] = 0.0003
    row["off_track_wheels"] = 4
    return row
