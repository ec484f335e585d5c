"""Improve a drive: the same layers of control steps, in a tube of cells around the best so far.

From every car of a layer many actions are tried; of the new cars in one cell (offset, heading,
wheel angle, speed, all against the best drive at this place) the one that is farthest along goes
on. The best drive's own car is put into every layer, so a round never ends worse than it began.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    others: Sequence[Drive] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Drive | None:
    """A drive found around `best`; None if nothing was found that can be driven, or after `stop`.

    Args:
        folded: look around the fastest lap of `best` in all laps, so that each learns from it.
        others: what else is known. Their cars are in every layer too, so a drive that is ahead and
            comes near to `best` can go on in its tube.
    """
    search = _Round(rollouts, best, others, tube, rng, laps=laps if folded else 0.0)
    goal = laps * rollouts.length
    while search.places.max() < goal and len(search.layers) < LAYERS_MAX:
        if stop():
            return None
        search.layer()
        if not len(search.places):  # every car is off, and the best drive ends before here
            return None
    return replay(rollouts, search.actions())


class _Round:
    """One pass from the line to the end; the first rows of every layer are the known drives' cars.

    `laps` are those to show in the table, each as the fastest one; 0 for the drive as it is.
    """

    def __init__(
        self,
        rollouts: Rollouts,
        best: Drive,
        others: Sequence[Drive],
        tube: Tube,
        rng: np.random.Generator,
        *,
        laps: float,
    ) -> None:
        self.rollouts, self.tube, self.rng = rollouts, tube, rng
        self.known = (best, *others)
        self.forced = min(len(drive.actions) for drive in self.known)  # layers
        self.table = best.table(rollouts, laps=laps)
        self.cells = np.array([*tube.cell, *tube.reach], float)
        self.scratch = np.full(int(np.prod([2 * r + 1 for r in tube.reach])), -1, np.int64)
        self.per = GUESSES if rollouts.choices is None else len(rollouts.choices)
        room = (tube.keep + len(self.known)) * self.per
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
        if j < self.forced:
            known = self.known
            own = np.arange(len(known)) if j else np.zeros(len(known), np.int64)
            parents = np.concatenate([own, parents])
            actions = np.concatenate([*(one.actions[j : j + 1] for one in known), actions])
            cars = np.concatenate([*(one.cars[j + 1 : j + 2] for one in known), cars])
            places = np.concatenate([*(one.places[j + 1 : j + 2] for one in known), places])
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
