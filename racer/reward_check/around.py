"""What is on the road of a reward map: boxes and bots where an episode begins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import racer.actions
from racer import vehicles
from racer.config import Others, RaceConfig, Rules
from racer.race import Race
from racer.race.make import alone
from racer.reward.engine import Rows
from racer.sim.contact import touch
from racer.sim.frustum import LENS
from racer.sim.params import fill_objects
from racer.sim.types import params_type
from racer.tracks import Track

_AT_ONCE = 1024  # rows


class Around(NamedTuple):
    """What stands around every point of a map.

    Attributes:
        world: (K,) OBJECT.
        traffic: (1,) TRAFFIC.
    """

    world: np.ndarray
    traffic: np.ndarray


def around(track: Track, others: Others) -> Around | None:
    """As the first evaluation episode begins; None in a time trial.

    Raises:
        BadConfig: more than fits on the road.
    """
    if not others.count:
        return None
    race = first_race(track, others)
    race.reset()
    assert race.among
    return Around(race.objects[0].copy(), race.among.traffic)


def first_race(track: Track, others: Others) -> Race:
    """A car of the usual kind on its way from the start line, among others.

    Raises:
        BadConfig: more than fits on the road.
    """
    return Race(
        track,
        1,
        vehicle=vehicles.load(RaceConfig.vehicle),
        actions=racer.actions.load(RaceConfig.actions),
        rules=Rules(start="line"),
        others=alone(others),
    )


def with_others(cars: np.ndarray, rows: Rows, track: Track, known: Around) -> Rows:
    """The rows (N,) of located cars (N,) with what is around each, and whether it is hit."""
    found = np.zeros(len(rows), params_type(len(known.world)))
    for name in rows.dtype.names or ():
        found[name] = rows[name]
    vehicle: Any = vehicles.load(RaceConfig.vehicle)
    for first in range(0, len(rows), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        some = np.ascontiguousarray(cars[part])
        world = np.tile(known.world, (len(some), 1))
        hits = np.zeros(len(some), np.int64)
        touch(some, hits, world, 1, track.arrays, 0, vehicle, known.traffic)
        fill_objects(some, found[part], world, 1, True, True, LENS)
        found["is_crashed"][part] = hits > 0
    return found
