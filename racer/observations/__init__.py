"""What a policy sees: one file per observation; the name is the file.

An observation is a module with a class `Observation`:

    Observation(track, back, vehicle)
        track, back: TrackArrays in driving direction and against it (for cars whose
            `direction` is 1); the same one twice when a race has one direction.
        vehicle: (1,) VEHICLE.
    .space          gymnasium Box of one car's observation, float32
    .bind(cars, mask, out)
        a call without arguments that writes row i of `out` (N, D) float32 for each car with
        mask[i], reading (N,) CAR and nothing else
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import gymnasium
import numpy as np

from racer import plugins
from racer.sim.types import TrackArrays


class Observation(Protocol):
    """What every observation module's `Observation` class offers."""

    space: gymnasium.spaces.Box

    def bind(self, cars: np.ndarray, mask: np.ndarray, out: np.ndarray) -> Callable[[], Any]:
        """A call that writes the rows of `out` where `mask` is set."""


def make(name: str, track: TrackArrays, back: TrackArrays, vehicle: np.ndarray) -> Observation:
    """The observation called `name`.

    Raises:
        UnknownName: no such observation; names the nearest one.
    """
    module = plugins.load_module("racer.observations", "observation", name)
    observation: Observation = module.Observation(track, back, vehicle)
    return observation
