"""What every reward engine is: rows in, one finite float64 per car out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import RewardFailed
from racer.reward.components import Sums
from racer.reward.failure import Failure, reward_failed
from racer.reward.file import RewardFile
from racer.reward.namespace import LIMIT, shown
from racer.reward.params import Waypoints

Rows: TypeAlias = NDArray[np.void]  # (N,) PARAMS
Cars: TypeAlias = NDArray[np.void]  # (N,) CAR
Floats: TypeAlias = NDArray[np.float64]


DOUBTFUL = -(2**62)  # what a kernel returns when it left rows open; ends a native chain


@dataclass(frozen=True)
class Bound:
    """A kernel that scores `rows` into `out`: what a step calls in place of submit and collect.

    Attributes:
        call: scores; returns 0, or DOUBTFUL: then `RewardEngine.settle` answers for `failed`.
        failed: (N,) bool, rows that the last call left open.
    """

    rows: Rows
    out: Floats
    call: Callable[[], Any]
    failed: NDArray[np.bool_]


class RewardEngine(ABC):
    """Computes the rewards of N cars.

    Attributes:
        name: compiled, worker or inprocess.
        why: one line for people: what runs the reward, and why not something faster.
        file: the reward.
        needs: keys of params that it may read; other columns of the rows may hold anything.
        why_not: what kept a reward from being compiled, with file and line; "" when nothing did.
        failure_folder: where the params of a failed call are saved.
        state: (N, K) int64, what a compiled reward keeps of each car between calls; None when it
            keeps nothing, or only its namespaces know. Copy it to save it, assign to `state[:]` to
            restore it.
        first_car: the number of the car in row 0, for messages.
    """

    name: str
    why: str

    def __init__(self, file: RewardFile, waypoints: Waypoints) -> None:
        self.file = file
        self.waypoints = (waypoints, waypoints[::-1])  # by is_reversed
        self.needs = file.needs
        self.failure_folder: Path | None = None
        self.why_not = ""
        self.state: NDArray[np.int64] | None = None
        self.first_car = 0
        self._pending: tuple[Rows, Cars | None] | None = None

    @abstractmethod
    def _compute(self, rows: Rows, out: Floats) -> None:
        """Write the rewards of all rows; raise Failure for the first call that goes wrong."""

    def compute(self, rows: Rows, cars: Cars | None, out: Floats) -> None:
        """Rewards of `rows` into `out`. `cars` only says which episode failed.

        A failed call ends a training. To go on all the same, restore what a reward keeps
        (`get_state` before, `set_state` after): cars behind the failed one may have been scored
        already, or not, and this depends on the engine.

        Raises:
            RewardFailed: a call raised, hung, or returned something that is not a finite number.
        """
        try:
            self._compute(rows, out)
        except Failure as failure:
            raise self._failed(failure, rows, cars) from failure.__cause__

    def submit(self, rows: Rows, cars: Cars | None) -> None:
        """Start computing; a worker does so while the caller goes on. `rows` must stay as it is."""
        self._pending = (rows, cars)

    def collect(self, out: Floats) -> None:
        """Finish what `submit` started."""
        assert self._pending is not None, "collect() without submit()"
        (rows, cars), self._pending = self._pending, None
        self.compute(rows, cars, out)

    def bind(
        self, rows: Rows, out: Floats, failed: NDArray[np.bool_] | None = None
    ) -> Bound | None:
        """The kernel in place of `submit` and `collect`, if the engine is one.

        Args:
            failed: (N,) bool, where to note the rows that a call leaves open; else a new array.
        """
        return None

    def settle(self, bound: Bound, cars: Cars | None) -> None:  # noqa: B027
        """Answer for the rows that a doubtful call left open; raises as `compute` does."""

    def get_state(self) -> NDArray[Any] | None:
        """A copy of `state`, for a checkpoint."""
        return None if self.state is None else self.state.copy()

    def set_state(self, state: NDArray[Any]) -> None:
        """Go on from `get_state`."""
        if self.state is not None:
            self.state[...] = state

    def close(self) -> None:  # noqa: B027  an engine without processes has nothing to do
        """Give back processes and memory; harmless when repeated."""

    def take_components(self) -> Sums:
        """Sums of each component that the file names, over the calls since the last time."""
        return {}

    def output(self) -> str:
        """What the reward has printed and this process has not shown; at most 64 KiB."""
        return ""

    def _failed(self, failure: Failure, rows: Rows, cars: Cars | None) -> RewardFailed:
        row = rows[failure.car]
        episode = None if cars is None else int(cars[failure.car]["episode"])
        failure.car += self.first_car
        return reward_failed(
            failure,
            self.file.shown,
            row,
            self.waypoints[int(row["is_reversed"])],
            episode=episode,
            folder=self.failure_folder,
        )


def check(out: Floats, line: int) -> None:
    """Raise Failure for the first value that is no reward."""
    wrong = ~(np.abs(out) <= LIMIT)  # NaN compares false
    if wrong.any():
        car = int(np.argmax(wrong))
        raise Failure(car, line, returned(shown(float(out[car]))))


def returned(what: str) -> str:
    """The problem text of a value that cannot be a reward."""
    return f"reward_function returned {what}; return one finite number within ±1e5"
