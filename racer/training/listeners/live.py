"""Live view: what all cars do while they learn, as messages to a window or to the lab.

It copies positions at every eighth step, and now and then drives one lap with the policy of the
moment, in a race of its own; the training's numbers do not know of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from racer.config import Config
from racer.evaluation import Result, make_recorder
from racer.policy import Policy
from racer.race import Race
from racer.render.live.wire import Grid, Kind, Lap, Swarm, lap_bytes, start, swarm_bytes
from racer.runs import Run
from racer.training.listener import Listener

COLUMNS = ("x", "y", "yaw", "episode")
EVERY = 8  # steps between two moments
MOMENTS = 4  # in one message
MESSAGE_S = 0.1  # between two messages, at least
CARS = 256  # that are shown, at most
LAP_S = 2.0  # between two laps, at least
LAP_SHARE = 0.005  # of the training's processor time that laps may take


class Receiver(Protocol):
    """Who is told."""

    def put(self, kind: Kind, content: bytes | dict[str, object]) -> None: ...

    def close(self) -> None: ...


class Live(Listener):
    """Tells a receiver of swarm, laps and metrics.

    Args:
        config: of the training.
        receiver: makes who gets the messages and does not block, when the training begins.
    """

    def __init__(self, config: Config, receiver: Callable[[], Receiver]) -> None:
        self._config, self._make = config, receiver
        self._receiver: Receiver | None = None
        self._steps = 0  # of every car
        self._began = self._next_message = self._next_lap = 0.0
        self._lap_earned, self._lap_cost = 0.0, math.inf
        self._first_lap: float | None = None
        self._moments: list[np.ndarray] = []
        self._fresh: list[np.ndarray] = []

    def on_start(self, run: Run, race: Race) -> None:
        self._race, self._from = race, run.went_on_from
        self._shown = np.flatnonzero(race.roads == 0)[:CARS]
        self._episodes = race.cars["episode"][self._shown].copy()
        self._grid = Grid.of(race.track)
        self._drive = make_recorder(self._config.race, race.track)
        reward = race.reward.file.name if race.reward is not None else "no reward"
        facts = {
            "title": f"{reward} on {race.track.name}, seed {self._config.train.seed}",
            "total": self._config.train.timesteps,
            "from": self._from,
            "folder": str(run.folder),
            "cars": race.n,
            "dt": race.dt,
        }
        self._receiver = self._make()
        self._receiver.put(Kind.START, start(race.track, **facts))

    def on_step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        self._steps += 1
        if self._steps % EVERY:
            return
        now = time.monotonic()
        if not self._began:
            self._began = now
        if not self._moments and now < self._next_message:
            return
        x, y, yaw, episode = (self._race.cars[name][self._shown] for name in COLUMNS)
        self._moments.append(self._grid.poses(x, y, yaw))
        self._fresh.append(episode != self._episodes)
        self._episodes = episode
        if len(self._moments) == MOMENTS:
            self._next_message = now + MESSAGE_S
            swarm = Swarm(self._timesteps(), np.stack(self._moments), np.stack(self._fresh))
            self._put(Kind.SWARM, swarm_bytes(swarm))
            self._moments, self._fresh = [], []

    def on_policy(self, policy: Callable[[], Policy]) -> None:
        now, began = time.monotonic(), time.thread_time()
        if not self._steps or now < self._next_lap or began < self._lap_earned:
            return
        seconds, rows = self._drive(policy())
        poses = self._grid.poses(rows["x"], rows["y"], rows["yaw"])
        lap = Lap(self._timesteps(), math.nan if seconds is None else seconds, poses)
        self._put(Kind.LAP, lap_bytes(lap))
        done = time.thread_time()
        self._lap_cost = min(self._lap_cost, done - began)  # the first one loads kernels
        self._next_lap, self._lap_earned = now + LAP_S, done + self._lap_cost / LAP_SHARE

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        seconds = time.monotonic() - self._began if self._began else 0.0
        if row["laps"] and self._first_lap is None and not self._from:
            self._first_lap = seconds
        known = {name: value if value == value else None for name, value in row.items()}
        about: dict[str, object] = {"seconds": seconds, "first_lap_after_s": self._first_lap}
        self._put(Kind.METRICS, {**known, **about})
        return None

    def on_end(self, result: Result | None) -> None:
        if self._receiver is None:
            return
        words = "the training ended early"
        if result is not None:
            words = f"finished: {result.completion_pct:.0f} % of the evaluation laps"
        self._receiver.put(Kind.END, {"words": words})
        self._receiver.close()

    def _put(self, kind: Kind, content: bytes | dict[str, object]) -> None:
        if self._receiver is not None:
            self._receiver.put(kind, content)

    def _timesteps(self) -> int:
        return self._from + self._steps * self._race.n
