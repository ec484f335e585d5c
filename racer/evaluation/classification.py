"""Classification: what a race came to, as a table for people and as JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from racer import console
from racer.evaluation.protocol import Protocol
from racer.evaluation.standings import FINISHED, Event

HEAD = ("place", "name", "laps", "time", "best lap", "gap", "overtakes", "crashes", "off tracks")


@dataclass(frozen=True)
class Placed:
    """One car in the result.

    Args:
        name: who.
        status: finished, out or time up.
        laps: completed.
        time_s: from the start to its last line; None before the first.
        best_lap_s: None without a lap.
        gap_s: to the winner, where it completed as many laps.
        laps_behind: the winner.
        overtakes: cars that it passed while they drove.
        crashes: by its own fault.
        off_tracks: and other faults.
    """

    name: str
    status: str
    laps: int
    time_s: float | None
    best_lap_s: float | None
    gap_s: float | None
    laps_behind: int
    overtakes: int
    crashes: int
    off_tracks: int
    reversals: int
    immobilizations: int

    def cells(self, place: int) -> tuple[str, ...]:
        """Its row in the table."""
        gap = "" if self.gap_s is None else f"{self.gap_s:+.2f} s"
        if self.laps_behind:
            gap = f"+{self.laps_behind} lap{'s' if self.laps_behind > 1 else ''}"
        if self.status != FINISHED:
            gap = self.status
        counts = self.overtakes, self.crashes, self.off_tracks
        times = (_seconds(self.time_s), _seconds(self.best_lap_s))
        first = place == 1 and self.status == FINISHED
        return (
            str(place),
            self.name,
            str(self.laps),
            *times,
            "" if first else gap,
            *map(str, counts),
        )


@dataclass(frozen=True)
class Classification:
    """The result of a race.

    Args:
        track: where.
        laps: of the race.
        grid: names from the first row on.
        placed: cars from the winner on.
        events: all that happened, in order of time.
        everyone: names of the cars, of boxes and of bots, which events mean by number.
        seconds: how long it took.
        time_limit_s: when it would have been stopped.
        rules: what faults cost.
    """

    track: str
    laps: int
    grid: tuple[str, ...]
    placed: tuple[Placed, ...]
    events: tuple[Event, ...]
    everyone: tuple[str, ...]
    seconds: float
    time_limit_s: float
    rules: Protocol

    def table(self) -> str:
        """A row for each car."""
        rows = [one.cells(place) for place, one in enumerate(self.placed, 1)]
        return console.table(HEAD, rows, right=(0, 2, 3, 4, 5, 6, 7, 8))

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values; the docs list the fields."""
        groups: dict[str, list[dict[str, Any]]] = {
            "crossings": [],
            "overtakes": [],
            "crashes": [],
            "faults": [],
        }
        for event in self.events:
            plural = f"{event.kind}es" if event.kind == "crash" else f"{event.kind}s"
            found = event.to_json(self.everyone)
            groups[plural if plural in groups else "faults"].append(found)
        return {
            "track": self.track,
            "laps": self.laps,
            "grid": list(self.grid),
            "duration_s": self.seconds,
            "time_limit_s": self.time_limit_s,
            "rules": {
                name: getattr(self.rules, name)
                for name in (
                    "resets",
                    "off_track_penalty_s",
                    "reversed_penalty_s",
                    "immobilized_penalty_s",
                    "collision_penalty_s",
                )
            },
            "result": [
                {"place": place} | dataclasses.asdict(one)
                for place, one in enumerate(self.placed, 1)
            ],
            **groups,
        }


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"
