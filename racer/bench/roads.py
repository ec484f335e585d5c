"""`racer bench roads`: when one policy laps roads it never saw, and what many roads cost.

The lesson progress_made is trained on random circuits by the default settings, and now and then
drives every built-in track, none of which it trains on, until it completes two laps of each. Then
the same trainer learns on one circuit and on thirty in turns: what more the thirty cost a step.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from racer.bench.measure import machine, one_core, table
from racer.config import RaceConfig, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.evaluation import on_tracks
from racer.policy import from_model
from racer.race import make_race
from racer.reward.file import LESSONS
from racer.tracks import Track
from racer.tracks.track import BUILTIN
from racer.training import algorithms

COUNT = 30  # random circuits
EVERY = 25_000  # steps between two looks at the built-in tracks
MOST = 1_000_000  # steps
TURNS = 40  # of learning on one circuit and on COUNT
REWARD = str(LESSONS / "progress_made.py")


@dataclass(frozen=True)
class Lapped:
    """One training: after how much of it every built-in track was lapped; None is never."""

    seed: int
    steps: int | None
    cpu_s: float | None
    missing: tuple[str, ...]  # tracks that the last policy did not lap

    def line(self) -> str:
        """For people, while others are still to come."""
        if self.cpu_s is None:
            return f"seed {self.seed}: after {MOST:,} steps not lapped: {', '.join(self.missing)}"
        return f"seed {self.seed}: all lapped after {self.steps:,} steps, {self.cpu_s:.1f} CPU s"


@dataclass(frozen=True)
class Report:
    """When roads that were never seen were lapped, and what many roads cost."""

    machine: dict[str, Any]
    lapped: tuple[Lapped, ...]
    step_us: tuple[tuple[float, float], ...]  # CPU of a training step on one circuit, on COUNT

    def to_json(self) -> dict[str, Any]:
        """Everything, raw."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """Two tables."""
        rows = [
            [str(one.seed), f"{one.steps:,}", f"{one.cpu_s:.1f}"]
            if one.cpu_s is not None
            else [str(one.seed), "never", "never"]
            for one in self.lapped
        ]
        one, many = (statistics.median(turn) for turn in zip(*self.step_us, strict=True))
        more = [100.0 * (b / a - 1.0) for a, b in self.step_us]
        low, middle, high = statistics.quantiles(more, n=4)
        cost = [[f"{one:,.0f}", f"{many:,.0f}", f"{middle:.1f} %", f"{low:.1f} to {high:.1f} %"]]
        return "\n\n".join(
            [
                f"Every built-in track lapped twice by a policy that learns on {COUNT} random "
                f"circuits, default settings. {self.machine['cpu']}.",
                table(["seed", "steps", "CPU s of learning"], rows),
                f"A step of training with 256 cars, {TURNS} turns:",
                table(["1 circuit, CPU µs", f"{COUNT}", "more, median", "quartiles"], cost),
            ]
        )


def bench(*, seeds: int = 3, tell: Callable[[str], None] = lambda line: None) -> Report:
    """Train with every seed until all built-in tracks are lapped, then measure the cost."""
    lapped = []
    with one_core():
        for seed in range(seeds):
            lapped.append(first_lapped(seed))
            tell(lapped[-1].line())
        cost = step_us()
    return Report(machine(), tuple(lapped), cost)


def first_lapped(seed: int, *, most: int = MOST, every: int = EVERY) -> Lapped:
    """Learn until one policy completes two laps on every built-in track."""
    watch = _Watch([Track.load(str(path)) for path in sorted(BUILTIN.glob("*.txt"))], every)
    model = _model(COUNT, seed)
    try:
        model.learn(most, callback=watch)
    finally:
        model.env.close()
    done = not watch.missing
    return Lapped(
        seed,
        model.num_timesteps if done else None,
        watch.cpu_s if done else None,
        tuple(watch.missing),
    )


def step_us(turns: int = TURNS) -> tuple[tuple[float, float], ...]:
    """CPU time of a control step of training on one circuit and on COUNT, µs, in turns."""
    models = [_model(count, seed=0) for count in (1, COUNT)]
    steps = models[0].n_steps
    rollout = steps * models[0].n_envs
    found = []
    try:
        for turn in range(-1, turns):  # the first turn warms up
            took = {}
            for k in (0, 1) if turn % 2 else (1, 0):
                began = time.process_time()
                models[k].learn(rollout, reset_num_timesteps=False)
                took[k] = (time.process_time() - began) / steps * 1e6
                models[k].env.take_finished()
            if turn >= 0:
                found.append((took[0], took[1]))
    finally:
        for model in models:
            model.env.close()
    return tuple(found)


def _model(count: int, seed: int) -> Any:
    config = TrainConfig(seed=seed)
    race = RaceConfig(tracks=f"generated:{count}", reward=REWARD)
    cars = algorithms.num_envs(config)
    model = algorithms.build(config, RacerVecEnv(make_race(race, cars, seed=seed)))
    model.set_logger(Logger(None, []))
    return model


class _Watch(BaseCallback):
    """Drives the tracks every so many steps; ends the learning when all are lapped."""

    def __init__(self, tracks: list[Track], every: int) -> None:
        super().__init__()
        self._tracks, self._every = tracks, every
        self._next = every
        self.missing = [track.name for track in tracks]
        self.cpu_s = 0.0  # of learning, without the drives

    def _on_training_start(self) -> None:
        self._since = time.process_time()

    def _on_step(self) -> bool:
        return bool(self.missing)

    def _on_rollout_start(self) -> None:
        if self.num_timesteps < self._next:
            return
        self._next += self._every
        self.cpu_s += time.process_time() - self._since
        result = on_tracks(from_model(self.model), RaceConfig(), self._tracks, 2)
        self.missing = [one.name for one in result.tracks if not one.lapped]
        self._since = time.process_time()
