"""The DeepRacer `params` dict: what a reward function receives, built from one PARAMS row.

Only the standard library is imported here, because the worker process builds its dicts with this
very function. docs/rewards.md prints KEYS.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Waypoints = list[tuple[float, float]]


class Key(NamedTuple):
    """One key of `params`."""

    kind: str  # Python type
    unit: str
    range: str
    meaning: str  # what the simulator computes
    documented: str = ""  # what the public documentation says, where that differs


KEYS: dict[str, Key] = {
    "all_wheels_on_track": Key("bool", "", "", "all four wheel centres are on the road"),
    "closest_objects": Key(
        "[int, int]",
        "",
        "",
        "index of the object behind the car and of the one ahead, by objects_distance; after the "
        "last comes the first again; [0, 0] when there is one or none",
    ),
    "closest_waypoints": Key(
        "[int, int]",
        "",
        "0..len(waypoints)-1",
        "waypoint behind the car and the one ahead, in driving direction, wherever it points",
        "the two nearest by distance",
    ),
    "distance_from_center": Key(
        "float",
        "m",
        ">= 0",
        "from the nose to the centre line; it can be more than half the road width",
        "0 to half the road width",
    ),
    "heading": Key(
        "float", "deg", "(-180, 180]", "where the car points: 0 along x, counter-clockwise positive"
    ),
    "is_crashed": Key(
        "bool",
        "",
        "",
        "the car has hit an object by its own fault: any box, or a car that it was behind; "
        "never in a time trial",
    ),
    "is_left_of_center": Key(
        "bool", "", "", "the car is left of the centre line, in driving direction"
    ),
    "is_offtrack": Key(
        "bool",
        "",
        "",
        "none of the four wheel centres is on the road; the episode ends. With one to three "
        "wheels off, this and all_wheels_on_track are both False",
        "any wheel off the road",
    ),
    "is_reversed": Key(
        "bool",
        "",
        "",
        "the race goes against the order of the track file; the same for a whole episode",
        "the car drives clockwise",
    ),
    "object_in_camera": Key(
        "bool",
        "",
        "",
        "as the simulator computes it: the object listed before the next one is in view, "
        "so it is always False with one object",
        "not documented",
    ),
    "objects_distance": Key(
        "list of float",
        "m",
        "0..track_length",
        "of each object along the centre line from waypoint 0",
    ),
    "objects_distance_from_center": Key(
        "list of float", "m", ">= 0", "of each object to the centre line", "not documented"
    ),
    "objects_heading": Key(
        "list of float",
        "rad",
        "",
        "of each object; 0 for all where no bots drive",
        "in degrees, 0 for boxes",
    ),
    "objects_left_of_center": Key("list of bool", "", "", "each object is left of the centre line"),
    "objects_location": Key(
        "list of [x, y]",
        "m",
        "",
        "of each object: other cars, boxes, then bots. Empty in a time trial, so an index into it "
        "raises, as in the simulator",
    ),
    "objects_speed": Key(
        "list of float",
        "m/s",
        ">= 0",
        "of bots the speed they are set to, also while they stand, and so of all that is beside "
        "them; 0 for all where no bots drive",
        "0 for boxes",
    ),
    "progress": Key(
        "float",
        "%",
        "<= 100",
        "of a lap since this episode's start; it can fall, is slightly negative behind the start, "
        "and is exactly 100 on the last step of a lap",
        "0 to 100",
    ),
    "projection_distance": Key(
        "float",
        "m",
        "0..track_length",
        "along the centre line from waypoint 0, not from the start",
        "not documented",
    ),
    "sim_time": Key(
        "float", "s", ">= 0", "simulated time since the episode's start", "not documented"
    ),
    "speed": Key(
        "float",
        "m/s",
        "",
        "the speed that this action asks for; the car may not have it yet",
        "the car's own speed",
    ),
    "steering_angle": Key(
        "float",
        "deg",
        "",
        "the angle that this action asks for; left is positive",
        "-30 to 30",
    ),
    "steps": Key(
        "float",
        "",
        ">= 2",
        "2.0 at the first call of an episode, never 0 or 1: in step 1 the car is held",
        "the number of steps completed",
    ),
    "track_length": Key("float", "m", "> 0", "of the centre line"),
    "track_width": Key("float", "m", "> 0", "of the road beside the car; it varies along a lap"),
    "waypoints": Key(
        "list of (x, y)",
        "m",
        "",
        "the centre line in driving direction, numbered as in the track's file; "
        "the last point is the first one again",
    ),
    "x": Key("float", "m", "", "of the nose, 0.14 m ahead of the car's origin", "the car's centre"),
    "y": Key("float", "m", "", "of the nose, 0.14 m ahead of the car's origin", "the car's centre"),
}

LISTS = frozenset({"waypoints", "closest_waypoints", "closest_objects"}) | {
    key for key in KEYS if key.startswith("objects_")
}

# One row of racer.sim.types.PARAMS, for `struct.iter_unpack`: native order, its trailing padding.
ROW_FORMAT = "=12d2q6?2x"
ROW_SIZE = struct.calcsize(ROW_FORMAT)
# What `params_type` adds: how many objects, and for each x, y, distance, distance from the centre,
# heading, speed, left of centre.
_COUNT, _FIRST, _EACH = 20, 21, 7


def row_format(row_size: int) -> str:
    """For `struct`, of a row of params of so many bytes: with room for objects or without."""
    room = max(0, row_size - ROW_SIZE - 8) // (8 * _EACH)
    return ROW_FORMAT + (f"q{room * _EACH}d" if room else "")


_COLUMNS = (
    "x",
    "y",
    "heading",
    "distance_from_center",
    "projection_distance",
    "progress",
    "speed",
    "steering_angle",
    "steps",
    "track_width",
    "track_length",
    "sim_time",
    "prev_waypoint",
    "next_waypoint",
    "all_wheels_on_track",
    "is_left_of_center",
    "is_offtrack",
    "is_crashed",
    "is_reversed",
    "object_in_camera",
)
IS_REVERSED = _COLUMNS.index("is_reversed")
_COMPUTED = {
    "waypoints": "waypoints[:]",
    "closest_waypoints": "[row[12], row[13]]",
    "closest_objects": "closest(distances(row), row[4])",
    "objects_location": "locations(row)",
    "objects_distance": "distances(row)",
    "objects_distance_from_center": "items(row, 3)",
    "objects_heading": "items(row, 4)",
    "objects_speed": "items(row, 5)",
    "objects_left_of_center": "[value != 0.0 for value in items(row, 6)]",
}

Builder = Callable[[tuple[Any, ...], Waypoints], dict[str, Any]]


def items(row: tuple[Any, ...], number: int) -> list[float]:
    """One number of every object."""
    if len(row) <= _COUNT:
        return []
    return list(row[_FIRST + number : _FIRST + _EACH * row[_COUNT] : _EACH])


def distances(row: tuple[Any, ...]) -> list[float]:
    """Of every object along the centre line, m."""
    return items(row, 2)


def locations(row: tuple[Any, ...]) -> list[list[float]]:
    """[x, y] of every object, m."""
    return [[x, y] for x, y in zip(items(row, 0), items(row, 1), strict=True)]


def closest(along: list[float], nose: float) -> list[int]:
    """DeepRacer's closest_objects: the object behind the nose and the one ahead, by distance.

    An object just beside the nose counts as behind. Beyond the last one comes the first again.
    """
    if not along:
        return [0, 0]
    order = sorted(range(len(along)), key=along.__getitem__)
    ahead = sum(1 for s in along if s <= nose)
    return [order[ahead - 1], order[ahead % len(order)]]


_MAKE = {f.__name__: f for f in (items, distances, locations, closest)}


def builder(keys: Iterable[str]) -> Builder:
    """A function (row, waypoints) -> dict with only some keys: what a reward does not read costs.

    Args:
        keys: of KEYS.
    """
    parts = []
    for key in sorted(keys):
        column = f"row[{_COLUMNS.index(key)}]" if key in _COLUMNS else ""
        parts.append(f"{key!r}: {_COMPUTED.get(key, column)}")
    made: Builder = eval(f"lambda row, waypoints: {{{', '.join(parts)}}}", dict(_MAKE))
    return made


_all_keys = builder(KEYS)


def params_of(row: Any, waypoints: Waypoints) -> dict[str, Any]:
    """Build the dict that one call of a reward function receives.

    Args:
        row: a PARAMS row, with room for objects or without, or the tuple of its values.
        waypoints: in the driving direction of this row (`is_reversed`).

    Returns:
        All 27 keys as plain Python types; every list is a new one, so what a reward does to them
        is gone at the next call. The lists of objects are empty in a time trial.
    """
    return _all_keys(row if type(row) is tuple else values(row)[0], waypoints)


def values(rows: Any) -> list[tuple[Any, ...]]:
    """PARAMS rows, or one, as tuples of Python values."""
    raw = rows.tobytes()
    return list(struct.iter_unpack(row_format(rows.dtype.itemsize), raw))
