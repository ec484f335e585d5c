"""`racer bench references`: how long the search for the fastest lap takes, and how sure it is.

The same search with several seeds: their spread says how far a lap may be from the best one, and
the lower bound beside it what no lap can reach. The fastest lap is kept, as `racer line` keeps it.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from racer import raceline
from racer.bench.measure import machine, one_core, table
from racer.config import RaceConfig
from racer.errors import BadTrack
from racer.tracks import Track

HEADER = [
    "track",
    "length, m",
    "vehicle",
    "rule",
    "flying laps, s",
    "spread, %",
    "from standstill, s",
    "lower bound, s",
    "CPU s",
]


@dataclass(frozen=True)
class Searched:
    """What the searches of one road, vehicle and rule found; empty where no lap is possible."""

    track: str
    length_m: float
    vehicle: str
    rule: str
    flying_s: tuple[float, ...]  # of every seed
    standing_s: tuple[float, ...]
    bound_s: float  # NaN where the road has none
    cpu_s: tuple[float, ...]
    why_not: str = ""

    @property
    def spread_pct(self) -> float:
        """The slowest seed's flying lap over the fastest one's."""
        return 100.0 * (max(self.flying_s) / min(self.flying_s) - 1.0)

    def cells(self) -> list[str]:
        """A row of the table."""
        named = [self.track, f"{self.length_m:.1f}", self.vehicle, self.rule]
        if not self.flying_s:
            return [*named, "no lap found", "", "", "", f"{sum(self.cpu_s):.0f}"]
        several = len(self.flying_s) > 1
        return [
            *named,
            " ".join(f"{lap:.3f}" for lap in self.flying_s),
            f"{self.spread_pct:.1f}" if several else "",
            f"{min(self.standing_s):.3f}",
            "" if math.isnan(self.bound_s) else f"{self.bound_s:.2f}",
            f"{statistics.median(self.cpu_s):.0f}",
        ]


@dataclass(frozen=True)
class Report:
    """Every search, and where it was made."""

    machine: dict[str, Any]
    seeds: int
    searched: tuple[Searched, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything, raw."""
        found = dataclasses.asdict(self)
        for row in found["searched"]:
            row["bound_s"] = None if math.isnan(row["bound_s"]) else row["bound_s"]
        return found

    def markdown(self) -> str:
        """A row for each road, vehicle and rule; the CPU time is the median of the seeds."""
        seeds = f"Seeds 0 to {self.seeds - 1}" if self.seeds > 1 else "Seed 0"
        return "\n\n".join(
            [
                table(HEADER, [one.cells() for one in self.searched]),
                f"{seeds}. {self.machine['cpu']}.",
            ]
        )


def bench(
    tracks: Sequence[Track],
    *,
    vehicles: Sequence[str] = (RaceConfig.vehicle,),
    rules: Sequence[str] = ("official",),
    seeds: int = 3,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Search the fastest lap of every road with every vehicle by every rule.

    Raises:
        RacerError: an unknown vehicle or rule; before any search.
    """
    setups = [
        (vehicle, raceline.Setup.on(track, RaceConfig(vehicle=vehicle), rule))
        for vehicle in vehicles
        for rule in rules
        for track in tracks
    ]
    found = []
    with one_core():
        for vehicle, setup in setups:
            found.append(searched(setup, vehicle, seeds))
            tell(", ".join(filter(None, [*found[-1].cells(), found[-1].why_not])))
    return Report(machine(), seeds, tuple(found))


def searched(setup: raceline.Setup, vehicle: str, seeds: int, **options: Any) -> Searched:
    """One search for each seed; their fastest lap is kept.

    Args:
        vehicle: the name of the setup's.
        options: of `raceline.search`.
    """
    laps: list[raceline.Reference] = []
    cpu_s, why_not = [], ""
    for seed in range(seeds):
        began = time.process_time()
        try:
            laps.append(raceline.search(setup, seed=seed, **options))
        except BadTrack as error:
            why_not = str(error)
        cpu_s.append(time.process_time() - began)
    if laps:
        raceline.offer(setup, min(laps, key=lambda lap: lap.flying_s))
    return Searched(
        setup.track.name,
        setup.track.length,
        vehicle,
        setup.rule,
        tuple(lap.flying_s for lap in laps),
        tuple(lap.standing_s for lap in laps),
        raceline.bound(setup).seconds,
        tuple(cpu_s),
        why_not,
    )
