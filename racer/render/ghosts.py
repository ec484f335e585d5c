"""Ghosts: other drives of the same road, shown beside a lap, and how far ahead they are in time.

Two laps are compared at the same place, not at the same moment: the gap at a progress p is the time
that one lap needs to p minus the time that the other needed to p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack
from racer.raceline import Reference, Setup, lap_of
from racer.render.scene import Playback, Pose, pose_at
from racer.render.table import DARK, Color
from racer.sim.types import LAP_COMPLETE
from racer.tracks import Track

# What a ghost needs of a TRACE.
_ROW = np.dtype(
    [
        *((name, "f8") for name in Pose._fields),
        ("params", [(n, "f8") for n in ("progress", "projection_distance", "track_length")]),
    ]
)

COLORS = DARK.ghosts
REFERENCE = "reference"  # what --ghost and the strip call it
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
        own = seconds_from_line(rows, dt)
        return own - time_at(self.rows, self.dt, rows["params"]["progress"])


@dataclass(frozen=True)
class Pace:
    """What the header says of the fastest known lap.

    Args:
        ghost: that lap.
        shares: percent of optimal of each lap of a recording; None where it is not known.
    """

    ghost: Ghost
    shares: Sequence[float | None] = ()

    def words(self, gap: float, lap: int = -1) -> str:
        """The gap now, s, and what the whole lap (index; -1: still being driven) was."""
        share = self.shares[lap] if 0 <= lap < len(self.shares) else None
        parts = [] if share is None else [f"{share:.1f} % of optimal"]
        parts += [f"{gap:+.2f} s to the best"] if gap == gap else []
        return "   ".join(parts)


def time_at(rows: NDArray[np.void], dt: float, progress: Any) -> NDArray[np.float64]:
    """Seconds into the lap `rows` (R,) TRACE at which it first reached each progress, %.

    Linear between rows, and from the line to the first row of a flying lap. NaN beyond the furthest
    place it reached.
    """
    reached, times = rows["params"]["progress"], seconds_from_line(rows, dt)
    if times[0] > 0.0:
        reached, times = np.append(0.0, reached), np.append(0.0, times)
    reached = np.maximum.accumulate(reached)
    first = np.concatenate([[True], np.diff(reached) > 0.0])
    found = np.interp(progress, reached[first], times[first])
    return np.where(np.asarray(progress) > reached[-1], np.nan, found)


def seconds_from_line(rows: NDArray[np.void], dt: float) -> NDArray[np.float64]:
    """When each row was, in seconds since the car was at the line.

    The first row of a flying lap is up to two steps past the line: 0.1 s, 2 % of a lap of 5 s. The
    last row of a complete lap is past the line, too, but has progress 100: its time is the one at
    which the car crossed the line.
    """
    params = rows["params"]
    past = float(params["progress"][0]) / 100.0 * float(params["track_length"][0])
    speed = float(rows["v"][0])
    began = past / speed if speed > 0.1 and 0.0 < past < 1.0 else 0.0
    seconds: NDArray[np.float64] = began + np.arange(len(rows), dtype=np.float64) * dt
    if len(rows) > 1 and params["progress"][-1] == 100.0:
        seconds[-1] -= (1.0 - _part_to_line(params[-2:])) * dt
    return seconds


def _part_to_line(params: NDArray[np.void]) -> float:
    """Which part of its step (2,) PARAMS a car needed to the line, where its lap ended.

    For example 0.25 where 0.1 m of a lap were left and the step was 0.4 m long.
    """
    length = float(params["track_length"][0])
    if not length > 0.0:
        return 1.0
    left = (100.0 - float(params["progress"][0])) / 100.0 * length
    step = np.diff(params["projection_distance"])[0]
    step = abs(float(step - length * np.rint(step / length)))  # it is counted from waypoint 0
    return left / step if 0.0 < left < step else 1.0


def reference_ghost(known: Reference, setup: Setup) -> Ghost:
    """The flying lap of a reference, from line to line.

    Raises:
        BadInput: it no longer drives as it did when it was found.
    """
    line, length = known.drive(setup), setup.track.length
    first, last = lap_of(line, length, known.flying_lap)
    at, steps = first + np.arange(int(np.ceil(last - first)) + 1), np.arange(len(line))
    rows = np.zeros(len(at), _ROW)
    for name in Pose._fields:
        turning = np.unwrap(line[name]) if name == "yaw" else line[name]
        rows[name] = np.interp(at, steps, turning)
    place = np.interp(at, steps, line["place"]) - known.flying_lap * length
    rows["params"]["progress"] = 100.0 * place / length
    rows["params"]["projection_distance"] = place
    rows["params"]["track_length"] = length
    return Ghost(REFERENCE, rows, 1.0 / setup.control_hz, DARK.reference)


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
