"""What a training says to those who watch it: messages of a kind, a length and a content.

    START    JSON: what is trained where, and how poses are written
    SWARM    some moments of all cars, eight steps apart, and whose episode is new
    LAP      one lap of the policy of this moment
    METRICS  JSON: a row of metrics.csv, and the seconds since the first step
    END      JSON: how it ended
    DONE     JSON: a draft is on the disk or failed; nothing comes after it

A pose is three int16: x and y in units of START (2 mm, more on a road of more than 130 m), yaw in
10^-4 rad. A swarm of 256 cars is 7 kB, a lap of 200 steps 1.2 kB.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from racer.render import scene
from racer.tracks import Track

HEAD = struct.Struct("<BI")  # kind, bytes that follow
LARGEST = 4 * 2**20  # bytes of one message
LINES = ("center", "inner", "outer")
_SWARM = struct.Struct("<QBH")  # timesteps, moments, cars
_LAP = struct.Struct("<Qd")  # timesteps, seconds; NaN when it was not completed
_UNIT = 0.002  # m
_REACH = 32_000  # units from the middle of a road to its end
_YAW = 10_000  # per rad

Poses = NDArray[np.int16]


class Kind(IntEnum):
    """Of a message."""

    START = 0
    SWARM = 1
    LAP = 2
    METRICS = 3
    END = 4
    DONE = 5


class Grid(NamedTuple):
    """How positions are written: whole units from a place in the middle of the road."""

    x: float  # m
    y: float
    unit: float  # m

    @classmethod
    def of(cls, track: Track) -> Grid:
        """One that reaches all around a road, and some metres on."""
        low, high = track.outer.min(axis=0) - 5.0, track.outer.max(axis=0) + 5.0
        middle, reach = (low + high) / 2, float((high - low).max()) / 2
        return cls(float(middle[0]), float(middle[1]), max(_UNIT, reach / _REACH))

    def poses(self, x: Any, y: Any, yaw: Any) -> Poses:
        """(N, 3) of positions (N,) m and yaws (N,) rad."""
        whole = np.empty((len(x), 3))
        whole[:, 0], whole[:, 1] = (x - self.x) / self.unit, (y - self.y) / self.unit
        whole[:, 2] = (np.remainder(yaw + np.pi, 2 * np.pi) - np.pi) * _YAW
        poses: Poses = np.rint(np.clip(whole, -32767, 32767)).astype("<i2")
        return poses

    def metres(self, poses: Poses) -> NDArray[np.float64]:
        """(..., 3) m, m, rad of poses (..., 3)."""
        scale = [self.unit, self.unit, 1.0 / _YAW]
        places: NDArray[np.float64] = poses * np.array(scale) + [self.x, self.y, 0.0]
        return places


class Swarm(NamedTuple):
    """Some moments of all cars."""

    timesteps: int
    poses: Poses  # (moments, cars, 3)
    fresh: NDArray[np.bool_]  # (moments, cars): its episode began since the moment before


class Lap(NamedTuple):
    """One lap of the policy of a moment."""

    timesteps: int
    seconds: float  # NaN when it was not completed
    poses: Poses  # (rows, 3), one for each control step


def message(kind: Kind, content: bytes | Mapping[str, Any]) -> bytes:
    """A whole message."""
    if not isinstance(content, bytes):
        content = json.dumps(content, separators=(",", ":")).encode()
    return HEAD.pack(kind, len(content)) + content


def swarm_bytes(swarm: Swarm) -> bytes:
    """The content of SWARM."""
    moments, cars = swarm.fresh.shape
    head = _SWARM.pack(swarm.timesteps, moments, cars)
    return head + swarm.poses.astype("<i2").tobytes() + swarm.fresh.astype(np.uint8).tobytes()


def read_swarm(content: bytes) -> Swarm:
    """What `swarm_bytes` wrote."""
    timesteps, moments, cars = _SWARM.unpack_from(content)
    count, at = moments * cars, _SWARM.size
    poses = np.frombuffer(content, "<i2", 3 * count, at).reshape(moments, cars, 3)
    fresh = np.frombuffer(content, np.uint8, count, at + 6 * count).reshape(moments, cars)
    return Swarm(timesteps, poses, fresh.astype(bool))


def lap_bytes(lap: Lap) -> bytes:
    """The content of LAP."""
    return _LAP.pack(lap.timesteps, lap.seconds) + lap.poses.astype("<i2").tobytes()


def read_lap(content: bytes) -> Lap:
    """What `lap_bytes` wrote."""
    timesteps, seconds = _LAP.unpack_from(content)
    return Lap(timesteps, seconds, np.frombuffer(content, "<i2", -1, _LAP.size).reshape(-1, 3))


def read(stream: BinaryIO) -> Iterator[tuple[Kind, bytes]]:
    """Messages until the other end is gone."""
    while len(head := stream.read(HEAD.size)) == HEAD.size:
        kind, size = HEAD.unpack(head)
        if size > LARGEST or kind not in Kind._value2member_map_:
            return
        content = stream.read(size)
        if len(content) < size:
            return
        yield Kind(kind), content


def start(track: Track, **facts: Any) -> dict[str, Any]:
    """The content of START: the road, the grid, and `facts`."""
    lines = {name: np.round(getattr(track, name), 4).tolist() for name in LINES}
    line = np.round(scene.start_line(track), 4).tolist()
    return {
        "track": track.name,
        "lines": lines,
        "start": line,
        "grid": list(Grid.of(track)),
        **facts,
    }


def track_of(found: Mapping[str, Any]) -> Track:
    """The road in the content of START."""
    center, inner, outer = (np.array(found["lines"][name]) for name in LINES)
    return Track(str(found["track"]), center, inner, outer)
