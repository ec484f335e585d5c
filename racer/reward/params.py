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
    meaning: str  # what the simulator computes; ! marks where the public documentation differs


KEYS: dict[str, Key] = {
    "all_wheels_on_track": Key("bool", "", "", "all four wheel centres are on the road"),
    "closest_objects": Key(
        "[int, int]", "", "", "indexes into objects_*; ! [0, 0] when there are no objects"
    ),
    "closest_waypoints": Key(
        "[int, int]",
        "",
        "0..len(waypoints)-1",
        "waypoint behind and ahead of the car's projection, along the driving direction; "
        "! independent of where the car points",
    ),
    "distance_from_center": Key(
        "float", "m", ">= 0", "nose to centre line; ! not clipped at half the track width"
    ),
    "heading": Key("float", "deg", "(-180, 180]", "yaw, counter-clockwise, 0 along +x"),
    "is_crashed": Key("bool", "", "", "the car touches an object"),
    "is_left_of_center": Key("bool", "", "", "left of the centre line, seen along the direction"),
    "is_offtrack": Key("bool", "", "", "! none of the four wheel centres is on the road; ends it"),
    "is_reversed": Key(
        "bool", "", "", "! the track is driven against the file's order; never the car's heading"
    ),
    "object_in_camera": Key("bool", "", "", "! undocumented: the next object is in view"),
    "objects_distance": Key("list of float", "m", "0..track_length", "from waypoint 0"),
    "objects_distance_from_center": Key("list of float", "m", ">= 0", "! undocumented"),
    "objects_heading": Key("list of float", "rad", "", "! radians; 0 for boxes"),
    "objects_left_of_center": Key("list of bool", "", "", "left of the centre line"),
    "objects_location": Key("list of (x, y)", "m", "", "! empty in time trials"),
    "objects_speed": Key("list of float", "m/s", ">= 0", "0 for boxes"),
    "progress": Key(
        "float",
        "%",
        "<= 100",
        "of a lap since this episode's start; ! can fall, and be slightly negative; "
        "exactly 100 on the last step of a lap",
    ),
    "projection_distance": Key("float", "m", "0..track_length", "! undocumented: from waypoint 0"),
    "sim_time": Key("float", "s", ">= 0", "! undocumented, since 2026: simulation clock"),
    "speed": Key("float", "m/s", "", "! commanded by the action, not measured"),
    "steering_angle": Key("float", "deg", "", "! commanded by the action; left is positive"),
    "steps": Key(
        "float", "", ">= 2", "! a float, and 2.0 at the first call of an episode, never 0 or 1"
    ),
    "track_length": Key("float", "m", "> 0", "of the centre line"),
    "track_width": Key("float", "m", "> 0", "here, between the border points next to the car"),
    "waypoints": Key(
        "list of (x, y)", "m", "", "centre line in driving direction; first equals last"
    ),
    "x": Key("float", "m", "", "! of the nose, 0.14 m ahead of the car's origin"),
    "y": Key("float", "m", "", "! of the nose"),
}

LISTS = frozenset({"waypoints", "closest_waypoints", "closest_objects"}) | {
    key for key in KEYS if key.startswith("objects_")
}

# One row of racer.sim.types.PARAMS, for `struct.iter_unpack`: native order, its trailing padding.
ROW_FORMAT = "=12d2q6?2x"
ROW_SIZE = struct.calcsize(ROW_FORMAT)


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
    "closest_objects": "[0, 0]",
}

Builder = Callable[[tuple[Any, ...], Waypoints], dict[str, Any]]


def builder(keys: Iterable[str]) -> Builder:
    """A function (row, waypoints) -> dict with only some keys: what a reward does not read costs.

    Args:
        keys: of KEYS.
    """
    parts = []
    for key in sorted(keys):
        column = f"row[{_COLUMNS.index(key)}]" if key in _COLUMNS else "[]"
        parts.append(f"{key!r}: {_COMPUTED.get(key, column)}")
    made: Builder = eval(f"lambda row, waypoints: {{{', '.join(parts)}}}", {})
    return made


_all_keys = builder(KEYS)


def params_of(row: Any, waypoints: Waypoints) -> dict[str, Any]:
    """Build the dict that one call of a reward function receives.

    Args:
        row: a PARAMS row, or the tuple of its 20 values.
        waypoints: in the driving direction of this row (`is_reversed`).

    Returns:
        All 27 keys as plain Python types; every list is a new one, so what a reward does to them
        is gone at the next call. The lists of objects are empty, as in a time trial.
    """
    return _all_keys(row if type(row) is tuple else row.item(), waypoints)
