"""The rules of a race against the clock, and what its laps are worth under them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from racer.errors import BadConfig, UnknownName
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS, TIME_UP

RANKINGS = ("total", "best", "average")


@dataclass(frozen=True)
class Protocol:
    """The rules of a trial; numbers and their names follow the official simulator's settings."""

    laps: int = 3  # trials, or laps of one continuous drive
    resets: int = 100  # faults forgiven in one lap; the next one ends it
    off_track_penalty_s: float = 5.0  # the car is held for so long, on the clock
    reversed_penalty_s: float = 5.0
    immobilized_penalty_s: float = 0.0
    continuous: bool = False  # flying laps; else each one starts from standstill at the line
    ranking: str = "total"  # total, best, or average of consecutive laps
    min_laps: int = 3  # how many consecutive laps the average is taken over

    def __post_init__(self) -> None:
        if self.ranking not in RANKINGS:
            raise BadConfig(f"ranking {self.ranking!r}; allowed is {', '.join(RANKINGS)}.")
        for name in ("laps", "min_laps"):
            if not 1 <= getattr(self, name) <= 100_000:
                raise BadConfig(f"{name} = {getattr(self, name)}; allowed is 1 to 100000.")
        if not 0 <= self.resets <= 1_000_000:
            raise BadConfig(f"resets = {self.resets}; allowed is 0 to 1000000.")
        if self.ranking == "average" and self.min_laps > self.laps:
            raise BadConfig(
                f"min_laps = {self.min_laps}, but laps = {self.laps}: no average of so many laps "
                f"can count. Try --min-laps {self.laps}, or more --laps."
            )
        for name in ("off_track_penalty_s", "reversed_penalty_s", "immobilized_penalty_s"):
            if not 0.0 <= getattr(self, name) <= 3600.0:
                raise BadConfig(f"{name} = {getattr(self, name)}; allowed is 0 to 3600 s.")


# Source: deepracer reference, section 2. deepracer is what DeepRacer-for-cloud evaluates with,
# league the commonest setting of 141 leaderboards, strict ends a lap at its first fault.
PROTOCOLS = {
    "deepracer": Protocol(),
    "league": Protocol(
        resets=10_000, off_track_penalty_s=3.0, reversed_penalty_s=3.0, continuous=True
    ),
    "strict": Protocol(
        resets=0, off_track_penalty_s=0.0, reversed_penalty_s=0.0, ranking="best", min_laps=1
    ),
}


def protocol(name: str, **overrides: Any) -> Protocol:
    """The rules `name`, with every number that is not None in `overrides` replaced.

    Raises:
        UnknownName: no such rules. BadConfig: a number outside its range.
    """
    if name not in PROTOCOLS:
        raise UnknownName("rules", name, PROTOCOLS)
    given = {key: value for key, value in overrides.items() if value is not None}
    return dataclasses.replace(PROTOCOLS[name], **given)


@dataclass(frozen=True)
class TimedLap:
    """One lap on the clock."""

    status: str  # lap_complete, or the fault that no reset was left for
    progress_pct: float
    time_s: float  # from the start of the lap, penalties included
    reward: float
    off_tracks: int
    reversals: int
    immobilizations: int
    penalty_s: float

    @property
    def complete(self) -> bool:
        """Did the car finish it?"""
        return self.status == STATUS_LABELS[LAP_COMPLETE]

    @property
    def resets(self) -> int:
        """How often the car was put back on the track."""
        faults = self.off_tracks + self.reversals + self.immobilizations
        return faults if self.status in _UNFORCED else faults - 1


_UNFORCED = (STATUS_LABELS[LAP_COMPLETE], STATUS_LABELS[TIME_UP])


@dataclass(frozen=True)
class TrialResult:
    """The laps of a trial, in order, and what they are worth."""

    rules: Protocol
    laps: tuple[TimedLap, ...]

    @property
    def score_s(self) -> float | None:
        """The time this trial is ranked by; None when it does not count."""
        times = [lap.time_s if lap.complete else math.inf for lap in self.laps]
        if self.rules.ranking == "total":
            score = sum(times)
        elif self.rules.ranking == "best":
            score = min(times)
        else:
            score = best_average(times, self.rules.min_laps)
        return score if math.isfinite(score) else None

    @property
    def completion_pct(self) -> float:
        """Mean progress of the laps, %."""
        return float(np.mean([lap.progress_pct for lap in self.laps]))

    def to_json(self) -> dict[str, Any]:
        """For --json; the keys that plain evaluation has mean the same here."""
        times = [lap.time_s for lap in self.laps if lap.complete]
        return {
            "completion_pct": self.completion_pct,
            "laps": len(self.laps),
            "laps_completed": len(times),
            "best_lap_s": min(times) if times else None,
            "mean_lap_s": float(np.mean(times)) if times else None,
            "lap_times_s": times,
            "off_tracks": sum(lap.off_tracks for lap in self.laps),
            "resets": sum(lap.resets for lap in self.laps),
            "penalty_s": sum(lap.penalty_s for lap in self.laps),
            "score_s": self.score_s,
            "rules": dataclasses.asdict(self.rules),
            "mean_reward": float(np.mean([lap.reward for lap in self.laps])),
            "attempts": [dataclasses.asdict(lap) for lap in self.laps],
        }

    def table(self) -> str:
        """For people."""
        lines = [
            f"{'lap':>4} {'result':<13} {'progress':>9} {'time':>9} {'penalty':>8} {'resets':>6}"
        ]
        for number, lap in enumerate(self.laps, 1):
            lines.append(
                f"{number:>4} {lap.status.replace('_', ' '):<13} {lap.progress_pct:>8.1f}% "
                f"{lap.time_s:>7.2f} s {lap.penalty_s:>6.1f} s {lap.resets:>6}"
            )
        score = "does not count" if self.score_s is None else f"{self.score_s:.3f} s"
        return "\n".join([*lines, f"\nscore ({self.rules.ranking}): {score}"])


def best_average(times: list[float], window: int) -> float:
    """The least mean of `window` consecutive times, s, in whole milliseconds as officially."""
    means = [
        sum(round(1000.0 * time) for time in part) // window / 1000.0
        for part in (times[i : i + window] for i in range(len(times) - window + 1))
        if all(map(math.isfinite, part))
    ]
    return min(means, default=math.inf)
