"""RacerParallelEnv: several cars on one road as a PettingZoo `ParallelEnv`."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from racer.config import CameraConfig, LidarConfig, Others, RaceConfig, Rules
from racer.envs.common import Cameras, race_config
from racer.errors import BadConfig, ResourceError
from racer.observations import Obs, copied, take
from racer.race import Start, episode_info, make_race
from racer.reward.function import RewardFunction

try:
    from pettingzoo import ParallelEnv
except ImportError:
    raise ResourceError(
        "a ParallelEnv needs PettingZoo, which is not installed. Try "
        "pip install 'racer[pettingzoo]'."
    ) from None

Each = dict[str, Any]


class RacerParallelEnv(ParallelEnv[str, Any, Any]):  # type: ignore[misc]
    """A world of cars, `car_0` and so on, that start and drive together.

    A car whose episode ends leaves `agents` and is parked: nobody sees or hits it any more. The
    world goes on until every car has ended; `reset` begins the next one. Cars start from a grid
    behind the line with rules={"start": "line"}, else spread over the lap.

    Args:
        cars: how many drive, 2 to 16.
        others: what else is on the road; its `race` and `cars` do not count here.
        camera, lidar: as RacerEnv.
        render_mode: None or "rgb_array": `render` gives the picture of the first car.
        max_episode_steps: step cap; None sizes it to the track.
        more: as RacerEnv.

    Raises:
        UnknownName, BadTrack, BadActions, BadReward: a name or file that cannot be used.
        BadConfig: a value of the wrong type or outside its range.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "name": "racer_v0",
        "render_modes": ["rgb_array"],
        "render_fps": 15,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        track: str | Path = RaceConfig.track,
        reward: str | Path | RewardFunction = RaceConfig.reward,
        *,
        cars: int = 4,
        others: Others | Mapping[str, Any] | None = None,
        rules: Rules | Mapping[str, Any] | None = None,
        camera: CameraConfig | Mapping[str, Any] | None = None,
        lidar: LidarConfig | Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        **more: Any,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise BadConfig(f"render_mode {render_mode!r} of RacerParallelEnv; use 'rgb_array'.")
        if not isinstance(cars, int) or not 2 <= cars <= 16:
            raise BadConfig(f"cars = {cars!r}; allowed is 2 to 16.")
        settings = (
            dict(others) if isinstance(others, Mapping) else dataclasses.asdict(Others.of(others))
        )
        settings |= {"race": "multi", "cars": cars}
        rules = Rules.of(rules)
        if max_episode_steps is not None:
            rules = dataclasses.replace(rules, max_steps=max_episode_steps)
        names = {name: getattr(RaceConfig, name) for name in _NAMES} | more
        config, function = race_config(reward, rules, settings, camera, lidar, track=track, **names)
        self.render_mode = render_mode
        everything = render_mode is not None
        self.race = make_race(config, cars, all_params=everything, reward=function)
        self.possible_agents = [f"car_{i}" for i in range(cars)]
        self.agents: list[str] = []
        self._numbers = {name: i for i, name in enumerate(self.possible_agents)}
        self._observed = {
            name: copy.deepcopy(self.race.observation_space) for name in self._numbers
        }
        self._acted = {name: copy.deepcopy(self.race.actions.space) for name in self._numbers}
        self._cameras = Cameras(self.race)
        self._seeded = False

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """Of every car the same, each with a random generator of its own."""
        return self._observed[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """Of every car the same, each with a random generator of its own."""
        return self._acted[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Each, Each]:
        """Start all cars; with a seed, the first world of that seed.

        Args:
            seed: >= 0; car i is keyed with seed + i.
            options: where every car begins; the fields of racer.race.Start. Others are left
                alone, as PettingZoo's own test asks.
        """
        known = {field.name for field in dataclasses.fields(Start)}
        start = Start.of({k: v for k, v in (options or {}).items() if k in known})
        if seed is None and not self._seeded:
            seed = int(np.random.default_rng().integers(2**31))
        if seed is not None:
            self.race.seed(seed)
            self._seeded = True
        obs = self.race.reset(start=start)
        self.agents = list(self.possible_agents)
        return self._of_agents(obs), {name: {} for name in self.agents}

    def step(self, actions: Each) -> tuple[Each, Each, Each, Each, Each]:
        """One action of every car in `agents`.

        Raises:
            gymnasium.error.ResetNeeded: all cars have ended, or none has begun.
        """
        if not self.agents:
            raise gymnasium.error.ResetNeeded("call reset() first: no car is driving")
        race, drivers = self.race, self.agents
        parked = np.array([name not in drivers for name in self.possible_agents])
        kept = race.cars[parked]
        obs = race.step(self._all_actions(actions))
        race.cars[parked] = kept
        rows = [self._numbers[name] for name in drivers]
        rewards = {name: race.rewards.item(i) for name, i in zip(drivers, rows, strict=True)}
        ends = {name: bool(race.terminated[i]) for name, i in zip(drivers, rows, strict=True)}
        cut = {name: bool(race.truncated[i]) for name, i in zip(drivers, rows, strict=True)}
        infos = {
            name: episode_info(race, i) if race.done[i] else {}
            for name, i in zip(drivers, rows, strict=True)
        }
        seen = self._of_agents(obs)
        self.agents = [name for name, i in zip(drivers, rows, strict=True) if not race.done[i]]
        race.park(race.done & ~parked)
        return seen, rewards, ends, cut, infos

    def _all_actions(self, actions: Each) -> NDArray[Any]:
        """One for each car; those that are parked get any."""
        given: NDArray[Any] = np.zeros_like(self.race.action_buffer)
        for name in self.agents:
            given[self._numbers[name]] = actions[name]
        return given

    def _of_agents(self, obs: Obs) -> Each:
        return {name: copied(take(obs, self._numbers[name])) for name in self.agents}

    def render(self) -> NDArray[np.uint8] | None:
        """The picture of now around the first car, (H, W, 3) uint8, in mode "rgb_array"."""
        return next(self._cameras.frames()) if self.render_mode else None

    def close(self) -> None:
        """End the reward's process."""
        if self.race.reward is not None:
            self.race.reward.close()


_NAMES = ("vehicle", "actions", "observation", "reward_engine", "sandbox")


def parallel_env(**options: Any) -> RacerParallelEnv:
    """Several cars on one road, for PettingZoo: `racer.parallel_env(track="oval", cars=4)`.

    Args:
        options: as of RacerParallelEnv.
    """
    return RacerParallelEnv(**options)
