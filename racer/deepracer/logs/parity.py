"""Parity: does the engine compute what the official simulator recorded?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.deepracer.logs.log import Log
from racer.deepracer.logs.nearby import equal_nearby
from racer.deepracer.logs.recompute import Recomputed, recompute
from racer.tracks import Track


@dataclass(frozen=True)
class Field:
    """One recorded quantity, compared over all rows.

    Args:
        name: column of the log.
        rows: compared.
        matches: rows within `tolerance`, those of `nearby` included.
        nearby: rows that are so only at a pose that the log's precision allows, see `nearby`.
        tolerance: largest difference that counts as equal.
        bar_pct: share of rows that must match.
        worst: largest difference, but for the rows of `nearby`.
        first: the first row that does not match, or None.
    """

    name: str
    rows: int
    matches: int
    nearby: int
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
                    "nearby": f.nearby,
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


# name; tolerance with all digits, and with the four digits of a text log (of which progress has its
# own rounding and that of the start, which is read from the log); share of rows that must match
_BARS = (
    ("progress", 1e-9, 2e-3, 100.0),
    ("closest_waypoint", 0.0, 0.0, 100.0),
    ("all_wheels_on_track", 0.0, 0.0, 99.7),
    ("track_len", 1e-9, 5.1e-3, 100.0),
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
    fields = []
    for name, exact, rounded, bar_pct in _BARS:
        tolerance = rounded if log.rounded else exact
        ours: NDArray[np.float64] = computed[name].astype(float)
        recorded: NDArray[np.float64] = log.rows[name].astype(float)
        difference = np.abs(ours - recorded)
        wrong = np.flatnonzero(difference > tolerance)
        nearby = wrong[equal_nearby(log, track, found, name, wrong, tolerance)]
        wrong, difference[nearby] = np.setdiff1d(wrong, nearby), 0.0
        fields.append(
            Field(
                name,
                len(log.rows),
                len(log.rows) - wrong.size,
                nearby.size,
                tolerance,
                bar_pct,
                float(difference.max()),
                _row(log, name, computed[name], wrong[0]) if wrong.size else None,
            )
        )
    return Parity(log.source, track.name, tuple(fields), (*log.notes, *_remarks(found)))


def _row(log: Log, name: str, computed: np.ndarray, k: int) -> dict[str, Any]:
    return {
        "line": int(log.rows["line"][k]),
        "episode": int(log.rows["episode"][k]),
        "steps": int(log.rows["steps"][k]),
        "logged": log.rows[name][k].item(),
        "computed": computed[k].item(),
    }


def _remarks(found: Recomputed) -> list[str]:
    remarks = []
    if found.backward.any():
        remarks.append(f"{int(found.backward.sum())} episodes driven against the file's order")
    if found.dropped:
        remarks.append("waypoints are numbered without the track's duplicate rows")
    return remarks
