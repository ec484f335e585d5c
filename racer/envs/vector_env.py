"""RacerVectorEnv: N cars as a Gymnasium vector environment, stepped in one call."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from racer.config import CameraConfig, LidarConfig, Others, RaceConfig, Rules
from racer.envs.common import Cameras, race_config
from racer.errors import BadConfig
from racer.observations import Obs, copied, take
from racer.race import EPISODE, Start, episodes, make_race
from racer.reward.function import RewardFunction
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS

NUMBERS = tuple(name for name in EPISODE.names or () if name != "status")
_MODES = (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)


class RacerVectorEnv(VectorEnv[Obs, NDArray[Any], NDArray[Any]]):
    """N cars, each as RacerEnv describes; a car that is done starts again by itself.

    SAME_STEP autoreset, the default: `obs[i]` of a done car is the first of its next episode, its
    last one is in `infos["final_obs"][i]` (mask `infos["_final_obs"]`), what happened in
    `infos["final_info"]`.

    NEXT_STEP autoreset, which some of Gymnasium's wrappers demand: `obs[i]` of a done car is its
    last one and `infos` say what happened; the next step ignores its action, starts its next
    episode and pays 0. A reward that keeps variables in Python is called once more then.

    Args:
        num_envs: cars.
        max_episode_steps: step cap, as Gymnasium passes it; None sizes it to the track.
        autoreset_mode: AutoresetMode.SAME_STEP or NEXT_STEP.
        render_mode: None or "rgb_array": `render` gives a picture of each car.
        others: as RacerEnv.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": ["rgb_array"],
        "render_fps": 15,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        track: str | Path = RaceConfig.track,
        reward: str | Path | RewardFunction = RaceConfig.reward,
        *,
        vehicle: str = RaceConfig.vehicle,
        actions: str | Path = RaceConfig.actions,
        observation: str = RaceConfig.observation,
        reward_engine: str = RaceConfig.reward_engine,
        sandbox: str = RaceConfig.sandbox,
        randomize: str = RaceConfig.randomize,
        rules: Rules | Mapping[str, Any] | None = None,
        others: Others | Mapping[str, Any] | None = None,
        camera: CameraConfig | Mapping[str, Any] | None = None,
        lidar: LidarConfig | Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise BadConfig(
                f"render_mode {render_mode!r} of RacerVectorEnv; use None or 'rgb_array', or "
                "RacerEnv for a window."
            )
        if autoreset_mode not in _MODES:
            raise BadConfig(f"autoreset_mode {autoreset_mode!r}; use SAME_STEP or NEXT_STEP.")
        rules = Rules.of(rules)
        if max_episode_steps is not None:
            rules = dataclasses.replace(rules, max_steps=max_episode_steps)
        config, function = race_config(
            reward,
            rules,
            others,
            track=track,
            vehicle=vehicle,
            actions=actions,
            observation=observation,
            reward_engine=reward_engine,
            sandbox=sandbox,
            camera=camera,
            lidar=lidar,
            randomize=randomize,
        )
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.metadata = self.metadata | {"autoreset_mode": autoreset_mode}
        everything = render_mode is not None
        self.race = make_race(config, num_envs, all_params=everything, reward=function)
        self.single_action_space = self.race.actions.space
        self.single_observation_space = self.race.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._same_step = autoreset_mode == AutoresetMode.SAME_STEP
        self._waiting = np.zeros(num_envs, np.bool_)  # done, and started again by the next step
        self._cameras = Cameras(self.race)
        self._running = False

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start an episode in every car; car i is seeded with seed + i (or seed[i]).

        Args:
            seed: of the first car, or of each.
            options: where every car begins; the fields of racer.race.Start.

        Raises:
            BadConfig: no such option, or a value that the track does not have.
        """
        self._check_open()
        start = Start.of(options)
        if start is not None:
            start.check(self.race.tracks)
        if isinstance(seed, list) and all(one is None for one in seed):
            seed = None
        if isinstance(seed, list):
            self.race.seed(self._checked(seed))
        elif seed is not None or not self._running:
            super().reset(seed=seed)
            self.race.seed(seed if seed is not None else int(self.np_random.integers(2**31)))
        self._running = True
        self._waiting[:] = False
        return copied(self.race.reset(start=start)), {}

    def _check_open(self) -> None:
        if self.closed:
            raise gymnasium.error.ClosedEnvironmentError(
                "this environment is closed; make a new one"
            )

    def _checked(self, seeds: list[int | None]) -> list[int]:
        whole = [s for s in seeds if isinstance(s, int | np.integer) and s >= 0]
        if not len(whole) == len(seeds) == self.num_envs:
            raise ValueError(f"seeds {seeds}; give {self.num_envs} whole numbers from 0, or one")
        return whole

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Obs, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One action for every car."""
        self._check_open()
        if not self._running:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        race = self.race
        infos: dict[str, Any] = {}
        if self._same_step:
            obs = copied(race.step(actions))
            if race.done_count:
                infos = self._final(obs)
                obs = copied(race.reset(race.done))
        else:
            obs = copied(self._step_or_start(actions))
            self._waiting = race.done & ~self._waiting
            if self._waiting.any():
                infos = self._how_it_went(self._waiting)
        return obs, race.rewards.copy(), race.terminated.copy(), race.truncated.copy(), infos

    def _step_or_start(self, actions: NDArray[Any]) -> Obs:
        """Step the cars that drive; those that wait start their next episode and stay there."""
        race, waiting = self.race, self._waiting
        if not waiting.any():
            return race.step(actions)
        race.reset(waiting)
        actions = np.array(actions)
        actions[waiting] = 0  # theirs is ignored, whatever it is
        cars = race.cars[waiting]
        kept = race.reward.get_state() if race.reward is not None else None
        race.step(actions)
        race.cars[waiting] = cars
        if kept is not None and race.reward is not None:
            now = race.reward.get_state()
            assert now is not None
            now[waiting] = kept[waiting]
            race.reward.set_state(now)
        for column in (race.rewards, race.terminated, race.truncated):
            column[waiting] = 0
        return race.refresh()

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """The picture of now of every car, (H, W, 3) uint8 each, in mode "rgb_array"."""
        if self.render_mode is None:
            return None
        self._check_open()
        if not self._running:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        return tuple(self._cameras.frames())

    def close_extras(self, **kwargs: Any) -> None:
        """End the reward's process."""
        if self.race.reward is not None:
            self.race.reward.close()

    def _final(self, obs: Obs) -> dict[str, Any]:
        done = self.race.done.copy()
        final_obs = np.full(self.num_envs, None, object)
        for i in np.flatnonzero(done):
            final_obs[i] = take(obs, i)
        return {
            "final_obs": final_obs,
            "_final_obs": done,
            "final_info": self._how_it_went(done),
            "_final_info": done.copy(),
        }

    def _how_it_went(self, done: NDArray[np.bool_]) -> dict[str, Any]:
        """What `episode_infos` says of the cars in `done`, as columns."""
        cars = np.flatnonzero(done)
        ended = episodes(self.race, cars)
        infos = self._columns(done, {name: ended[name] for name in NUMBERS})
        labels = np.array(STATUS_LABELS, object)[ended["status"]]
        infos |= self._columns(done, {"status": labels})
        laps = ended["status"] == LAP_COMPLETE
        if laps.any():
            lapped = np.zeros(self.num_envs, np.bool_)
            lapped[cars[laps]] = True
            infos |= self._columns(lapped, {"lap_time_s": ended["time_s"][laps]})
        return infos

    def _columns(self, mask: NDArray[Any], columns: dict[str, NDArray[Any]]) -> dict[str, Any]:
        """Values of the cars in `mask` as Gymnasium wants them: a column for all, and a mask."""
        infos: dict[str, Any] = {}
        for name, values in columns.items():
            empty = None if values.dtype == object else 0
            infos[name] = np.full(self.num_envs, empty, values.dtype)
            infos[name][mask] = values
            infos[f"_{name}"] = mask.copy()
        return infos
