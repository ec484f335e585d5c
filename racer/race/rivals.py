"""Rivals: cars of a race that frozen drivers drive, beside those that learn or are watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from racer.observations import Obs, copied, take
from racer.race.race import Race


class Rival(Protocol):
    """Anything that turns observations (N, D) into actions."""

    def act(self, obs: Any) -> NDArray[Any]:
        """One action per row."""


class Rivals:
    """Who drives which cars: the first of each world is free, the others have drivers.

    Args:
        race: whose worlds have a car more than there are drivers, or any number without drivers.
        drivers: of the second car of every world, the third, and so on; none leaves all free.

    Attributes:
        free: the rows that somebody else drives, ascending.
    """

    def __init__(self, race: Race, drivers: Sequence[Rival] = ()) -> None:
        if drivers and race.per_world != 1 + len(drivers):
            raise ValueError(f"{len(drivers)} drivers in worlds of {race.per_world} cars")
        self.race, self.drivers = race, tuple(drivers)
        every = race.per_world if drivers else 1
        self.free = np.arange(0, race.n, every)

    def actions(self, given: Any) -> Any:
        """Actions of all cars, from those of the free ones and the observations of now."""
        if not self.drivers:
            return given
        found = np.zeros_like(self.race.action_buffer)
        found[self.free] = given
        for k, driver in enumerate(self.drivers, 1):
            rows = slice(k, None, len(self.drivers) + 1)
            found[rows] = driver.act(copied(take(self.race.obs, rows)))
        return found

    def start_again(self) -> Obs:
        """Start the next episode of every car that is done; returns obs of all cars."""
        return self.race.reset(self.race.done)
