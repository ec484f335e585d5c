"""What driving laps found: each lap, what they are worth under the rules, as JSON and a table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from racer import console
from racer.evaluation.protocol import Protocol
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS, TIME_UP

_PLAIN = ("status", "progress_pct", "time_s", "reward", "off_track_steps")
_NOT_A_FAULT = (STATUS_LABELS[LAP_COMPLETE], STATUS_LABELS[TIME_UP])


@dataclass(frozen=True)
class Lap:
    """One attempt at a lap."""

    status: str  # lap_complete, or the fault that ended it
    progress_pct: float
    time_s: float  # until it ended, penalties included; the lap time when it is complete
    reward: float  # sum over the lap
    off_tracks: int = 0
    reversals: int = 0
    immobilizations: int = 0
    penalty_s: float = 0.0
    crashes: int = 0
    off_track_steps: int = 0  # steps with at least one wheel off the road
    overtakes: int | None = None  # of bots and other cars; None where nobody else drives

    @property
    def complete(self) -> bool:
        """Did the car finish it?"""
        return self.status == STATUS_LABELS[LAP_COMPLETE]

    @property
    def resets(self) -> int:
        """How often the car was put back on the track."""
        faults = self.off_tracks + self.reversals + self.immobilizations + self.crashes
        return faults if self.status in _NOT_A_FAULT else faults - 1


@dataclass(frozen=True)
class TrackLaps:
    """The laps driven on one of several tracks.

    Args:
        name, length: of the track; m.
        laps: in the order driven.
        flying_s: the fastest lap that began at speed, interpolated between control steps.
        reference_s: the fastest known flying lap of this road and car, by the official rule.
    """

    name: str
    length: float
    laps: tuple[Lap, ...]
    flying_s: float | None = None
    reference_s: float | None = None

    @property
    def times_s(self) -> list[float]:
        """Times of the completed laps."""
        return [lap.time_s for lap in self.laps if lap.complete]

    @property
    def lapped(self) -> bool:
        """Was every lap completed?"""
        return len(self.times_s) == len(self.laps)

    @property
    def completion_pct(self) -> float:
        """Mean progress of the laps, %."""
        return float(np.mean([lap.progress_pct for lap in self.laps]))

    @property
    def pct(self) -> float | None:
        """Percent of optimal of the fastest flying lap; None where either is not known."""
        if self.flying_s is None or self.reference_s is None:
            return None
        return 100.0 * self.reference_s / self.flying_s

    def compared_with(self, reference_s: float | None) -> TrackLaps:
        """The same beside a reference lap."""
        return dataclasses.replace(self, reference_s=reference_s)

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        times = self.times_s
        return {
            "track": self.name,
            "track_length_m": self.length,
            "completion_pct": self.completion_pct,
            "laps": len(self.laps),
            "laps_completed": len(times),
            "best_lap_s": min(times) if times else None,
            "mean_lap_s": float(np.mean(times)) if times else None,
            "best_flying_lap_interpolated_s": self.flying_s,
            "reference_official_s": self.reference_s,
            "pct_of_optimal_official": self.pct,
            "attempts": [
                {n: v for n, v in dataclasses.asdict(lap).items() if n in _PLAIN and n != "reward"}
                for lap in self.laps
            ],
        }

    def row(self) -> tuple[str, ...]:
        """Cells of the table."""
        times, end = self.times_s, ""
        if not self.lapped:
            first = next(lap for lap in self.laps if not lap.complete)
            end = f"{first.status.replace('_', ' ')} at {first.progress_pct:.0f} %"
        return (
            self.name,
            f"{self.length:.1f} m",
            f"{len(times)}/{len(self.laps)}",
            f"{min(times):.2f} s" if times else "",
            f"{float(np.mean(times)):.2f} s" if times else "",
            f"{self.pct:.1f} %" if self.pct is not None else "",
            end,
        )


@dataclass(frozen=True)
class Result:
    """Laps in the order driven; with `rules`, a time trial that has a score.

    With `tracks`, the laps of all of them, one track after the other.
    """

    laps: tuple[Lap, ...]
    rules: Protocol | None = None
    tracks: tuple[TrackLaps, ...] = ()

    @classmethod
    def on(cls, tracks: Sequence[TrackLaps]) -> Result:
        """The laps of several tracks as one result."""
        return cls(tuple(lap for one in tracks for lap in one.laps), tracks=tuple(tracks))

    @property
    def tracks_lapped(self) -> int:
        """On how many tracks every lap was completed."""
        return sum(one.lapped for one in self.tracks)

    @property
    def median_pct(self) -> float | None:
        """Median percent of optimal of the tracks with a reference; a failed one counts as 0."""
        with_one = [one for one in self.tracks if one.reference_s is not None]
        shares = [one.pct if one.lapped else 0.0 for one in with_one]
        known = [share for share in shares if share is not None]
        return float(np.median(known)) if known else None

    @property
    def completion_pct(self) -> float:
        """Mean progress of the laps, %; 100 only when every lap was completed."""
        return float(np.mean([lap.progress_pct for lap in self.laps]))

    @property
    def lap_times_s(self) -> list[float]:
        """Times of the completed laps."""
        return [lap.time_s for lap in self.laps if lap.complete]

    @property
    def mean_lap_s(self) -> float | None:
        """Mean time of the completed laps; None without one."""
        times = self.lap_times_s
        return float(np.mean(times)) if times else None

    @property
    def score_s(self) -> float | None:
        """The time that a time trial is ranked by; None when it does not count."""
        if self.rules is None:
            return None
        times = [lap.time_s if lap.complete else math.inf for lap in self.laps]
        if self.rules.ranking == "total":
            score = sum(times)
        elif self.rules.ranking == "best":
            score = min(times)
        else:
            score = best_average(times, self.rules.min_laps)
        return score if math.isfinite(score) else None

    @property
    def overtakes(self) -> int | None:
        """Of all laps; None where nobody else drives."""
        counts = [lap.overtakes for lap in self.laps if lap.overtakes is not None]
        return sum(counts) if counts else None

    def to_json(self) -> dict[str, Any]:
        """For evaluation.json and --json; lap times are None when no lap was completed."""
        times = self.lap_times_s
        head = {
            "completion_pct": self.completion_pct,
            "laps": len(self.laps),
            "laps_completed": len(times),
            "best_lap_s": min(times) if times else None,
            "mean_lap_s": self.mean_lap_s,
        }
        if self.tracks:
            return head | {
                "tracks_lapped": self.tracks_lapped,
                "tracks_lapped_pct": 100.0 * self.tracks_lapped / len(self.tracks),
                "median_pct_of_optimal_official": self.median_pct,
                "tracks": [one.to_json() for one in self.tracks],
            }
        return {
            **head,
            "lap_times_s": times,
            "off_tracks": sum(lap.off_tracks for lap in self.laps),
            "crashes": sum(lap.crashes for lap in self.laps),
            **({} if self.overtakes is None else {"overtakes": self.overtakes}),
            **self._time_trial(),
            "mean_reward": float(np.mean([lap.reward for lap in self.laps])),
            "attempts": [self._attempt(lap) for lap in self.laps],
        }

    def _time_trial(self) -> dict[str, Any]:
        if self.rules is None:
            return {}
        return {
            "resets": sum(lap.resets for lap in self.laps),
            "penalty_s": sum(lap.penalty_s for lap in self.laps),
            "score_s": self.score_s,
            "rules": dataclasses.asdict(self.rules),
        }

    def _attempt(self, lap: Lap) -> dict[str, Any]:
        fields = dataclasses.asdict(lap)
        if lap.overtakes is None:
            del fields["overtakes"]
        if self.rules is None:
            return {name: fields[name] for name in (*_PLAIN, "overtakes") if name in fields}
        del fields["off_track_steps"]
        return fields

    def table(self) -> str:
        """For people."""
        if self.tracks:
            return self._track_table()
        return self._plain_table() if self.rules is None else self._time_trial_table()

    def _track_table(self) -> str:
        heads = ("track", "length", "laps", "best", "mean", "% of optimal", "first end")
        rows = [one.row() for one in self.tracks]
        columns = len(heads) if any(row[-1] for row in rows) else len(heads) - 1
        known = sum(one.reference_s is not None for one in self.tracks)
        share = 100.0 * self.tracks_lapped / len(self.tracks)
        lapped = f"\nlapped {self.tracks_lapped} of {len(self.tracks)} tracks ({share:.0f} %)"
        if self.median_pct is not None:
            lapped += f", median {self.median_pct:.1f} % of optimal on {known} with a reference lap"
        table = console.table(heads[:columns], [row[:columns] for row in rows], right=range(1, 6))
        return f"{table}\n{lapped}"

    def _plain_table(self) -> str:
        rows = [
            (
                *_shared(number, lap),
                f"{lap.time_s:.2f} s",
                f"{lap.reward:.2f}",
                f"{lap.off_track_steps} steps",
            )
            for number, lap in enumerate(self.laps, 1)
        ]
        heads = ("lap", "result", "progress", "time", "reward", "wheels off")
        return self._with_overtakes(heads, rows)

    def _time_trial_table(self) -> str:
        assert self.rules
        rows = [
            (
                *_shared(number, lap),
                f"{lap.time_s:.2f} s",
                f"{lap.penalty_s:.1f} s",
                f"{lap.resets}",
            )
            for number, lap in enumerate(self.laps, 1)
        ]
        heads = ("lap", "result", "progress", "time", "penalty", "resets")
        lines = [self._with_overtakes(heads, rows)]
        score = "does not count" if self.score_s is None else f"{self.score_s:.3f} s"
        return "\n".join([*lines, f"\nscore ({self.rules.ranking}): {score}"])

    def _with_overtakes(self, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
        """A table of laps, with a column for overtakes where somebody else drives."""
        if self.overtakes is not None:
            heads = (*heads, "overtakes")
            pairs = zip(rows, self.laps, strict=True)
            rows = [(*row, str(lap.overtakes or 0)) for row, lap in pairs]
        return console.table(heads, rows, right=range(2, len(heads)))


def best_average(times: list[float], window: int) -> float:
    """The least mean of `window` consecutive times, s, in whole milliseconds as officially."""
    means = [
        sum(round(1000.0 * time) for time in part) // window / 1000.0
        for part in (times[i : i + window] for i in range(len(times) - window + 1))
        if all(map(math.isfinite, part))
    ]
    return min(means, default=math.inf)


def _shared(number: int, lap: Lap) -> tuple[str, str, str]:
    return f"{number}", lap.status.replace("_", " "), f"{lap.progress_pct:.1f}%"
