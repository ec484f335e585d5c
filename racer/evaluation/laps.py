"""Evaluate: drive a trained policy from the start line and say how far and how fast it went."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from racer.config import RaceConfig
from racer.race import Race, make_race
from racer.recording.trace import Recorder, Trace
from racer.sim.types import IN_PROGRESS, LAP_COMPLETE, STATUS_LABELS


class Driver(Protocol):
    """Anything that turns observations (N, D) into actions: a Policy, a script."""

    def act(self, obs: NDArray[np.float32]) -> NDArray[Any]:
        """One action per row."""


@dataclass(frozen=True)
class Lap:
    """One attempt at a lap."""

    status: str  # lap_complete, or why it ended before
    progress_pct: float
    time_s: float  # until it ended; the lap time when it is complete
    reward: float  # sum over the lap
    off_track_steps: int  # steps with at least one wheel off the road


@dataclass(frozen=True)
class Result:
    """What evaluation found; `laps` in the order driven."""

    laps: tuple[Lap, ...]

    @property
    def completion_pct(self) -> float:
        """Mean progress of the laps, %; 100 only when every lap was completed."""
        return float(np.mean([lap.progress_pct for lap in self.laps]))

    @property
    def lap_times_s(self) -> list[float]:
        """Times of the completed laps."""
        return [lap.time_s for lap in self.laps if lap.status == STATUS_LABELS[LAP_COMPLETE]]

    def to_json(self) -> dict[str, Any]:
        """For evaluation.json and --json; lap times are None when no lap was completed."""
        times = self.lap_times_s
        return {
            "completion_pct": self.completion_pct,
            "laps": len(self.laps),
            "laps_completed": len(times),
            "best_lap_s": min(times) if times else None,
            "mean_lap_s": float(np.mean(times)) if times else None,
            "lap_times_s": times,
            "off_tracks": sum(lap.status == "off_track" for lap in self.laps),
            "mean_reward": float(np.mean([lap.reward for lap in self.laps])),
            "attempts": [dataclasses.asdict(lap) for lap in self.laps],
        }

    def table(self) -> str:
        """For people."""
        head = ("lap", "result", "progress", "time", "reward", "wheels off")
        lines = ["{:>4} {:<13} {:>9} {:>8} {:>9} {:>11}".format(*head)]
        for number, lap in enumerate(self.laps, 1):
            lines.append(
                f"{number:>4} {lap.status.replace('_', ' '):<13} {lap.progress_pct:>8.1f}% "
                f"{lap.time_s:>6.2f} s {lap.reward:>9.2f} {lap.off_track_steps:>5} steps"
            )
        return "\n".join(lines)


def evaluate(driver: Driver, config: RaceConfig, *, laps: int = 5) -> tuple[Result, Trace]:
    """Drive `laps` laps, the first from standstill at the start line, the others flying.

    A car that ends a lap early (off the road, stuck, going back, too slow) starts the next one
    from standstill at the line. The policy is asked for its deterministic action.

    Returns:
        The result, and every step of it: the trace's episodes are the laps.

    Raises:
        RewardFailed, BadReward, BadTrack, UnknownName: as make_race and Race.step.
    """
    race = make_race(_protocol(config), 1, all_params=True)
    try:
        return _drive(driver, race, laps)
    finally:
        if race.reward is not None:
            race.reward.close()


def make_judge(config: RaceConfig, *, laps: int = 5) -> Callable[[Driver], dict[str, float | None]]:
    """`evaluate` for choosing between policies while training: one race, no rewards.

    Returns:
        A function of a driver: {"completion_pct", "lap_time_s"}, the mean lap time or None.
    """
    race = make_race(_protocol(config), 1, with_reward=False)

    def judge(driver: Driver) -> dict[str, float | None]:
        race.seed(0)
        result, _ = _drive(driver, race, laps)
        times = result.lap_times_s
        lap_time = float(np.mean(times)) if times else None
        return {"completion_pct": result.completion_pct, "lap_time_s": lap_time}

    return judge


def _protocol(config: RaceConfig) -> RaceConfig:
    """The same race from the start line, in the direction of the track, lap after lap."""
    rules = dataclasses.replace(
        config.rules, start="line", alternate_direction=False, continuous=True
    )
    return dataclasses.replace(config, rules=rules)


def _drive(driver: Driver, race: Race, laps: int) -> tuple[Result, Trace]:
    recorder = Recorder(race.track, race.dt)
    lap_cap = race.max_steps
    race.sim["max_steps"] = 0  # counted per lap here, because flying laps share an episode
    done: list[Lap] = []
    lap_of_row: list[int] = []
    ends: list[int] = []
    obs = race.reset()
    began = 0  # steps counted before this lap
    reward, wheels_off = 0.0, 0
    while len(done) < laps:
        recorder.before(race.cars)
        laps_before = int(race.cars["laps"][0])
        obs = race.step(driver.act(obs.copy()))
        recorder.after(race.cars, race.params, race.rewards)
        lap_of_row.append(len(done))
        reward += race.rewards.item(0)
        wheels_off += not race.params["all_wheels_on_track"][0]
        steps = int(race.cars["steps"][0]) - began
        status = int(race.cars["status"][0])
        if int(race.cars["laps"][0]) > laps_before:
            status = LAP_COMPLETE
        elif status == IN_PROGRESS and steps > lap_cap:
            status = STATUS_LABELS.index("time_up")
        if status == IN_PROGRESS:
            continue
        progress = float(race.params["progress"][0])
        done.append(Lap(STATUS_LABELS[status], progress, steps * race.dt, reward, wheels_off))
        ends.append(len(lap_of_row) - 1)
        race.cars["status"] = status
        reward, wheels_off = 0.0, 0
        began = int(race.cars["steps"][0]) if status == LAP_COMPLETE else 0
        if status != LAP_COMPLETE:
            obs = race.reset()
    return Result(tuple(done)), _trace_of_laps(recorder, lap_of_row, ends, done)


def _trace_of_laps(
    recorder: Recorder, lap_of_row: list[int], ends: list[int], done: list[Lap]
) -> Trace:
    """Cut one long recording into laps: each an episode that starts at time 0."""
    trace = recorder.trace()
    rows = trace.rows.copy()
    order = np.argsort(np.lexsort((trace.rows["time"], trace.rows["episode"])), kind="stable")
    rows = rows[order]
    rows["episode"] = lap_of_row
    first = np.searchsorted(rows["episode"], np.arange(len(done)))
    rows["time"] = (np.arange(len(rows)) - first[rows["episode"]]) * trace.dt
    rows["status"] = IN_PROGRESS
    rows["status"][ends] = [STATUS_LABELS.index(lap.status) for lap in done]
    return dataclasses.replace(trace, rows=rows, meta={"lap_times_s": [lap.time_s for lap in done]})
