"""Percent of optimal: what evaluation drove beside the fastest lap known for this road and car.

Lap times are interpolated between control steps here: a step is 1.5 % of a lap of 4.5 s. The
official times, in whole steps, stay what they are.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer import raceline
from racer.config import RaceConfig
from racer.errors import BadInput
from racer.raceline import Loss, Reference, Setup
from racer.recording import laps
from racer.recording.trace import Trace


@dataclass(frozen=True)
class Optimal:
    """The best lap of an evaluation against the references.

    Args:
        lap_times_s: of the complete laps, interpolated.
        lap_s, flying: the best lap, and whether it began at speed.
        references: rule → the fastest known lap; only those that are known.
        steps_off: of the best lap, with a wheel off the road; by the strict rule it is no lap then.
        worst: the places that cost most time against the official one.
        best: (P,) POINT of the official one; None where it is not known.
    """

    lap_times_s: tuple[float, ...]
    lap_s: float
    flying: bool
    references: dict[str, Reference]
    steps_off: int
    worst: tuple[Loss, ...]
    best: NDArray[np.void] | None = None

    def pct(self, rule: str = "official") -> float | None:
        """The best lap in percent of optimal; None if none is known, or the lap breaks the rule."""
        broken = rule == "strict" and self.steps_off > 0
        known = None if broken else self.references.get(rule)
        return known.pct(self.lap_s, flying=self.flying) if known else None

    def to_json(self) -> dict[str, Any]:
        """Keys for evaluation.json and --json."""
        about: dict[str, Any] = {
            "lap_times_interpolated_s": list(self.lap_times_s),
            "best_lap_interpolated_s": self.lap_s,
            "best_lap_flying": self.flying,
            "best_lap_steps_off": self.steps_off,
        }
        for rule, known in self.references.items():
            about[f"pct_of_optimal_{rule}"] = self.pct(rule)
            about[f"reference_{rule}_s"] = known.flying_s if self.flying else known.standing_s
        return about | {"time_lost": [str(one) for one in self.worst]}

    def text(self) -> str:
        """For people."""
        kind = "flying" if self.flying else "standing"
        head = f"best {kind} lap {self.lap_s:.3f} s between the lines"
        if not self.references:
            return f"{head}; how good that is, racer line finds out"
        shares = [
            f"no lap by the {rule} rule, {self.steps_off} of its steps have a wheel off the road"
            if share is None
            else f"{share:.1f} % of optimal by the {rule} rule "
            f"({known.flying_s if self.flying else known.standing_s:.3f} s)"
            for rule, known in self.references.items()
            for share in [self.pct(rule)]
        ]
        return "\n".join([f"{head}: {', '.join(shares)}", *(f"  {one}" for one in self.worst)])


def compare(race: RaceConfig, trace: Trace) -> Optimal | None:
    """The best complete lap of an evaluation's trace against the references.

    Returns:
        None if no lap was completed, or leaving the road was allowed.
    """
    if not race.rules.end_off_track:
        return None
    found = [
        (line, lap, float(np.diff(raceline.lap_of(line, trace.track.length, lap))[0]) * trace.dt)
        for line in laps.drives(trace)
        for lap in range(int(line["place"].max() // trace.track.length))
    ]
    if not found:
        return None
    flying = [one for one in found if one[1] > 0]
    line, lap, seconds = min(flying or found, key=lambda one: one[2])
    setups = {rule: Setup.of(race, rule) for rule in raceline.RULES}
    known = {rule: best for rule, setup in setups.items() if (best := raceline.find(setup))}
    worst: list[Loss] = []
    against: NDArray[np.void] | None = None
    if "official" in known:
        best = known["official"]
        with contextlib.suppress(BadInput):  # it was found with an older racer: its time stands
            driven = best.drive(setups["official"])
            against = raceline.points_of(
                driven, trace.track, best.flying_lap if lap else 0, trace.dt
            )
            mine = raceline.points_of(line, trace.track, lap, trace.dt)
            worst = raceline.worst(mine, against, trace.track)
    times = tuple(seconds for _, _, seconds in found)
    first, last = np.ceil(raceline.lap_of(line, trace.track.length, lap)).astype(int)
    off = int((line["wheels_off"][first : last + 1] > 0).sum())
    return Optimal(times, seconds, lap > 0, known, off, tuple(worst), against)


def keep(race: RaceConfig, trace: Trace, found_by: str) -> list[str]:
    """Make the laps of an evaluation the references, under each rule where they are faster.

    Returns:
        the rules under which they are.
    """
    kept = []
    start = 0
    for line in laps.drives(trace):
        rows = trace.rows[start : start + len(line)]
        start += len(line)
        commands = np.stack([rows["params"]["steering_angle"], rows["params"]["speed"]], axis=1)
        for rule in raceline.RULES:
            setup = Setup.of(race, rule)
            found = raceline.driven(setup, commands, found_by)
            if found is not None and raceline.offer(setup, found):
                kept.append(rule)
    return kept
