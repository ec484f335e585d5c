"""RacerVectorEnv: N cars as a Gymnasium vector environment, stepped in one call."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from racer.config import RaceConfig, Rules
from racer.race import EPISODE, episodes, make_race
from racer.sim.types import LAP_COMPLETE, STATUS_LABELS

Obs = NDArray[np.float32]
NUMBERS = tuple(name for name in EPISODE.names or () if name != "status")


class RacerVectorEnv(VectorEnv[Obs, NDArray[Any], NDArray[Any]]):
    """N cars, each as RacerEnv describes; a car that is done starts again in the same step.

    SAME_STEP autoreset: `obs[i]` of a done car is the first of its next episode, its last one is in
    `infos["final_obs"][i]` (mask `infos["_final_obs"]`), what happened in `infos["final_info"]`.

    Args:
        num_envs: cars.
        max_episode_steps: step cap, as Gymnasium passes it; None sizes it to the track.
        others: as RacerEnv.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        track: str = RaceConfig.track,
        reward: str = RaceConfig.reward,
        *,
        vehicle: str = RaceConfig.vehicle,
        actions: str = RaceConfig.actions,
        observation: str = RaceConfig.observation,
        reward_engine: str = RaceConfig.reward_engine,
        sandbox: str = RaceConfig.sandbox,
        rules: Rules | Mapping[str, Any] | None = None,
        render_mode: None = None,
        max_episode_steps: int | None = None,
    ) -> None:
        if render_mode is not None:
            raise ValueError("RacerVectorEnv draws nothing; use RacerEnv or `racer watch`")
        rules = Rules.of(rules)
        if max_episode_steps is not None:
            rules = dataclasses.replace(rules, max_steps=max_episode_steps)
        config = RaceConfig(
            track=str(track),
            reward=str(reward),
            vehicle=vehicle,
            actions=str(actions),
            observation=observation,
            reward_engine=reward_engine,
            sandbox=sandbox,
            rules=rules,
        )
        self.num_envs = num_envs
        self.render_mode = None
        self.race = make_race(config, num_envs)
        self.single_action_space = self.race.actions.space
        self.single_observation_space = self.race.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._running = False

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start an episode in every car; car i is seeded with seed + i (or seed[i])."""
        if options:
            raise ValueError(f"reset options {sorted(options)}; RacerVectorEnv has none")
        if isinstance(seed, list) and all(one is None for one in seed):
            seed = None
        if isinstance(seed, list):
            self.race.seed(self._checked(seed))
        elif seed is not None or not self._running:
            super().reset(seed=seed)
            self.race.seed(seed if seed is not None else int(self.np_random.integers(2**31)))
        self._running = True
        return self.race.reset().copy(), {}

    def _checked(self, seeds: list[int | None]) -> list[int]:
        whole = [s for s in seeds if isinstance(s, int | np.integer) and s >= 0]
        if not len(whole) == len(seeds) == self.num_envs:
            raise ValueError(f"seeds {seeds}; give {self.num_envs} whole numbers from 0, or one")
        return whole

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Obs, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One action for every car."""
        if not self._running:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        race = self.race
        obs = race.step(actions).copy()
        infos: dict[str, Any] = {}
        if race.done_count:
            infos = self._final(obs)
            obs = race.reset(race.done).copy()
        return obs, race.rewards.copy(), race.terminated.copy(), race.truncated.copy(), infos

    def close_extras(self, **kwargs: Any) -> None:
        """End the reward's process."""
        if self.race.reward is not None:
            self.race.reward.close()

    def _final(self, obs: Obs) -> dict[str, Any]:
        done = self.race.done.copy()
        cars = np.flatnonzero(done)
        final_obs = np.full(self.num_envs, None, object)
        for i, last in zip(cars, obs[cars], strict=True):
            final_obs[i] = last
        ended = episodes(self.race, cars)
        infos = self._columns(done, {name: ended[name] for name in NUMBERS})
        labels = np.array(STATUS_LABELS, object)[ended["status"]]
        infos |= self._columns(done, {"status": labels})
        laps = ended["status"] == LAP_COMPLETE
        if laps.any():
            lapped = np.zeros(self.num_envs, np.bool_)
            lapped[cars[laps]] = True
            infos |= self._columns(lapped, {"lap_time_s": ended["time_s"][laps]})
        return {
            "final_obs": final_obs,
            "_final_obs": done,
            "final_info": infos,
            "_final_info": done.copy(),
        }

    def _columns(self, mask: NDArray[Any], columns: dict[str, NDArray[Any]]) -> dict[str, Any]:
        """Values of the cars in `mask` as Gymnasium wants them: a column for all, and a mask."""
        infos: dict[str, Any] = {}
        for name, values in columns.items():
            empty = None if values.dtype == object else 0
            infos[name] = np.full(self.num_envs, empty, values.dtype)
            infos[name][mask] = values
            infos[f"_{name}"] = mask.copy()
        return infos
