"""What if: the recorded steps of a draft, paid by the reward that is being edited.

Every step runs in the guarded process, in the order in which it was driven, so that a reward that
keeps something remembers the same; the reward that recorded them pays the same again, bit for bit.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from racer.errors import UsageError
from racer.recording.trace import Trace
from racer.reward.beside import find
from racer.reward.file import RewardFile, parse
from racer.reward.worker.engine import WorkerEngine

DIGITS = 6  # significant ones, that a page gets


def rescored(trace: Trace, path: Path, text: str, *, sandbox: str = "auto") -> dict[str, Any]:
    """Old and new reward of every step of the best lap, and the sums of every lap.

    Args:
        trace: of evaluation laps: one car, from the first step on.
        path: of the reward; files beside it are found there.
        text: of the reward as it is edited.
        sandbox: of its process: auto or strict.

    Returns:
        For JSON: `lap` (its number, from 1), `progress`, `old`, `new`, `sums` (lap by lap, old and
        new), `same` (how many steps are paid equal, to the bit) and `steps`.

    Raises:
        BadReward: the text cannot be used. RewardFailed: a call failed, with its line.
        UsageError: something else was on the road, which a recording does not hold in full.
    """
    if trace.objects.shape[1]:
        raise UsageError("laps with objects on the road cannot be paid again: train it instead.")
    tree = parse(text, str(path))
    file = RewardFile(path, text, tree, find(path, tree))
    new, rows = np.zeros(len(trace.rows)), trace.rows["params"].copy()
    engine = WorkerEngine(
        file,
        n=1,
        waypoints=trace.track.waypoints,
        sandbox=sandbox,
        capacity=len(rows),
        every_key=True,
    )
    with closing(engine):
        engine.compute(rows, None, new)
    old = trace.rows["reward"]
    laps, best = trace.laps(), trace.best()
    assert best is not None
    part = best.rows
    return {
        "lap": laps.index(best) + 1,
        "progress": _short(rows["progress"][part]),
        "old": _short(old[part]),
        "new": _short(new[part]),
        "sums": [[_sum(old[lap.rows]), _sum(new[lap.rows])] for lap in laps],
        "same": int((old == new).sum()),
        "steps": len(rows),
    }


def _short(values: Any) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _sum(values: Any) -> float:
    return float(f"{float(values.sum()):.{DIGITS}g}")
