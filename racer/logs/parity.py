"""Parity: does the engine compute what the official simulator recorded?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from racer.logs.log import Log
from racer.logs.recompute import Recomputed, recompute
from racer.tracks import Track


@dataclass(frozen=True)
class Field:
    """One recorded quantity, compared over all rows.

    Args:
        name: column of the log.
        rows: compared.
        matches: rows within `tolerance`.
        tolerance: largest difference that counts as equal.
        bar_pct: share of rows that must match.
        worst: largest difference.
        first: the first differing row, or None.
    """

    name: str
    rows: int
    matches: int
    tolerance: float
    bar_pct: float
    worst: float
    first: dict[str, Any] | None

    @property
    def match_pct(self) -> float:
        """Share of rows that match, %."""
        return 100.0 * self.matches / self.rows

    @property
    def passed(self) -> bool:
        """Is the share at its bar?"""
        return self.match_pct >= self.bar_pct


@dataclass(frozen=True)
class Parity:
    """The comparison of one log with the engine."""

    source: str
    track: str
    fields: tuple[Field, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Is every field at its bar?"""
        return all(field.passed for field in self.fields)

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "log": self.source,
            "track": self.track,
            "passed": self.passed,
            "fields": {
                f.name: {
                    "rows": f.rows,
                    "matches": f.matches,
                    "match_pct": f.match_pct,
                    "bar_pct": f.bar_pct,
                    "tolerance": f.tolerance,
                    "worst_difference": f.worst,
                    "first_difference": f.first,
                    "passed": f.passed,
                }
                for f in self.fields
            },
            "notes": list(self.notes),
        }


# name, tolerance and bar for full precision; for text logs, whose poses have four digits (0.05 mm,
# which is 0.001 % of a lap of 10 m, and may move a row across a border or a waypoint's bisector)
_BARS = (
    ("progress", 1e-9, 100.0, 2e-3, 100.0),
    ("closest_waypoint", 0.0, 100.0, 0.0, 99.5),
    ("all_wheels_on_track", 0.0, 99.7, 0.0, 99.5),
    ("track_len", 1e-9, 100.0, 5.1e-3, 100.0),
)


def check_parity(log: Log, track: Track) -> Parity:
    """Recompute every row of `log` from its pose and compare with what was recorded."""
    found = recompute(log, track)
    computed = {
        "progress": found.params["progress"],
        "closest_waypoint": found.closest_waypoint,
        "all_wheels_on_track": found.params["all_wheels_on_track"],
        "track_len": found.params["track_length"],
    }
    fields = tuple(
        _compare(log, name, computed[name], *(rounded if log.rounded else exact))
        for name, exact, rounded in ((b[0], b[1:3], b[3:5]) for b in _BARS)
    )
    return Parity(log.source, track.name, fields, (*log.notes, *_remarks(found)))


def _compare(log: Log, name: str, computed: np.ndarray, tolerance: float, bar_pct: float) -> Field:
    logged = log.rows[name]
    difference = np.abs(computed.astype(float) - logged.astype(float))
    wrong = np.flatnonzero(difference > tolerance)
    first = None
    if wrong.size:
        row = log.rows[wrong[0]]
        first = {
            "line": int(row["line"]),
            "episode": int(row["episode"]),
            "steps": int(row["steps"]),
            "logged": logged[wrong[0]].item(),
            "computed": computed[wrong[0]].item(),
        }
    return Field(
        name,
        len(logged),
        len(logged) - wrong.size,
        tolerance,
        bar_pct,
        float(difference.max()),
        first,
    )


def _remarks(found: Recomputed) -> list[str]:
    remarks = []
    if found.backward.any():
        remarks.append(f"{int(found.backward.sum())} episodes driven against the file's order")
    if found.dropped:
        remarks.append("waypoints are numbered without the track's duplicate rows")
    return remarks
