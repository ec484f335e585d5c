"""What happens while SB3 learns: metrics after every rollout, and a progress line for people."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadRun
from racer.storage import files

WINDOW = 100  # episodes that means are taken over
_LOSSES = {  # metrics.csv column → SB3 logger key
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
    *_LOSSES,
)
_LINE_LIMIT = 1000  # characters
SAMPLE_EVERY = 4096  # timesteps between rows at least; off-policy algorithms roll out one step


Tell = Callable[[dict[str, float]], None]


class Metrics:
    """Numbers of the episodes so far, one row per rollout; deterministic, so no clock in them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.episodes = 0
        self.laps = 0
        self.best_lap_s = float("nan")
        self.sampled = 0  # timesteps of the newest row
        self.first_lap_s: float | None = None  # seconds of learning until the first lap
        self.recent: deque[dict[str, Any]] = deque(maxlen=WINDOW)

    def add(self, episodes: list[dict[str, Any]]) -> None:
        """Count finished episodes (episode_info dicts)."""
        for episode in episodes:
            self.recent.append(episode)
            self.episodes += 1
            if "lap_time_s" in episode:
                self.laps += 1
                self.best_lap_s = float(np.fmin(self.best_lap_s, episode["lap_time_s"]))

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
            "first_lap_s": self.first_lap_s,
            "recent": list(self.recent),
        }

    @classmethod
    def load(cls, path: Path, facts: dict[str, Any]) -> Metrics:
        """Go on from a checkpoint; rows written after it, or torn, are dropped.

        Raises:
            BadRun: the checkpoint's counts are no counts.
        """
        metrics = cls()
        try:
            metrics.rows = _read_rows(path, int(facts["rows"]))
            best = facts["best_lap_s"]
            metrics.best_lap_s = float("nan") if best is None else float(best)
            metrics.episodes, metrics.laps = int(facts["episodes"]), int(facts["laps"])
            metrics.sampled, metrics.first_lap_s = int(facts["sampled"]), facts["first_lap_s"]
            metrics.recent.extend(facts["recent"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadRun(f"the checkpoint's metrics are damaged: {error}.") from error
        missing = int(facts["rows"]) - len(metrics.rows)
        if missing:
            print(f"warning: {path} lacks {missing} rows; the curve has a gap.", file=sys.stderr)
        return metrics

    def save(self, path: Path, *, rows: int | None = None) -> None:
        """Write the first `rows`, or all, as CSV, whole or not at all; NaN is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows[:rows]:
            writer.writerow("" if row[c] != row[c] else f"{row[c]:.10g}" for c in COLUMNS)
        with files.disk_errors(str(path)):
            files.write_atomic(path, text.getvalue().encode())

    def columns(self) -> dict[str, np.ndarray]:
        """Column → (rows,) float64."""
        return {c: np.array([row[c] for row in self.rows], float) for c in COLUMNS}


def _read_rows(path: Path, count: int) -> list[dict[str, float]]:
    """The first `count` whole rows of a metrics.csv, which may be of any size."""
    rows: list[dict[str, float]] = []
    with (
        contextlib.suppress(OSError, ValueError, csv.Error),
        path.open(encoding="utf-8", errors="replace") as file,
    ):
        lines = iter(lambda: file.readline(_LINE_LIMIT), "")
        table = csv.reader(itertools.takewhile(lambda line: line.endswith("\n"), lines))
        if tuple(next(table, ())) == COLUMNS:
            for line in itertools.islice(table, count):
                values = [float(field or "nan") for field in line]
                rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


class Watch(BaseCallback):
    """Collect metrics at every rollout's end and show progress.

    Args:
        env: whose episodes.
        metrics: where they go.
        total: timesteps to train.
        quiet: show nothing.
        tell: called with every new metrics row.
    """

    def __init__(
        self,
        env: RacerVecEnv,
        metrics: Metrics,
        total: int,
        *,
        quiet: bool = False,
        tell: Tell | None = None,
    ) -> None:
        super().__init__()
        self._env, self._metrics, self._tell = env, metrics, tell
        self._meter = Meter(total, None if quiet else sys.stderr)

    def _on_training_start(self) -> None:
        self._meter.start(self.num_timesteps)

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self._metrics.add(self._env.take_finished())
        if self._metrics.laps and self._metrics.first_lap_s is None:
            self._metrics.first_lap_s = self._meter.elapsed
            self._meter.say(f"first lap after {self._meter.elapsed:.1f} s")
        if self.num_timesteps - self._metrics.sampled < SAMPLE_EVERY:
            return
        row = self._metrics.sample(self.num_timesteps, self.losses())
        for name in COLUMNS[1:9]:
            if row[name] == row[name]:
                self.logger.record(f"race/{name}", row[name])
        self._meter.update(self.num_timesteps, row)
        if self._tell is not None:
            self._tell(row)

    def _on_training_end(self) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the last state on the screen."""
        self._meter.stop(self.num_timesteps, self._metrics.rows[-1] if self._metrics.rows else None)

    def losses(self) -> dict[str, float]:
        """The newest losses SB3 recorded, NaN for those it did not."""
        known = self.logger.name_to_value
        return {
            column: float(next((known[key] for key in keys if key in known), float("nan")))
            for column, keys in _LOSSES.items()
        }


class Meter:
    """A progress bar on a terminal, a line every few seconds elsewhere."""

    LINE_EVERY_S = 5.0

    def __init__(self, total: int, out: TextIO | None) -> None:
        self._total, self._out = total, out
        self._bar: Any = None
        self._began = self._printed = time.perf_counter()
        self._from = 0

    @property
    def elapsed(self) -> float:
        """Seconds since `start`."""
        return time.perf_counter() - self._began

    def start(self, timesteps: int) -> None:
        """Begin at `timesteps` of the total."""
        self._began = self._printed = time.perf_counter()
        self._from = timesteps
        if self._out is not None and self._out.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                "[bold]{task.percentage:3.0f}%",
                progress.BarColumn(bar_width=28),
                "{task.fields[about]}",
                progress.TimeRemainingColumn(compact=True),
                "left",
                console=Console(file=self._out),
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, completed=timesteps, about="")

    def say(self, text: str) -> None:
        """A line of its own."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        elif self._out is not None:
            print(text, file=self._out, flush=True)

    def update(self, timesteps: int, row: dict[str, float]) -> None:
        """Show the newest metrics row."""
        if self._bar is not None:
            self._bar.update(self._task, completed=timesteps, about=self._about(timesteps, row))
        elif time.perf_counter() - self._printed >= self.LINE_EVERY_S:
            self._line(timesteps, row)

    def stop(self, timesteps: int, row: dict[str, float] | None) -> None:
        """Leave the last state on the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif row is not None:
            self._line(timesteps, row)

    def _line(self, timesteps: int, row: dict[str, float]) -> None:
        if self._out is None:
            return
        self._printed = time.perf_counter()
        rate = (timesteps - self._from) / max(self.elapsed, 1e-9)
        left = max(0.0, (self._total - timesteps) / max(rate, 1e-9))
        share = min(100.0, 100.0 * timesteps / self._total)  # a last rollout is a whole one
        print(
            f"{share:3.0f}%  {self._about(timesteps, row)}  {left:.0f} s left",
            file=self._out,
            flush=True,
        )

    def _about(self, timesteps: int, row: dict[str, float]) -> str:
        rate = (timesteps - self._from) / max(self.elapsed, 1e-9)
        parts = [f"{timesteps:,} steps", f"{rate / 1e3:.1f} k/s"]
        if row["progress_pct"] == row["progress_pct"]:
            parts.append(f"progress {row['progress_pct']:.0f} %")
            parts.append(f"laps {row['laps_pct']:.0f} %")
        if row["best_lap_s"] == row["best_lap_s"]:
            parts.append(f"best lap {row['best_lap_s']:.2f} s")
        return "  ".join(parts)
