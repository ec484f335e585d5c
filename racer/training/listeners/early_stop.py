"""Early stopping: end a training when completion and lap time have settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadRun
from racer.training.listener import Listener, Saved

ROWS = 20  # metrics rows that are looked back
LAPS_PCT = 95.0
CHANGE = 0.01  # of the lap time
_WATCHED = ("laps_pct", "lap_time_s")


class EarlyStop(Listener):
    """Asks for the end when `settled` says so."""

    name = "early_stop"

    def __init__(self) -> None:
        self._rows: deque[dict[str, float]] = deque(maxlen=ROWS)

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        self._rows.append({name: float(row[name]) for name in _WATCHED})
        if settled(list(self._rows)):
            return "early stopping: completion and lap time have settled"
        return None

    def get_state(self) -> Saved:
        return np.array([[row[name] for name in _WATCHED] for row in self._rows]).reshape(-1, 2), {}

    def set_state(self, content: NDArray[Any] | None, facts: Mapping[str, Any]) -> None:
        if content is None or content.dtype != np.float64 or content.shape[1:] != (2,):
            raise BadRun("the checkpoint's early_stop must be rows of two numbers; it is damaged.")
        self._rows.extend(dict(zip(_WATCHED, row, strict=True)) for row in content.tolist())


def settled(rows: Sequence[Mapping[str, float]]) -> bool:
    """Whether cars complete nearly every lap, and laps no longer get shorter.

    Both halves of the last 20 metrics rows: at least 95 % of episodes are laps, and the mean lap
    time of the second differs by less than 1 % from the first.
    """
    recent = rows[-ROWS:]
    if len(recent) < ROWS or not all(row["laps_pct"] >= LAPS_PCT for row in recent):
        return False
    times = np.array([row["lap_time_s"] for row in recent])
    before, after = times[: ROWS // 2].mean(), times[ROWS // 2 :].mean()
    return bool(abs(after - before) < CHANGE * before)
