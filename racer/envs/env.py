"""RacerEnv: one car as a Gymnasium environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from racer.config import RaceConfig, Rules
from racer.race import episode_info, make_race
from racer.reward.params import params_of

if TYPE_CHECKING:
    from racer.render.video import LiveView
    from racer.render.window import LiveWindow

Obs = NDArray[np.float32]


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
    reset advances to the next.

    A copy or a pickle goes on from the same state, to the same bits, in a race of its own. What a
    reward file keeps in variables is not copied: there it starts anew.

    Args:
        track, reward, vehicle, actions, observation, reward_engine, sandbox, rules: as in
            RaceConfig; names or paths. Rules may be a dict of its fields.
        render_mode: None, "human" (a window) or "rgb_array".

    Raises:
        UnknownName, BadTrack, BadActions, BadReward: a name or file that cannot be used.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 15}  # noqa: RUF012

    def __init__(
        self,
        track: str = RaceConfig.track,
        reward: str = RaceConfig.reward,
        *,
        vehicle: str = RaceConfig.vehicle,
        actions: str = RaceConfig.actions,
        observation: str = RaceConfig.observation,
        reward_engine: str = "inprocess",
        sandbox: str = RaceConfig.sandbox,
        rules: Rules | Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode {render_mode!r}; use None, 'human' or 'rgb_array'")
        self._config = RaceConfig(
            track=str(track),
            reward=str(reward),
            vehicle=vehicle,
            actions=str(actions),
            observation=observation,
            reward_engine=reward_engine,
            sandbox=sandbox,
            rules=Rules.of(rules),
        )
        self.render_mode = render_mode
        self.race = make_race(self._config, 1, all_params=render_mode is not None)
        self.action_space = self.race.actions.space
        self.observation_space = self.race.observation_space  # type: ignore[assignment]
        self._needs_reset = True
        self._seeded = False
        self._view: LiveView | None = None
        self._window: LiveWindow | None = None

    @property
    def params(self) -> dict[str, Any]:
        """DeepRacer's params of the last step, as the reward saw them."""
        return params_of(self.race.params[0], self.race.track.waypoints)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start an episode; with a seed, the first one of that seed."""
        super().reset(seed=seed)
        if options:
            raise ValueError(f"reset options {sorted(options)}; RacerEnv has none")
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**31))
        if seed is not None:
            self.race.seed(seed)
            self._seeded = True
        obs = self.race.reset()[0].copy()
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
            raise gymnasium.error.ResetNeeded("call reset() first: no episode is running")
        race = self.race
        obs = race.step(action)[0].copy()
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
        if not self._seeded:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        return self._frame()

    def close(self) -> None:
        """Close the window and the reward's process."""
        if self._window is not None:
            self._window.close()
            self._window = None
        if self.race.reward is not None:
            self.race.reward.close()

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: getattr(self, name) for name in _COPIED}
        race = {name: getattr(self.race, name).copy() for name in _COPIED_OF_RACE}
        return _again, (self._config, self.render_mode), (state, race)

    def __setstate__(self, saved: tuple[dict[str, Any], dict[str, NDArray[Any]]]) -> None:
        state, race = saved
        for name, value in state.items():
            setattr(self, name, value)
        for name, values in race.items():
            getattr(self.race, name)[...] = values
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
        if self._view is None:
            from racer.render.video import LiveView

            self._view = LiveView(self.race.track)
        race = self.race
        return self._view.frame(race.cars[0], race.params[0], race.rewards.item(0))


_COPIED = ("action_space", "spec", "_np_random", "_np_random_seed", "_needs_reset", "_seeded")
_COPIED_OF_RACE = ("cars", "params", "commands", "rewards")


def _again(config: RaceConfig, render_mode: str | None) -> RacerEnv:
    settings = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    settings.pop("drop_duplicate_waypoints")  # no option of RacerEnv
    return RacerEnv(**settings, render_mode=render_mode)
