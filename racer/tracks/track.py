"""Track: a closed road of centre line, inner and outer border, checked once at the door."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from racer import registry
from racer.errors import BadTrack, UnknownName
from racer.sim.progress import NEAREST, nearest_many, pose_on_center
from racer.sim.scenery import Scenery
from racer.sim.track_index.build import index_track, make_line
from racer.sim.types import TrackArrays
from racer.tracks.scenery import scenery

BUILTIN = Path(__file__).parent / "data"
SUFFIXES = (".txt", ".npy", ".csv")
GENERATED = "generated:"  # what the name of a track made from a seed begins with
LARGEST_M2 = 40_000.0  # of the rectangle around a track: its grid has a hundred cells per m2


def folders() -> list[Path]:
    """Where track names are looked up: the user's ./tracks first, then the built-in ones."""
    return [Path("tracks"), BUILTIN]


@dataclass(frozen=True, eq=False)
class Track:
    """A closed road.

    Waypoint numbering is the file's own, duplicate rows included, because hard-coded indices in
    people's rewards rely on it.

    Args:
        name: for people and file names.
        center: (M, 2) m, the centre line in driving direction; last row equals the first.
        inner: (K, 2) m, border that encloses the smaller area, closed likewise.
        outer: (L, 2) m, border that encloses the larger area.
        source: where it came from, for messages.
        looks: how it and what is around it look; None as its name says, see racer.tracks.scenery.

    Raises:
        BadTrack: not closed, not finite, without length, or the borders are swapped or crossed.
    """

    name: str
    center: np.ndarray
    inner: np.ndarray
    outer: np.ndarray
    source: str = ""
    looks: Scenery | None = None

    def __post_init__(self) -> None:
        for part in ("center", "inner", "outer"):
            points = np.array(getattr(self, part), dtype=np.float64, order="C")
            self._check_line(part, points)
            points.flags.writeable = False
            object.__setattr__(self, part, points)
        areas = [abs(_twice_area(p)) for p in (self.inner, self.center, self.outer)]
        if not areas[0] < areas[1] < areas[2]:
            self._refuse(
                "its borders are swapped or crossed: the inner one must enclose less area than "
                "the centre line, the outer one more"
            )

    def _check_line(self, part: str, points: np.ndarray) -> None:
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 4:
            self._refuse(
                f"its {part} line has shape {points.shape}; at least 4 rows of x, y needed"
            )
        if not np.isfinite(points).all():
            row = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
            self._refuse(f"row {row} of its {part} line is not finite")
        if (points[0] != points[-1]).any():
            self._refuse(f"its {part} line is open; repeat the first row at the end")
        if not np.abs(points).max() < 1e5 or np.ptp(points, axis=0).max() > 1e3:
            self._refuse(f"its {part} line is over 1 km wide; tracks are in metres")
        width, height = np.ptp(points, axis=0)
        if width * height > LARGEST_M2:
            self._refuse(
                f"its {part} line spans {width:.0f} x {height:.0f} m; at most {LARGEST_M2:,.0f} m2 "
                "are indexed. Scale it: DeepRacer cars are 1:18, F1TENTH cars 1:10"
            )
        if len(np.unique(points, axis=0)) < 3:
            self._refuse(f"its {part} line has no area")

    def _refuse(self, why: str) -> None:
        raise BadTrack(f"track {self.source or self.name!r} cannot be used: {why}.")

    @classmethod
    def load(cls, name: str | Path) -> Track:
        """Load a track by name, from a .npy, .csv or .txt path, or as `generated:SEED`.

        Raises:
            UnknownName: no such track; names the nearest one.
            BadTrack: the file is not a track; says which row and why.
        """
        from racer.tracks import generate, io, official

        if str(name).startswith(GENERATED):
            return generate.named(str(name))
        try:
            path = registry.find_file("track", str(name), folders(), SUFFIXES)
        except UnknownName as error:
            error.args = (f"{error} {official.hint(str(name))}".rstrip(),)
            raise
        center, inner, outer = io.read(path)
        return cls(path.stem, center, inner, outer, str(path))

    @staticmethod
    def names() -> dict[str, Path]:
        """Name → file of every track that can be loaded by name."""
        return registry.files(folders(), SUFFIXES)

    def _repr_html_(self) -> str:
        from racer.tracks.svg import svg

        return svg(self)

    def reversed(self) -> Track:
        """The same road driven the other way: every line in reverse order."""
        lines = {name: getattr(self, name)[::-1] for name in ("center", "inner", "outer")}
        return dataclasses.replace(self, **lines)

    def without_duplicates(self) -> Track:
        """The same road, equal consecutive waypoints counted once, as simulators since 2024 do."""
        keep = np.r_[True, (np.diff(self.center, axis=0) != 0.0).any(axis=1)]
        return dataclasses.replace(self, center=self.center[keep])

    @property
    def scenery(self) -> Scenery:
        """How its world looks."""
        return self.looks or scenery(self.name)

    @cached_property
    def arrays(self) -> TrackArrays:
        """Indexed geometry, as kernels take it."""
        return _indexed(*(line.tobytes() for line in (self.center, self.inner, self.outer)))

    @cached_property
    def length(self) -> float:
        """Length of the centre line, m; the index, which takes far longer, is not needed for it."""
        return float(make_line(self.center)["s"][-1])

    @cached_property
    def width(self) -> float:
        """Median distance from border to border, m."""
        return float(np.median(self.arrays.table["width"]))

    @property
    def ccw(self) -> bool:
        """Does the centre line turn counter-clockwise?"""
        return bool(self.arrays.head["ccw"][0])

    @cached_property
    def waypoints(self) -> list[tuple[float, float]]:
        """The centre line as DeepRacer's `waypoints`: M tuples (x, y), m."""
        return [(float(x), float(y)) for x, y in self.center]

    @cached_property
    def sha256(self) -> str:
        """Hash of the geometry alone: the same road under another name hashes the same."""
        digest = hashlib.sha256()
        for points in (self.center, self.inner, self.outer):
            digest.update(str(points.shape).encode() + points.astype("<f8").tobytes())
        return digest.hexdigest()

    def pose_at(self, s: float) -> tuple[float, float, float]:
        """Where the centre line is at arc length `s` (m, any real): x (m), y (m), yaw (rad).

        Yaw points at the next waypoint, as the official simulator places a car at the start.
        """
        x, y, yaw = pose_on_center(self.arrays, float(s))
        return float(x), float(y), float(yaw)

    def nearest(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Exact geometry at many points.

        Args:
            x, y: m, of any shape.

        Returns:
            NEAREST of that shape: s, segment, distance, width, waypoints, is_left, on_road.
        """
        x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
        out = np.zeros(x.size, NEAREST)
        nearest_many(self.arrays, x.ravel(), y.ravel(), out)
        return out.reshape(x.shape)


@lru_cache(maxsize=16)
def _indexed(*lines: bytes) -> TrackArrays:
    """Of (M, 2) float64 lines; a training loads its road five times."""
    return index_track(*(np.frombuffer(line).reshape(-1, 2) for line in lines))


def _twice_area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
