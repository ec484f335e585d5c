"""Passes along many drives: a few along each, then more along the best of them.

For vehicles whose wheels turn slowly; racer/raceline/along.py has one pass. A wide road has many
good lines, and most of what a line is worth shows after two passes. So many drives get two: how far
apart seeds are depends on how many drives there were.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from racer.raceline.along import PLANS, passed_along
from racer.raceline.drive import WHOLE, Drive, Said
from racer.raceline.rollouts import Rollouts
from racer.raceline.setup import Setup

STAGES = ((24, 2), (7, 14))  # so many drives, and passes along each
ALONE = 40  # passes along a given drive
SIZES = (1.0, 1.0, 1.0, 1.0, 0.5, 0.5)  # of the passes, by turns


class Passes:
    """Passes along drives from the line."""

    tries = 2  # rounds of plans before each decision of a first drive
    share = 0.45  # of the time, for first drives

    def __init__(
        self, setup: Setup, rng: np.random.Generator, stop: Callable[[], bool], said: Said
    ) -> None:
        self.rollouts, self.rng, self.stop, self.said = Rollouts(setup, PLANS), rng, stop, said
        self.first = STAGES[0][0]

    def best_of(self, drives: list[Drive], rounds: int) -> Drive:
        """The drive with the fastest lap after all stages; along each at most `rounds` passes.

        A given drive, which comes alone, is the answer if no lap is faster.
        """
        given = [one for one in drives if len(drives) == 1 and self.score(one) < float("inf")]
        wanted = STAGES if len(drives) > 1 else ((1, ALONE),)
        stages = [(min(many, len(drives)), min(passes, rounds)) for many, passes in wanted]
        done, total, before = 0, sum(many * passes for many, passes in stages), 0
        for many, passes in stages:
            drives = sorted(drives, key=self.score)[:many]
            for k, number in np.ndindex(many, passes):
                if self.stop():
                    break
                self.said(done / total, min(drives, key=self.score))
                drives[k] = self._better(drives[k], before + number)
                done += 1
            before += passes
        return min([*given, *drives], key=self.lap)

    def score(self, drive: Drive) -> float:
        """Steps of three laps, by the mean of the drive's, and half of those of its fastest one.

        On a wide road a lap can be fast only because the lap before it was slow, so the fastest one
        is not all that counts.
        """
        laps = drive.lap_steps(self.rollouts.length)
        if len(laps) < WHOLE:
            return float("inf")
        return float(laps.sum() * (WHOLE / len(laps)) + 0.5 * laps.min())

    def lap(self, drive: Drive) -> float:
        """Steps of the fastest lap, which is what a reference is about."""
        return float(drive.lap_steps(self.rollouts.length).min())

    def _better(self, known: Drive, number: int) -> Drive:
        """The drive after one more pass.

        Every other one goes along one and the same lap, so that each lap learns from the others;
        all do along a given drive of two laps.
        """
        alone = number % 2 == 1 or self.score(known) == float("inf")
        lap = number // 2 % len(known.lap_steps(self.rollouts.length)) if alone else None
        size = SIZES[number % len(SIZES)]
        found = passed_along(self.rollouts, known, self.rng, size=size, lap=lap, stop=self.stop)
        return known if found is None or self.score(found) >= self.score(known) else found
