"""Race: N cars on one track. The engine behind every door; owns every buffer.

    action a_t ─ decode ─▶ commands
    begin    count the step, judge s_t, params of (s_t, a_t)
    reward   r(s_t, a_t)
    advance  physics, measure s_{t+1}
    observe  what the policy sees of s_{t+1}

As in the official simulator, the reward and the end of an episode are decided on the state the
action was chosen in: the last step of a lap reports exactly 100 % progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import racer.actions
from racer import observations, vehicles
from racer.actions import Actions
from racer.config import STARTS, RaceConfig, Rules
from racer.race import drivers
from racer.reward import RewardEngine, make_engine
from racer.reward.engine import DOUBTFUL
from racer.sim import precompile, step
from racer.sim.jit import bind, chain
from racer.sim.models.kinematic import new_block
from racer.sim.types import CAR, LAP_COMPLETE, PARAMS, SIM, STATUS_LABELS, TrackArrays
from racer.tracks import Track

KEYS = 2**62  # a car's key, an int64, is less than this plus the number of cars
WIDTH_KEYS = frozenset({"track_width", "is_left_of_center"})


class Race:
    """N cars on one track.

    Args:
        track: where.
        n: cars, >= 1. Row i equals a race of one with seed + i, bit for bit.
        vehicle: (1,) VEHICLE.
        actions: how actions become commands.
        observation: name, see racer.observations.
        reward: the engine that scores (s_t, a_t); None scores 0.
        rules: how episodes begin and end.
        seed: of the first car.
        all_params: fill every params key, also those the reward does not read (for traces, HUDs).

    Attributes:
        cars: (N,) CAR, the only state; copy it to save it, assign to it and `refresh` to restore.
        params: (N,) PARAMS of the last (s_t, a_t).
        commands: (N, 2) steering angle (deg) and speed (m/s) of the last action.
        rewards: (N,) float64 of the last step.
        terminated, truncated: (N,) bool of the last step; never both.
        done, done_count: either of them, (N,) bool, and how many.
        obs: (N, D) float32 of s_{t+1}.

    All are written in place by `step` and `reset`: copy what you keep.
    """

    def __init__(
        self,
        track: Track,
        n: int = 1,
        *,
        vehicle: np.ndarray,
        actions: Actions,
        observation: str = "features",
        reward: RewardEngine | None = None,
        rules: Rules | None = None,
        seed: int = 0,
        all_params: bool = False,
    ) -> None:
        if n < 1:
            raise ValueError(f"a race of {n} cars; at least 1 is needed")
        rules = rules or Rules()
        self.rules = rules
        self.track = track.reversed() if rules.reverse else track
        self.backward = self.track.reversed() if rules.alternate_direction else self.track
        self.n, self.vehicle, self.actions, self.reward = n, vehicle, actions, reward
        self.sim = sim_row(rules, self.track.length)
        self.dt = float(self.sim["control_dt"][0])
        self.max_steps = int(self.sim["max_steps"][0])

        self.cars = np.zeros(n, CAR)
        self.params = np.zeros(n, PARAMS)
        self.commands = np.zeros((n, 2))
        self.rewards = np.zeros(n)
        self.terminated = np.zeros(n, np.bool_)
        self.truncated = np.zeros(n, np.bool_)
        self.done = np.zeros(n, np.bool_)
        self.done_count = 0
        self.action_buffer = actions.buffer(n)
        shape = self.action_buffer.shape
        self._action_shapes = (shape, shape[1:]) if n == 1 else (shape,)  # one car: no row needed
        self._action_kinds = "iu" if self.action_buffer.dtype.kind == "i" else "iuf"
        self._mask = np.zeros(n, np.bool_)

        self._view = observations.make(observation, vehicle)
        self.observation_space = self._view.space
        self.obs = np.zeros((n, *self._view.space.shape), np.float32)
        needs_width = (
            all_params or reward is None or bool(WIDTH_KEYS & getattr(reward, "needs", WIDTH_KEYS))
        )
        self._bind_step(needs_width)
        self._reset, self._restart = self._bind_reset(self._mask), self._bind_reset(self.done)
        self.seed(seed)

    def _bind_step(self, needs_width: bool) -> None:
        """The parts of a step, and `_all` of it: one native call if the reward is a kernel too."""
        ends = self.terminated, self.truncated
        self._decode = self.actions.bind(self.action_buffer, self.commands)
        self._begin = self._bind(
            step.begin,
            (self.cars, self.commands, self.params, *ends),
            (self.sim, needs_width),
        )
        precompile.wait()
        self._advance = self._bind(
            step.ADVANCE[int(self.vehicle["model"][0])],
            (self.cars, self.commands),
            (self.vehicle, self.sim, new_block()),
        )
        self._observe = self._bind_observe(np.ones(self.n, np.bool_))
        self._scored = self.reward.bind(self.params, self.rewards) if self.reward else None
        self._finish = bind(step.finish, self.cars, self.rewards, *ends, self.done)
        self._all: Callable[[], int] = self._by_parts
        self._rest = chain(self._advance, self._observe, self._finish)  # after the reward
        if self._scored or self.reward is None:
            score = [self._scored.call] if self._scored else []
            self._all = chain(self._decode, self._begin, *score, self._rest)

    def _bind_observe(self, mask: np.ndarray) -> Callable[[], Any]:
        return self._each_direction(lambda *road: self._view.bind(self.cars, mask, self.obs, *road))

    def _bind_reset(self, mask: np.ndarray) -> Callable[[], Any]:
        return chain(
            bind(step.next_episode, self.cars, mask, self.sim),
            self._bind(step.reset, (self.cars, mask), (self.vehicle, self.sim)),
            self._bind_observe(mask),
        )

    def _each_direction(
        self, make: Callable[[TrackArrays, int], Callable[[], Any]]
    ) -> Callable[[], Any]:
        """The call `make(track, direction)` returns, for each direction that cars drive in."""
        forward = make(self.track.arrays, 0)
        if not self.rules.alternate_direction:
            return forward
        return chain(forward, make(self.backward.arrays, 1))

    def _bind(
        self, kernel: Any, first: tuple[Any, ...], last: tuple[Any, ...]
    ) -> Callable[[], Any]:
        return self._each_direction(
            lambda track, direction: bind(kernel, *first, track, direction, *last)
        )

    def seed(self, seed: int | Sequence[int] | np.ndarray) -> None:
        """Key car i with seed + i (or seed[i]) and make the next reset start episode 0.

        Seeds are integers, counted modulo 2**62.
        """
        if isinstance(seed, Sequence | np.ndarray):
            self.cars["key"] = [int(one) % KEYS for one in seed]
        else:
            self.cars["key"] = int(seed) % KEYS + np.arange(self.n)
        self.cars["episode"] = -1

    def reset(self, mask: np.ndarray | None = None) -> np.ndarray:
        """Start the next episode of the cars in `mask` (N,) bool, or of all.

        Returns:
            obs, the race's own buffer.
        """
        if mask is self.done:  # as vectorised environments do after most steps
            self._restart()
        else:
            self._mask[:] = True if mask is None else mask
            self._reset()
        return self.obs

    def refresh(self) -> np.ndarray:
        """Observe again, after `cars` was assigned to; returns obs."""
        self._observe()
        return self.obs

    def step(self, actions: Any) -> np.ndarray:
        """One control step for every car; see the module docstring for the order.

        Args:
            actions: (N,) indices or (N, 2) in [-1, 1]; finite values outside are clipped.

        Returns:
            obs of s_{t+1}, the race's own buffer.

        Raises:
            ValueError: an action that is no action; names the car. No state has changed.
            RewardFailed: the reward raised or returned no finite number.
        """
        actions = np.asarray(actions)
        if actions.shape not in self._action_shapes or actions.dtype.kind not in self._action_kinds:
            raise ValueError(
                f"actions of shape {actions.shape} and type {actions.dtype}; "
                f"{self.n} car{'s take' if self.n > 1 else ' takes'} "
                f"{self._action_shapes[-1]}, each in {self.actions.space}"
            )
        if actions.dtype.itemsize > 4 and actions.dtype.kind == "f":
            actions = _as_float32(actions)
        self.action_buffer[...] = actions
        done_count = self._all()
        if done_count < 0:
            done_count = self._go_on(done_count)
        self.done_count = done_count
        return self.obs

    def drive(self) -> None:
        """Decode `action_buffer` and move every car one control step, and nothing else.

        For searches over actions: no judgement, no reward, no observation. Every action must be
        valid. Cars end where `step` would bring them, bit for bit.
        """
        self._decode()
        self._advance()

    def _by_parts(self) -> int:
        """A step whose reward is no kernel, or whose parts are to be timed."""
        bad = self._decode()
        if bad < 0:
            return bad
        self._begin()
        if self.reward is not None:
            self.reward.submit(self.params, self.cars)
        self._advance()
        if self.reward is not None:
            self.reward.collect(self.rewards)
        self._observe()
        return int(self._finish())

    def _go_on(self, why: int) -> int:
        """The rest of a step that its kernels stopped: how many cars are done, or what is wrong."""
        if why != DOUBTFUL:
            bad = -1 - why
            raise ValueError(
                f"action {self.action_buffer[bad]!r} of car {bad} is not in {self.actions.space}"
            )
        assert self.reward
        assert self._scored
        self.reward.settle(self._scored, self.cars)
        return int(self._rest())


def _as_float32(actions: np.ndarray) -> np.ndarray:
    """Float64 actions within what a float32 holds; infinite ones become NaN, which is refused."""
    largest = np.finfo(np.float32).max
    return np.where(np.isinf(actions), np.nan, np.clip(actions, -largest, largest))


# How an episode went, a row each.
EPISODE = np.dtype(
    [
        ("status", "i8"),  # index of STATUS_LABELS
        ("progress_pct", "f8"),  # of a lap, in the state that ended it
        ("steps", "i8"),  # actions taken
        ("return", "f8"),  # sum of rewards
        ("time_s", "f8"),  # since the start, with the frame the car is held still in, as officially
    ]
)


def episodes(race: Race, cars: np.ndarray | list[int]) -> np.ndarray:
    """How the episodes of these cars (K,), which are done, went: (K,) EPISODE."""
    ended = np.empty(len(cars), EPISODE)
    ended["status"] = race.cars["status"][cars]
    ended["progress_pct"] = race.params["progress"][cars]
    ended["steps"] = race.cars["steps"][cars] - 1
    ended["return"] = race.cars["episode_return"][cars]
    ended["time_s"] = (ended["steps"] + 1) * race.dt
    return ended


def episode_infos(ended: np.ndarray) -> list[dict[str, Any]]:
    """EPISODE rows as dicts of plain values.

    Returns:
        for each, the fields of EPISODE, `status` as its label; and `lap_time_s`, s, if the episode
        ended with a lap.
    """
    infos = []
    for status, progress, steps, total, time in ended.tolist():
        info = {
            "status": STATUS_LABELS[status],
            "progress_pct": progress,
            "steps": steps,
            "return": total,
            "time_s": time,
        }
        if status == LAP_COMPLETE:
            info["lap_time_s"] = time
        infos.append(info)
    return infos


def episode_info(race: Race, i: int) -> dict[str, Any]:
    """`episode_infos` of car `i`, which is done."""
    return episode_infos(episodes(race, [i]))[0]


def track_of(config: RaceConfig) -> Track:
    """The track that `config` names, numbered as it asks."""
    track = Track.load(config.track)
    return track.without_duplicates() if config.drop_duplicate_waypoints else track


def make_race(
    config: RaceConfig,
    n: int = 1,
    *,
    seed: int = 0,
    with_reward: bool = True,
    all_params: bool = False,
) -> Race:
    """The race that `config` names.

    Raises:
        UnknownName, BadTrack, BadActions, BadReward: a name or file that cannot be used.
    """
    vehicle = vehicles.load(config.vehicle)
    actions = racer.actions.load(config.actions)
    precompile.start(int(vehicle["model"][0]))
    track = track_of(config)
    reward = None
    if with_reward:
        reward = make_engine(
            config.reward,
            n=n,
            waypoints=track.waypoints,
            engine=config.reward_engine,
            sandbox=config.sandbox,
            seed=seed,
            sample_rows=lambda: drivers.sample(scripted(config, track)),
            sample_of=drivers.definition(
                track.center, track.inner, track.outer, vehicle, actions, config.rules
            ),
        )
    return Race(
        track,
        n,
        vehicle=vehicle,
        actions=actions,
        observation=config.observation,
        reward=reward,
        rules=config.rules,
        seed=seed,
        all_params=all_params,
    )


def scripted(config: RaceConfig, track: Track) -> Race:
    """A race of the scripted drivers, whose params a compiled reward must score like Python."""
    return Race(
        track,
        len(drivers.DRIVERS),
        vehicle=vehicles.load(config.vehicle),
        actions=racer.actions.load(config.actions),
        rules=config.rules,
        all_params=True,
    )


def sim_row(rules: Rules, length: float) -> np.ndarray:
    """Rules as kernels take them: (1,) SIM, for a track of `length` m."""
    row = np.zeros(1, SIM)
    for name in SIM.names or ():
        if hasattr(rules, name) and name != "start":
            row[name] = getattr(rules, name)
    row["start"] = STARTS.index(rules.start)
    row["start_advance"] = rules.start_advance_pct / 100.0
    row["control_dt"] = 1.0 / rules.control_hz
    row["max_steps"] = rules.step_cap(length)
    row["still_m"] = 0.0003
    return row
