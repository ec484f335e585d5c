"""Start: where and how an episode begins, when not as the rules say."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from racer.errors import BadConfig, did_you_mean
from racer.sim.scene import Scene
from racer.sim.step import start_at
from racer.tracks import Track

PLACES = ("s_m", "waypoint", "progress_pct")


@dataclass(frozen=True)
class Start:
    """A place on the track and a pose there; of the three places give at most one.

    Args:
        s_m: m along the centre line, in driving direction; wraps round.
        waypoint: index into params["waypoints"].
        progress_pct: of a lap from waypoint 0. The episode's own progress begins at 0.
        offset_m: from the centre line, left positive, on the road.
        heading_deg: relative to the road there, counter-clockwise positive.
    """

    s_m: float | None = None
    waypoint: int | None = None
    progress_pct: float | None = None
    offset_m: float = 0.0
    heading_deg: float = 0.0

    def __post_init__(self) -> None:
        given = [name for name in PLACES if getattr(self, name) is not None]
        if len(given) > 1:
            raise BadConfig(f"a start has {' and '.join(given)}; give one place.")
        for name, value in dataclasses.asdict(self).items():
            if not (_finite(value) or (value is None and name in PLACES)):
                raise BadConfig(f"start {name} = {value!r}; it must be a finite number.")
        if self.waypoint is not None and not isinstance(self.waypoint, numbers.Integral):
            raise BadConfig(f"start waypoint = {self.waypoint!r}; it must be a whole number.")

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> Start | None:
        """What `reset(options=...)` means; None without options.

        Raises:
            BadConfig: a name that is no option, or a value that cannot be.
        """
        if not options:
            return None
        if not isinstance(options, Mapping):
            raise BadConfig(f"reset options {options!r}; give a dict, e.g. {{'waypoint': 12}}.")
        known = [field.name for field in dataclasses.fields(cls)]
        for name in options:
            if name not in known:
                near = did_you_mean(str(name), known)
                raise BadConfig(f"no reset option {name!r}.{near} Known: {', '.join(known)}.")
        return cls(**options)

    def check(self, tracks: Sequence[Track]) -> None:
        """Refuse a start that is not on every track.

        Raises:
            BadConfig: says what the track has.
        """
        for track in tracks:
            count = len(track.center) - 1
            if self.waypoint is not None and not 0 <= self.waypoint <= count:
                raise BadConfig(
                    f"start waypoint = {self.waypoint}; {track.name} has waypoints 0 to {count}."
                )
            x, y, _ = track.pose_at(self._along(track.arrays.center["s"]))
            half = 0.5 * float(track.nearest(np.array(x), np.array(y))["width"][0])
            if abs(self.offset_m) > half:
                raise BadConfig(
                    f"start offset_m = {self.offset_m:g}; the road of {track.name} reaches "
                    f"{half:.2f} m either side there."
                )

    def place(self, scene: Scene, vehicle: np.ndarray) -> None:
        """Put the cars of `scene.mask` there; their episode has begun."""
        yaw = math.radians(self.heading_deg)
        for p in scene.parts():
            s = self._along(p.track.center["s"])
            start_at(p.cars, p.mask, p.track, p.direction, vehicle, s, float(self.offset_m), yaw)

    def _along(self, s: np.ndarray) -> float:
        """Arc length, m, on a centre line whose waypoints are at `s` (M,), m."""
        if self.waypoint is not None:
            return float(s[self.waypoint])
        if self.progress_pct is not None:
            return float(self.progress_pct / 100.0 * s[-1] % s[-1])
        return float((self.s_m or 0.0) % s[-1])


def _finite(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)
