"""The rules of the clock: what a time trial forgives, what that costs, and how it is ranked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from racer.errors import BadConfig, UnknownName
from racer.sim.types import CRASHED, IMMOBILIZED, OFF_TRACK, REVERSED

RANKINGS = ("total", "best", "average")
FAULTS = {
    CRASHED: "collision_penalty_s",
    OFF_TRACK: "off_track_penalty_s",
    REVERSED: "reversed_penalty_s",
    IMMOBILIZED: "immobilized_penalty_s",
}
PENALTIES = (
    "off_track_penalty_s",
    "reversed_penalty_s",
    "immobilized_penalty_s",
    "collision_penalty_s",
)


@dataclass(frozen=True)
class Protocol:
    """The rules of a time trial, with the numbers and names of the official simulator."""

    laps: int = 3  # each from the start line, or all in one continuous drive
    resets: int = 100  # faults forgiven in one lap; the next one ends it
    off_track_penalty_s: float = 5.0  # the car is held for so long, on the clock
    reversed_penalty_s: float = 5.0
    immobilized_penalty_s: float = 0.0
    collision_penalty_s: float = 5.0
    mercy: int = 0  # faults in a row at one box after which the car is put beyond it; 0 never
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
        if not 0 <= self.mercy <= 1000:
            raise BadConfig(f"mercy = {self.mercy}; allowed is 0 to 1000.")
        for name in PENALTIES:
            if not 0.0 <= getattr(self, name) <= 3600.0:
                raise BadConfig(f"{name} = {getattr(self, name)}; allowed is 0 to 3600 s.")

    def penalty_s(self, status: int) -> float:
        """What a fault costs, s."""
        return float(getattr(self, FAULTS[status]))


# Source: deepracer reference, section 2. deepracer is what DeepRacer-for-cloud evaluates with,
# league the commonest setting of 141 leaderboards, strict ends a lap at its first fault.
PROTOCOLS = {
    "deepracer": Protocol(),
    "league": Protocol(
        resets=10_000, off_track_penalty_s=3.0, reversed_penalty_s=3.0, continuous=True
    ),
    "strict": Protocol(
        resets=0,
        off_track_penalty_s=0.0,
        reversed_penalty_s=0.0,
        collision_penalty_s=0.0,
        ranking="best",
        min_laps=1,
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
