"""Print how racer compares with real logs of the official simulator, group by group.

    python -m tests.parity          (make parity; make reference fetches the logs)

Parity: from the logged pose, are the recorded params computed again? Fidelity: under the logged
commands, how far is our car from the real one after so many steps? Exit code 1 when a share is
below its bar.
"""

import sys
from pathlib import Path

import numpy as np

from racer import vehicles
from racer.deepracer.logs import check_fidelity, open_logs
from racer.deepracer.logs.fidelity import HORIZONS, check_clocks, own_clock
from racer.deepracer.logs.parity import check_parity
from racer.deepracer.logs.report import PRESETS, markdown
from racer.errors import BadLog
from racer.tracks import Track
from tests.reference_data import find

SAME_LENGTH_M = 1e-4
PARITY = ("group", "logs", "rows", "progress", "closest waypoint", "all wheels", "track_len")
FIDELITY = ("group", "vehicle", "clock", "states", *(f"{h} steps, m" for h in HORIZONS))


def main(folder):
    """Both tables; returns whether every share is at its bar."""
    tracks = [Track.load(folder / "tracks" / "reinvent_base.npy")]
    groups = {path.name: open_logs(path) for path in sorted((folder / "sim-traces").iterdir())}
    print("### Parity\n")
    rows, passed = parity(groups, tracks)
    print(markdown(PARITY, rows))
    print("\n### Fidelity: distance to the real car, median / 90th percentile\n")
    print(markdown(FIDELITY, fidelity(groups)))
    return passed


def parity(groups, tracks):
    """A row per group whose track file is there, and whether all fields are at their bars."""
    rows, passed = [], True
    for name, logs in groups.items():
        length = float(np.median(logs[0].rows["track_len"]))
        track = next((t for t in tracks if abs(t.length - length) < SAME_LENGTH_M), None)
        if track is None:
            rows.append((name, str(len(logs)), f"no file of this track ({length:.2f} m)", *"    "))
            continue
        fields = list(zip(*(check_parity(log, track).fields for log in logs), strict=True))
        shares = [100.0 * sum(f.matches for f in fs) / sum(f.rows for f in fs) for fs in fields]
        passed &= all(s >= fs[0].bar_pct for s, fs in zip(shares, fields, strict=True))
        count = sum(field.rows for field in fields[0])
        rows.append((name, str(len(logs)), f"{count:,}", *(f"{s:.2f} %" for s in shares)))
    return rows, passed


def fidelity(groups):
    """A row per group and preset, with the clock that the group's longest log keeps."""
    for name, logs in groups.items():
        longest = max(logs, key=lambda log: len(log.rows))
        for preset in PRESETS:
            vehicle = vehicles.load(preset)
            try:
                clock = own_clock(check_clocks([longest], vehicle)).clock
                found = check_fidelity(logs, vehicle, clock)
            except BadLog:
                continue
            errors = (f"{m:.3f} / {p:.3f}" for m, p in found.position.tolist())
            yield (name, preset, clock, f"{found.states[-1]:,}", *errors)


if __name__ == "__main__":
    place = find()
    if place is None or not (place / "sim-traces").is_dir():
        sys.exit("no logs to compare with. Fetch them: make reference")
    sys.exit(0 if main(Path(place)) else 1)
