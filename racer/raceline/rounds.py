"""Rounds in tubes of layers around many drives; see racer/raceline/refine.py for one round.

Rounds around the best of the first drives improve them, and where two come near each other the one
goes on as the other did. Then the best goes on alone, in tubes that are wide and narrow by turns.
Every second round looks around the fastest of its laps in all of them, and rounds are added while
no lap at speed is as fast as the one from standstill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from racer.raceline.drive import LAPS, WHOLE, Drive, Said
from racer.raceline.refine import GUESSES, Tube, improved
from racer.raceline.rollouts import Rollouts
from racer.raceline.setup import Setup
from racer.sim.types import KINEMATIC, SINGLE_TRACK

FIELD = 4  # first drives that are improved
OPENING = 2  # rounds for each of these; then the best goes on alone
# Cars in a layer. A step of the single-track model costs twelve times as much, nearly all of a
# search: 250 cars found the same lap of the oval as 800 (3.922 s and 3.921 s) in 40 % of the time.
KEEP = {KINEMATIC: 800, SINGLE_TRACK: 250}
# Sizes of the rounds: wide ones move the line, narrow ones polish it. Wide again after narrow
# leaves a line that is only locally the best.
SIZES = (2.5, 1.6, 1.0, 0.6, 0.35, 2.5, 1.6, 1.0, 0.6, 0.35, 1.3, 0.5)
# Rounds after them, until the lap at speed is the faster one.
AGAIN = (0.6, 0.3, 1.0, 0.5, 0.3, 2.5, 1.6, 1.0, 0.6, 0.35)
_CELL = (0.025, 0.04, 0.05, 0.2)  # m, rad, rad, m/s at size 1
_REACH = (4, 4, 3, 2)


class Rounds:
    """Rounds around drives from the line."""

    first, tries = 6, 6  # first drives; rounds of plans before each of their decisions
    share = 0.25  # of the time, for first drives

    def __init__(
        self, setup: Setup, rng: np.random.Generator, stop: Callable[[], bool], said: Said
    ) -> None:
        self.keep = KEEP[int(setup.vehicle["model"][0])]
        guesses = max(GUESSES, len(getattr(setup.actions, "choices", ())))
        self.rollouts = Rollouts(setup, (self.keep + FIELD) * guesses)
        self.rng, self.stop, self.said = rng, stop, said
        self.done, self.total = 0, 1  # rounds
        self.best: Drive | None = None

    def best_of(self, drives: list[Drive], rounds: int) -> Drive:
        """The best drive after so many of SIZES."""
        drives = sorted(drives, key=self.score)[:FIELD]
        numbered = list(enumerate(SIZES[:rounds]))
        opening, rest = numbered[:OPENING], numbered[OPENING:]
        self.total = max(len(drives) * len(opening) + len(rest), 1)
        for one in opening:
            for k in range(len(drives)):
                drives[k] = self._after(drives[k], [one], [*drives[:k], *drives[k + 1 :]])
        rest += enumerate(AGAIN if rounds >= len(SIZES) else (), len(SIZES))
        return self._after(min(drives, key=self.score), rest)

    def score(self, drive: Drive) -> float:
        """Steps until all laps are done."""
        return drive.crossing(WHOLE * self.rollouts.length)

    def _after(
        self, drive: Drive, numbered: Iterable[tuple[int, float]], others: Sequence[Drive] = ()
    ) -> Drive:
        """The drive after these rounds: number, size."""
        for number, size in numbered:
            extra = number >= len(SIZES)
            if self.stop() or (extra and self._is_faster_at_speed(drive)):
                break
            self.best = min((one for one in (drive, self.best) if one), key=self.score)
            self.said(self.done / self.total, self.best)
            self.done += 1
            short = self.score(drive) == float("inf")  # a given one of two laps
            found = improved(
                self.rollouts,
                drive,
                tube(size, self.keep),
                LAPS,
                self.rng,
                folded=extra or number % 2 == 1 or short,
                others=others,
                stop=self.stop,
            )
            if found is not None and self.score(found) < self.score(drive):
                drive = found
        return drive

    def _is_faster_at_speed(self, drive: Drive) -> bool:
        """Is a lap at speed no slower than the first, which begins at standstill?"""
        first, *others = drive.lap_steps(self.rollouts.length)
        return bool(min(others) <= first)


def tube(size: float, keep: int) -> Tube:
    """The tube of a round."""
    a, b, c, d = (size * cell for cell in _CELL)
    noise = 0.35 * min(max(size, 0.15), 1.5)
    return Tube((a, b, c, d), _REACH, noise, 0.4 * max(1.0, size), keep)
