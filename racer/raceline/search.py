"""Search for the fastest lap that a setup allows, in the engine itself.

First drives look two seconds ahead: a wide road has several good lines, and a round keeps to one.
Rounds in tubes around the best of them improve them, and where two come near each other the one
goes on as the other did. Then the best goes on alone, in tubes that are wide and narrow by turns.
Every second round looks around the fastest of its laps in all of them, and rounds are added while
no lap at speed is as fast as the one from standstill. Nothing is modelled beside the engine, so
what is found can be driven: delay, lags, the rate of actions and the off-track rule are all in it.
The same seed finds the same lap.

Of two laps at speed the faster one counts: how two laps share their time is chance. The last one
is driven as if there were no tomorrow, so the search goes on for a piece of another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.actions import Discrete
from racer.errors import BadConfig, BadTrack
from racer.raceline.drive import Drive, replay
from racer.raceline.driver import PLANS, first_drive
from racer.raceline.reference import Reference
from racer.raceline.refine import GUESSES, Tube, improved
from racer.raceline.rollouts import Rollouts
from racer.raceline.setup import Setup
from racer.sim.types import KINEMATIC, SINGLE_TRACK

WHOLE = 3  # laps: from standstill, and two at speed
LAPS = WHOLE + 0.15
FIRST = 6  # first drives; on a wide road each takes another line
FIELD = 4  # the best of them
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

Report = Callable[[float, "Reference | None"], None]  # share done; the best so far


def search(
    setup: Setup,
    *,
    seed: int = 0,
    start: NDArray[np.generic] | None = None,
    seconds: float = float("inf"),
    rounds: int = len(SIZES),
    found_by: str = "",
    report: Report = lambda done, best: None,
) -> Reference:
    """The best lap found.

    Args:
        start: actions (T, ...) from the line, of a lap to begin with; else a driver finds one.
        rounds: how many of SIZES.
        seconds: stop when they are over; the result then depends on the clock.
        found_by: recorded with the lap; by default this search and its seed.
        report: called as the search goes on.

    Raises:
        BadTrack: no lap was found; or `start` leaves the road.
        BadConfig: `seconds` were over before the first lap was.
    """
    end, rng = time.monotonic() + seconds, np.random.default_rng(seed)

    def stop() -> bool:
        return time.monotonic() > end

    keep = KEEP[int(setup.vehicle["model"][0])]
    rollouts = _rollouts(setup, (keep + FIELD) * _guesses(setup))
    share = 0.05 if start is not None else 0.5
    drives = _first(setup, rollouts, start, rng, lambda done: report(share * done, None), stop)
    who = found_by or f"racer line --seed {seed}"
    numbered = list(enumerate(SIZES[:rounds]))
    opening, rest = numbered[:OPENING], numbered[OPENING:]
    total = max(min(len(drives), FIELD) * len(opening) + len(rest), 1)

    def said(done: int, best: Drive) -> None:
        report(min(share + (1.0 - share) * done / total, 1.0), Reference.of(setup, best, who))

    refining = _Refining(rollouts, keep, rng, stop, said)
    drives = sorted(drives, key=refining.score)[:FIELD]
    for one in opening:
        for k in range(len(drives)):
            drives[k] = refining.rounds(drives[k], [one], [*drives[:k], *drives[k + 1 :]])
    rest += enumerate(AGAIN if rounds >= len(SIZES) else (), len(SIZES))
    best = refining.rounds(min(drives, key=refining.score), rest)
    reference = Reference.of(setup, best, who)
    report(1.0, reference)
    return reference


@dataclass
class _Refining:
    """Rounds around a drive, counted and told."""

    rollouts: Rollouts
    keep: int
    rng: np.random.Generator
    stop: Callable[[], bool]
    said: Callable[[int, Drive], None]  # rounds done; the best drive so far
    done: int = 0
    best: Drive | None = None

    def rounds(
        self, drive: Drive, numbered: Iterable[tuple[int, float]], others: Sequence[Drive] = ()
    ) -> Drive:
        """The drive after these rounds: number, size."""
        for number, size in numbered:
            extra = number >= len(SIZES)
            if self.stop() or (extra and _is_faster_at_speed(self.rollouts, drive)):
                break
            self.best = min((one for one in (drive, self.best) if one), key=self.score)
            self.said(self.done, self.best)
            self.done += 1
            short = self.score(drive) == float("inf")  # a given one of two laps
            tube, folded = _tube(size, self.keep), extra or number % 2 == 1 or short
            found = improved(
                self.rollouts,
                drive,
                tube,
                LAPS,
                self.rng,
                folded=folded,
                others=others,
                stop=self.stop,
            )
            if found is not None and self.score(found) < self.score(drive):
                drive = found
        return drive

    def score(self, drive: Drive) -> float:
        """Steps until all laps are done."""
        return drive.crossing(WHOLE * self.rollouts.length)


def driven(setup: Setup, commands: NDArray[np.float64], found_by: str) -> Reference | None:
    """The reference that somebody drove; None if it breaks the rule or is not two laps long.

    Args:
        commands: (T, 2) steering angle (deg) and speed (m/s) of every step from the line.
    """
    drive = replay(_rollouts(setup, 1), _actions(setup, commands))
    if drive is None or drive.places.max() < 2.0 * setup.track.length:
        return None
    return Reference.of(setup, drive, found_by)


def _actions(setup: Setup, commands: NDArray[np.float64]) -> NDArray[np.generic]:
    """What was chosen; to the bit, for commands have 29 more bits than a float32 action."""
    if isinstance(setup.actions, Discrete):
        gaps = np.abs(commands[:, None] - np.array(setup.actions.choices)).sum(axis=2)
        nearest: NDArray[np.generic] = gaps.argmin(axis=1)
        return nearest
    low, high = np.array([setup.actions.steer_deg, setup.actions.speed]).T
    chosen: NDArray[np.generic] = (2.0 * (commands - low) / (high - low) - 1.0).astype(np.float32)
    return chosen


def _first(
    setup: Setup,
    rollouts: Rollouts,
    start: NDArray[np.generic] | None,
    rng: np.random.Generator,
    report: Callable[[float], None],
    stop: Callable[[], bool],
) -> list[Drive]:
    """The lap to begin with, or what drivers find."""
    if start is not None:
        return [_given(setup, rollouts, start)]
    small = _rollouts(setup, PLANS)
    drives = []
    for k in range(FIRST):

        def said(done: float, before: int = k) -> None:
            report((before + done) / FIRST)

        if k and stop():
            break
        drive = first_drive(small, LAPS, rng, said, stop)
        drives += [] if drive is None else [drive]
    if not drives and stop():
        raise BadConfig(
            f"the seconds given are over before a first lap of {setup.track.name} was found; "
            "1 s for each metre of road is plenty on an idle core."
        )
    if not drives:
        raise BadTrack(
            f"no lap of {setup.track.name} found by the {setup.rule} rule: a bend is too tight for "
            "this vehicle and its actions. Try --rule official, another vehicle or other actions."
        )
    return drives


def _given(setup: Setup, rollouts: Rollouts, start: NDArray[np.generic]) -> Drive:
    """The lap to begin with.

    Raises:
        BadTrack: it is not two laps long, or breaks a rule.
    """
    given = replay(rollouts, start)
    if given is not None and given.crossing(2.0 * rollouts.length) < float("inf"):
        return given
    name, most_m = setup.track.name, float(rollouts.limits[2])
    rollouts.limits[2] = float("inf")
    free = replay(rollouts, start)
    rollouts.limits[2] = most_m
    if free is not None and free.crossing(2.0 * rollouts.length) < float("inf"):
        raise BadTrack(
            f"the lap to begin with cuts a bend of {name}: one step gains "
            f"{np.diff(free.places).max():.2f} m of the centre line, and a step of a reference lap "
            f"may gain at most {most_m:.2f} m. Give another lap, or search without one."
        )
    raise BadTrack(
        f"the lap to begin with does not complete two laps of {name} by the {setup.rule} rule. "
        "Train longer, or search without it."
    )


def _rollouts(setup: Setup, n: int) -> Rollouts:
    return Rollouts(
        setup.track,
        n,
        vehicle=setup.vehicle,
        actions=setup.actions,
        rules=setup.rules,
        wheels_off=setup.wheels_off,
    )


def _guesses(setup: Setup) -> int:
    return max(GUESSES, len(getattr(setup.actions, "choices", ())))


def _tube(size: float, keep: int) -> Tube:
    a, b, c, d = (size * cell for cell in _CELL)
    noise = 0.35 * min(max(size, 0.15), 1.5)
    return Tube((a, b, c, d), _REACH, noise, 0.4 * max(1.0, size), keep)


def _is_faster_at_speed(rollouts: Rollouts, drive: Drive) -> bool:
    """Is a lap at speed no slower than the first, which begins at standstill?"""
    first, *others = drive.lap_steps(rollouts.length)
    return bool(min(others) <= first)
