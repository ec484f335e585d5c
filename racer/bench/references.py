"""`racer bench references`: how long the search for the fastest lap takes, and how sure it is.

The same search with several seeds: their spread says how far a lap may be from the best one, and
the lower bound beside it what no lap can reach. The fastest lap is kept, as `racer line` keeps it.
A table of all tracks takes hours, so it can be stopped after any search and gone on with.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import raceline
from racer.bench.measure import machine, one_core, table
from racer.config import RaceConfig
from racer.errors import BadInput, BadTrack
from racer.storage import files, foreign
from racer.tracks import Track

SEARCHED = {  # a row of the JSON
    "setup_sha256": str,
    "track": str,
    "length_m": foreign.NUMBER,
    "vehicle": str,
    "rule": str,
    "flying_s": [foreign.NUMBER],
    "standing_s": [foreign.NUMBER],
    "bound_s": (*foreign.NUMBER, None),
    "cpu_s": [foreign.NUMBER],
    "why_not": str,
}
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

    setup_sha256: str
    track: str
    length_m: float
    vehicle: str
    rule: str
    bound_s: float  # NaN where the road has none; of no worth where a lap is faster
    flying_s: tuple[float, ...] = ()  # of every seed
    standing_s: tuple[float, ...] = ()
    cpu_s: tuple[float, ...] = ()  # of every seed, also of those that found no lap
    why_not: str = ""

    @classmethod
    def nothing_yet(cls, setup: raceline.Setup, vehicle: str) -> Searched:
        """Before the first seed."""
        road, bound_s = setup.track, raceline.bound(setup).seconds
        return cls(setup.key, road.name, road.length, vehicle, setup.rule, bound_s)

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
            f"{self.bound_s:.2f}" if self.bound_s <= min(self.flying_s) else "",
            f"{statistics.median(self.cpu_s):.0f}",
        ]


@dataclass(frozen=True)
class Report:
    """Every search, and where it was made."""

    machine: dict[str, Any]
    seeds: int
    searched: tuple[Searched, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything, raw; `known` reads it."""
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


def known(path: Path) -> tuple[Searched, ...]:
    """The searches in a file that `Report.to_json` made; none where there is no file.

    Raises:
        BadInput: it holds something else.
    """
    if not path.is_file():
        return ()
    found = files.read_json(path, error=BadInput)
    name, advice = str(path), "Give another file to --json, or remove it."
    foreign.check(found, {"searched": [SEARCHED]}, name, advice=advice, error=BadInput)
    rows = []
    for row in found["searched"]:
        lists = {key: tuple(row[key]) for key in ("flying_s", "standing_s", "cpu_s")}
        bound_s = math.nan if row["bound_s"] is None else row["bound_s"]
        rows.append(Searched(**{key: row[key] for key in SEARCHED} | lists | {"bound_s": bound_s}))
    return tuple(rows)


def bench(
    tracks: Sequence[Track],
    *,
    vehicles: Sequence[str] = (RaceConfig.vehicle,),
    rules: Sequence[str] = ("official",),
    seeds: int = 3,
    before: Sequence[Searched] = (),
    keep: Callable[[Report], None] = lambda report: None,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Search the fastest lap of every road with every vehicle by every rule.

    Args:
        before: searches that are done; they stay in the report, and only what they lack is added.
        keep: called with what there is so far, after every search.

    Raises:
        RacerError: an unknown vehicle or rule; before any search.
    """
    setups = [
        (vehicle, raceline.Setup.on(track, RaceConfig(vehicle=vehicle), rule))
        for vehicle in vehicles
        for rule in rules
        for track in tracks
    ]
    here, rows = machine(), {row.setup_sha256: row for row in before}
    with one_core():
        for vehicle, setup in setups:
            row = rows.get(setup.key) or Searched.nothing_yet(setup, vehicle)
            done = len(row.cpu_s)
            for seed in range(done, seeds):
                row = rows[setup.key] = searched(setup, row, seed)
                keep(Report(here, seeds, tuple(rows.values())))
            if done < seeds:
                tell(", ".join(filter(None, [*row.cells(), row.why_not])))
    return Report(here, seeds, tuple(rows.values()))


def searched(setup: raceline.Setup, row: Searched, seed: int, **options: Any) -> Searched:
    """One search more in a row; its lap is kept where it is the fastest known.

    Args:
        options: of `raceline.search`.
    """
    began, lap, why_not = time.process_time(), None, row.why_not
    try:
        lap = raceline.search(setup, seed=seed, **options)
    except BadTrack as error:
        why_not = str(error)
    cpu_s = time.process_time() - began
    if lap is not None:
        raceline.offer(setup, lap)
    return dataclasses.replace(
        row,
        flying_s=(*row.flying_s, *([lap.flying_s] if lap else [])),
        standing_s=(*row.standing_s, *([lap.standing_s] if lap else [])),
        cpu_s=(*row.cpu_s, cpu_s),
        why_not=why_not,
    )
