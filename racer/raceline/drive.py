"""Drive: a list of actions from the start line, and the states it leads to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.raceline import kernels
from racer.raceline.rollouts import Cars, Floats, Rollouts

JOIN = 2.0  # m after the line; from standstill a DeepRacer is at speed by then


@dataclass(frozen=True, eq=False)
class Drive:
    """T actions and the T + 1 states before and after them.

    Args:
        actions: (T,) or (T, 2), as the race takes them.
        cars: (T + 1,) CAR.
        places: (T + 1,) m along the centre line since waypoint 0 of the first lap.
    """

    actions: NDArray[np.generic]
    cars: Cars
    places: Floats

    def crossing(self, place: float) -> float:
        """Control steps until `place` (m) is reached, interpolated; inf if it never is."""
        after = int(np.argmax(self.places >= place))
        if not self.places[after] >= place:
            return float("inf")
        if after == 0:
            return 0.0
        a, b = self.places[after - 1], self.places[after]
        return float(after - 1 + (place - a) / (b - a))

    def table(self, rollouts: Rollouts, *, folded: bool = False) -> Floats:
        """(T + 1, COLUMNS) for the kernels: place, pose and the guess that was taken there.

        Args:
            folded: show the faster of the first two laps in place of both.
        """
        cars = self.cars
        guesses = rollouts.guesses_of(self.actions)
        guesses = np.concatenate([guesses, guesses[-1:]])
        yaw = np.unwrap(cars["yaw"])
        places = np.maximum.accumulate(self.places) + 1e-9 * np.arange(len(cars))
        columns = [places, cars["n"], yaw, cars["steer"], cars["v"], *guesses.T]
        table = np.ascontiguousarray(np.stack(columns, axis=1))
        return self._folded(table, rollouts.length) if folded else table

    def _folded(self, table: Floats, length: float) -> Floats:
        """The faster lap twice; the metres after the line stay, where one starts from standstill.

        lap 1 is faster: lap 1, JOIN m of lap 2, lap 1 moved on by a lap, lap 2 moved on
        lap 2 is faster: JOIN m of lap 1, lap 2 moved back by a lap, lap 2, what follows
        """
        place = table[:, kernels.PLACE]
        if self.crossing(2.0 * length) < 2.0 * self.crossing(length):
            pieces = [(-np.inf, JOIN, 0), (JOIN, length, 1), (length, np.inf, 0)]
        else:
            middle, end = length + JOIN, 2.0 * length
            pieces = [(-np.inf, middle, 0), (middle, end, -1), (end, np.inf, -1)]
        parts = []
        for first, last, laps in pieces:
            shift = laps * length
            rows = table[(place >= first + shift) & (place < last + shift)].copy()
            rows[:, kernels.PLACE] -= shift
            parts.append(rows)
        whole = np.concatenate(parts)
        whole[:, kernels.YAW] = np.unwrap(whole[:, kernels.YAW])
        return np.ascontiguousarray(whole)


def replay(rollouts: Rollouts, actions: NDArray[np.generic]) -> Drive | None:
    """The drive of these actions; None if it breaks a rule."""
    cars = np.repeat(rollouts.start, len(actions) + 1)
    places = np.full(len(actions) + 1, rollouts.start["s"][0])
    rollouts.cars[:1] = rollouts.start
    rollouts.begin(1, places[:1])
    guesses = rollouts.guesses_of(actions)
    for k in range(len(actions)):
        now, alive = rollouts.step(guesses[k : k + 1])
        if not alive[0]:
            return None
        cars[k + 1], places[k + 1] = rollouts.cars[0], now[0]
    return Drive(actions, cars, places)
