"""A car that weaves around the oval, made from geometry alone: no engine, no policy."""

import numpy as np
import pytest

from racer.recording.trace import TRACE, Trace
from racer.sim.types import LAP_COMPLETE, OFF_TRACK
from racer.tracks import Track

DT = 1 / 15


def weave(track, laps=1, cut=1.0):
    """A trace of `laps` laps, each slower in bends; the last ends after the part `cut`."""
    rows = []
    for lap in range(laps):
        s, v, k = 0.0, 1.0, 0
        end = track.length * (cut if lap == laps - 1 else 1.0)
        while s < end:
            x, y, yaw = track.pose_at(s)
            bend = np.remainder(track.pose_at(s + 0.5)[2] - yaw + np.pi, 2 * np.pi) - np.pi
            n = 0.12 * np.sin(s * 1.3 + lap)
            row = np.zeros((), TRACE)
            row["episode"], row["time"] = lap, k * DT
            row["x"], row["y"] = x - n * np.sin(yaw), y + n * np.cos(yaw)
            row["yaw"] = np.remainder(yaw + 0.15 * np.cos(s * 1.3 + lap) + np.pi, 2 * np.pi) - np.pi
            v += 0.12 * ((3.6 - 3.2 * abs(bend)) - v)
            row["v"], row["steer"] = v, np.clip(bend * 0.9, -0.5, 0.5)
            params = row["params"]
            params["x"], params["y"], params["heading"] = row["x"], row["y"], np.degrees(row["yaw"])
            params["steps"], params["speed"] = k + 2, v
            params["steering_angle"] = np.degrees(row["steer"])
            params["progress"], params["distance_from_center"] = s / track.length * 100, abs(n)
            params["all_wheels_on_track"], params["is_left_of_center"] = True, n > 0
            params["track_width"], params["track_length"] = track.width, track.length
            params["projection_distance"] = s
            row["reward"] = 1.0 - abs(n) * 3
            rows.append(row)
            s, k = s + v * DT, k + 1
        rows[-1]["status"] = LAP_COMPLETE if end == track.length else OFF_TRACK
        rows[-1]["params"]["progress"] = min(100.0, end / track.length * 100)
    return Trace(track, np.array(rows), DT, {"title": f"weave · {track.name}"})


@pytest.fixture(scope="session")
def oval():
    return Track.load("oval")


@pytest.fixture(scope="session")
def playback(oval):
    """Two laps; the second leaves the track half way."""
    return weave(oval, laps=2, cut=0.5)
