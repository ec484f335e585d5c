"""Logs to read: the real ones of the reference data, and a small one made here."""

import numpy as np
import pytest

from racer.deepracer.logs import open_logs
from racer.deepracer.logs.rows import COLUMNS
from racer.tracks import Track

ERAS = {"v4_reinvent_base": "reinvent_base", "v5_a_to_z": "reInvent2019_wide_cw"}


@pytest.fixture(scope="session", params=sorted(ERAS))
def era(request, reference):
    """(name, logs, track) of each folder of real logs."""
    track = reference / "tracks" / f"{ERAS[request.param]}.npy"
    if not track.is_file():
        pytest.skip(f"no file of the track {track.stem}; `make reference` cannot fetch it")
    return request.param, open_logs(reference / "logs" / request.param), Track.load(track)


@pytest.fixture(scope="session")
def csv_lines(oval):
    """A sim-trace of two episodes of 40 steps along the oval's centre line, from two places."""
    lines = [",".join(COLUMNS[:17])]
    for episode, start in ((0, 0.0), (1, 0.25)):
        for step in range(1, 41):
            fraction = start + 0.002 * step
            x, y, yaw = oval.pose_at(fraction * oval.length)
            near = oval.nearest(x, y)[0]
            ends = np.array(oval.waypoints)[[near["prev_waypoint"], near["next_waypoint"]]]
            to = np.hypot(*(ends - (x, y)).T)
            waypoint = near["prev_waypoint"] if to[0] < to[1] else near["next_waypoint"]
            status = "prepare" if step == 1 else "in_progress"
            progress = float(100.0 * (near["s"] / oval.length - start))
            lines.append(
                f"{episode},{float(step)},{x!r},{y!r},{np.degrees(yaw)},5.0,1.5,3,1.0,False,True,"
                f"{progress!r},{waypoint},{oval.length!r},{10 * episode + step / 15},{status},0.0"
            )
    return lines
