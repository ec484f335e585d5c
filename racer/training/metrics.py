"""Numbers of a training so far, one row per rollout: what metrics.csv and the curve show."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from racer import console
from racer.errors import BadRun
from racer.reward.components import Sums
from racer.storage import files

WINDOW = 100  # episodes that means are taken over
LOSSES = {  # metrics.csv column → SB3 logger key
    "policy_loss": ("train/policy_gradient_loss", "train/actor_loss"),
    "value_loss": ("train/value_loss", "train/critic_loss"),
    "entropy": ("train/entropy_loss", "train/ent_coef"),
    "approx_kl": ("train/approx_kl",),
    "std": ("train/std",),
}
COLUMNS = (
    "timesteps",
    "episodes",
    "laps",
    "progress_pct",
    "laps_pct",
    "lap_time_s",
    "best_lap_s",
    "return",
    "steps",
    *LOSSES,
)
COMPONENT = "component_"  # begins the columns of a reward's components, which follow
_LINE_LIMIT = 2000  # characters
log = console.log(__name__)
SAMPLE_EVERY = 4096  # timesteps between rows at least; off-policy algorithms roll out one step


class Metrics:
    """Numbers of the episodes so far, one row per rollout; deterministic, so no clock in them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.episodes = 0
        self.laps = 0
        self.best_lap_s = float("nan")
        self.sampled = 0  # timesteps of the newest row
        self.recent: deque[dict[str, Any]] = deque(maxlen=WINDOW)
        self.components: Sums = {}  # of the reward, since the newest row

    def add(self, episodes: list[dict[str, Any]]) -> None:
        """Count finished episodes (episode_info dicts)."""
        for episode in episodes:
            self.recent.append(episode)
            self.episodes += 1
            if "lap_time_s" in episode:
                self.laps += 1
                self.best_lap_s = float(np.fmin(self.best_lap_s, episode["lap_time_s"]))

    def hear(self, sums: Sums) -> None:
        """Count components of the reward: sums over calls, and how many."""
        for name, (total, count) in sums.items():
            before = self.components.get(name, (0.0, 0))
            self.components[name] = before[0] + total, before[1] + count

    def sample(self, timesteps: int, losses: dict[str, float]) -> dict[str, float]:
        """Add and return the row of now; NaN where there is nothing to average."""
        recent = list(self.recent)
        times = [e["lap_time_s"] for e in recent if "lap_time_s" in e]
        row = {
            "timesteps": timesteps,
            "episodes": self.episodes,
            "laps": self.laps,
            "progress_pct": _mean([e["progress_pct"] for e in recent]),
            "laps_pct": 100.0 * len(times) / len(recent) if recent else float("nan"),
            "lap_time_s": _mean(times),
            "best_lap_s": self.best_lap_s,
            "return": _mean([e["return"] for e in recent]),
            "steps": _mean([e["steps"] for e in recent]),
            **losses,
        }
        for name, (total, count) in self.components.items():
            row[COMPONENT + name] = total / count
        self.components = {}
        self.rows.append(row)
        self.sampled = timesteps
        return row

    def to_facts(self) -> dict[str, Any]:
        """What a checkpoint keeps beside metrics.csv, as JSON."""
        best = None if np.isnan(self.best_lap_s) else self.best_lap_s
        return {
            "rows": len(self.rows),
            "episodes": self.episodes,
            "laps": self.laps,
            "best_lap_s": best,
            "sampled": self.sampled,
            "recent": list(self.recent),
            **({"components": dict(self.components)} if self.components else {}),
        }

    @classmethod
    def load(cls, path: Path, facts: dict[str, Any]) -> Metrics:
        """Go on from a checkpoint; rows written after it, or torn, are dropped.

        Args:
            path: the metrics.csv.
            facts: of the shape `foreign.METRICS`.

        Raises:
            BadRun: a count is negative, or a component has no sum and count.
        """
        metrics = cls()
        try:
            metrics.rows = _read_rows(path, facts["rows"])
            best = facts["best_lap_s"]
            metrics.best_lap_s = float("nan") if best is None else float(best)
            metrics.episodes, metrics.laps = facts["episodes"], facts["laps"]
            metrics.sampled = facts["sampled"]
            metrics.recent.extend(facts["recent"])
            sums = facts.get("components", {})
            metrics.components = {n: (float(t), int(c)) for n, (t, c) in sums.items() if c > 0}
        except ValueError as error:
            raise BadRun(f"the checkpoint's metrics are damaged: {error}.") from error
        missing = facts["rows"] - len(metrics.rows)
        if missing:
            log.warning("%s lacks %d rows; the curve has a gap.", path, missing)
        return metrics

    def save(self, path: Path, *, rows: int | None = None) -> None:
        """Write the first `rows`, or all, as CSV, whole or not at all; NaN is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        parts = {c for row in self.rows[:rows] for c in row if c.startswith(COMPONENT)}
        columns = [*COLUMNS, *sorted(parts)]
        writer.writerow(columns)
        for row in self.rows[:rows]:
            values = [row.get(c, np.nan) for c in columns]
            writer.writerow("" if v != v else f"{v:.10g}" for v in values)
        with files.disk_errors(str(path)):
            files.write_atomic(path, text.getvalue().encode())

    def columns(self) -> dict[str, np.ndarray]:
        """Column → (rows,) float64."""
        return {c: np.array([row[c] for row in self.rows], float) for c in COLUMNS}


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Column → (rows,) float64 of a metrics.csv; without rows where there is none that is whole."""
    rows = _read_rows(path, 10**9)
    names = rows[0] if rows else COLUMNS
    return {name: np.array([row[name] for row in rows], float) for name in names}


def _read_rows(path: Path, count: int) -> list[dict[str, float]]:
    """The first `count` whole rows of a metrics.csv, which may be of any size."""
    rows: list[dict[str, float]] = []
    with (
        contextlib.suppress(OSError, ValueError, csv.Error),
        path.open(encoding="utf-8", errors="replace") as file,
    ):
        lines = iter(lambda: file.readline(_LINE_LIMIT), "")
        table = csv.reader(itertools.takewhile(lambda line: line.endswith("\n"), lines))
        columns = next(table, [])
        if tuple(columns[: len(COLUMNS)]) == COLUMNS:
            for line in itertools.islice(table, count):
                values = [float(field or "nan") for field in line]
                rows.append(dict(zip(columns, values, strict=True)))
    return rows


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
