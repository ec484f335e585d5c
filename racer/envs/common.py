"""What the doors share: their settings, checked at the border, and pictures of the cars."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from racer.config import CameraConfig, LidarConfig, Others, RaceConfig, Rules
from racer.errors import BadConfig
from racer.race import Race
from racer.reward.function import RewardFunction
from racer.sim.scene import own_column

_NAMES_ALONE = {"reward_engine", "sandbox", "randomize"}  # of these there are no files

if TYPE_CHECKING:
    from racer.render.video import LiveView


def race_config(
    reward: Any,
    rules: Rules | Mapping[str, Any] | None,
    others: Others | Mapping[str, Any] | None = None,
    camera: CameraConfig | Mapping[str, Any] | None = None,
    lidar: LidarConfig | Mapping[str, Any] | None = None,
    **names: Any,
) -> tuple[RaceConfig, RewardFunction | None]:
    """The settings of a door, and the reward if that is a Python function.

    Args:
        reward: a name, a path, or a function of params.
        rules: Rules, or a dict of their fields.
        others: Others, or a dict of their fields.
        camera: CameraConfig, or a dict of its fields.
        lidar: LidarConfig, or a dict of its fields.
        names: every other field of RaceConfig.

    Raises:
        BadConfig: a value of the wrong type or outside its range.
    """
    function = reward if callable(reward) else None
    if function is None:
        names["reward"] = reward
    for name, value in names.items():
        if not isinstance(value, str | os.PathLike):
            also = ", or a function of params" if name == "reward" else ""
            shown = " ".join(repr(value).split())[:60]
            path = "" if name in _NAMES_ALONE else " or the path of a file"
            raise BadConfig(f"{name} = {shown}; give a name{path}{also}.")
    texts = {name: os.fspath(value) for name, value in names.items()}
    groups: dict[str, Any] = {"rules": Rules.of(rules), "others": Others.of(others)}
    groups |= {"camera": CameraConfig.of(camera), "lidar": LidarConfig.of(lidar)}
    return RaceConfig(**texts, **groups), function


class Cameras:
    """A picture of each car of a race, made when it is asked for."""

    def __init__(self, race: Race) -> None:
        self._race = race
        self._views: dict[int, LiveView] = {}

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """(H, W, 3) uint8 of each car, as it is now."""
        race = self._race
        for i in range(race.n):
            if i not in self._views:
                from racer.render.video import LiveView

                self._views[i] = LiveView(race.tracks[race.roads[i]])
            now = race.cars[i], race.params[i], race.rewards.item(i)
            yield self._views[i].frame(*now, around=around(race, i))


def around(race: Race, i: int) -> NDArray[np.void] | None:
    """(K,) AROUND: what else is on the road of car `i`; None in a time trial."""
    if race.among is None:
        return None
    from racer.recording.trace import seen

    hit = abs(int(race.hits[i])) - 1
    return seen(race.objects[race.worlds[i]], hit, own_column(i, race.per_world))
