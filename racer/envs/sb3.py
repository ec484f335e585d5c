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

from racer.envs.common import Cameras
from racer.errors import BadConfig
from racer.observations import Obs, copied, take
from racer.race import Race, Rival, Rivals, Start, episode_infos, episodes
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS, TIME_UP

REMEMBERED = 10_000  # steps in which episodes ended, kept for `take_finished`; older are dropped
_NOTHING: dict[str, Any] = {}  # shared: nobody writes to the info of a car that is not done


class RacerVecEnv(VecEnv):
    """A Race as SB3 wants it; a car that is done starts again in the same step.

    `infos[i]` is empty unless car i is done; then it holds `terminal_observation`,
    `TimeLimit.truncated`, `episode` (r, l, t), `is_success` and what `episode_infos` says.

    `set_options({"waypoint": 12})` (or a list, one for each car) says where the next `reset`
    begins: see racer.race.Start.

    Args:
        race: the cars; owned from now on.
        render_mode: None or "rgb_array", for `render` and SB3's VecVideoRecorder. Make the race
            with all_params=True to see every param.
        rivals: who drives the other cars; each car that is left is a row. All by default.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 15}  # noqa: RUF012

    def __init__(
        self, race: Race, render_mode: str | None = None, *, rivals: Sequence[Rival] = ()
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise BadConfig(f"render_mode {render_mode!r}; use None or 'rgb_array'.")
        self.race = race
        self.render_mode = render_mode
        self._cameras = Cameras(race)
        self._closed = False
        self._finished: deque[NDArray[Any]] = deque(maxlen=REMEMBERED)
        self._began = time.perf_counter()
        self._running = False
        self._rivals = Rivals(race, rivals)
        self._each = race.per_world if rivals else 1  # cars for each row
        self._free: Any = self._rivals.free if rivals else slice(None)
        super().__init__(len(self._rivals.free), race.observation_space, race.actions.space)

    def reset(self) -> Obs:
        """Start an episode in every car; after `seed(s)`, the first episode of those seeds."""
        self._check_open()
        starts = [Start.of(options) for options in self._options]
        seeds = [seed for seed in self._seeds if seed is not None]
        if seeds:
            self.race.seed(seeds if self.num_envs == self.race.n else seeds[0])
        self._reset_seeds()
        self._reset_options()
        self._running = True
        self.race.reset()
        for start in dict.fromkeys(starts):
            if start is not None:
                mask = np.zeros(self.race.n, np.bool_)
                mask[self._free] = [one == start for one in starts]
                self.race.place(start, mask)
        return copied(take(self.race.obs, self._free))

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Any:
        """One step: obs, rewards (N,) float32, dones (N,) bool, infos."""
        if not self._running:
            self._check_open()
            raise RuntimeError("call reset() before step()")
        race = self.race
        obs = race.step(self._rivals.actions(self._actions))
        rewards = race.rewards[self._free].astype(np.float32)
        infos = [_NOTHING] * self.num_envs
        if race.done_count:
            self._finish(infos, obs)
            obs = race.reset(race.done)
        return copied(take(obs, self._free)), rewards, race.done[self._free].copy(), infos

    def _finish(self, infos: list[dict[str, Any]], obs: Obs) -> None:
        """Fill the infos of the cars that are done."""
        rows = self._rivals.free[self.race.done[self._free]]
        if not len(rows):
            return
        now = round(time.perf_counter() - self._began, 6)
        ended = episodes(self.race, rows)
        self._finished.append(ended)
        last = take(obs, rows)
        for k, (i, row) in enumerate(zip(rows.tolist(), ended.tolist(), strict=True)):
            status, progress, steps, total, seconds = row
            infos[i // self._each] = info = {  # in one piece: a dict that grows costs twice as much
                "status": STATUS_LABELS[status],
                "progress_pct": progress,
                "steps": steps,
                "return": total,
                "time_s": seconds,
                "terminal_observation": take(last, k),
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
        if self.race.among:
            state["objects"] = self.race.objects.copy()
        state |= {f"memory.{k}": a.copy() for k, a in self.race.memory.items()}
        kept = self.race.reward.get_state() if self.race.reward is not None else None
        return state if kept is None else state | {"reward": kept}

    def set_state(self, state: dict[str, NDArray[Any]]) -> Obs:
        """Go on from `get_state`; returns the observations of now."""
        self.race.cars[...] = state["cars"]
        if self.race.among:
            self.race.objects[...] = state["objects"]
        if "reward" in state and self.race.reward is not None:
            self.race.reward.set_state(state["reward"])
        for name, array in self.race.memory.items():
            array[...] = state[f"memory.{name}"]
        self._running = True
        return copied(take(self.race.refresh(), self._free))

    def get_images(self) -> list[NDArray[np.uint8] | None]:
        """The picture of now of every car, (H, W, 3) uint8 each, in mode "rgb_array"."""
        if self.render_mode is None:
            return [None] * self.num_envs
        frames = list(self._cameras.frames())
        return [frames[i] for i in self._rivals.free]

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this environment is closed; make a new one")

    def close(self) -> None:
        """End the reward's process."""
        self._closed, self._running = True, False
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
