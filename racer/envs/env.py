"""RacerEnv: one car as a Gymnasium environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from racer.config import CameraConfig, LidarConfig, Others, RaceConfig, Rules
from racer.envs.common import Cameras, race_config
from racer.observations import Obs, copied, take
from racer.race import Start, episode_info, make_race
from racer.reward.function import RewardFunction
from racer.reward.params import params_of

if TYPE_CHECKING:
    from racer.render.window import LiveWindow


class RacerEnv(gymnasium.Env[Obs, Any]):
    """Drive one car round a track: a Race of one.

    Observation space: `Box(-4, 4, (21,), float32)`, the table in racer.observations.features.

    Action space: continuous `Box(-1, 1, (2,), float32)`, steering (left positive) and speed; or
    `Discrete(n)` for a DeepRacer model_metadata.json with a list of actions.

    Reward: `reward_function(params)` of the reward file, on the state the action was chosen in.

    Episode end: terminated by a completed lap, all wheels off the road, 15 steps without moving,
    or 15 steps of falling progress; truncated by the step cap (a lap at 0.3 m/s plus 5 s).

    `info` is empty until the episode is over, then it says how it went: `status` (lap_complete,
    off_track, immobilized, reversed or time_up), `progress_pct`, `steps`, `return`, `time_s`, and
    `lap_time_s` after a lap. `params` is what the reward was given last, at any time.

    `reset(seed=s)` begins at the s-th start of the round robin (5 % of a lap apart); every later
    reset advances to the next. `reset(options={"waypoint": 12, "offset_m": 0.1})` begins
    elsewhere; the options are the fields of racer.race.Start: `s_m`, `waypoint` or
    `progress_pct`, `offset_m`, `heading_deg`.

    A copy or a pickle goes on from the same state, to the same bits, in a race of its own. What a
    reward file keeps in variables is not copied: there it starts anew.

    Args:
        track, reward, vehicle, actions, observation, reward_engine, sandbox, rules, others: as in
            RaceConfig; names or paths. Rules and others may be dicts of their
            fields. A reward may be a Python function of params: it is called as it is, in this
            process, unguarded. To stop in a reward file with pdb, set reward_engine="inprocess".
        randomize: "visual" for another light, wear and lens in every episode, "physics" for another
            grip, delay and so on, "visual+physics" for both.
        camera, lidar: what they are like, dicts of the fields of CameraConfig, LidarConfig.
        render_mode: None, "human" (a window) or "rgb_array".

    Raises:
        UnknownName, BadTrack, BadActions, BadReward: a name or file that cannot be used.
        BadConfig: a value of the wrong type.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 15}  # noqa: RUF012

    def __init__(
        self,
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
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode {render_mode!r}; use None, 'human' or 'rgb_array'")
        self._config, self._function = race_config(
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
        self.render_mode = render_mode
        everything = render_mode is not None
        self.race = make_race(self._config, 1, all_params=everything, reward=self._function)
        self.action_space = self.race.actions.space
        self.observation_space = self.race.observation_space
        self._needs_reset = True
        self._seeded = False
        self._closed = False
        self._array = isinstance(self.race.obs, np.ndarray)
        self._camera = Cameras(self.race)
        self._window: LiveWindow | None = None

    @property
    def params(self) -> dict[str, Any]:
        """DeepRacer's params of the last step, as the reward saw them."""
        return params_of(self.race.params[0], self.race.track.waypoints)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start an episode; with a seed, the first one of that seed.

        Args:
            seed: >= 0.
            options: where it begins; the fields of racer.race.Start.

        Raises:
            BadConfig: no such option, or a value that the track does not have.
        """
        self._check_open()
        start = Start.of(options)
        if start is not None:
            start.check(self.race.tracks)
        super().reset(seed=seed)
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**31))
        if seed is not None:
            self.race.seed(seed)
            self._seeded = True
        obs = copied(take(self.race.reset(start=start), 0))
        self._needs_reset = False
        if self.render_mode == "human":
            self._show()
        return obs, {}

    def step(self, action: Any) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """One action, 1/15 s.

        Raises:
            gymnasium.error.ResetNeeded: the episode is over or none has begun.
            ValueError: not an action.
            RewardFailed: the reward raised or returned no finite number.
        """
        if self._needs_reset:
            self._check_open()
            raise gymnasium.error.ResetNeeded("call reset() first: no episode is running")
        race = self.race
        obs = race.step(action)
        obs = obs[0].copy() if self._array else copied(take(obs, 0))
        info: dict[str, Any] = {}
        if race.done_count:
            self._needs_reset = True
            info = episode_info(race, 0)
        if self.render_mode == "human":
            self._show()
        return (
            obs,
            race.rewards.item(0),
            race.terminated.item(0),
            race.truncated.item(0),
            info,
        )

    def render(self) -> NDArray[np.uint8] | None:
        """The picture of now, (H, W, 3) uint8, in mode "rgb_array"; a window updates itself."""
        if self.render_mode != "rgb_array":
            return None
        self._check_open()
        if not self._seeded:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        return self._frame()

    def close(self) -> None:
        """Close the window and the reward's process."""
        self._closed = self._needs_reset = True
        if self._window is not None:
            self._window.close()
            self._window = None
        if self.race.reward is not None:
            self.race.reward.close()

    def _check_open(self) -> None:
        if self._closed:
            raise gymnasium.error.ClosedEnvironmentError(
                "this environment is closed; make a new one"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: getattr(self, name) for name in _COPIED}
        race = {name: getattr(self.race, name).copy() for name in _COPIED_OF_RACE}
        kept = self.race.reward.state if self.race.reward is not None else None
        return _again, (self._config, self._function, self.render_mode), (state, race, kept)

    def __setstate__(self, saved: tuple[dict[str, Any], dict[str, NDArray[Any]], Any]) -> None:
        state, race, kept = saved
        for name, value in state.items():
            setattr(self, name, value)
        for name, values in race.items():
            getattr(self.race, name)[...] = values
        if kept is not None and self.race.reward and self.race.reward.state is not None:
            self.race.reward.state[...] = kept
        if self._seeded:
            self.race.refresh()

    def _show(self) -> None:
        if self._window is None:
            from racer.render.window import LiveWindow

            self._window = LiveWindow(
                f"racer · {self.race.track.name}", self.metadata["render_fps"]
            )
        self._window.show(self._frame())

    def _frame(self) -> NDArray[np.uint8]:
        return next(self._camera.frames())


_COPIED = ("action_space", "spec", "_np_random", "_np_random_seed", "_needs_reset", "_seeded")
_COPIED_OF_RACE = ("cars", "objects", "params", "commands", "rewards")


def _again(
    config: RaceConfig, function: RewardFunction | None, render_mode: str | None
) -> RacerEnv:
    settings = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    for other in ("drop_duplicate_waypoints", "tracks"):  # no options of RacerEnv
        settings.pop(other)
    if function is not None:
        settings["reward"] = function
    return RacerEnv(**settings, render_mode=render_mode)
