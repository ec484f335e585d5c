"""Improve a drive: the same layers of control steps, in a tube of cells around the best so far.

From every car of a layer many actions are tried; of the new cars in one cell (offset, heading,
wheel angle, speed, all against the best drive at this place) the one that is farthest along goes
on. The best drive's own car is put into every layer, so a round never ends worse than it began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.raceline import kernels
from racer.raceline.drive import Drive, replay
from racer.raceline.rollouts import Cars, Floats, Rollouts

GUESSES = 24  # actions tried from every car
LAYERS_MAX = 20_000


@dataclass(frozen=True)
class Tube:
    """How wide and how fine one round looks.

    Args:
        cell: of offset (m), heading (rad), wheel angle (rad), speed (m/s).
        reach: cells on either side of the best drive.
        noise: of the actions, in a range of 2.
        window: m; who is farther behind the leader is dropped.
        keep: cars in a layer.
    """

    cell: tuple[float, float, float, float]
    reach: tuple[int, int, int, int]
    noise: float
    window: float
    keep: int


@dataclass
class _Layer:
    parents: NDArray[np.int64]
    actions: NDArray[np.generic]


def improved(
    rollouts: Rollouts,
    best: Drive,
    tube: Tube,
    laps: float,
    rng: np.random.Generator,
    *,
    folded: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Drive | None:
    """A drive found around `best`; None if nothing was found that can be driven, or after `stop`.

    Args:
        folded: look around the faster of the first two laps in both, so that each learns from the
            other.
    """
    search = _Round(rollouts, best, tube, rng, folded=folded)
    goal = laps * rollouts.length
    while search.places.max() < goal and len(search.layers) < LAYERS_MAX:
        if stop():
            return None
        search.layer()
        if not len(search.places):  # every car is off, and the best drive ends before here
            return None
    return replay(rollouts, search.actions())


class _Round:
    """One pass from the line to the end; row 0 of every layer is the best drive's own car."""

    def __init__(
        self,
        rollouts: Rollouts,
        best: Drive,
        tube: Tube,
        rng: np.random.Generator,
        *,
        folded: bool,
    ) -> None:
        self.rollouts, self.best, self.tube, self.rng = rollouts, best, tube, rng
        self.table = best.table(rollouts, folded=folded)
        self.cells = np.array([*tube.cell, *tube.reach], float)
        self.scratch = np.full(int(np.prod([2 * r + 1 for r in tube.reach])), -1, np.int64)
        self.per = GUESSES if rollouts.choices is None else len(rollouts.choices)
        room = (tube.keep + 1) * self.per
        self.kept, self.guesses = np.empty(room, np.int64), np.empty((room, 2))
        self.layers: list[_Layer] = []
        self.cars: Cars = rollouts.start.copy()
        self.places: Floats = np.array([rollouts.start["s"][0]])

    def layer(self) -> None:
        """Roll every car on and keep the best."""
        rollouts, tube = self.rollouts, self.tube
        count = len(self.cars) * self.per
        guesses = self.guesses[:count]
        kernels.spread(
            self.cars, self.places, self.table, self._noise(count), self.per, rollouts.cars, guesses
        )
        if rollouts.choices is not None:
            guesses[:] = np.tile(rollouts.choices, (len(self.cars), 1))
        rollouts.begin(count, np.repeat(self.places, self.per))
        places, alive = rollouts.step(guesses)
        found = kernels.thin(
            rollouts.cars, places, alive, self.table, self.cells, tube.window, self.scratch,
            self.kept,
        )  # fmt: skip
        chosen = self._fewer(self.kept[:found], places)
        parents, actions = chosen // self.per, rollouts.actions_of(guesses[chosen])
        cars, places = rollouts.cars[chosen], places[chosen]
        j = len(self.layers)
        if j < len(self.best.actions):
            parents = np.append(0, parents)
            actions = np.concatenate([self.best.actions[j : j + 1], actions])
            cars = np.concatenate([self.best.cars[j + 1 : j + 2], cars])
            places = np.append(self.best.places[j + 1], places)
        self.layers.append(_Layer(parents, actions))
        self.cars, self.places = cars, places

    def _noise(self, count: int) -> Floats:
        noise = self.rng.standard_normal((count, 2))
        noise *= self.tube.noise * self.rng.choice((0.15, 0.5, 1.0), (count, 1))
        noise[:: self.per] = 0.0
        return noise

    def _fewer(self, rows: NDArray[np.int64], places: Floats) -> NDArray[np.int64]:
        """At most `keep`, mostly the farthest: of those in front alone, all may be too fast."""
        if len(rows) <= self.tube.keep:
            return rows.copy()
        spread = 0.4 * self.tube.window
        score = places[rows] + spread * self.rng.random(len(rows))
        return rows[np.argpartition(-score, self.tube.keep)[: self.tube.keep]]

    def actions(self) -> NDArray[np.generic]:
        """Those of the leader, traced back to the line."""
        row = int(self.places.argmax())
        path = []
        for layer in reversed(self.layers):
            path.append(layer.actions[row])
            row = int(layer.parents[row])
        return np.array(path[::-1])
