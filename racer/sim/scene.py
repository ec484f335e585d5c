"""Scene: what a reward and an observation may see, as arrays whose rows are cars."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from racer.sim.jit import inlined
from racer.sim.native_call import chain
from racer.sim.scenery import Scenery
from racer.sim.types import OBJECT, TrackArrays


class Part(NamedTuple):
    """Cars next to each other that share a road: what one kernel is bound to.

    Attributes:
        rows: which cars of the scene; every array below holds only these.
        cars: (K,) CAR.
        commands: (K, 2) steering angle (deg), speed (m/s).
        mask: (K,) bool, the cars that are asked for.
        road: index of the track.
        track: the road in one driving direction.
        direction: cars whose CAR["direction"] is another one drive on another part.
        objects: (V, K) OBJECT, what is around: row `i // per_world` for car i. Where several cars
            share a world, column j < per_world is car j itself: car i leaves out its own column,
            `own_column(i, per_world)`.
        per_world: cars in a world.
        scenery: how the road and what is around it look.
    """

    rows: slice
    cars: np.ndarray
    commands: np.ndarray
    mask: np.ndarray
    road: int
    track: TrackArrays
    direction: int
    objects: np.ndarray
    per_world: int
    scenery: Scenery


@inlined
def own_column(i, per_world):
    """The column of a world's objects that is car `i` itself; -1 for a car alone in its world."""
    return i % per_world if per_world > 1 else -1


@dataclass(frozen=True)
class Scene:
    """N cars in W worlds on T tracks.

    Attributes:
        cars: (N,) CAR.
        commands: (N, 2) steering angle (deg), speed (m/s) of the last action.
        mask: (N,) bool, the cars that are asked for.
        worlds: (N,) int64, the world of each car; only cars of one world meet.
        roads: (N,) int64, the track of each car, ascending.
        tracks: of each track, its arrays in every direction that is driven.
        objects: (W, K) OBJECT of each world: first its cars, where it has several, then boxes,
            then bots. A world has one number of cars, which are next to each other.
        scenery: how each track looks; none for all as most do.
    """

    cars: np.ndarray
    commands: np.ndarray
    mask: np.ndarray
    worlds: np.ndarray
    roads: np.ndarray
    tracks: tuple[tuple[TrackArrays, ...], ...]
    objects: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), OBJECT))
    scenery: tuple[Scenery, ...] = ()

    @property
    def per_world(self) -> int:
        """Cars in each world."""
        return len(self.cars) // len(self.objects) if len(self.objects) else 1

    def asked(self, mask: np.ndarray) -> Scene:
        """The same scene with another mask."""
        return dataclasses.replace(self, mask=mask)

    def parts(self) -> Iterator[Part]:
        """Every road in every direction, with the contiguous cars that are on it."""
        edges = np.searchsorted(self.roads, np.arange(len(self.tracks) + 1))
        for road, directions in enumerate(self.tracks):
            rows = slice(int(edges[road]), int(edges[road + 1]))
            mine = self.cars[rows], self.commands[rows], self.mask[rows]
            each = self.per_world
            around = self.objects[rows.start // each : rows.stop // each]
            looks = self.scenery[road] if self.scenery else Scenery()
            for direction, track in enumerate(directions):
                yield Part(rows, *mine, road, track, direction, around, each, looks)

    def each(self, make: Callable[[Part], Callable[[], Any]]) -> Callable[[], Any]:
        """One call that makes the calls `make` returns for every part, in order."""
        return chain(*map(make, self.parts()))
