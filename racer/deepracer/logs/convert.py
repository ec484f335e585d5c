"""From a log of the official simulator to a recording of ours, to watch and to re-score."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from racer.deepracer.logs.fidelity import time_steps
from racer.deepracer.logs.find import open_logs
from racer.deepracer.logs.log import Log
from racer.deepracer.logs.recompute import recompute
from racer.errors import BadLog
from racer.recording.trace import TRACE, Trace
from racer.sim.types import IN_PROGRESS, STATUS_LABELS
from racer.tracks import Track

_DT = 1.0 / 15.0  # s
_LENGTH_OFF = 0.01  # of the track's length; other files of one track differ by less


def log_trace(path: str | Path, track: str | Path | Track) -> Trace:
    """A recording of every episode in the logs behind `path`.

    A log holds no measured speed and no wheel angle: `v` is what the poses show, `steer` the
    command. Cars count up where episode numbers begin again (workers, evaluations).

    Raises:
        BadLog: not a log, or one of another track; file, line and reason.
        BadTrack, UnknownName: the track.
    """
    road = track if isinstance(track, Track) else Track.load(track)
    logs = open_driven(path, road)
    parts, car, last = [], -1, np.inf
    for log in logs:
        if log.rows["episode"][0] <= last:
            car += 1
        last = log.rows["episode"][-1]
        rows = trace_rows(log, road)
        rows["car"] += car
        car = int(rows["car"][-1])
        parts.append(rows)
    notes = [note for log in logs for note in log.notes]
    meta = {"title": str(path), "logs": [log.source for log in logs]}
    return Trace(road, np.concatenate(parts), _DT, meta, "; ".join(notes))


def trace_rows(log: Log, track: Track) -> np.ndarray:
    """(R,) TRACE of one log; `car` counts from 0."""
    found = recompute(log, track)
    rows = np.zeros(len(log.rows), TRACE)
    rows["car"] = log.sections()
    for name in ("x", "y", "yaw"):
        rows[name] = found.cars[name]
    for name in ("episode", "reward"):
        rows[name] = log.rows[name]
    rows["params"] = found.params
    rows["steer"] = np.radians(log.rows["steer_deg"])
    rows["status"] = np.where(
        log.rows["status"] < len(STATUS_LABELS), log.rows["status"], IN_PROGRESS
    )
    for part in log.episodes():
        dts = time_steps(log.rows[part], "log")
        rows["time"][part][1:] = np.cumsum(dts[:-1])
        x, y = rows["x"][part], rows["y"][part]
        if len(x) > 1:
            moved = np.hypot(np.diff(x), np.diff(y)) / dts[:-1]
            rows["v"][part][1:] = moved
    return rows


def open_driven(path: str | Path, track: Track) -> list[Log]:
    """The logs behind `path` that were driven on `track`; a note of the first names the others.

    Raises:
        BadLog: nothing to read, or the recorded length of the track is another in all of them.
    """
    driven, others = [], []
    for log in open_logs(path):
        recorded = float(np.median(log.rows["track_len"]))
        if abs(recorded - track.length) <= _LENGTH_OFF * track.length:
            driven.append(log)
        else:
            others.append(
                f"{log.source}: it was driven on a track of {recorded:.2f} m, and {track.name} "
                f"has {track.length:.2f} m"
            )
    if not driven:
        raise BadLog(f"{others[0]}. Name the track the log comes from with --track.")
    driven[0] = driven[0].noted([f"left out: {other}" for other in others])
    return driven
