import numpy as np
import pytest

from racer.cli import main
from racer.deepracer.logs.convert import log_trace
from racer.recording.trace import Trace


def test_a_real_log_becomes_a_recording(reference, tmp_path, capsys):
    track = reference / "tracks/reinvent_base.npy"
    out = tmp_path / "laps.npz"
    log = reference / "logs/v4_reinvent_base/evaluation.csv"
    assert main(["log", "import", str(log), "--track", str(track), "--out", str(out)]) == 0
    trace = Trace.load(out)
    laps = trace.laps()
    assert len(laps) == 3
    assert laps[-1].complete
    # the simulator's own lap times: 14.3 s from standstill, the flying laps 13.8 to 16.5 s
    assert all(13.0 < lap.seconds < 17.0 for lap in laps)
    assert laps[-1].progress_pct == 100.0


def test_speed_and_pose_are_those_of_the_log(csv_lines, tmp_path, oval):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(csv_lines))
    rows = log_trace(path, oval).rows
    nose = rows["x"] + 0.14 * np.cos(rows["yaw"])
    assert nose == pytest.approx(rows["params"]["x"], abs=1e-12)
    # 0.2 % of a lap in each 1/15 s
    assert np.median(rows["v"][1:]) == pytest.approx(0.002 * oval.length * 15, rel=0.05)


def test_workers_that_count_alike_are_different_cars(csv_lines, tmp_path, oval):
    for worker in (0, 1):
        folder = tmp_path / str(worker) / "training-simtrace"
        folder.mkdir(parents=True)
        (folder / "0-iteration.csv").write_text("\n".join(csv_lines))
    trace = log_trace(tmp_path, oval)
    assert [(lap.car, lap.episode) for lap in trace.laps()] == [(0, 0), (0, 1), (1, 0), (1, 1)]
