"""Candidate laps in a batch: many cars of one Race, moved without judging or observing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.actions import Discrete
from racer.race import Race
from racer.raceline import kernels
from racer.raceline.setup import Setup
from racer.sim.native_call import bind, chain

Floats: TypeAlias = NDArray[np.float64]
Cars: TypeAlias = NDArray[np.void]

GAIN_MAX = 2.6  # × the metres a car can drive in a step; centre-line metres beyond are a shortcut


class Rollouts:
    """Up to `n` cars of a setup that try actions.

    Attributes:
        start: (1,) CAR at the line.
    """

    def __init__(self, setup: Setup, n: int) -> None:
        track, vehicle, actions = setup.track, setup.vehicle, setup.actions
        self.race = Race(track, n, vehicle=vehicle, actions=actions, rules=setup.rules)
        self.race.reset()
        self.start = self.race.cars[:1].copy()
        self.race.cars[:] = self.start[0]
        self.length = track.length
        self.dt = self.race.dt
        speed = min(actions.speed_max, float(vehicle["speed_max"][0]))
        gain = GAIN_MAX * speed * float(vehicle["speed_gain"][0]) * self.dt
        self.limits = np.array([self.length, setup.wheels_off, gain])
        self._before, self._places = np.zeros(n), np.zeros(n)
        self._alive = np.zeros(n, np.bool_)
        self.choices = _normalised(actions) if isinstance(actions, Discrete) else None
        limited = self.race.cars, self._before, self._places, self.limits, self._alive
        self._step = chain(self.race.drive, bind(kernels.go_on, *limited))

    @property
    def cars(self) -> Cars:
        """(N,) CAR, to write the candidates into."""
        return self.race.cars

    @property
    def actions(self) -> NDArray[np.generic]:
        """(N, ...) of the next control step."""
        return self.race.action_buffer

    def begin(self, count: int, places: Floats) -> None:
        """The first `count` cars take part from now on, at `places` (count,) m."""
        self.race.cars["direction"][:count] = 0
        self.race.cars["direction"][count:] = kernels.NEITHER
        self._before[:count] = self.race.cars["s"][:count]
        self._places[:count] = places
        self._alive[:count] = True
        self._alive[count:] = False

    def taking_part(self, count: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Places (count,) m and alive (count,): views that steps overwrite."""
        return self._places[:count], self._alive[:count]

    def step(self, guesses: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """One control step of the first len(guesses) cars.

        Args:
            guesses: (K, 2) in [-1, 1]; of a list of actions the nearest one is taken.

        Returns:
            those of `taking_part`.
        """
        count = len(guesses)
        self.race.action_buffer[:count] = self.actions_of(guesses)
        self._step()
        return self.taking_part(count)

    def steps(self, act: Callable[[], Any], many: int) -> Callable[[], Any]:
        """One call of so many control steps, each after `act`; it ends when no car is alive.

        Args:
            act: bound to the buffers of these rollouts; writes `actions`, of a continuous space.
        """
        return chain(*[act, self._step] * many)

    def actions_of(self, guesses: Floats) -> NDArray[np.generic]:
        """What the race is given for guesses (K, 2): as float32, or the nearest of the list."""
        if self.choices is None:
            return guesses.astype(np.float32)
        gaps = ((guesses[:, None] - self.choices[None]) ** 2).sum(axis=2)
        nearest: NDArray[np.generic] = gaps.argmin(axis=1)
        return nearest

    def guesses_of(self, actions: NDArray[np.generic]) -> Floats:
        """The inverse of `actions_of`."""
        if self.choices is None:
            continuous: Floats = actions.astype(np.float64)
            return continuous
        chosen: Floats = self.choices[actions]
        return chosen


def _normalised(actions: Discrete) -> Floats:
    """(A, 2): the choices scaled to [-1, 1]."""
    table = np.array(actions.choices, float)
    low, high = table.min(axis=0), table.max(axis=0)
    scaled: Floats = 2.0 * (table - low) / np.maximum(high - low, 1e-9) - 1.0
    return scaled
