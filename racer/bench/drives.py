"""Drives of one driver from the start line, each in a world that no training has seen."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer import observations
from racer.config import RaceConfig
from racer.evaluation import Driver
from racer.evaluation.drive import from_the_line
from racer.race import Race, make_race
from racer.sim.types import BOT, CRASHED

WORLDS, SEED = 200, 2_000_000  # drives, and the seed of the first; nothing was chosen by them
MOST_LAPS = 4  # of a drive


@dataclass(frozen=True)
class Driven:
    """Drives of one driver, each in its own world.

    Args:
        passed_pct: drives with every object passed, and without a fault.
        crashed_pct: drives that ended in a crash by its own fault.
        lap_s: mean time of a lap, of the drives that passed.
    """

    passed_pct: float
    crashed_pct: float
    lap_s: float | None


def drive(driver: Driver, config: RaceConfig, worlds: int = WORLDS) -> Driven:
    """Drive from the line in worlds that no training has seen; no rewards, nothing is recorded."""
    settings = from_the_line(config, continuous=True)
    race = make_race(settings, worlds, seed=SEED, with_reward=False)
    steps = MOST_LAPS * race.max_steps
    race.sim["max_steps"] = 0
    obs = race.reset()
    drives = _Drives(race)
    while steps and drives.running.any():
        obs = race.step(driver.act(observations.copied(obs)))
        drives.move()
        if race.done.any():  # those that run have made no fault; the others do not matter
            obs = race.reset(race.done.copy())
        steps -= 1
    return drives.result()


class _Drives:
    """How far each car of a race has come, and which bots it has overtaken."""

    def __init__(self, race: Race) -> None:
        self._race, self._length = race, race.track.length
        self._laps = race.cars["laps"].copy()
        self._bots = np.flatnonzero(race.objects["kind"][0] == BOT)
        self._now = self._places()
        self._lead = self._now[:, :1] - self._now[:, 1:]  # m that it is ahead of each bot
        self._lead = self._lead % self._length - self._length
        self.overtaken = np.zeros(self._lead.shape, np.bool_)
        self.running = np.ones(race.n, np.bool_)
        self.passed, self.crashed = np.zeros(race.n, np.bool_), np.zeros(race.n, np.bool_)
        self._times: list[float] = []

    def move(self) -> None:
        """After a step of the race."""
        race, before = self._race, self._now
        self._now = self._places()
        made = self._now - before
        made -= self._length * np.round(made / self._length)
        self._lead += made[:, :1] - made[:, 1:]
        self.overtaken |= self.running[:, None] & (self._lead > float(race.vehicle["length"][0]))
        fault, laps = self.running & race.done, race.cars["laps"].copy()
        self.crashed |= fault & (race.cars["status"] == CRASHED)
        done = self.running & ~fault & (laps > self._laps) & self.overtaken.all(axis=1)
        self._laps = laps
        self._times += (race.cars["steps"][done] * race.dt / laps[done]).tolist()
        self.passed |= done
        self.running &= ~(fault | done)

    def result(self) -> Driven:
        """Of all drives."""
        mean_s = statistics.mean(self._times) if self._times else None
        return Driven(100.0 * float(self.passed.mean()), 100.0 * float(self.crashed.mean()), mean_s)

    def _places(self) -> NDArray[np.float64]:
        race = self._race
        return np.column_stack([race.cars["s"], race.objects["s"][:, self._bots]])


@dataclass(frozen=True)
class Scripted:
    """Drives by the numbers of `features` alone: along the middle, round what is near.

    Args:
        width: of the road, m.
        throttle: -1 is the slowest speed of the actions, 1 the fastest.
    """

    width: float
    throttle: float = -0.67  # 1.5 m/s
    seen: float = 2.2  # m ahead

    def act(self, obs: Any) -> NDArray[np.float32]:
        """Pure pursuit of a point 0.8 m ahead, moved into the free lane; (N, 2) actions."""
        road, things = obs[:, 6:21].reshape(-1, 5, 3), obs[:, 21:].reshape(-1, 3, 4)
        x, y = 0.8 * road[:, 1, 0], 0.8 * road[:, 1, 1]
        along_x, along_y = 1.4 * road[:, 2, 0] - x, 1.4 * road[:, 2, 1] - y
        far = np.hypot(along_x, along_y)
        near = (things[:, 0, 3] > 0.0) & (2.0 * things[:, 0, 0] < self.seen)
        aside = np.where(near, -np.sign(things[:, 0, 1]) * self.width / 4.0, 0.0)
        x, y = x - aside * along_y / far, y + aside * along_x / far
        steer = np.arctan(2.0 * 0.17 * np.sin(np.arctan2(y, x)) / np.hypot(x, y))
        steer = np.clip(steer / np.radians(30.0), -1.0, 1.0)
        return np.column_stack([steer, np.full(len(obs), self.throttle)]).astype(np.float32)
