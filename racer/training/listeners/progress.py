"""Progress of a training for people: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from racer import console
from racer.config import Config
from racer.errors import RacerError
from racer.evaluation import Result
from racer.race import Race
from racer.runs import Run
from racer.training.listener import Listener
from racer.training.state import State

LINE_EVERY_S = 5.0


class Progress(Listener):
    """Says what is trained, how far it is, and when the first lap was driven.

    Args:
        config: of the training.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._total = config.train.timesteps
        self._bar: Any = None
        self._newest: Mapping[str, float] | None = None
        self._running = self._lapped = False
        self._evaluated_s = float("nan")  # the mean lap of the best policy so far

    def on_start(self, run: Run, race: Race) -> None:
        self._from = run.went_on_from
        self._best_s = best_known_s(self._config, race)
        console.say(f"{run.folder}: {describe(self._config, race)}")

    def on_step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        if not self._running:  # the clock starts here: building the model took seconds
            self._begin()

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        self._newest = row
        if row["laps"] and not self._lapped:
            self._lapped = True
            if not self._from:
                self._say(f"first lap after {self._elapsed():.1f} s")
        if self._bar is not None:
            self._bar.update(self._task, completed=row["timesteps"], about=self._about(row))
        elif time.perf_counter() - self._printed >= LINE_EVERY_S:
            self._line(row)
        return None

    def on_checkpoint(self, state: State) -> None:
        best = state.extra["keeper"]["best"]
        if best and best["lap_time_s"]:
            self._evaluated_s = best["lap_time_s"]

    def on_end(self, result: Result | None) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._newest is not None:
            self._line(self._newest)

    def _begin(self) -> None:
        self._running = True
        self._began = self._printed = time.perf_counter()
        terminal = console.live()
        if terminal is None:
            return
        from rich import progress

        self._bar = progress.Progress(
            "[bold]{task.percentage:3.0f}%",
            progress.BarColumn(bar_width=28),
            "{task.fields[about]}",
            progress.TimeRemainingColumn(compact=True),
            "left",
            console=terminal,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=self._total, completed=self._from, about="")

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        else:
            console.say(text)

    def _line(self, row: Mapping[str, float]) -> None:
        self._printed = time.perf_counter()
        steps = row["timesteps"]
        left = max(0.0, (self._total - steps) / max(self._rate(steps), 1e-9))
        share = min(100.0, 100.0 * steps / self._total)  # a last rollout is a whole one
        console.say(f"{share:3.0f}%  {self._about(row)}  {left:.0f} s left")

    def _about(self, row: Mapping[str, float]) -> str:
        steps = row["timesteps"]
        parts = [f"{steps:,.0f} steps", f"{self._rate(steps) / 1e3:.1f} k/s"]
        if row["progress_pct"] == row["progress_pct"]:
            parts.append(f"progress {row['progress_pct']:.0f} %")
            if not self._config.race.rules.continuous:  # else no episode ends with a lap
                parts.append(f"laps {row['laps_pct']:.0f} %")
        several = self._config.race.tracks is not None  # the best lap is one of the shortest track
        flying = self._config.race.rules.continuous  # only evaluations time such laps
        lap_s = self._evaluated_s if flying else row["best_lap_s"]
        if not several and lap_s == lap_s:
            share = f" ({100.0 * self._best_s / lap_s:.0f} % of optimal)" if self._best_s else ""
            parts.append(f"{'evaluated' if flying else 'best'} lap {lap_s:.2f} s{share}")
        return "  ".join(parts)

    def _rate(self, steps: float) -> float:
        return (steps - self._from) / max(self._elapsed(), 1e-9)

    def _elapsed(self) -> float:
        return time.perf_counter() - self._began


def best_known_s(config: Config, race: Race) -> float:
    """The fastest known lap by the official clock, s, as laps of the training begin; 0 if unknown.

    Only looked up: a training never searches.
    """
    from racer.raceline import Setup, find

    if len(race.tracks) > 1 or not config.race.rules.end_off_track:
        return 0.0
    try:
        known = find(Setup.on(race.track, config.race))
    except RacerError:
        return 0.0
    if known is None:
        return 0.0
    flying = config.race.rules.continuous
    return known.official_s[known.flying_lap] if flying else known.official_s[0]


def describe(config: Config, race: Race) -> str:
    """One line: what is about to be trained."""
    engine = f"{race.reward.name} reward" if race.reward is not None else "no reward"
    return (
        f"{config.train.algo.upper()}, {race.n} cars on {_where(race)}, {engine}, "
        f"{config.train.timesteps:,} steps, "
        f"seed {config.train.seed}"
    )


def _where(race: Race) -> str:
    lengths = [track.length for track in race.tracks]
    if len(lengths) == 1:
        return f"{race.track.name} ({lengths[0]:.1f} m)"
    return f"{len(lengths)} tracks ({min(lengths):.1f} to {max(lengths):.1f} m)"
