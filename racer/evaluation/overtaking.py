"""How many bots and other cars a car overtakes in a lap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from racer.race import Race
from racer.sim.types import BOX

_JUMP = 1.0  # m in a step: farther apart in one step than this, somebody was placed anew


class Overtaking:
    """Counts what the first car of a race passes: whom it was behind and leads by a car's length.

    Two cars side by side do not pass each other at every step, and who was passed can be passed
    again only after it led by a length itself.

    Args:
        race: of one world, whose objects move.
    """

    def __init__(self, race: Race) -> None:
        self._race = race
        self._length = float(race.vehicle["length"][0])
        self._lead = self._leads()
        self._behind = self._lead < 0.0
        self.count = 0

    @staticmethod
    def of(race: Race) -> Overtaking | None:
        """For a race; None where nothing else drives."""
        moving = race.others.bot_cars or race.others.in_world > 1
        return Overtaking(race) if moving else None

    def look(self) -> None:
        """Count what was passed since the last look; call it after every step."""
        lead = self._leads()
        near = np.abs(lead - self._lead) < _JUMP
        passed = self._behind & near & (self._lead <= self._length) & (lead > self._length)
        self.count += int(passed.sum())
        self._behind = (self._behind & ~passed) | (lead < -self._length)
        self._lead = lead

    def _leads(self) -> NDArray[np.float64]:
        """(K,) m along the road that the car is ahead of each, negative behind; NaN for boxes."""
        race, world = self._race, self._race.objects[0]
        lap = race.track.length
        ahead = np.mod(float(race.cars["s"][0]) - world["s"] + 0.5 * lap, lap) - 0.5 * lap
        there = (world["present"] == 1) & (world["kind"] != BOX)
        if race.per_world > 1:
            there[0] = False  # itself
        found: NDArray[np.float64] = np.where(there, ahead, np.nan)
        return found
