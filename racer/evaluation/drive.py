"""The one driving loop: laps from the start line, and what becomes of a car that makes a fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from racer import observations
from racer.config import RaceConfig
from racer.errors import BadRun
from racer.evaluation.overtaking import Overtaking
from racer.evaluation.protocol import FAULTS
from racer.evaluation.protocol import Protocol as Rules
from racer.evaluation.put_back import Put
from racer.evaluation.result import Lap, Result
from racer.evaluation.several import Driver, drive_all, with_references
from racer.race import Race, Rival, Rivals, make_race, pack_of
from racer.recording.trace import AROUND, TRACE, Trace, seen
from racer.reward.function import RewardFunction
from racer.sim.types import (
    CRASHED,
    IMMOBILIZED,
    IN_PROGRESS,
    LAP_COMPLETE,
    OFF_TRACK,
    REVERSED,
    STATUS_LABELS,
    TIME_UP,
    scalars,
)
from racer.tracks import Track


def evaluate(
    driver: Driver,
    config: RaceConfig,
    *,
    laps: int = 5,
    reward: RewardFunction | None = None,
    opponents: Sequence[Rival] = (),
) -> tuple[Result, Trace]:
    """Drive `laps` laps, the first from standstill at the start line, the others flying.

    A car that ends a lap early (off the road, stuck, going back, too slow) starts the next one
    from standstill at the line. `reward` scores in place of the file that `config` names, and on
    every track of several; a file scores on the first.

    Returns:
        The result, and every step of it: the trace's episodes are the laps. Of a race on several
        tracks, the result of all and the steps on the first.

    Raises:
        RewardFailed, BadReward, BadTrack, UnknownName: as make_race and Race.step.
    """
    settings = from_the_line(config, continuous=True)
    tracks = pack_of(config).tracks
    cars = config.others.in_world
    race = make_race(settings, cars, all_params=True, tracks=tracks[:1], reward=reward)
    result, trace = _closing(Drive(driver, race, laps, opponents=opponents))
    if config.tracks is not None:
        result = on_tracks(driver, config, tracks, laps, reward=reward)
    return result, trace


def on_tracks(
    driver: Driver,
    config: RaceConfig,
    tracks: Sequence[Track],
    laps: int,
    *,
    reward: RewardFunction | None = None,
) -> Result:
    """`evaluate` on each of several tracks, with percent of optimal where a reference is known.

    The cars are driven side by side. Nothing is recorded, and nothing is scored but by `reward`.
    """
    settings = from_the_line(config, continuous=True)
    race = make_race(
        settings, len(tracks), with_reward=reward is not None, tracks=tracks, reward=reward
    )
    return Result.on(with_references(drive_all(driver, race, laps), config, race))


def time_trial(
    driver: Driver,
    config: RaceConfig,
    rules: Rules,
    opponents: Sequence[Rival] = (),
    *,
    with_reward: bool = True,
) -> tuple[Result, Trace]:
    """Drive `rules.laps` laps on the clock.

    A fault (off the track, going back, standing still) puts the car where it was a step before it,
    in the middle of the nearer half of the road, and holds it there for the penalty. The clock
    runs on. When a lap's resets are used up, the lap ends and the next begins at the start line.
    Without the reward nothing of it is read or run, and the laps are the same.

    Returns:
        The result, and every step of it: episodes are laps, and meta["pauses"] lists (first row,
        rows) of each hold.

    Raises:
        RewardFailed, BadReward, BadTrack, UnknownName: as make_race and Race.step.
    """
    ends = dict.fromkeys(("end_off_track", "end_immobilized", "end_reversed"), True)
    settings = from_the_line(config, continuous=rules.continuous, **ends)
    cars = config.others.in_world
    race = make_race(settings, cars, with_reward=with_reward, all_params=True)  # on one track
    return _closing(Drive(driver, race, rules.laps, rules, opponents=opponents))


def from_the_line(config: RaceConfig, **rules: bool) -> RaceConfig:
    """The same race from the start line, in the direction of the track.

    `max_steps` cuts episodes while training; a lap may take as long as one at 0.3 m/s.
    """
    settings = dataclasses.replace(
        config.rules, start="line", alternate_direction=False, max_steps=0, **rules
    )
    return dataclasses.replace(config.usual, rules=settings)


def _closing(drive: Drive) -> tuple[Result, Trace]:
    """Drive, and end the process of the reward whatever happens."""
    try:
        return drive.run(), drive.trace()
    finally:
        if drive.race.reward is not None:
            drive.race.reward.close()


class Drive:
    """One drive of some laps: the race, the rows so far, and the lap being driven.

    Args:
        driver: what drives.
        race: of one car, which starts at the line.
        laps: how many.
        rules: of the clock; None ends a lap at its first fault, and laps are flying.
        record: keep every step for `trace`.
    """

    def __init__(
        self,
        driver: Driver,
        race: Race,
        laps: int,
        rules: Rules | None = None,
        *,
        record: bool = True,
        opponents: Sequence[Rival] = (),
    ) -> None:
        self.driver, self.race, self.count = driver, race, laps
        self._rivals = Rivals(race, opponents)
        self.rules, self.record = rules, record
        self._put: Put | None = None
        self._passing: Overtaking | None = None
        self.cap = race.max_steps  # driven steps of one lap
        self.laps: list[Lap] = []
        self._rows: list[np.ndarray] = []
        self._around: list[np.ndarray] = []
        self._decode = race.actions.bind(race.action_buffer, race.commands)
        self._pauses: list[tuple[int, int]] = []
        self._first_row = 0

    def run(self) -> Result:
        """Drive all laps."""
        self.start()
        while len(self.laps) < self.count:
            self.step()
        return self.result()

    def result(self) -> Result:
        """The laps so far."""
        return Result(tuple(self.laps), self.rules)

    def lap_rows(self) -> np.ndarray:
        """(K,) TRACE of the lap being driven."""
        return np.concatenate([np.zeros(0, TRACE), *self._rows[self._first_row :]])

    def trace(self) -> Trace:
        """Every step so far; each lap is an episode that begins at time 0."""
        meta: dict[str, Any] = {"pauses": self._pauses}
        if self.rules is None:
            meta = {"lap_times_s": [lap.time_s for lap in self.laps]}
        rows, around = np.concatenate(self._rows), np.array(self._around, AROUND)
        if self.race.among:
            return Trace(self.race.track, rows, self.race.dt, meta, objects=around)
        return Trace(self.race.track, rows, self.race.dt, meta)

    def start(self) -> None:
        """Begin a lap from standstill at the line; what was driven of this one is dropped."""
        self.race.sim["max_steps"] = 0  # counted here: flying laps share an episode, holds do not
        del self._rows[self._first_row :]
        del self._around[self._first_row :]
        if self.rules is not None:
            self._put = Put(self.race, self.rules)
        self._obs = self.race.reset()
        self._passing = Overtaking.of(self.race)
        self._new_lap(0)
        if self.rules is None:
            self._driven = 1  # here the frame in which the car is held counts as driven, too

    def _new_lap(self, began: int) -> None:
        # began: steps that the race had counted before this lap
        self._began, self._first_row = began, len(self._rows)
        self._faults = dict.fromkeys(FAULTS, 0)
        self._driven, self._wheels_off, self._reward, self._penalty = 0, 0, 0.0, 0.0
        if self._passing:
            self._passing.count = 0

    def step(self) -> None:
        """One control step."""
        race = self.race
        before, around = race.cars[0].copy(), race.objects[0].copy()
        self._obs = race.step(self._actions())
        self._driven += 1
        self._reward += race.rewards.item(0)
        self._wheels_off += not race.params["all_wheels_on_track"][0]
        status = int(race.cars["status"][0])
        if int(race.cars["laps"][0]) > int(before["laps"]):
            status = LAP_COMPLETE
        elif status == IN_PROGRESS and self._driven > self.cap:
            status = TIME_UP
        self._keep(before, status, around)
        if self._passing:
            self._passing.look()
        self._begin_others()
        if status in FAULTS:
            self._faults[status] += 1
            if sum(self._faults.values()) <= (self.rules.resets if self.rules else 0):
                self._put_back(before, status)
                return
        if status != IN_PROGRESS:
            self._finish(status)

    def _actions(self) -> Any:
        mine = observations.take(self._obs, self._rivals.free)
        return self._rivals.actions(self.driver.act(observations.copied(mine)))

    def _begin_others(self) -> None:
        """The others begin anew where they come to an end."""
        race = self.race
        if race.n > 1 and race.done[1:].any():
            others = race.done.copy()
            others[0] = False
            self._obs = race.reset(others)

    def _finish(self, status: int) -> None:
        race, faults = self.race, self._faults
        steps = int(race.cars["steps"][0])
        lap = Lap(
            STATUS_LABELS[status],
            float(race.params["progress"][0]),
            (steps - self._began) * race.dt,
            self._reward,
            crashes=faults[CRASHED],
            off_tracks=faults[OFF_TRACK],
            reversals=faults[REVERSED],
            immobilizations=faults[IMMOBILIZED],
            penalty_s=self._penalty,
            off_track_steps=self._wheels_off,
            overtakes=self._passing.count if self._passing else None,
        )
        self.laps.append(lap)
        if status == LAP_COMPLETE and (self.rules is None or self.rules.continuous):
            self._new_lap(steps)
        else:
            self._first_row = len(self._rows)
            self.start()

    def _put_back(self, before: Any, status: int) -> None:
        """Place the car for its next try, and hold it for the penalty."""
        assert self.rules
        assert self._put
        race = self.race
        self._put.back(before, status)
        held = round(self.rules.penalty_s(status) / race.dt)
        if held:
            self._pauses.append((len(self._rows), held))
        self._hold(held)
        self._penalty += held * race.dt
        self._obs = race.refresh()

    def _hold(self, count: int) -> None:
        """Let so many control steps pass for the car that waits; the others drive on."""
        race, car = self.race, self.race.cars[0]
        alone = race.n == 1
        if not alone:
            race.objects["held"][0, 0] = True
            self._obs = race.refresh()
        for _ in range(count):
            car["steps"] += 1
            race.params["steps"][0] = car["steps"]
            self._keep(car, IN_PROGRESS, race.objects[0])
            if alone:
                race.wait()
            else:
                self._drive_others()
        if not alone:
            race.objects["held"][0, 0] = False

    def _drive_others(self) -> None:
        """One control step in which the first car stays where it is; nothing is scored."""
        race = self.race
        car, params = race.cars[:1].copy(), race.params[:1].copy()
        race.action_buffer[...] = self._actions()
        if self._decode() < 0:
            raise BadRun(f"a car chose {race.action_buffer}, which is none of its actions.")
        race.step_commands()
        race.cars[:1], race.params[:1] = car, params
        race.done[0] = False
        self._begin_others()
        self._obs = race.refresh()

    def _keep(self, car: Any, status: int, around: np.ndarray) -> None:
        """One row of the trace: the state before the step, and what the step was judged as."""
        if not self.record:
            return
        row = np.zeros(1, TRACE)
        for name in ("x", "y", "yaw", "v", "steer"):
            row[name] = car[name]
        row["episode"] = len(self.laps)
        row["params"] = scalars(self.race.params[:1])
        row["reward"], row["status"] = self.race.rewards[:1], status
        row["time"] = (len(self._rows) - self._first_row) * self.race.dt
        self._rows.append(row)
        if self.race.among:
            own = 0 if self.race.per_world > 1 else -1
            self._around.append(seen(around, abs(int(self.race.hits[0])) - 1, own))
