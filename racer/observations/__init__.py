"""What a policy sees: one file per observation; the name is the file.

An observation is a module with a class `Observation`:

    Observation(vehicle) or Observation(vehicle, sensors)
        vehicle: (1,) VEHICLE.
        sensors: Sensors, the settings of camera and LIDAR, for those that want them.
    .space            gymnasium Box of any shape and type, or a Dict of them: of one car
    .bind(scene, out)
        a call without arguments that writes row i of `out` for each car with scene.mask[i].
        `out` follows the space: (N, *shape) of its type, or a dict of such arrays.
    .among()          optional: the observation that takes its place where boxes, bots or other cars
        are on the road

Several with a plus between their names, as in camera+features, are a Dict of them. One that
remembers earlier steps keeps that in `.memory`, a dict of arrays, so that training can be resumed.

Your own go into `./observations`, which is searched first: start from a copy of features.py.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

from racer import registry
from racer.config import Sensors
from racer.errors import BadInput, UsageError
from racer.observations._mixed import Mixed
from racer.sim.scene import Scene

# Rows of numbers: what is seen of the road, each as the one before it and more; then the others.
ROAD_FIRST = ("features", "far_features")
_SEVERAL = re.compile(r"[\w-]+(\+[\w-]+)+")  # names; a path or a module has other characters
_JOINED = re.compile(r"[+,;&]|\w\s+\w")  # in what was meant as several
Obs: TypeAlias = Any  # np.ndarray, or a dict of Obs


class Observation(Protocol):
    """What every observation module's `Observation` class offers."""

    space: gymnasium.Space[Any]

    def bind(self, scene: Scene, out: Obs) -> Callable[[], Any]:
        """A call that writes the rows of `out` of the cars in `scene.mask`."""


def names() -> list[str]:
    """Every observation, the user's own included."""
    return registry.module_names("racer.observations")


def make(
    name: str, vehicle: np.ndarray, sensors: Sensors | None = None, *, among: bool = False
) -> Observation:
    """The observation called `name`.

    Args:
        name: of a file in ./observations or of a built-in one; or a path, or a package.module; or
            several of them with a plus between.
        vehicle: (1,) VEHICLE.
        sensors: settings of the sensors that it may use.
        among: boxes, bots or other cars are on the road.

    Raises:
        UnknownName: no such observation; names the nearest one.
        UsageError: several that are joined by something else.
        BadInput: the user's file is no observation.
    """
    sensors = sensors or Sensors()
    several = name.split("+") if _SEVERAL.fullmatch(name) else [name]
    if len(several) > 1:
        if len(set(several)) < len(several):
            raise BadInput(f"observation {name!r} names one twice; name each once.")
        return Mixed({one: make(one, vehicle, sensors, among=among) for one in several})
    if _JOINED.search(name) and not name.endswith(".py"):
        raise UsageError(
            f"observation {name!r}: join several with a plus and nothing else, as in "
            "camera+features."
        )
    module = registry.load_module("racer.observations", "observation", name, also=("sensors",))
    kind = getattr(module, "Observation", None)
    if not callable(kind):
        raise BadInput(f"observation {name!r} has no class Observation; see racer.observations.")
    observation: Observation = (
        kind(vehicle, sensors=sensors) if _wants_sensors(kind) else kind(vehicle)
    )
    if among and callable(getattr(observation, "among", None)):
        observation = observation.among()  # type: ignore[attr-defined]
    space = getattr(observation, "space", None)
    if not _usable(space) or not callable(getattr(observation, "bind", None)):
        raise BadInput(
            f"observation {name!r} needs a `space`, a gymnasium Box or Dict of Boxes, and a "
            f"`bind(scene, out)`; its space is {space!r}."
        )
    return observation


def _wants_sensors(kind: Callable[..., Any]) -> bool:
    try:
        return "sensors" in inspect.signature(kind).parameters
    except (TypeError, ValueError):  # what is written in C does not say
        return False


def _usable(space: Any) -> bool:
    return isinstance(space, Box) or (
        isinstance(space, Dict) and len(space) > 0 and all(map(_usable, space.values()))
    )


def stacked(of_cars: Sequence[Obs]) -> Obs:
    """Observations of single cars as one of all of them; the inverse of `take`."""
    if not isinstance(of_cars[0], dict):
        return np.stack(of_cars)
    return {key: stacked([one[key] for one in of_cars]) for key in of_cars[0]}


def empty(space: gymnasium.Space[Any], n: int) -> Obs:
    """Room for the observations of `n` cars."""
    if isinstance(space, Dict):
        return {key: empty(part, n) for key, part in space.items()}
    assert isinstance(space, Box)
    return np.zeros((n, *space.shape), space.dtype)


def take(obs: Obs, rows: Any) -> Obs:
    """Of every array `array[rows]`: one car, some, or a slice, which shares memory."""
    return {k: take(v, rows) for k, v in obs.items()} if isinstance(obs, dict) else obs[rows]


def copied(obs: Obs) -> Obs:
    """A copy of every array."""
    return {k: copied(v) for k, v in obs.items()} if isinstance(obs, dict) else obs.copy()


def flat(obs: Obs, name: str) -> dict[str, np.ndarray]:
    """Every array by its path, `name` or `name.key`: as files keep them."""
    if not isinstance(obs, dict):
        return {name: obs}
    found: dict[str, np.ndarray] = {}
    for key, part in obs.items():
        found |= flat(part, f"{name}.{key}")
    return found


def unflat(like: Obs, arrays: dict[str, np.ndarray], name: str) -> Obs:
    """The inverse of `flat`: an observation shaped as `like`."""
    if not isinstance(like, dict):
        return arrays[name]
    return {key: unflat(part, arrays, f"{name}.{key}") for key, part in like.items()}
