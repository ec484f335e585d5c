"""Ghosts: other drives of the same road, shown beside a lap, and how far ahead they are in time.

Two laps are compared at the same place, not at the same moment: the gap at a progress p is the time
that one lap needs to p minus the time that the other needed to p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack
from racer.render.scene import Color, Playback, Pose, pose_at
from racer.sim.types import LAP_COMPLETE
from racer.tracks import Track

# Ghosts in the order given; distinct for most colour-blind people, none like the car's orange.
COLORS: tuple[Color, ...] = ((90, 200, 250), (190, 140, 255), (130, 220, 130), (255, 200, 90))
SAME_ROAD_M = 0.05  # two tracks are one road when every centre point is this close


@dataclass(frozen=True)
class Ghost:
    """One lap of another drive.

    Args:
        name: who drove it.
        rows: (R,) TRACE of the lap, in order of time.
        dt: s between rows.
        color: of its body.
    """

    name: str
    rows: NDArray[np.void]
    dt: float
    color: Color = COLORS[0]

    def pose(self, seconds: float) -> Pose:
        """Where it was `seconds` into its lap; it waits where the lap ended."""
        return pose_at(self.rows, min(max(seconds / self.dt, 0.0), len(self.rows) - 1.0))

    def gap(self, rows: NDArray[np.void], dt: float) -> NDArray[np.float64]:
        """How much later than the ghost each row (K,) TRACE came to its place, s.

        Positive: behind the ghost. NaN where the ghost never came.
        """
        own = np.arange(len(rows)) * dt
        return own - time_at(self.rows, self.dt, rows["params"]["progress"])


def time_at(rows: NDArray[np.void], dt: float, progress: Any) -> NDArray[np.float64]:
    """Seconds into the lap `rows` (R,) TRACE at which it first reached each progress, %.

    Linear between rows. NaN beyond the furthest place it reached.
    """
    reached = np.maximum.accumulate(rows["params"]["progress"])
    first = np.concatenate([[True], np.diff(reached) > 0.0])
    times = np.arange(len(rows)) * dt
    found = np.interp(progress, reached[first], times[first])
    return np.where(np.asarray(progress) > reached[-1], np.nan, found)


def ghost_of(playback: Playback, name: str, color: Color, track: Track) -> Ghost:
    """The best lap of a recording: the quickest complete one, else the one that came furthest.

    Raises:
        BadTrack: it was driven on another road, or has no steps.
    """
    if not same_road(playback.track, track):
        raise BadTrack(
            f"ghost {name!r} was driven on {playback.track.name}, not on {track.name}. "
            "Choose a drive of the same track."
        )
    if not len(playback.rows):
        raise BadTrack(f"ghost {name!r} has no steps. Choose another drive.")
    return Ghost(name, playback.rows[best_lap(playback)], playback.dt, color)


def best_lap(playback: Playback) -> slice:
    """Rows of the quickest complete lap, else of the one that came furthest.

    Laps are timed by the recording's own `lap_times_s` where it has them.
    """
    rows, laps = playback.rows, playback.episodes()
    seconds = playback.meta.get("lap_times_s")
    if not (isinstance(seconds, list) and len(seconds) == len(laps)):
        seconds = [float(lap.stop - lap.start) for lap in laps]
    complete = [i for i, lap in enumerate(laps) if rows["status"][lap.stop - 1] == LAP_COMPLETE]
    if complete:
        return laps[min(complete, key=lambda i: seconds[i])]
    return max(laps, key=lambda lap: float(rows["params"]["progress"][lap].max()))


def same_road(a: Track, b: Track) -> bool:
    """Whether two tracks are the same road, whatever their files are called."""
    if a.center.shape != b.center.shape:
        return False
    return bool(np.abs(a.center - b.center).max() <= SAME_ROAD_M)
