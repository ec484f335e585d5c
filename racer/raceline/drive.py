"""Drive: a list of actions from the start line, and the states it leads to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.raceline import kernels
from racer.raceline.rollouts import Cars, Floats, Rollouts

WHOLE = 3  # laps: from standstill, and two at speed
LAPS = WHOLE + 0.15
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

    def lap_steps(self, length: float) -> Floats:
        """Control steps of every whole lap."""
        whole = int(self.places.max() // length)
        return np.diff([0.0, *(self.crossing(lap * length) for lap in range(1, whole + 1))])

    def table(
        self,
        rollouts: Rollouts,
        *,
        laps: float = 0.0,
        lap: int | None = None,
        beside: Floats | None = None,
    ) -> Floats:
        """(T + 1, COLUMNS) for the kernels: place, pose and the guess that was taken there.

        Args:
            laps: so many, each as `lap`; 0 for the drive as it is.
            lap: counted from 0; by default the fastest.
            beside: (T + 1, K) more columns.
        """
        cars = self.cars
        guesses = rollouts.guesses_of(self.actions)
        guesses = np.concatenate([guesses, guesses[-1:]])
        yaw = np.unwrap(cars["yaw"])
        places = np.maximum.accumulate(self.places) + 1e-9 * np.arange(len(cars))
        columns = [places, cars["n"], yaw, cars["steer"], cars["v"], *guesses.T]
        table = np.column_stack(columns if beside is None else [*columns, beside])
        if not laps:
            return table
        length = rollouts.length
        return _folded(
            table, length, laps, int(np.argmin(self.lap_steps(length))) if lap is None else lap
        )


def _folded(table: Floats, length: float, laps: float, again: int) -> Floats:
    """Lap `again` again and again.

    The first metres after the line are lap 1's own, which starts from standstill; where lap 1
    is the one, the other laps have those of lap 2.
    """
    place = table[:, kernels.PLACE]
    parts = []
    for lap in range(math.ceil(laps)):
        head = max(again, 1) if lap else 0
        for source, first, last in ((head, 0.0, JOIN), (again, JOIN, length)):
            low = source * length + first if lap or first else -np.inf
            rows = table[(place >= low) & (place < source * length + last)].copy()
            rows[:, kernels.PLACE] += (lap - source) * length
            parts.append(rows)
    folded = np.concatenate(parts)
    folded[:, kernels.YAW] = np.unwrap(folded[:, kernels.YAW])
    return np.ascontiguousarray(folded)


Said = Callable[[float, Drive], None]  # share done; the best drive so far


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
