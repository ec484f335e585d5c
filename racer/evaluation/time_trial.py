"""Drive a race against the clock by official rules: resets with penalties, flying laps."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from racer.config import RaceConfig
from racer.evaluation.laps import Driver
from racer.evaluation.protocol import Protocol, TimedLap, TrialResult
from racer.race import Race, make_race
from racer.recording.trace import TRACE, Trace
from racer.sim.progress import lap_progress, place
from racer.sim.types import (
    IMMOBILIZED,
    IN_PROGRESS,
    LAP_COMPLETE,
    OFF_TRACK,
    REVERSED,
    STATUS_LABELS,
    TIME_UP,
)

_CLEAR = 0.05  # m


def trial(driver: Driver, config: RaceConfig, rules: Protocol) -> tuple[TrialResult, Trace]:
    """Drive `rules.laps` laps with the deterministic policy.

    A fault (off the track, going back, standing still) puts the car where it was a step before it,
    in the middle of the nearer half of the road, and holds it there for the penalty. The clock
    runs on. When a lap's resets are used up, the lap ends and the next begins at the start line.

    Returns:
        The result, and every step of it: episodes are laps, and meta["pauses"] lists (first row,
        rows) of each hold.

    Raises:
        RewardFailed, BadReward, BadTrack, UnknownName: as make_race and Race.step.
    """
    settings = dataclasses.replace(
        config.rules,
        start="line",
        alternate_direction=False,
        continuous=rules.continuous,
        end_off_track=True,
        end_immobilized=True,
        end_reversed=True,
    )
    race = make_race(dataclasses.replace(config, rules=settings), 1, all_params=True)
    try:
        return _Trial(driver, race, rules).run()
    finally:
        if race.reward is not None:
            race.reward.close()


class _Trial:
    """One drive: the race, the rows so far, and the lap being driven."""

    def __init__(self, driver: Driver, race: Race, rules: Protocol) -> None:
        self.driver, self.race, self.rules = driver, race, rules
        self.cap = race.max_steps  # driven steps of one lap
        race.sim["max_steps"] = 0  # counted here: flying laps share an episode, holds do not count
        self.rows: list[np.ndarray] = []
        self.pauses: list[tuple[int, int]] = []
        self.laps: list[TimedLap] = []
        self.obs = race.reset()
        self.began = 0  # steps counted before this lap
        self._new_lap()

    def _new_lap(self) -> None:
        self.faults = {OFF_TRACK: 0, REVERSED: 0, IMMOBILIZED: 0}
        self.driven, self.reward, self.penalty = 0, 0.0, 0.0

    def run(self) -> tuple[TrialResult, Trace]:
        while len(self.laps) < self.rules.laps:
            self._step()
        meta = {"pauses": self.pauses}
        trace = Trace(self.race.track, np.concatenate(self.rows), self.race.dt, meta)
        return TrialResult(self.rules, tuple(self.laps)), trace

    def _step(self) -> None:
        race = self.race
        before = race.cars[0].copy()
        self.obs = race.step(self.driver.act(self.obs.copy()))
        self.driven += 1
        self.reward += race.rewards.item(0)
        status = int(race.cars["status"][0])
        if int(race.cars["laps"][0]) > int(before["laps"]):
            status = LAP_COMPLETE
        elif status == IN_PROGRESS and self.driven > self.cap:
            status = TIME_UP
        self._record(before, status)
        if status in self.faults:
            self.faults[status] += 1
            if sum(self.faults.values()) <= self.rules.resets:
                self._put_back(before, status)
                return
        if status != IN_PROGRESS:
            self._finish(status)

    def _finish(self, status: int) -> None:
        race = self.race
        steps = int(race.cars["steps"][0]) - self.began
        self.laps.append(
            TimedLap(
                STATUS_LABELS[status],
                float(race.params["progress"][0]),
                steps * race.dt,
                self.reward,
                self.faults[OFF_TRACK],
                self.faults[REVERSED],
                self.faults[IMMOBILIZED],
                self.penalty,
            )
        )
        self._new_lap()
        flying = self.rules.continuous and status == LAP_COMPLETE
        self.began = int(race.cars["steps"][0]) if flying else 0
        if not flying:
            self.obs = race.reset()

    def _put_back(self, before: Any, status: int) -> None:
        """Place the car where it was a step before the fault, and hold it for the penalty."""
        race, car = self.race, self.race.cars[0]
        progress, steps, laps = float(before["progress_before"]), int(car["steps"]), car["laps"]
        along = progress / 100.0 * race.track.length
        # with its nose behind the finish: being put back is no way to complete a lap
        along = min(along, race.track.length - float(race.vehicle["nose"][0]) - _CLEAR)
        s = float(before["start_s"]) + along
        width = float(race.track.nearest(before["nose_x"], before["nose_y"])["width"][0])
        lane = math.copysign(0.25 * width, float(before["n"]))
        place(race.cars[0], race.track.arrays, race.vehicle[0], s, 0.0, lane)
        car["steps"], car["laps"] = steps, laps
        self._measure_held(car, progress)
        seconds = {
            OFF_TRACK: self.rules.off_track_penalty_s,
            REVERSED: self.rules.reversed_penalty_s,
            IMMOBILIZED: self.rules.immobilized_penalty_s,
        }[status]
        held = round(seconds / race.dt)
        if held:
            self.pauses.append((len(self.rows), held))
        for _ in range(held):
            car["steps"] += 1
            race.params["steps"] = car["steps"]
            self._record(car, IN_PROGRESS)
        self.penalty += held * race.dt
        self.obs = race.refresh()

    def _measure_held(self, car: Any, before: float) -> None:
        """Progress and params of a car that was just placed; nothing scores while it is held."""
        race, params = self.race, self.race.params[0]
        near = race.track.nearest(car["nose_x"], car["nose_y"])[0]
        length = race.track.length
        progress = lap_progress(float(near["s"]) / length, float(car["start_s"]) / length, before)
        car["progress"] = car["progress_before"] = progress
        measured = {
            "x": car["nose_x"],
            "y": car["nose_y"],
            "heading": math.degrees(car["yaw"]),
            "distance_from_center": near["distance"],
            "projection_distance": near["s"],
            "progress": progress,
            "track_width": near["width"],
            "prev_waypoint": near["prev_waypoint"],
            "next_waypoint": near["next_waypoint"],
            "all_wheels_on_track": car["wheels_off"] == 0,
            "is_left_of_center": near["is_left"],
            "is_offtrack": car["wheels_off"] == 4,
        }
        for name, value in measured.items():
            params[name] = value
        race.rewards[:] = 0.0

    def _record(self, car: Any, status: int) -> None:
        """One row of the trace: the state before the step, and what the step was judged as."""
        row = np.zeros(1, TRACE)
        for name in ("x", "y", "yaw", "v", "steer"):
            row[name] = car[name]
        row["episode"] = len(self.laps)
        row["params"] = self.race.params
        row["reward"], row["status"] = self.race.rewards, status
        row["time"] = (self.race.params["steps"] - 2.0 - self.began) * self.race.dt
        self.rows.append(row)
