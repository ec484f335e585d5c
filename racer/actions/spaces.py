"""Actions: what a policy chooses, as steering angle and speed.

Continuous: two numbers in [-1, 1], scaled to the ranges of the action space. Discrete: an index
into DeepRacer's list. `model_metadata.py` reads them from the official file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from racer.sim.actions import decode_continuous, decode_discrete
from racer.sim.native_call import bind


@dataclass(frozen=True)
class Discrete:
    """A list of (steering angle, speed) to choose from.

    Args:
        choices: steering angle (deg, left positive) and speed (m/s) of each action.
    """

    choices: tuple[tuple[float, float], ...]

    @property
    def space(self) -> gymnasium.spaces.Discrete[Any]:
        """One of len(choices)."""
        return gymnasium.spaces.Discrete(len(self.choices))

    @property
    def speed_max(self) -> float:
        """The fastest choice, m/s."""
        return max(speed for _, speed in self.choices)

    def buffer(self, n: int) -> np.ndarray:
        """What `bind` reads: (n,) int64."""
        return np.zeros(n, np.int64)

    def bind(self, actions: np.ndarray, commands: np.ndarray) -> Callable[[], int]:
        """A call that decodes `actions` (N,) to `commands` (N, 2); 0, or -1 - i for bad row i."""
        return bind(decode_discrete, actions, np.array(self.choices, float), commands)


@dataclass(frozen=True)
class Continuous:
    """Any steering angle and speed within ranges; a policy gives two numbers in [-1, 1].

    Args:
        steer_deg: (right, left) angle at -1 and at 1, deg, left positive.
        speed: (slow, fast) at -1 and at 1, m/s.
    """

    steer_deg: tuple[float, float] = (-30.0, 30.0)
    speed: tuple[float, float] = (1.0, 4.0)

    @property
    def space(self) -> gymnasium.spaces.Box:
        """(steering, speed) in [-1, 1], float32."""
        return gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)

    @property
    def speed_max(self) -> float:
        """The fastest speed, m/s."""
        return self.speed[1]

    def buffer(self, n: int) -> np.ndarray:
        """What `bind` reads: (n, 2) float32."""
        return np.zeros((n, 2), np.float32)

    def bind(self, actions: np.ndarray, commands: np.ndarray) -> Callable[[], int]:
        """A call that decodes `actions` (N, 2) to `commands` (N, 2); 0, or -1 - i for bad row i."""
        low = np.array([self.steer_deg[0], self.speed[0]])
        high = np.array([self.steer_deg[1], self.speed[1]])
        return bind(decode_continuous, actions, low, high, commands)


Actions = Discrete | Continuous
