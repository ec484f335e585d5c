"""Rounds in tubes of layers around many drives; see racer/raceline/refine.py for one round.

Each of the first drives is improved for itself, in tubes that are wide and narrow by turns, and the
one with the fastest lap is the answer. How near a bend may be cut depends on where in it a control
step ends, so that a lap can be a whole step faster than one beside it. Whether a drive finds such a
step is chance: on Vegas_track about half of them do.

Every second round looks around the fastest lap of a drive in all of its laps, and rounds are added
while no lap at speed is as fast as the one from standstill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from racer.raceline.drive import LAPS, WHOLE, Drive, Said
from racer.raceline.refine import GUESSES, Tube, improved
from racer.raceline.rollouts import Rollouts
from racer.raceline.setup import Setup
from racer.sim.types import KINEMATIC, SINGLE_TRACK

# First drives. Two or more of them are improved: as many as a CPU second for each metre of road
# allows, and as have STEPS in one lap together, for the bends of a long road even each other out.
FIELD = {KINEMATIC: 4, SINGLE_TRACK: 2}
SECONDS = 0.0675  # of a CPU to improve one drive, for each control step of its lap
STEPS = 290
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

    tries = 2  # rounds of plans before each decision of a first drive
    share = 0.05  # of the time, for first drives

    def __init__(
        self, setup: Setup, rng: np.random.Generator, stop: Callable[[], bool], said: Said
    ) -> None:
        model = int(setup.vehicle["model"][0])
        self.first, self.keep = FIELD[model], KEEP[model]
        guesses = max(GUESSES, len(getattr(setup.actions, "choices", ())))
        self.rollouts = Rollouts(setup, (self.keep + 1) * guesses)
        self.rng, self.stop, self.said = rng, stop, said
        self.done, self.total = 0, 1  # rounds
        self.best: Drive | None = None

    def best_of(self, drives: list[Drive], rounds: int) -> Drive:
        """The best drive after so many of SIZES."""
        drives = sorted(drives, key=self.score)
        steps = self.lap(drives[0])
        in_time = int(self.rollouts.length / (SECONDS * steps))
        drives = drives[: max(min(in_time, round(STEPS / steps)), 2)]
        numbered = list(enumerate(SIZES[:rounds]))
        self.total = max(len(drives) * len(numbered), 1)
        drives += [self._after(drive, numbered) for drive in drives]
        if rounds >= len(SIZES):
            best = min(drives, key=self.lap)
            drives.append(self._after(best, enumerate(AGAIN, len(SIZES))))
        return min(drives, key=self.lap)

    def score(self, drive: Drive) -> float:
        """Steps until all laps are done."""
        return drive.crossing(WHOLE * self.rollouts.length)

    def lap(self, drive: Drive) -> float:
        """Steps of the fastest lap at speed; of the only lap where there is no other."""
        first, *others = drive.lap_steps(self.rollouts.length)
        return float(min(others, default=first))

    def _after(self, drive: Drive, numbered: Iterable[tuple[int, float]]) -> Drive:
        """The drive after these rounds: number, size."""
        for number, size in numbered:
            extra = number >= len(SIZES)
            if self.stop() or (extra and self._is_faster_at_speed(drive)):
                break
            self.best = min((one for one in (drive, self.best) if one), key=self.lap)
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
