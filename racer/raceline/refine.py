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
SCALES = (0.15, 0.5, 1.0)  # of the noise, by turns
SETS = 512  # of guesses, from which each car draws one
# Additive recurrence in two dimensions: 1 / p and 1 / p**2 with p**3 = p + 1 (Roberts 2018, "The
# unreasonable effectiveness of quasirandom sequences"), as the golden ratio is in one.
_R2 = (0.7548776662466927, 0.5698402909980532)
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
        folded: look around the fastest lap of `best` in all laps, so that each learns from it.
    """
    search = _Round(rollouts, best, tube, rng, laps=laps if folded else 0.0)
    goal = laps * rollouts.length
    while search.places.max() < goal and len(search.layers) < LAYERS_MAX:
        if stop():
            return None
        search.layer()
        if not len(search.places):  # every car is off, and the best drive ends before here
            return None
    return replay(rollouts, search.actions())


class _Round:
    """One pass from the line to the end; the first row of every layer is the known drive's car.

    `laps` are those to show in the table, each as the fastest one; 0 for the drive as it is.
    """

    def __init__(
        self,
        rollouts: Rollouts,
        best: Drive,
        tube: Tube,
        rng: np.random.Generator,
        *,
        laps: float,
    ) -> None:
        self.rollouts, self.best, self.tube, self.rng = rollouts, best, tube, rng
        self.table = best.table(rollouts, laps=laps)
        self.cells = np.array([*tube.cell, *tube.reach], float)
        self.scratch = np.full(int(np.prod([2 * r + 1 for r in tube.reach])), -1, np.int64)
        self.per = GUESSES if rollouts.choices is None else len(rollouts.choices)
        room = (tube.keep + 1) * self.per
        self.kept, self.guesses = np.empty(room, np.int64), np.empty((room, 2))
        self.noise = tube.noise * normal_sets(rng, self.per)
        self.layers: list[_Layer] = []
        self.beam = np.empty(tube.keep + 1, rollouts.start.dtype)
        self.cars: Cars = rollouts.start.copy()
        self.places: Floats = np.array([rollouts.start["s"][0]])

    def layer(self) -> None:
        """Roll every car on and keep the best."""
        rollouts, tube = self.rollouts, self.tube
        count = len(self.cars) * self.per
        guesses = self.guesses[:count]
        sets = self.rng.integers(SETS, size=len(self.cars))
        kernels.spread(self.cars, self.places, self.table, self.noise, sets, rollouts.cars, guesses)
        if rollouts.choices is not None:
            guesses[:] = np.tile(rollouts.choices, (len(self.cars), 1))
        rollouts.begin(count, np.repeat(self.places, self.per))
        places, alive = rollouts.step(guesses)
        found = kernels.thin(
            rollouts.cars, places, alive, self.table, self.cells, tube.window, self.scratch,
            self.kept,
        )  # fmt: skip
        chosen = self._fewer(self.kept[:found], places)
        j, best = len(self.layers), self.best
        parents, actions = chosen // self.per, rollouts.actions_of(guesses[chosen])
        places = places[chosen]
        forced = int(j < len(best.actions))
        if forced:
            parents = np.concatenate([[0], parents])
            actions = np.concatenate([best.actions[j : j + 1], actions])
            places = np.concatenate([best.places[j + 1 : j + 2], places])
            self.beam[0] = best.cars[j + 1]
        self.cars = self.beam[: len(places)]
        rollouts.cars.take(chosen, out=self.cars[forced:], mode="clip")
        self.layers.append(_Layer(parents, actions))
        self.places = places

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


def normal_sets(rng: np.random.Generator, per: int) -> Floats:
    """(SETS, per, 2) normal noise of all SCALES; the first of each set is 0.

    The points of a set and scale are spread evenly, by one lattice that is shifted at random
    (Box and Muller 1958 make it normal): more of the range is tried than by chance.
    """
    each = -(-per // len(SCALES))
    lattice = np.outer(np.arange(each), _R2)[:, None]
    even = (lattice + rng.random((SETS, 1, len(SCALES), 2))) % 1.0
    radius, turn = np.sqrt(-2.0 * np.log1p(-even[..., 0])), 2.0 * np.pi * even[..., 1]
    radius *= SCALES
    noise = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1)
    noise = noise.reshape(SETS, -1, 2)[:, :per]
    noise[:, 0] = 0.0
    return np.ascontiguousarray(noise)
