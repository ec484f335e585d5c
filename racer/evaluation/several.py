"""Laps side by side: a car on each of several tracks, or cars among others of their own.

By the rules of `evaluate`: the first lap from standstill, the others flying, and a lap that ends
early is followed by one from standstill.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from racer import observations, raceline
from racer.config import RaceConfig
from racer.evaluation.result import Lap, TrackLaps
from racer.race import Race
from racer.raceline import Setup
from racer.sim.types import (
    CRASHED,
    IMMOBILIZED,
    IN_PROGRESS,
    LAP_COMPLETE,
    OFF_TRACK,
    REVERSED,
    STATUS_LABELS,
    TIME_UP,
)


class Driver(Protocol):
    """Anything that turns observations (N, D) into actions."""

    def act(self, obs: NDArray[np.float32]) -> NDArray[Any]:
        """One action per row."""


def drive_all(driver: Driver, race: Race, laps: int) -> list[TrackLaps]:
    """Drive `laps` laps with every car.

    Args:
        driver: what drives.
        race: continuous, from the line.
        laps: how many each.
    """
    race.seed(0)
    tracks = [race.tracks[road] for road in race.roads.tolist()]
    caps = np.array([race.rules.step_cap(track.length) for track in tracks])
    race.sim["max_steps"] = 0  # counted here: flying laps share an episode
    cars = [_Car(track.length) for track in tracks]
    driven = np.ones(race.n, np.int64)  # steps of this lap; the frame the car is held in is one
    wheels_off = np.zeros(race.n, np.int64)
    rewards = np.zeros(race.n)
    obs = race.reset()
    for car, s in zip(cars, race.cars["s"].tolist(), strict=True):
        car.start(s)
    while any(len(car.laps) < laps for car in cars):
        before = race.cars["laps"].copy()
        obs = race.step(driver.act(observations.copied(obs)))
        driven += 1
        wheels_off += ~race.params["all_wheels_on_track"]
        rewards += race.rewards
        status = race.cars["status"].copy()
        status[(status == IN_PROGRESS) & (driven > caps)] = TIME_UP
        status[race.cars["laps"] > before] = LAP_COMPLETE
        for car, s in zip(cars, race.cars["s"].tolist(), strict=True):
            car.move(s)
        ended = status != IN_PROGRESS
        for i in np.flatnonzero(ended).tolist():
            cars[i].finish(int(status[i]), race, i, int(wheels_off[i]), float(rewards[i]))
        driven[ended] = wheels_off[ended] = rewards[ended] = 0
        again = ended & (status != LAP_COMPLETE)
        if again.any():
            obs = race.reset(again)
            driven[again] = 1
            for i in np.flatnonzero(again).tolist():
                cars[i].start(float(race.cars["s"][i]))
    return [
        TrackLaps(track.name, track.length, tuple(car.laps[:laps]), car.best(laps))
        for track, car in zip(tracks, cars, strict=True)
    ]


def with_references(
    driven: list[TrackLaps], config: RaceConfig, race: Race
) -> tuple[TrackLaps, ...]:
    """The same with the fastest known lap of each track, where one is known.

    None is searched for, and none is compared with where leaving the road is allowed.
    """
    if not config.rules.end_off_track:
        return tuple(driven)
    rules = config.rules
    found = []
    for one, track in zip(driven, race.tracks, strict=True):
        setup = Setup(
            track,
            race.vehicle,
            race.actions,
            control_hz=rules.control_hz,
            substeps=rules.substeps,
        )
        known = raceline.find(setup)
        found.append(one.compared_with(known.flying_s if known else None))
    return tuple(found)


class _Car:
    """The laps of one car so far, and when it crossed the line, between two control steps."""

    def __init__(self, length: float) -> None:
        self.laps: list[Lap] = []
        self._flying: list[tuple[int, float]] = []  # which lap, and its interpolated time, s
        self._length = length

    def start(self, s: float) -> None:
        """From standstill at arc length `s`, m."""
        self._s = s
        self._place = s - self._length * round(s / self._length)
        self._steps = self._began = 0
        self._crossed: list[float] = []  # steps since the start, at the end of each lap

    def move(self, s: float) -> None:
        """To arc length `s`, m, in one step."""
        gain = s - self._s
        gain -= self._length * round(gain / self._length)
        goal = (len(self._crossed) + 1) * self._length
        if self._place + gain >= goal:
            self._crossed.append(self._steps + (goal - self._place) / gain)
        self._s, self._place, self._steps = s, self._place + gain, self._steps + 1

    def finish(self, status: int, race: Race, i: int, wheels_off: int, reward: float) -> None:
        """End the lap of car `i`."""
        steps = int(race.cars["steps"][i])
        progress = float(race.params["progress"][i])
        time = (steps - self._began) * race.dt
        lap = Lap(
            STATUS_LABELS[status],
            progress,
            time,
            reward,
            off_tracks=int(status == OFF_TRACK),
            reversals=int(status == REVERSED),
            immobilizations=int(status == IMMOBILIZED),
            crashes=int(status == CRASHED),
            off_track_steps=wheels_off,
        )
        self._began = steps
        done = int(race.cars["laps"][i])
        if lap.complete and 2 <= done <= len(self._crossed):
            flying = self._crossed[done - 1] - self._crossed[done - 2]
            self._flying.append((len(self.laps), flying * race.dt))
        self.laps.append(lap)

    def best(self, laps: int) -> float | None:
        """The fastest flying lap among the first `laps`, interpolated, s."""
        best = min((time for lap, time in self._flying if lap < laps), default=math.inf)
        return best if best < math.inf else None
