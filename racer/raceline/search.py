"""Search for the fastest lap that a setup allows, in the engine itself.

First drives look two seconds ahead: a wide road has several good lines, and what improves a drive
keeps to one. Then the best of them are improved: in layers of cars around each (`Rounds`), or, for
a vehicle whose wheels turn slowly, by plans along each (`Passes`). Nothing is modelled beside the
engine, so what is found can be driven: delay, lags, the rate of actions and the off-track rule are
all in it. The same seed finds the same lap.

The fastest lap of a drive counts: how its laps share their time is chance. The last lap is driven
as if there were no tomorrow, so the search goes on for a piece of another.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from racer.actions import Discrete
from racer.errors import BadConfig, BadTrack
from racer.raceline.drive import LAPS, Drive, replay
from racer.raceline.driver import PLANS, first_drive
from racer.raceline.passes import Passes
from racer.raceline.reference import Reference
from racer.raceline.rollouts import Rollouts
from racer.raceline.rounds import Rounds
from racer.raceline.setup import Setup

# s. Wheels that lag by more are still turning ten control steps later, so that cars of a layer
# cannot be compared after one. deepracer's lag by 0.15 s, those of deepracer_v4 by 0.47 s.
LAG = 0.3
ALL = 1_000  # rounds; more than there are

Report = Callable[[float, "Reference | None"], None]  # share done; the best so far, if it changed


def search(
    setup: Setup,
    *,
    seed: int = 0,
    start: NDArray[np.generic] | None = None,
    seconds: float = float("inf"),
    rounds: int = ALL,
    found_by: str = "",
    report: Report = lambda done, best: None,
) -> Reference:
    """The best lap found.

    Args:
        start: actions (T, ...) from the line, of a lap to begin with; else a driver finds one.
        rounds: how many at most; of passes, along each drive of a stage.
        seconds: stop when they are over; the result then depends on the clock, which does not
            count compiling.
        found_by: recorded with the lap; by default this search and its seed.
        report: called as the search goes on.

    Raises:
        BadTrack: no lap was found; or `start` leaves the road.
        BadConfig: `seconds` were over before the first lap was.
    """
    rng = np.random.default_rng(seed)
    if seconds < float("inf"):  # one decision compiles what a first lap needs
        warm = Rollouts(setup, PLANS)
        further = (float(warm.start["s"][0]) + 0.01) / warm.length
        first_drive(warm, further, np.random.default_rng(0), tries=1)
    end = time.monotonic() + seconds

    def stop() -> bool:
        return time.monotonic() > end

    who = found_by or f"racer line --seed {seed}"

    def said(done: float, best: Drive) -> None:
        report(share + (1.0 - share) * min(done, 1.0), Reference.of(setup, best, who))

    improve = (Passes if _turns_slowly(setup) else Rounds)(setup, rng, stop, said)
    share = improve.share if start is None else 0.0
    if start is None:

        def begun(done: float, best: Drive | None) -> None:
            report(share * done, Reference.of(setup, best, who) if best else None)

        drives = _first(setup, improve, rng, begun, stop)
    else:
        drives = [_given(setup, start)]
    reference = Reference.of(setup, improve.best_of(drives, rounds), who)
    report(1.0, reference)
    return reference


def _turns_slowly(setup: Setup) -> bool:
    """Should plans be compared, not cars of a layer?

    Not where actions are a list: a layer tries all of it from every car, and finds faster laps.
    """
    return setup.vehicle["steer_lag"][0] > LAG and not isinstance(setup.actions, Discrete)


def driven(setup: Setup, commands: NDArray[np.float64], found_by: str) -> Reference | None:
    """The reference that somebody drove; None if it breaks the rule or is not two laps long.

    Args:
        commands: (T, 2) steering angle (deg) and speed (m/s) of every step from the line.
    """
    drive = replay(Rollouts(setup, 1), _actions(setup, commands))
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
    improve: Rounds | Passes,
    rng: np.random.Generator,
    report: Callable[[float, Drive | None], None],
    stop: Callable[[], bool],
) -> list[Drive]:
    """What drivers find; the best so far is reported after each."""
    rollouts, many = Rollouts(setup, PLANS), improve.first
    drives = []
    for k in range(many):

        def said(done: float, before: int = k) -> None:
            report((before + done) / many, None)

        if k and stop():
            break
        drive = first_drive(rollouts, LAPS, rng, said, stop, tries=improve.tries)
        drives += [] if drive is None else [drive]
        if drives:
            report((k + 1) / many, min(drives, key=improve.score))
    if not drives and stop():
        raise BadConfig(
            f"the seconds given are over before a first lap of {setup.track.name} was found; "
            "1 s for each metre of road is plenty on an idle core."
        )
    if not drives:
        other = "--rule official, " if setup.rule == "strict" else ""
        raise BadTrack(
            f"no lap of {setup.track.name} found by the {setup.rule} rule: a bend may be too tight "
            f"for this vehicle and its actions. Try {other}another vehicle or other actions."
        )
    return drives


def _given(setup: Setup, start: NDArray[np.generic]) -> Drive:
    """The lap to begin with.

    Raises:
        BadTrack: it is not two laps long, or breaks a rule.
    """
    rollouts = Rollouts(setup, 1)
    given = replay(rollouts, start)
    if given is not None and given.crossing(2.0 * rollouts.length) < float("inf"):
        return given
    name, most_m = setup.track.name, float(rollouts.limits[2])
    rollouts.limits[2] = float("inf")
    free = replay(rollouts, start)
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
