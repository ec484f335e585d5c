"""A sweep on a real Dask cluster of two workers, one of which is killed in the middle."""

import json
import os
import subprocess
import sys

import pytest
from sweeping import OPTIONS, ROOT, Here, new, start, wait_for, weights

from racer.sweep.folder import Folder
from racer.sweep.run import run

pytest.importorskip("distributed", reason="racer[dask] is not installed")
WORDS = ("--vary", "train.gamma=0.95", "--seeds", "3")


def dask(*words, folder):
    """A part of the cluster, as its user starts it; its ports are free ones."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "dask", *map(str, words), "--no-dashboard"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler, and its two workers: `dask scheduler`, `dask worker`."""
    found = tmp_path / "scheduler.json"
    at = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", found)
    processes = [dask("scheduler", *at, folder=tmp_path)]
    assert wait_for(found.exists)
    one = ("--scheduler-file", found, "--nthreads", "1", "--no-nanny", "--name")
    processes += [dask("worker", *one, number, folder=tmp_path) for number in (1, 2)]
    yield json.loads(found.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(cluster, tmp_path):
    address, workers = cluster
    there = ("--folder", tmp_path / "s", "--engine", "dask", "--address", address)
    process = start(*WORDS, *OPTIONS, *there, cwd=tmp_path)
    assert wait_for(lambda: list(tmp_path.glob("s/runs/0*")) or process.poll() is not None)
    workers[0].kill()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "3 of 3 runs are finished" in out
    assert workers[1].poll() is None  # nobody else was harmed
    here = new(tmp_path / "here", WORDS[1], seeds=3)
    run(here, Here())
    assert weights(Folder(tmp_path / "s")) == weights(here)


def test_a_worker_of_several_threads_is_refused(tmp_path, capsys):
    from distributed import LocalCluster

    from racer import cli

    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with LocalCluster(processes=False, protocol="inproc", **options) as cluster:
        words = ["sweep", "--vary", "train.gamma=0.9", "--folder", str(tmp_path / "s"), "--engine"]
        assert cli.main([*words, "dask", "--address", cluster.scheduler_address]) == 2
    assert "--nthreads 1" in capsys.readouterr().err
