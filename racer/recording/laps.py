"""Laps of a recording, timed between control steps: a step is 1.5 % of a lap of 4.5 s."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from racer.raceline import LINE, lap_of
from racer.recording.trace import Lap, Trace

_STANDING = 0.05  # m/s; a lap that begins slower begins from standstill
_AT_LINE = 0.5  # m; a drive that begins further from the line has no lap from line to line


class TimedLap(NamedTuple):
    """A complete lap from line to line."""

    number: int  # index into Trace.laps()
    seconds: float  # interpolated at the line
    official_s: float  # as the official clock counts, in whole steps
    flying: bool  # began at speed, not from standstill
    strict: bool  # no wheel left the road


def drives(trace: Trace) -> list[NDArray[np.void]]:
    """Each drive from a standstill, (R,) LINE: laps in a row, as long as they are completed."""
    return [
        _line(np.concatenate([trace.rows[lap.rows] for lap in laps]), trace)
        for laps in _joined(trace)
    ]


def timed(trace: Trace) -> list[TimedLap]:
    """The complete laps of a recording of `evaluate` or of a person, in the order driven.

    Other recordings (of logs, of time trials with their penalties) have no such laps. A lap in
    which the car was off the track, as some rules allow, does not count.
    """
    times = trace.meta.get("lap_times_s")
    laps = trace.laps()
    if not _times(times, len(laps)):
        return []
    found: list[TimedLap] = []
    for joined in _joined(trace):
        line = _line(np.concatenate([trace.rows[lap.rows] for lap in joined]), trace)
        first = laps.index(joined[0])
        found += [
            _timed(trace, lap, line, first, k)
            for k, lap in enumerate(joined)
            if lap.complete
            and _whole(line, trace.track.length, k)
            and not trace.rows["params"]["is_offtrack"][lap.rows].any()
        ]
    return found


def fastest(laps: list[TimedLap]) -> TimedLap | None:
    """The best flying lap; the best standing one where none flies."""
    flying = [lap for lap in laps if lap.flying]
    return min(flying or laps, key=lambda lap: lap.seconds, default=None)


def _timed(trace: Trace, lap: Lap, line: NDArray[np.void], first: int, k: int) -> TimedLap:
    seconds = float(np.diff(lap_of(line, trace.track.length, k))[0]) * trace.dt
    on_road = bool(trace.rows["params"]["all_wheels_on_track"][lap.rows].all())
    official = float(trace.meta["lap_times_s"][first + k])
    return TimedLap(first + k, seconds, official, k > 0, on_road)


def _times(times: Any, count: int) -> bool:
    """Whether a recording's own lap times are there, one number for each lap."""
    listed = isinstance(times, list) and len(times) == count
    return listed and all(
        isinstance(t, int | float) and not isinstance(t, bool) and 0.0 < t < 1e6 for t in times
    )


def _whole(line: NDArray[np.void], length: float, lap: int) -> bool:
    """Whether the line holds lap `lap` from line to line; NaN holds none."""
    starts = abs(float(line["place"][0])) < _AT_LINE and bool(np.isfinite(line["place"]).all())
    return starts and bool(line["place"].max() >= (lap + 1) * length)


def _joined(trace: Trace) -> list[list[Lap]]:
    """Laps of each drive from a standstill; a person may restart after a complete lap."""
    found: list[list[Lap]] = [[]]
    for lap in trace.laps():
        if trace.rows["v"][lap.rows.start] < _STANDING:
            found.append([])
        found[-1].append(lap)
        if not lap.complete:
            found.append([])
    return [laps for laps in found if laps]


def _line(rows: NDArray[np.void], trace: Trace) -> NDArray[np.void]:
    line = np.zeros(len(rows), LINE)
    for name in ("x", "y", "yaw", "v", "steer"):
        line[name] = rows[name]
    line["nose_x"], line["nose_y"] = rows["params"]["x"], rows["params"]["y"]
    line["wheels_off"] = ~rows["params"]["all_wheels_on_track"]  # 1 for any number of them
    s = rows["params"]["projection_distance"]
    gains = np.diff(s)
    gains -= trace.track.length * np.rint(gains / trace.track.length)
    line["place"] = s[0] + np.append(0.0, np.cumsum(gains))
    line["time"] = np.arange(len(rows)) * trace.dt
    return line
