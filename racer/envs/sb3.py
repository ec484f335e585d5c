"""RacerVecEnv: N cars as a Stable-Baselines3 vectorised environment, stepped in one call."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from racer.race import Race, episode_infos, episodes
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS, TIME_UP

REMEMBERED = 10_000  # steps in which episodes ended, kept for `take_finished`; older are dropped
_NOTHING: dict[str, Any] = {}  # shared: nobody writes to the info of a car that is not done


class RacerVecEnv(VecEnv):
    """A Race as SB3 wants it; a car that is done starts again in the same step.

    `infos[i]` is empty unless car i is done; then it holds `terminal_observation`,
    `TimeLimit.truncated`, `episode` (r, l, t), `is_success` and what `episode_infos` says.

    Args:
        race: the cars; owned from now on.
    """

    def __init__(self, race: Race) -> None:
        self.race = race
        self.render_mode = None
        self._finished: deque[NDArray[Any]] = deque(maxlen=REMEMBERED)
        self._began = time.perf_counter()
        self._running = False
        super().__init__(race.n, race.observation_space, race.actions.space)

    def reset(self) -> NDArray[np.float32]:
        """Start an episode in every car; after `seed(s)`, the first episode of those seeds."""
        seeds = [seed for seed in self._seeds if seed is not None]
        if seeds:
            self.race.seed(seeds)
        self._reset_seeds()
        self._reset_options()
        self._running = True
        return self.race.reset().copy()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Any:
        """One step: obs (N, D) float32, rewards (N,) float32, dones (N,) bool, infos."""
        if not self._running:
            raise RuntimeError("call reset() before step()")
        race = self.race
        obs = race.step(self._actions)
        rewards = race.rewards.astype(np.float32)
        infos = [_NOTHING] * self.num_envs
        if race.done_count:
            self._finish(infos, obs)
            obs = race.reset(race.done)
        return obs.copy(), rewards, race.done.copy(), infos

    def _finish(self, infos: list[dict[str, Any]], obs: NDArray[np.float32]) -> None:
        """Fill the infos of the cars that are done."""
        rows = self.race.done.nonzero()[0]
        now = round(time.perf_counter() - self._began, 6)
        ended = episodes(self.race, rows)
        self._finished.append(ended)
        for i, last_obs, row in zip(rows.tolist(), obs[rows], ended.tolist(), strict=True):
            status, progress, steps, total, seconds = row
            infos[i] = info = {  # in one piece: a dict that grows costs twice as much
                "status": STATUS_LABELS[status],
                "progress_pct": progress,
                "steps": steps,
                "return": total,
                "time_s": seconds,
                "terminal_observation": last_obs,
                "TimeLimit.truncated": status == TIME_UP,
                "is_success": status == LAP_COMPLETE,
                "episode": {"r": total, "l": steps, "t": now},
            }
            if status == LAP_COMPLETE:
                info["lap_time_s"] = seconds

    def take_finished(self) -> list[dict[str, Any]]:
        """What `episode_infos` says of every episode that ended since the last call."""
        finished = [info for ended in self._finished for info in episode_infos(ended)]
        self._finished.clear()
        return finished

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Everything the next step depends on; `set_state` continues bit for bit."""
        state: dict[str, NDArray[Any]] = {"cars": self.race.cars.copy()}
        kept = self.race.reward.state if self.race.reward is not None else None
        return state if kept is None else state | {"reward": kept.copy()}

    def set_state(self, state: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Go on from `get_state`; returns the observations of now."""
        self.race.cars[...] = state["cars"]
        kept = self.race.reward.state if self.race.reward is not None else None
        if kept is not None:
            kept[...] = state["reward"]
        self._running = True
        return self.race.refresh().copy()

    def close(self) -> None:
        """End the reward's process."""
        if self.race.reward is not None:
            self.race.reward.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute, once per car: all cars share one race."""
        return [getattr(self, attr_name)] * len(self._indices(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not possible per car: all cars share one race."""
        raise AttributeError(f"{attr_name!r} cannot be set: all cars share one race")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the race once; its result once per car."""
        result = getattr(self.race, method_name)(*method_args, **method_kwargs)
        return [result] * len(self._indices(indices))

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No car is wrapped; but episodes are counted here, as Monitor would."""
        return [issubclass(Monitor, wrapper_class)] * len(self._indices(indices))

    def _indices(self, indices: int | Sequence[int] | None) -> Sequence[int]:
        return list(self._get_indices(indices))
