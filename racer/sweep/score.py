"""How good a run and a configuration are: completion first, then the lap, never the reward."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from racer.errors import BadRun
from racer.runs import Run
from racer.sweep.prune import PRUNED
from racer.sweep.space import Settings

# A tenth of a percent of completion counts more than any lap time: see `value`.
_LAP_WEIGHT = 1e-3


@dataclass(frozen=True)
class Row:
    """A finished run.

    Args:
        id: its name in the sweep.
        number: of its configuration.
        seed: of its training.
        settings: what varies.
        status: finished, pruned or diverged.
        completion_pct: of its evaluation laps; 0 where it diverged.
        lap_s: mean of the completed laps; NaN without one.
        best_lap_s: the fastest one.
        optimal_pct: the best lap in percent of the best possible, on several tracks the median over
            them; NaN where that is not known.
        seconds: that its training took.
    """

    id: str
    number: int
    seed: int
    settings: Settings
    status: str
    completion_pct: float
    lap_s: float
    best_lap_s: float
    optimal_pct: float
    seconds: float

    @property
    def value(self) -> float:
        """One number to maximise: completion in %, and less than 0.1 more for a faster lap."""
        if not math.isnan(self.optimal_pct):
            speed = min(self.optimal_pct, 100.0) / 100.0
        elif not math.isnan(self.lap_s):
            speed = 1.0 / (1.0 + self.lap_s / 60.0)  # falls from 1 to 0 as the lap gets longer
        else:
            speed = 0.0
        return round(self.completion_pct, 1) + 100.0 * _LAP_WEIGHT * speed


def row_of(run: Run) -> Row:
    """What a finished run of a sweep came to.

    Raises:
        BadRun: it is damaged, or no run of a sweep.
    """
    manifest = run.manifest()
    about = manifest.get("sweep")
    try:
        assert isinstance(about, dict)
        settings = dict(about["settings"])
        seed, number = int(settings.pop("train.seed")), int(about["configuration"])
        optimal, seconds = _number(about["optimal_pct"]), _number(about["seconds"])
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise BadRun(f"{run.manifest_file} does not say which run of a sweep it is.") from error
    if "error" in about:
        nothing = (0.0, math.nan, math.nan, math.nan, seconds)
        return Row(run.name, number, seed, settings, "diverged", *nothing)
    found = run.result()
    pruned = str(manifest.get("ended_by", "")).startswith(PRUNED)
    return Row(
        run.name,
        number,
        seed,
        settings,
        "pruned" if pruned else "finished",
        float(found["completion_pct"]),
        _number(found["mean_lap_s"]),
        _number(found["best_lap_s"]),
        optimal,
        seconds,
    )


@dataclass(frozen=True)
class Configuration:
    """All finished runs of the same settings: what a sweep judges."""

    number: int
    settings: Settings
    rows: tuple[Row, ...]

    @property
    def value(self) -> float:
        """Mean over its seeds of what is maximised."""
        return float(np.mean([row.value for row in self.rows]))

    @property
    def completion_pct(self) -> float:
        """Mean over its seeds."""
        return float(np.mean([row.completion_pct for row in self.rows]))

    @property
    def lapped(self) -> int:
        """How many of its seeds completed every lap."""
        return sum(row.completion_pct >= 100.0 for row in self.rows)

    def mean(self, name: str) -> float:
        """Of a column over the seeds that have it; NaN where none has."""
        found = [value for row in self.rows if not math.isnan(value := getattr(row, name))]
        return float(np.mean(found)) if found else math.nan

    @property
    def text(self) -> str:
        """Completion and lap for people."""
        parts = [f"{self.completion_pct:.1f} % completion"]
        lap, share = self.mean("lap_s"), self.mean("optimal_pct")
        if not math.isnan(lap):
            parts.append(f"{lap:.2f} s a lap")
        if not math.isnan(share):
            parts.append(f"{share:.1f} % of optimal")
        return ", ".join(parts)


def configurations(rows: Iterable[Row]) -> list[Configuration]:
    """The configurations of these runs, the best first."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.number, []).append(row)
    found = [
        Configuration(number, mine[0].settings, tuple(sorted(mine, key=lambda row: row.seed)))
        for number, mine in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.value, one.number))


def shown(value: Any) -> str:
    """A value of a setting for people."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
