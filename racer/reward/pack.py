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
        self._rows: tuple[Rows, list[Rows]] | None = None
        self._bound: tuple[Floats, list[tuple[RewardEngine, Floats, Bound | None]]] | None = None
        self._cars: list[Cars | None] = []
        self._kernels = False

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
        """Start the engines that are no kernels: workers run beside each other."""
        if self._rows is None or self._rows[0] is not rows:
            self._rows, self._bound = (rows, [rows[part] for part in self._parts]), None
        self._cars = [None if cars is None else cars[part] for part in self._parts]
        if not self._kernels:
            for engine, some, own in zip(self.engines, self._rows[1], self._cars, strict=True):
                engine.submit(some, own)

    def collect(self, out: Floats) -> None:
        """Finish what `submit` started."""
        assert self._rows is not None, "collect() without submit()"
        if self._bound is None or self._bound[0] is not out:  # kernels stay bound to their arrays
            outs = [out[part] for part in self._parts]
            parts = zip(self.engines, self._rows[1], outs, strict=True)
            self._bound = out, [(one, into, one.bind(some, into)) for one, some, into in parts]
            self._kernels = all(bound is not None for _, _, bound in self._bound[1])
        for (engine, into, bound), own in zip(self._bound[1], self._cars, strict=True):
            if bound is None:
                engine.collect(into)
            elif bound.call() < 0:
                engine.settle(bound, own)

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
