"""Seeds side by side: a signal stops each once, and none outlives the process that began them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from racer.process.signals import graceful_stop
from racer.runs import list_runs

ROOT = Path(__file__).resolve().parents[2]


def begun(runs_dir):
    """Seeds that train in a process group of their own; two have a checkpoint."""
    words = ["train", "--seeds", "6", "--timesteps", "99999999", "--num-envs", "32"]
    process = subprocess.Popen(
        [sys.executable, "-m", "racer", *words, "--runs-dir", str(runs_dir)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "LOKY_MAX_CPU_COUNT": "2"},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 300
    while len(list(runs_dir.glob("*/checkpoints/step-*"))) < 2 and time.monotonic() < limit:
        time.sleep(0.1)
    return process


def statuses(runs_dir):
    return [run.manifest()["status"] for run in list_runs(runs_dir)]


@pytest.mark.slow
def test_ctrl_c_stops_each_run_once_and_begins_no_other(tmp_path):
    process = begun(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "each run that had begun saved itself" in err
    assert "Traceback" not in err
    assert statuses(tmp_path) == ["stopped", "stopped"]


@pytest.mark.slow
def test_runs_save_themselves_and_end_when_their_owner_is_killed(tmp_path):
    process = begun(tmp_path)
    process.kill()
    process.communicate(timeout=300)
    limit = time.monotonic() + 300
    while statuses(tmp_path) != ["stopped", "stopped"] and time.monotonic() < limit:
        time.sleep(0.2)
    assert statuses(tmp_path) == ["stopped", "stopped"]


def test_a_signal_in_the_inner_block_is_seen_by_the_outer():
    with graceful_stop(quiet=True) as outer:
        with graceful_stop(quiet=True) as inner:
            os.kill(os.getpid(), signal.SIGTERM)
        assert outer is inner
        assert outer.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
