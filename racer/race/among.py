"""Among: the calls that a race makes because something else is on its road."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from racer import objects
from racer.config import Others, Rules
from racer.sim import contact, starts
from racer.sim import objects as moving
from racer.sim.frustum import Lens
from racer.sim.native_call import bind, chain
from racer.sim.params import fill_objects
from racer.sim.scene import Part, Scene, own_column
from racer.sim.types import Lanes
from racer.tracks import Track
from racer.tracks.lanes import lanes_of

if TYPE_CHECKING:
    from racer.race.race import Race

Call = Callable[[], Any]


class Among:
    """Boxes, bots and other cars around the cars of a race.

    Args:
        others: what is on the road.
        rules: how episodes begin.
        tracks: of the race, in the order of its file.
        vehicle: (1,) VEHICLE.
        sims: (T,) SIM, a row for each track.
        lens: of the camera that object_in_camera is about.
    """

    def __init__(
        self,
        others: Others,
        rules: Rules,
        tracks: Sequence[Track],
        vehicle: np.ndarray,
        sims: np.ndarray,
        lens: Lens,
    ) -> None:
        self.traffic = objects.traffic(others, from_the_line=rules.start == "line")
        self.plans = [objects.plan(others, vehicle, one.name, one.length) for one in tracks]
        self.vehicle, self.sims, self.lens = vehicle, sims, lens
        both = rules.alternate_direction
        self._lanes = [
            (lanes_of(one), lanes_of(one.reversed())) if both else (lanes_of(one),)
            for one in tracks
        ]

    def lanes(self, part: Part) -> Lanes:
        """Both lanes of the part's road, in its direction."""
        return self._lanes[part.road][part.direction]

    def touch(self, scene: Scene, hits: np.ndarray) -> Call:
        """Find what every car has hit."""

        def of(p: Part) -> Call:
            road = p.track, p.direction, self.vehicle, self.traffic
            return bind(contact.touch, p.cars, hits[p.rows], p.objects, p.per_world, *road)

        return scene.each(of)

    def tell(self, scene: Scene, rows: np.ndarray, needs: Set[str]) -> Call | None:
        """Write into params rows what the reward reads of the objects; None if it reads nothing."""
        lists = any(key.startswith("objects_") for key in needs) or "closest_objects" in needs
        camera = "object_in_camera" in needs
        if not (lists or camera):
            return None
        world = scene.cars, rows, scene.objects, scene.per_world
        return bind(fill_objects, *world, lists, camera, self.lens)

    def move(self, scene: Scene) -> Call:
        """Drive the bots for one control step."""

        def of(p: Part) -> Call:
            road = p.track, p.direction, self.lanes(p), self.traffic, self._sim(p)
            return bind(moving.move, p.cars, p.objects, p.per_world, *road)

        return scene.each(of)

    def reset(self, scene: Scene) -> Call:
        """Place what is on the road, then the cars of `scene.mask`."""

        def place(p: Part) -> Call:
            world = p.objects, self.plans[p.road], p.per_world
            road = p.track, p.direction, self.lanes(p), self.traffic
            return bind(moving.place, p.cars, p.mask, *world, *road)

        def start(p: Part) -> Call:
            road = p.track, p.direction, self.lanes(p), self.vehicle, self._sim(p), self.traffic
            return bind(starts.reset_among, p.cars, p.mask, p.objects, p.per_world, *road)

        return chain(scene.each(place), scene.each(start))

    def look(self, scene: Scene) -> Call:
        """Let cars see where those of `scene.mask` are, after they were put somewhere."""

        def of(p: Part) -> Call:
            road = p.track, p.direction, self.traffic
            return bind(moving.look, p.cars, p.mask, p.objects, p.per_world, *road)

        return scene.each(of)

    def put_back(self, race: Race, i: int, s: float, at: tuple[float, float], behind: float) -> int:
        """Put car `i` back on the first track after a fault; see `starts.put_back`.

        Returns:
            column of the box that it was put beside, -1 for none.
        """
        world, own = race.objects[i // race.per_world], own_column(i, race.per_world)
        road = race.track.arrays, self._lanes[0][0], self.vehicle[0]
        column = starts.put_back(race.cars[i], world, own, *road, s, *at, behind)
        return int(column)

    def _sim(self, part: Part) -> np.ndarray:
        return self.sims[part.road : part.road + 1]
