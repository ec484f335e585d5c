"""One recording on the table: paid by the text that is edited, and looked into step by step.

The recording and the guarded process stay for the next question, so that a step takes some
milliseconds; they go when nobody has asked for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from racer.errors import RacerError
from racer.recording.trace import Lap, Trace
from racer.reward.beside import find
from racer.reward.file import RewardFile, parse
from racer.reward_check.look import finite, look
from racer.reward_check.steps import Steps, lap_of

IDLE_S = 60.0

T = TypeVar("T")


class Looker:
    """Answers questions about one recording after the other; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trace: tuple[object, Trace] | None = None
        self._steps: tuple[object, Steps, Any] | None = None
        self._timer: threading.Timer | None = None

    def trace(self, laps: Path) -> Trace:
        """The recording in a file.

        Raises:
            BadRun: it is none.
        """
        with self._lock:
            return self._read(laps)[1]

    def paid(self, laps: Path, path: Path, text: str) -> dict[str, Any]:
        """What a text pays for every step, in the order of the recording.

        Args:
            laps: the recording.
            path: of the reward; files beside it are found there.
            text: of the reward as it is edited.

        Returns:
            For JSON: `new` (null for the steps of other cars), `same` and `steps` (how many are
            paid equal, to the bit, of how many), `sums` (old and new of each lap).

        Raises:
            BadReward, RewardFailed, UsageError: it cannot be paid.
        """

        def ask(key: object, trace: Trace) -> dict[str, Any]:
            steps, paid = self._stepping(key, trace, lap_of(trace, None), path, text)
            if paid is None:
                paid = steps.rewards()
                self._steps = (self._steps[0], steps, paid)  # type: ignore[index]
            new = np.full(len(trace.rows), np.nan)
            new[steps.first : steps.first + len(paid)] = paid
            old = trace.rows["reward"]
            mine = ~np.isnan(new)
            sums = [(old[lap.rows].sum(), new[lap.rows].sum()) for lap in trace.laps()]
            return {
                "new": [finite(value) for value in new],
                "same": int((old == new)[mine].sum()),
                "steps": int(mine.sum()),
                "sums": [[finite(value) for value in pair] for pair in sums],
            }

        return self._ask(laps, ask)

    def look(self, laps: Path, path: Path, text: str, row: int) -> dict[str, Any]:
        """What the call for one row of the recording does; see `Look.to_json`.

        Raises:
            BadReward, RewardFailed, UsageError: it cannot be called.
        """

        def ask(key: object, trace: Trace) -> dict[str, Any]:
            at = min(max(row, 0), len(trace.rows) - 1)
            lap = next(lap for lap in trace.laps() if lap.rows.start <= at < lap.rows.stop)
            steps, _ = self._stepping(key, trace, lap, path, text)
            return {"row": at} | look(trace, lap, steps, at - steps.first).to_json()

        return self._ask(laps, ask)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._forget()
            if self._timer is not None:
                self._timer.cancel()

    def _ask(self, laps: Path, ask: Callable[[object, Trace], T]) -> T:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            try:
                return ask(*self._read(laps))
            except RacerError:
                self._forget()  # a process that hung or failed is none to ask again
                raise
            finally:
                self._timer = threading.Timer(IDLE_S, self.close)
                self._timer.daemon = True
                self._timer.start()

    def _read(self, laps: Path) -> tuple[object, Trace]:
        found = laps.stat() if laps.is_file() else None
        key = (str(laps), found and (found.st_mtime_ns, found.st_size))
        if self._trace is None or self._trace[0] != key:
            self._forget()
            self._trace = key, Trace.load(laps)
        return self._trace

    def _stepping(
        self, key: object, trace: Trace, lap: Lap, path: Path, text: str
    ) -> tuple[Steps, Any]:
        wanted = key, lap.car, str(path), text
        if self._steps is None or self._steps[0] != wanted:
            self._forget()
            tree = parse(text, str(path))
            file = RewardFile(path, text, tree, find(path, tree))
            self._steps = wanted, Steps(trace, lap, file), None
        return self._steps[1:]

    def _forget(self) -> None:
        if self._steps is not None:
            self._steps[1].close()
        self._steps = None
