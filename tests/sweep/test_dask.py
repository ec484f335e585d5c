"""A sweep on a real Dask cluster of two workers, one of which is killed in the middle."""

import contextlib
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


POISON = """
import os, signal
if "racer-sweep-" in os.getcwd():  # as the system does when memory runs out
    os.kill(os.getpid(), signal.SIGKILL)
from racer.observations.features import Observation
"""


def dask(*words, folder):
    """A part of the cluster, as its user starts it; its ports are free ones."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "dask", *map(str, words), "--no-dashboard"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(process):
    process.terminate()
    process.communicate(timeout=120)


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


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_run_that_ends_every_worker_is_listed_and_a_scheduler_that_dies_is_a_sentence(tmp_path):
    (tmp_path / "observations").mkdir()
    (tmp_path / "observations" / "poison.py").write_text(POISON)
    found = tmp_path / "scheduler.json"
    at = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", found)
    with contextlib.ExitStack() as ended, pytest.MonkeyPatch.context() as once:
        once.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")  # of Dask itself
        scheduler = dask("scheduler", *at, folder=tmp_path)
        ended.callback(end, scheduler)
        assert wait_for(found.exists)
        worker = dask("worker", "--scheduler-file", found, "--nthreads", "1", folder=tmp_path)
        ended.callback(end, worker)  # a nanny, which ends its process
        address = json.loads(found.read_text())["address"]
        there = ("--folder", tmp_path / "s", "--engine", "dask", "--address", address)
        vary = ("--vary", "observation=poison,features", "--vary", "train.timesteps=512,99999999")
        process = start(*vary, *OPTIONS[2:], *there, cwd=tmp_path)
        ended.callback(end, process)
        folder = Folder(tmp_path / "s")
        assert wait_for(lambda: process.poll() is not None or folder.finished(), 1200)
        scheduler.kill()  # while a run of hours goes on
        _, err = process.communicate(timeout=300)
        assert process.returncode == 5, err
        assert "the Dask scheduler is gone. What was finished is kept" in err
        assert "Traceback" not in err
        assert sorted(folder.failures()) == ["0000-seed0", "0001-seed0"]
        for why in folder.failures().values():
            assert why.startswith("every worker that trained it died")
        assert folder.finished() == ["0002-seed0"]
