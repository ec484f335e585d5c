"""Speed of learning: seconds to the first lap, seconds to 95 % of laps, steps/s, per reward."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from racer.config import Config, RaceConfig, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.evaluation import evaluate
from racer.policy import from_model
from racer.race import make_race
from racer.training import algorithms
from racer.training.metrics import WINDOW, Metrics

GOAL_PCT = 95.0
FOREVER = 10**9  # timesteps; the clock ends a run


@dataclass(frozen=True)
class Learned:
    """One training; seconds of its clock count from the first step and None means never."""

    track: str
    reward: str
    seed: int
    steps: int
    wall_s: float
    cpu_s: float
    first_lap_s: float | None
    goal_s: float | None
    completion_pct: float  # of deterministic evaluation laps, afterwards
    lap_time_s: float | None

    def line(self) -> str:
        """For people, while others are still to come."""
        first = "never" if self.first_lap_s is None else f"after {self.first_lap_s:.1f} s"
        return (
            f"{self.track}, {self.reward}, seed {self.seed}: first lap {first}, "
            f"{self.steps / self.wall_s:,.0f} steps/s"
        )


HEADER = [
    "track",
    "reward",
    "seeds",
    "first lap, s",
    f"{GOAL_PCT:.0f} % of last {WINDOW} laps, s",
    "steps/s",
    "min..max",
    "per CPU second",
    "evaluation, % completed",
    "lap, s",
]


class Clock(BaseCallback):
    """Notes when the first lap and the goal were reached; ends the learning after a while.

    Args:
        env: what is learned in.
        limit_s: when to end.
        at_goal: end at the goal, if that comes first.
        now: seconds by which all this counts; of the wall, or this process's time on CPUs.
    """

    def __init__(
        self,
        env: RacerVecEnv,
        limit_s: float,
        *,
        at_goal: bool = False,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._env, self._limit_s, self._at_goal = env, limit_s, at_goal
        self._now = now
        self._metrics = Metrics()
        self.first_lap_s: float | None = None
        self.goal_s: float | None = None

    def _on_training_start(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._began = self._now()

    @property
    def wall_s(self) -> float:
        """Since learning began."""
        return time.perf_counter() - self._wall

    @property
    def cpu_s(self) -> float:
        """CPU time of this process since learning began."""
        return time.process_time() - self._cpu

    @property
    def _elapsed_s(self) -> float:
        return self._now() - self._began

    def _on_step(self) -> bool:
        finished = self._env.take_finished()
        if finished:
            self._count(finished)
        arrived = self._at_goal and self.goal_s is not None
        return self._elapsed_s < self._limit_s and not arrived

    def _count(self, finished: list[dict[str, Any]]) -> None:
        self._metrics.add(finished)
        if self._metrics.laps and self.first_lap_s is None:
            self.first_lap_s = self._elapsed_s
        recent = self._metrics.recent
        if self.goal_s is None and len(recent) == WINDOW:
            laps = sum("lap_time_s" in episode for episode in recent)
            if 100.0 * laps >= GOAL_PCT * WINDOW:
                self.goal_s = self._elapsed_s


def learn(
    race_config: RaceConfig,
    seed: int,
    seconds: float,
    *,
    laps: int = 5,
    sb3_loops: bool = False,
    now: Callable[[], float] = time.perf_counter,
    train: TrainConfig | None = None,
) -> Learned:
    """Train for `seconds` of the clock `now`, then evaluate the last policy."""
    settings = dataclasses.replace(train or TrainConfig(), seed=seed)
    config = algorithms.with_network(Config(race_config, settings)).train
    race = make_race(race_config, algorithms.num_envs(config), seed=seed)
    env = RacerVecEnv(race)
    try:
        model = algorithms.build(config, env)
        if sb3_loops:
            model.__class__ = PPO  # the same networks and settings; RacerPPO only adds methods
        clock = Clock(env, seconds, now=now)
        model.learn(FOREVER, callback=clock)
        steps, wall_s, cpu_s = model.num_timesteps, clock.wall_s, clock.cpu_s
    finally:
        env.close()
    result, _ = evaluate(from_model(model), race_config, laps=laps)
    times = result.lap_times_s
    return Learned(
        race.track.name,
        race_config.reward + (", SB3's loops" if sb3_loops else ""),
        seed,
        steps,
        wall_s,
        cpu_s,
        clock.first_lap_s,
        clock.goal_s,
        100.0 * len(times) / laps,
        statistics.fmean(times) if times else None,
    )


def cells(runs: list[Learned]) -> list[list[str]]:
    """One line per track and reward: medians over its seeds."""
    lines = []
    for track, reward in dict.fromkeys((run.track, run.reward) for run in runs):
        group = [run for run in runs if (run.track, run.reward) == (track, reward)]
        rates = [run.steps / run.wall_s for run in group]
        lines.append(
            [
                track,
                reward,
                str(len(group)),
                median([run.first_lap_s for run in group]),
                median([run.goal_s for run in group]),
                f"{statistics.median(rates):,.0f}",
                f"{min(rates):,.0f}..{max(rates):,.0f}",
                f"{statistics.median(run.steps / run.cpu_s for run in group):,.0f}",
                f"{statistics.median(run.completion_pct for run in group):.0f}",
                median([run.lap_time_s for run in group]),
            ]
        )
    return lines


def median(values: list[float | None]) -> str:
    """The median with never counted as infinitely late."""
    middle = statistics.median_high([float("inf") if v is None else v for v in values])
    return "never" if middle == float("inf") else f"{middle:.1f}"
