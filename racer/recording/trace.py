"""Trace: what cars did on a track, one row per car and step, complete enough to play back alone.

The file is an uncompressed .npz of `meta` (JSON), the three track lines and `rows`. It is written
whole or not at all; a copy that was cut short is refused.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadRun, BadTrack
from racer.sim.types import LAP_COMPLETE, PARAMS, STATUS_LABELS
from racer.storage import files, foreign
from racer.tracks import Track

TRACE = np.dtype(
    [
        ("car", "i8"),
        ("episode", "i8"),
        ("time", "f8"),  # s since the episode's first action
        ("x", "f8"),  # m, model origin, as all of the pose
        ("y", "f8"),
        ("yaw", "f8"),  # rad
        ("v", "f8"),  # m/s, measured
        ("steer", "f8"),  # rad, measured at the wheels, left positive
        ("params", PARAMS),  # of (s_t, a_t): what the reward was given
        ("reward", "f8"),
        ("status", "i8"),  # index into STATUS_LABELS
    ],
    align=True,
)

# What was around a car at one step: boxes, bots and other cars.
AROUND = np.dtype(
    [
        ("x", "f8"),  # m, middle
        ("y", "f8"),
        ("yaw", "f8"),  # rad
        ("length", "f8"),  # m, body
        ("width", "f8"),
        ("kind", "i8"),  # BOX, BOT or OTHER_CAR
        ("present", "?"),  # on the road
        ("hit", "?"),  # the car touches it
    ],
    align=True,
)


def seen(world: np.ndarray, hit: int, own: int) -> NDArray[np.void]:
    """(K,) AROUND of a world's objects (OBJECT), for the car that touches column `hit`.

    Args:
        hit: -1 for nothing.
        own: the car's own column, which is left out; -1 for a car alone in its world.
    """
    found = np.zeros(len(world), AROUND)
    for name in ("x", "y", "yaw", "length", "width", "kind", "present"):
        found[name] = world[name]
    if hit >= 0:
        found["hit"][hit] = True
    return found if own < 0 else np.delete(found, own)


VERSION = 1
BYTES_MAX = 512 * 2**20  # 35 hours of one car
LINES = ("center", "inner", "outer")
_ARRAYS = ("meta", *LINES, "rows", "objects")
OBJECTS_MAX = 64  # around a car
_POSE = ("time", "x", "y", "yaw", "v", "steer")
_FAR = 1e6  # m

Rows: TypeAlias = NDArray[np.void]


class Lap(NamedTuple):
    """One episode of one car."""

    car: int
    episode: int
    rows: slice  # into Trace.rows
    seconds: float  # from the first action to the last judged state
    progress_pct: float  # the furthest it came
    status: str  # a label of STATUS_LABELS

    @property
    def complete(self) -> bool:
        """Did the car finish the lap?"""
        return self.status == STATUS_LABELS[LAP_COMPLETE]


@dataclass(frozen=True, eq=False)
class Trace:
    """What cars did on a track.

    Args:
        track: where.
        rows: (R,) TRACE; sorted by car, episode and time on arrival.
        dt: s between the rows of an episode.
        meta: anything else that JSON holds, e.g. `title` and `reward`.
        note: what was left out of the file it came from; empty when nothing was.
        objects: (R, K) AROUND, what was around the car of each row; K = 0 in a time trial.
    """

    track: Track
    rows: Rows
    dt: float
    meta: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    objects: NDArray[np.void] = field(default_factory=lambda: np.zeros((0, 0), AROUND))

    def __post_init__(self) -> None:
        order = np.lexsort((self.rows["time"], self.rows["episode"], self.rows["car"]))
        object.__setattr__(self, "rows", self.rows[order])
        if self.objects.shape[1] and len(self.objects) == len(order):
            object.__setattr__(self, "objects", self.objects[order])

    def episodes(self) -> list[slice]:
        """Consecutive rows of one car in one episode, in order."""
        if not len(self.rows):
            return []
        new = (np.diff(self.rows["car"]) != 0) | (np.diff(self.rows["episode"]) != 0)
        edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(self.rows)]
        return [slice(a, b) for a, b in itertools.pairwise(edges)]

    def laps(self) -> list[Lap]:
        """Every episode with its time and how it ended."""
        return [self._lap(part) for part in self.episodes()]

    def _lap(self, part: slice) -> Lap:
        rows = self.rows[part]
        return Lap(
            int(rows["car"][0]),
            int(rows["episode"][0]),
            part,
            float(rows["time"][-1] - rows["time"][0]),
            float(rows["params"]["progress"].max()),
            STATUS_LABELS[int(rows["status"][-1])],
        )

    def best(self) -> Lap | None:
        """The quickest complete lap, else the one that came furthest; None without rows."""
        laps = self.laps()
        complete = [lap for lap in laps if lap.complete]
        if complete:
            return min(complete, key=lambda lap: lap.seconds)
        return max(laps, key=lambda lap: lap.progress_pct, default=None)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            ResourceError: the disk is full or read-only.
        """
        path = Path(path)
        about = {"version": VERSION, "dt_s": self.dt, "track": self.track.name, "meta": self.meta}
        text = np.frombuffer(json.dumps(about, allow_nan=False).encode(), np.uint8)
        lines = {name: getattr(self.track, name) for name in LINES}
        content = io.BytesIO()
        tables: dict[str, Any] = {"rows": _without_padding(self.rows)}
        if self.objects.shape[1]:
            tables["objects"] = _without_padding(self.objects)
        np.savez(content, meta=text, **lines, **tables)
        with files.disk_errors(str(path), "Free some space or choose another place."):
            files.write_atomic(path, content.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read a file; steps from the first impossible one on are left out, and `note` says so.

        Raises:
            BadRun: not a recording, cut short, damaged at its first step, or of another version.
        """
        path = Path(path)
        arrays = _arrays(files.read_limited(path, BYTES_MAX), path)
        about = _about(arrays.get("meta"), path)
        lines = [_line(arrays.get(name), path) for name in LINES]
        rows = arrays.get("rows")
        if rows is None or rows.dtype != TRACE or rows.ndim != 1 or not len(rows):
            raise BadRun(f"{path}: no steps of a car in it. Record it again.")
        try:
            track = Track(about["track"][:80], lines[0], lines[1], lines[2], str(path))
        except BadTrack as error:
            raise BadRun(f"{path}: {error}") from error
        good = _intact(rows, path)
        around = _around(arrays.get("objects"), len(rows), path)[: len(good)]
        meta = about.get("meta") or {}
        trace = cls(track, good, float(about["dt_s"]), meta, objects=around)
        if len(good) == len(rows):
            return trace
        note = f"recording ends at {_seconds(trace):.1f} s, before a damaged step"
        return cls(track, good, trace.dt, trace.meta, note, around)


def _without_padding(rows: Rows) -> Rows:
    """A copy whose bytes between fields are 0, so that equal traces are equal files."""
    clean = np.zeros(rows.shape, rows.dtype)
    for name in rows.dtype.names or ():
        column = rows[name]
        clean[name] = _without_padding(column) if column.dtype.names else column
    return clean


def _arrays(content: bytes, path: Path) -> dict[str, NDArray[Any]]:
    """Those arrays of an uncompressed .npz that a recording has. Nothing is unpickled."""
    if content[:2] != b"PK":
        raise BadRun(f"{path}: not a recording (.npz). Recordings are made by training.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise BadRun(f"{path}: it is compressed, so not a recording of ours.")
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            arrays = {name: found[name] for name in _ARRAYS if name in found}
    except zipfile.BadZipFile as error:
        raise BadRun(
            f"{path}: a recording that was cut short or damaged. Copy it again from where it came "
            "from, or record it again."
        ) from error
    except BadRun:
        raise
    except Exception as error:  # a header that lies; numpy touches no memory that it cannot fill
        raise BadRun(f"{path}: it holds no arrays of numbers, so not a recording.") from error
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def _about(text: NDArray[Any] | None, path: Path) -> dict[str, Any]:
    try:
        if text is None or text.dtype != np.uint8:
            raise ValueError
        about = json.loads(text.tobytes().decode())
        version = about["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRun(f"{path}: not a recording of ours.") from error
    if version != VERSION:
        raise BadRun(
            f"{path}: a recording of version {str(version)[:20]}; this program reads version "
            f"{VERSION}. Record it again, or use the program that made it."
        )
    foreign.check(about, foreign.RECORDING, str(path), advice="Record it again.")
    if not 1e-4 < about["dt_s"] < 10.0:
        raise BadRun(f"{path}: dt_s must be 0.0001 to 10 s. Record it again.")
    return dict(about)


def _line(array: NDArray[Any] | None, path: Path) -> NDArray[Any]:
    if array is None or array.dtype != np.float64 or array.ndim != 2:
        raise BadRun(f"{path}: its track is missing or damaged. Record it again.")
    return array


def _intact(rows: Rows, path: Path) -> Rows:
    """The rows before the first one that no car could have been at."""
    good = np.ones(len(rows), dtype=bool)
    for name in _POSE:
        good &= np.isfinite(rows[name]) & (np.abs(rows[name]) < _FAR)
    good &= (rows["status"] >= 0) & (rows["status"] < len(STATUS_LABELS))
    # a file that lost its tail to zeroes: no step of a race has number 0
    good &= rows["params"]["steps"] > 0
    count = len(rows) if good.all() else int(good.argmin())
    if not count:
        raise BadRun(f"{path}: damaged at its first step. Record it again.")
    return rows[:count].copy()


def _around(objects: NDArray[Any] | None, rows: int, path: Path) -> NDArray[np.void]:
    """What a file holds of the objects around its cars."""
    if objects is None:
        return np.zeros((rows, 0), AROUND)
    good = objects.dtype == AROUND and objects.ndim == 2 and len(objects) == rows
    if good and objects.shape[1] <= OBJECTS_MAX:
        numbers = np.stack([objects[name] for name in ("x", "y", "yaw", "length", "width")])
        if np.isfinite(numbers).all() and np.abs(numbers).max(initial=0.0) < _FAR:
            return objects
    raise BadRun(f"{path}: what was around its cars is damaged. Record it again.")


def _seconds(trace: Trace) -> float:
    return sum(lap.seconds for lap in trace.laps())
