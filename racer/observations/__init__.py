"""What a policy sees: one file per observation; the name is the file.

An observation is a module with a class `Observation`:

    Observation(vehicle)
        vehicle: (1,) VEHICLE.
    .space          gymnasium Box of one car's observation, float32
    .bind(cars, mask, out, track, direction)
        a call without arguments that writes row i of `out` (N, D) float32 for each car with
        mask[i] and this `direction`, reading (N,) CAR and TrackArrays
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import gymnasium
import numpy as np

from racer import registry
from racer.sim.types import TrackArrays


class Observation(Protocol):
    """What every observation module's `Observation` class offers."""

    space: gymnasium.spaces.Box

    def bind(
        self,
        cars: np.ndarray,
        mask: np.ndarray,
        out: np.ndarray,
        track: TrackArrays,
        direction: int,
    ) -> Callable[[], Any]:
        """A call that writes the rows of `out` of the cars in `mask` that drive in `direction`."""


def make(name: str, vehicle: np.ndarray) -> Observation:
    """The observation called `name`.

    Raises:
        UnknownName: no such observation; names the nearest one.
    """
    module = registry.load_module("racer.observations", "observation", name)
    observation: Observation = module.Observation(vehicle)
    return observation
