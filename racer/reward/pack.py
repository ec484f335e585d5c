"""One reward on several tracks: an engine for each, because a track's waypoints are its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.reward.components import Sums
from racer.reward.engine import Bound, Cars, Floats, RewardEngine, Rows
from racer.reward.failure import Failure
from racer.sim.native_call import every


class PackEngine(RewardEngine):
    """Engines of one file, each for the cars that follow those of the engine before it.

    Args:
        engines: at least one.
        counts: cars of each.
    """

    def __init__(self, engines: Sequence[RewardEngine], counts: Sequence[int]) -> None:
        self.engines = tuple(engines)
        super().__init__(engines[0].file, engines[0].waypoints[0])
        self.name, self.needs = engines[0].name, engines[0].needs
        self.why_not = engines[0].why_not
        self.why = f"{engines[0].why}; on {len(engines)} tracks"
        ends = np.cumsum(counts).tolist()
        self._parts = [slice(end - n, end) for end, n in zip(ends, counts, strict=True)]
        for engine, part in zip(self.engines, self._parts, strict=True):
            engine.first_car = part.start
        self._bounds: list[Bound] = []  # of each engine, while all of them are kernels

    @property
    def failure_folder(self) -> Path | None:
        """Where every engine saves the params of a failed call."""
        return self.engines[0].failure_folder

    @failure_folder.setter
    def failure_folder(self, folder: Path | None) -> None:
        for engine in self.engines:
            engine.failure_folder = folder

    def take_components(self) -> Sums:
        sums: Sums = {}
        for engine in self.engines:
            for name, (total, count) in engine.take_components().items():
                before = sums.get(name, (0.0, 0))
                sums[name] = before[0] + total, before[1] + count
        return sums

    def _compute(self, rows: Rows, out: Floats) -> None:
        for engine, part in zip(self.engines, self._parts, strict=True):
            try:
                engine._compute(rows[part], out[part])
            except Failure as failure:
                failure.car += part.start
                raise

    def submit(self, rows: Rows, cars: Cars | None) -> None:
        """Start every engine: workers run beside each other."""
        for engine, part in zip(self.engines, self._parts, strict=True):
            engine.submit(rows[part], None if cars is None else cars[part])

    def collect(self, out: Floats) -> None:
        """Finish what `submit` started."""
        for engine, part in zip(self.engines, self._parts, strict=True):
            engine.collect(out[part])

    def bind(
        self, rows: Rows, out: Floats, failed: NDArray[np.bool_] | None = None
    ) -> Bound | None:
        """Every engine's kernel in one native call; None if one of them is none."""
        failed = np.zeros(len(rows), np.bool_) if failed is None else failed
        self._bounds = []
        for engine, part in zip(self.engines, self._parts, strict=True):
            bound = engine.bind(rows[part], out[part], failed[part])
            if bound is None:
                return None
            self._bounds.append(bound)
        return Bound(rows, out, every(*(one.call for one in self._bounds)), failed)

    def settle(self, bound: Bound, cars: Cars | None) -> None:
        """Answer for the rows that any of the kernels left open."""
        for engine, one, part in zip(self.engines, self._bounds, self._parts, strict=True):
            if one.failed.any():
                engine.settle(one, None if cars is None else cars[part])

    def get_state(self) -> NDArray[Any] | None:
        """Rows of every engine's cars, one engine after the other."""
        kept = [state for state in (e.get_state() for e in self.engines) if state is not None]
        return np.concatenate(kept) if kept else None

    def set_state(self, state: NDArray[Any]) -> None:
        """Go on from `get_state`."""
        for engine, part in zip(self.engines, self._parts, strict=True):
            engine.set_state(state[part])

    def output(self) -> str:
        """What the reward has printed in every engine."""
        return "".join(engine.output() for engine in self.engines)

    def close(self) -> None:
        """Close every engine."""
        for engine in self.engines:
            engine.close()
