"""A circuit while it is being drawn: points that can be moved, and what they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack, RacerError
from racer.tracks import io, layout
from racer.tracks.points import POINTS_MAX, Curve, curve, refuse_points, written
from racer.tracks.track import Track

Array: TypeAlias = NDArray[np.float64]

SPACING = 0.15  # m, of the curve that is shown and saved
POINTS_EVERY = (1.2, 0.9, 0.6, 0.45)  # m, when a finished track is taken apart into points
ALIKE = 0.03  # m, how far the curve through them may then be from the track's centre line
WIDTH_MIN, WIDTH_MAX = 0.3, 5.0  # m, to which a road can be narrowed and widened
_X, _Y = (0.0, 2.5, 5.0, 6.2, 5.0, 2.5, 0.0, -1.2), (0.0, 0.0, 0.0, 1.5, 3.0, 3.0, 3.0, 1.5)  # m


@dataclass(frozen=True, eq=False)
class Sketch:
    """Points (K, 2) m in driving order, the width (K,) m of the road at each, and a title.

    Never changed in place: every operation gives a new one, so that undo is a list of them.
    """

    points: Array
    widths: Array
    title: str = ""

    @classmethod
    def new(cls, title: str = "") -> Sketch:
        """An oval to start from."""
        return cls(np.stack([_X, _Y], axis=1), np.full(len(_X), 0.8), title)

    @classmethod
    def of(cls, path: Path) -> Sketch:
        """The points of a track file; one that has none gets as few as do.

        Raises:
            BadTrack: not a track.
        """
        text = io.file_text(path) if path.suffix == ".txt" else ""
        if text:
            plan = layout.parse(text, str(path))
            if plan.points:
                return cls(*plan.arrays(), plan.title)
        track = Track(path.stem, *io.read(path), str(path))
        title = layout.title(text) or track.name
        sketches = (cls._along(track, apart, title) for apart in POINTS_EVERY)
        return next((s for s in sketches if s.is_like(track)), cls._along(track, 0.45, title))

    @classmethod
    def _along(cls, track: Track, apart: float, title: str) -> Sketch:
        """A sketch with a point on the centre line of `track` every `apart` m."""
        count = min(max(round(track.length / apart), 8), POINTS_MAX)
        places = np.array([track.pose_at(track.length * k / count)[:2] for k in range(count)])
        widths = track.nearest(*places.T)["width"]
        return cls(np.round(places, 2), np.round(widths, 2), title)

    def is_like(self, track: Track) -> bool:
        """Whether it is a valid track with nearly the centre line of `track`."""
        away = track.nearest(*self.road.center.T)["distance"]
        return not self.problem and float(np.abs(away).max()) <= ALIKE

    @cached_property
    def road(self) -> Curve:
        """What the points make."""
        return curve(self.points, self.widths, SPACING)

    @cached_property
    def text(self) -> str:
        """The track file."""
        return written(self.title, self.points, self.widths)

    @cached_property
    def problem(self) -> str:
        """Why this is not a track yet; empty when it is one."""
        try:
            Track("this", *io.circuit(self.text, "this"))
        except RacerError as error:
            return str(error)
        return ""

    def save(self, path: Path) -> None:
        """Write the track file.

        Raises:
            BadTrack: it is not a track yet.
            ResourceError: the file cannot be written.
        """
        from racer.storage import files

        if self.problem:
            raise BadTrack(f"not saved: {self.problem}")
        with files.disk_errors(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_atomic(path, self.text.encode())

    def moved(self, k: int, x: float, y: float) -> Sketch:
        """Point `k` at (x, y), to the centimetre."""
        places = self.points.copy()
        places[k] = round(x, 2), round(y, 2)
        return self._checked(replace(self, points=places))

    def inserted(self, x: float, y: float) -> tuple[Sketch, int]:
        """A point more, on the piece of road nearest to (x, y); and its number."""
        at = int(np.hypot(*(self.road.center - (x, y)).T).argmin())
        starts = [int(np.hypot(*(self.road.center - p).T).argmin()) for p in self.points]
        k = int(np.searchsorted(starts[1:], at, side="left")) + 1
        places = np.insert(self.points, k, np.round(self.road.center[at], 2), axis=0)
        widths = np.insert(self.widths, k, round(float(self.road.width[at]), 3))
        sketch = self._checked(replace(self, points=places, widths=widths))
        return sketch, k if sketch is not self else -1

    def removed(self, k: int) -> Sketch:
        """Without point `k`."""
        places, widths = np.delete(self.points, k, axis=0), np.delete(self.widths, k)
        return self._checked(replace(self, points=places, widths=widths))

    def widened(self, by: float, k: int | None = None) -> Sketch:
        """The road wider by `by` m at point `k`, or everywhere; what is beyond a limit stays so."""
        widths = self.widths.copy()
        where = slice(None) if k is None else k
        now = widths[where]
        low, high = np.minimum(now, WIDTH_MIN), np.maximum(now, WIDTH_MAX)
        widths[where] = np.round(np.clip(now + by, low, high), 3)
        return replace(self, widths=widths)

    def started(self, k: int) -> Sketch:
        """The lap begins at point `k`."""
        return replace(
            self, points=np.roll(self.points, -k, axis=0), widths=np.roll(self.widths, -k)
        )

    def turned(self) -> Sketch:
        """Driven the other way, from the same start."""
        return replace(
            self,
            points=np.roll(self.points[::-1], 1, axis=0),
            widths=np.roll(self.widths[::-1], 1),
        )

    def _checked(self, other: Sketch) -> Sketch:
        """`other`, unless no curve goes through its points: then nothing changes."""
        try:
            refuse_points(other.points, range(len(other.points)), "this")
        except BadTrack:
            return self
        return other
