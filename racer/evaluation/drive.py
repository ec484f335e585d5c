"""The one driving loop: laps from the start line, and what becomes of a car that makes a fault."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from racer import observations
from racer.config import RaceConfig
from racer.evaluation.protocol import Protocol as Rules
from racer.evaluation.result import Lap, Result
from racer.evaluation.several import Driver, drive_all, with_references
from racer.race import Race, Rival, Rivals, make_race, pack_of
from racer.recording.trace import AROUND, TRACE, Trace, seen
from racer.reward.function import RewardFunction
from racer.sim.params import fill_places
from racer.sim.progress import lap_progress, place
from racer.sim.types import (
    BOX,
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
from racer.tracks import Track, packs
from racer.tracks.track import GENERATED

JUDGED, JUDGED_SEED = 16, 1_000_000_000  # circuits, and the seed of the first; nobody trains there
FAULTS = (CRASHED, OFF_TRACK, REVERSED, IMMOBILIZED)
_CLEAR = 0.05  # m
_BEHIND, _BEYOND = 1.0, -1.0  # m before a box where a car is put back; beyond it, for mercy
_NEAR_END = 0.2  # m
_POSE = ("x", "y", "yaw", "nose_x", "nose_y", "s", "n", "segment", "wheels_off")


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
    settings = _from_the_line(config, continuous=True)
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
    settings = _from_the_line(config, continuous=True)
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
    settings = _from_the_line(config, continuous=rules.continuous, **ends)
    cars = config.others.in_world
    race = make_race(settings, cars, with_reward=with_reward, all_params=True)  # on one track
    return _closing(Drive(driver, race, rules.laps, rules, opponents=opponents))


def make_scorer(
    config: RaceConfig, *, laps: int = 5, opponents: Sequence[Rival] = ()
) -> Callable[[Driver], dict[str, float | None]]:
    """`evaluate` for choosing between policies while training: one race, no rewards, no trace.

    Of several tracks, `judged_on` are driven. Lap times are then a geometric mean, so that a
    percent counts the same on every track.

    Returns:
        A function of a driver: {"completion_pct", "lap_time_s"}, the mean lap time or None.
    """
    if config.tracks is not None:
        return _make_scorer_of_many(config, laps)
    settings, cars = _from_the_line(config, continuous=True), config.others.in_world
    race = make_race(settings, cars, with_reward=False)

    def score(driver: Driver) -> dict[str, float | None]:
        race.seed(0)
        result = Drive(driver, race, laps, record=False, opponents=opponents).run()
        return {"completion_pct": result.completion_pct, "lap_time_s": result.mean_lap_s}

    return score


def make_recorder(
    config: RaceConfig, track: Track
) -> Callable[[Driver], tuple[float | None, np.ndarray]]:
    """For showing a policy while it learns: one lap from the line, without a reward.

    Returns:
        A function of a driver: seconds, None when it did not complete the lap, and (K,) TRACE.
    """
    settings = dataclasses.replace(_from_the_line(config, continuous=True), tracks=None)
    race = make_race(settings, 1, with_reward=False, tracks=[track])

    def record(driver: Driver) -> tuple[float | None, np.ndarray]:
        race.seed(0)
        drive = Drive(driver, race, 1)
        lap = drive.run().laps[0]
        return lap.time_s if lap.complete else None, drive.trace().rows

    return record


def judged_on(config: RaceConfig) -> tuple[Track, ...]:
    """The tracks that choose the best policy of a training on several.

    Random circuits stand for roads that nobody has seen, so JUDGED circuits of other seeds choose,
    which the cars never train on. Of tracks of the user's own, JUDGED at equal distances in their
    order do, or all.
    """
    parts = [part.strip() for part in (config.tracks or "").split(",")]
    if all(part.startswith(GENERATED) for part in parts):
        return packs.load(f"{GENERATED}{JUDGED}:{JUDGED_SEED}").tracks
    tracks = pack_of(config).tracks
    count = min(JUDGED, len(tracks))
    return tuple(tracks[i * len(tracks) // count] for i in range(count))


def _make_scorer_of_many(
    config: RaceConfig, laps: int
) -> Callable[[Driver], dict[str, float | None]]:
    tracks = judged_on(config)
    settings = _from_the_line(config, continuous=True)
    race = make_race(settings, len(tracks), with_reward=False, tracks=tracks)

    def score(driver: Driver) -> dict[str, float | None]:
        result = Result.on(drive_all(driver, race, laps))
        times = result.lap_times_s
        mean = float(np.exp(np.mean(np.log(times)))) if times else None
        return {"completion_pct": result.completion_pct, "lap_time_s": mean}

    return score


def _from_the_line(config: RaceConfig, **rules: bool) -> RaceConfig:
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
        self.cap = race.max_steps  # driven steps of one lap
        self.laps: list[Lap] = []
        self._rows: list[np.ndarray] = []
        self._around: list[np.ndarray] = []
        self._mercy = (-1, 0)  # the box of the last fault, and how many were there in a row
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
        self._mercy = (-1, 0)
        self._obs = self.race.reset()
        self._new_lap(0)
        if self.rules is None:
            self._driven = 1  # here the frame in which the car is held counts as driven, too

    def _new_lap(self, began: int) -> None:
        # began: steps that the race had counted before this lap
        self._began, self._first_row = began, len(self._rows)
        self._faults = dict.fromkeys(FAULTS, 0)
        self._driven, self._wheels_off, self._reward, self._penalty = 0, 0, 0.0, 0.0

    def step(self) -> None:
        """One control step."""
        race = self.race
        before, around = race.cars[0].copy(), race.objects[0].copy()
        mine = observations.take(self._obs, self._rivals.free)
        actions = self._rivals.actions(self.driver.act(observations.copied(mine)))
        self._obs = race.step(actions)
        self._driven += 1
        self._reward += race.rewards.item(0)
        self._wheels_off += not race.params["all_wheels_on_track"][0]
        status = int(race.cars["status"][0])
        if int(race.cars["laps"][0]) > int(before["laps"]):
            status = LAP_COMPLETE
        elif status == IN_PROGRESS and self._driven > self.cap:
            status = TIME_UP
        self._keep(before, status, around)
        if race.n > 1 and race.done[1:].any():  # the others begin anew where they come to an end
            others = race.done.copy()
            others[0] = False
            self._obs = race.reset(others)
        if status in FAULTS:
            self._faults[status] += 1
            if sum(self._faults.values()) <= (self.rules.resets if self.rules else 0):
                self._put_back(before, status)
                return
        if status != IN_PROGRESS:
            self._finish(status)

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
        race, car = self.race, self.race.cars[0]
        steps, laps = int(car["steps"]), car["laps"]
        progress = self._back_among(before, status) if race.among else self._back_alone(before)
        car["steps"], car["laps"] = steps, laps
        self._measure_held(car, progress)
        seconds = {
            CRASHED: self.rules.collision_penalty_s,
            OFF_TRACK: self.rules.off_track_penalty_s,
            REVERSED: self.rules.reversed_penalty_s,
            IMMOBILIZED: self.rules.immobilized_penalty_s,
        }[status]
        held = round(seconds / race.dt)
        if held:
            self._pauses.append((len(self._rows), held))
        for _ in range(held):
            car["steps"] += 1
            race.params["steps"] = car["steps"]
            self._keep(car, IN_PROGRESS, race.objects[0])
            race.wait()
        self._penalty += held * race.dt
        self._obs = race.refresh()

    def _back_alone(self, before: Any) -> float:
        """Where it was a step before the fault, in the middle of the nearer half of the road."""
        race = self.race
        progress = float(before["progress_before"])
        along = progress / 100.0 * race.track.length
        # with its nose behind the finish: being put back is no way to complete a lap
        along = min(along, race.track.length - float(race.vehicle["nose"][0]) - _CLEAR)
        s = float(before["start_s"]) + along
        width = float(race.track.nearest(before["nose_x"], before["nose_y"])["width"][0])
        lane = math.copysign(0.25 * width, float(before["n"]))
        place(race.cars[0], race.track.arrays, race.vehicle[0], s, 0.0, lane)
        return progress

    def _back_among(self, before: Any, status: int) -> float:
        """By the rules of a road that is shared; a car that hit another is not moved.

        After a crash with a box its progress counts, after other faults that of a step before.
        """
        assert self.rules
        race, car = self.race, self.race.cars[0]
        hit = int(race.hits[0]) - 1
        crashed = status == CRASHED
        now = float(before["progress"] if crashed else before["progress_before"])
        assert race.among
        if crashed and race.objects["kind"][0, hit] != BOX:
            for name in _POSE:
                car[name] = before[name]
            car["v"], car["yaw_rate"], car["slip"] = 0.0, 0.0, 0.0
            return now
        along = min(now / 100.0 * race.track.length, race.track.length - _NEAR_END)
        s = float(before["start_s"]) + along
        at = float(before["x"]), float(before["y"])
        mercy = self._mercy[1] + 1 == self.rules.mercy > 0
        box = race.among.put_back(race, 0, s, at, _BEHIND)
        if mercy and box == self._mercy[0]:
            race.among.put_back(race, 0, float(race.objects["s"][0, box]), at, _BEYOND)
            self._mercy = (box, 0)
        elif box >= 0:
            self._mercy = (box, self._mercy[1] + 1 if box == self._mercy[0] else 1)
        return now

    def _measure_held(self, car: Any, before: float) -> None:
        """Progress and params of a car that was just placed; nothing scores while it is held."""
        race, length = self.race, self.race.track.length
        progress = lap_progress(float(car["s"]) / length, float(car["start_s"]) / length, before)
        car["progress"] = car["progress_before"] = progress
        fill_places(race.cars, race.params, race.track.arrays)
        race.rewards[:] = 0.0

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
