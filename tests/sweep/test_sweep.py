"""A sweep loses no finished run and does none twice, whatever dies."""

import contextlib
import csv
import dataclasses
import errno
import hashlib
import io
import os
import signal
import sys
import tarfile
from concurrent.futures import Future

import numpy as np
import pytest
from sweep_cost import cost
from sweeping import OPTIONS, Here, changed, new, start, wait_for, weights

from racer import cli
from racer.errors import BadRun, Busy, RacerError, ResourceError, Stopped
from racer.runs import Run
from racer.storage import files
from racer.sweep import parcel, report
from racer.sweep.folder import Folder
from racer.sweep.plan import Job
from racer.sweep.run import run
from racer.sweep.worker import Order, work


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished sweep of two rewards and two seeds."""
    folder = new(tmp_path_factory.mktemp("done") / "s", "reward=center_line,progress", seeds=2)
    engine = Here()
    run(folder, engine)
    assert engine.orders == ["0000-seed0", "0000-seed1", "0001-seed0", "0001-seed1"]
    assert engine.stopped
    return folder


def test_each_run_is_a_normal_run_folder(done, capsys):
    assert done.finished() == ["0000-seed0", "0000-seed1", "0001-seed0", "0001-seed1"]
    for name in done.finished():
        assert Run.open(name, done.runs).damaged() == []
    assert cli.main(["runs", "list", "configuration-1", "--runs-dir", str(done.runs)]) == 0
    assert capsys.readouterr().out.count("seed") == 2


def test_a_run_of_a_sweep_is_the_one_that_train_makes(done, tmp_path):
    words = ["train", *OPTIONS, "--reward", "progress", "--seed", "1", "--quiet"]
    assert cli.main([*words, "--runs-dir", str(tmp_path)]) == 0
    (alone,) = tmp_path.glob("*/policy.safetensors")
    assert alone.read_bytes() == weights(done)["0001-seed1"]


def test_a_finished_sweep_trains_nothing_again(done):
    engine = Here()
    rows = run(done, engine)
    assert engine.orders == []
    assert len(rows) == 4


def test_what_is_shown_is_written_too(done, capsys):
    assert cli.main(["sweep", "show", str(done.path)]) == 0
    said = capsys.readouterr().out
    assert "4 of 4 runs are finished" in said
    assert "best          reward = " in said
    with (done.path / "results.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["race.reward"] for row in table] == ["center_line"] * 2 + ["progress"] * 2
    for name in ("parallel.png", "importance.png", "laps.png"):
        assert (done.path / name).read_bytes().startswith(b"\x89PNG")
    drawn = [path.parent for path in done.runs.glob("*/laps.png")]
    assert [f"its best run  {folder}" in said for folder in drawn] == [True]
    assert Run(drawn[0]).damaged() == []


def test_what_a_run_costs_on_its_way_is_measured(done):
    """The script that docs/scale.md names."""
    found = cost([Run(done.runs / name) for name in done.finished()])
    assert 0 < found["on the way, MB"] < found["on the disk, MB"]
    assert found["on the disk, files"] > 10
    assert min(found.values()) >= 0


def test_a_sweep_in_use_is_busy(done):
    with done.owned(), pytest.raises(Busy, match="the sweep"), Folder(done.path).owned():
        pass


def test_a_run_of_a_dead_worker_is_given_again(tmp_path, caplog):
    folder = new(tmp_path / "s", "reward=center_line", seeds=1)
    engine = Here(EOFError("gone"))
    assert len(run(folder, engine)) == 1
    assert engine.orders == ["0000-seed0", "0000-seed0"]
    assert "a worker died" in caplog.text


def test_a_run_that_ends_every_worker_is_listed_and_the_sweep_goes_on(tmp_path):
    folder = new(tmp_path / "s", "reward=center_line,progress", seeds=1)
    engine = Here(*[EOFError("ended by SIGKILL(-9)")] * 3)
    assert len(run(folder, engine)) == 1
    assert engine.orders == ["0000-seed0"] * 3 + ["0001-seed0"]
    (why,) = folder.failures().values()
    assert why.startswith("every worker that trained it died (ended by SIGKILL(-9)). Perhaps mem")
    again = Here()
    assert len(run(folder, again)) == 2
    assert again.orders == ["0000-seed0"]
    assert folder.failures() == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the address space has no limit there")
def test_a_run_without_memory_is_listed_and_the_sweep_goes_on(tmp_path, monkeypatch):
    import resource

    from racer import api

    real, short = api.train, iter([True])

    def train(*words, **options):
        """The first one asks for more than this process may have."""
        if not next(short, False):
            return real(*words, **options)
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (2**45, limits[1]))
        try:
            return np.ones(2**46, np.uint8)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)

    monkeypatch.setattr(api, "train", train)
    folder = new(tmp_path / "s", "reward=center_line,progress", seeds=1)
    assert [one.id for one in run(folder, Here())] == ["0001-seed0"]
    (why,) = folder.failures().values()
    assert why.startswith("not enough memory: Unable to allocate 64.0 TiB")
    assert "--num-envs" in why


def test_an_order_that_does_not_fit_into_a_worker_is_listed_and_the_sweep_goes_on(tmp_path):
    folder = new(tmp_path / "s", "reward=center_line,progress", seeds=1)
    assert [one.id for one in run(folder, Here(MemoryError()))] == ["0001-seed0"]
    (why,) = folder.failures().values()
    assert why.startswith("not enough memory. ")


class _Dead(BaseException):
    """What a process does not live to see."""


def _die_at(calls, monkeypatch):
    """From this call that changes the disk on, none happens any more."""
    left = [calls]

    def mortal(real):
        def call(*words, **options):
            left[0] -= 1
            if left[0] < 0:
                raise _Dead
            return real(*words, **options)

        return call

    for name in ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir"):
        real = (lambda _: None) if name == "fsync" else getattr(os, name)
        monkeypatch.setattr(os, name, mortal(real))


def test_a_sweep_that_dies_at_any_write_loses_no_finished_run(done, tmp_path, monkeypatch):
    """One run that succeeds and one that fails are delivered; then, one call later, again."""
    sent = parcel.pack(Run(done.runs / "0000-seed0"), "0000-seed0")

    class Sent(Here):
        def submit(self, order):
            future = Future()
            other = parcel.Parcel(order.job.id, error="a reward that fails")
            future.set_result(sent if order.job.id == sent.id else other)
            return future

    folder, calls, whole, kept = new(tmp_path / "s", "reward=center_line,heading"), 0, False, []
    while not whole:
        with monkeypatch.context() as patched, contextlib.suppress(_Dead):
            _die_at(calls, patched)
            run(folder, Sent())
            whole = True
        calls += 1
        assert set(kept) <= set(kept := folder.finished())
        assert all(Run(folder.runs / name).damaged() == [] for name in kept)
        if folder.failures():
            assert folder.failures() == {"0001-seed0": "a reward that fails"}
    assert kept == [sent.id]
    assert calls > 30  # as many moments
    assert not [path for path in folder.path.rglob("*") if path.name.startswith(".racer-tmp-")]


def test_a_full_disk_ends_it_and_it_goes_on(tmp_path, monkeypatch):
    folder, real = new(tmp_path / "s", "reward=center_line", seeds=2), files.commit_folder

    def full(target, write):
        if target.name == "0000-seed1":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(target, write)

    monkeypatch.setattr("racer.storage.files.commit_folder", full)
    with pytest.raises(ResourceError, match="No space left"):
        run(folder, Here())
    assert folder.finished() == ["0000-seed0"]
    monkeypatch.undo()
    engine = Here()
    run(folder, engine)
    assert engine.orders == ["0000-seed1"]


def test_a_disk_that_a_worker_fills_ends_it_too(tmp_path, monkeypatch):
    """Or each of a thousand runs would be trained, and fail at its first checkpoint."""
    folder, real = new(tmp_path / "s", "reward=center_line", seeds=3), files.write_streamed

    class Local(Here):
        local = True

    def full(path, chunks):
        if folder.finished():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, chunks)

    monkeypatch.setattr("racer.storage.files.write_streamed", full)
    said = r"No space left on device\. Free some space\. What was finished is kept\. Go on: "
    with pytest.raises(ResourceError, match=said):
        run(folder, Local())
    assert folder.finished() == ["0000-seed0"]
    assert folder.failures() == {}


def test_a_reward_that_fails_is_said_and_tried_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rewards").mkdir()
    bad = tmp_path / "rewards" / "bad.py"
    bad.write_text("def reward_function(params):\n    return 1 / (params['steps'] - 3)\n")
    folder = new(tmp_path / "s", "reward=center_line,bad")
    assert len(run(folder, Here())) == 1
    assert "division by zero" in folder.failures()["0001-seed0"]
    again = Here()
    run(folder, again)
    assert again.orders == ["0001-seed0"]
    assert "0001-seed0 failed: " in report.text(folder, folder.plan(), report.rows_of(folder))


def test_when_every_run_fails_it_ends(tmp_path):
    folder = new(tmp_path / "s", "train.batch_size=7", seeds=9)
    engine = Here()
    with pytest.raises(RacerError, match="the first 5 runs failed"):
        run(folder, engine)
    assert len(engine.orders) == 5


def test_a_training_that_diverges_is_a_result(tmp_path):
    folder = new(tmp_path / "s", "train.learning_rate=10.0", settings={"train.timesteps": 4096})
    (row,) = run(folder, Here())
    assert (row.status, row.completion_pct) == ("diverged", 0.0)
    assert "1 diverged" in report.text(folder, folder.plan(), [row])


def test_a_parcel_that_was_changed_is_refused(done, tmp_path):
    made = parcel.pack(Run(done.runs / "0000-seed0"), "x")
    with pytest.raises(BadRun, match="arrived damaged"):
        parcel.unpack(dataclasses.replace(made, content=made.content + b"x"), tmp_path / "x")
    content = changed(made.content)
    sha256 = hashlib.sha256(content).hexdigest()
    rehashed = dataclasses.replace(made, content=content, sha256=sha256)
    with pytest.raises(BadRun, match=r"policy\.safetensors changed"):
        parcel.unpack(rehashed, tmp_path / "x")
    parcel.unpack(made, tmp_path / "x")
    assert Run(tmp_path / "x").damaged() == []


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:evil", "a\\b", "link"])
def test_a_parcel_writes_nothing_elsewhere(name, tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(member, io.BytesIO())
    content = stream.getvalue()
    made = parcel.Parcel("x", content, hashlib.sha256(content).hexdigest())
    with pytest.raises(BadRun, match="no file of a run"):
        parcel.unpack(made, tmp_path / "x")
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]


def test_a_worker_leaves_nothing_behind_and_its_folder_is_the_users_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = new(tmp_path / "s", "train.gamma=0.9")
    plan, scratch = folder.plan(), tmp_path / "scratch"
    scratch.mkdir()
    job = Job(0, 0, {"train.gamma": 0.9, "train.seed": 0})
    assert work(Order(job, plan.config, {}, scratch=str(scratch))).content
    assert os.getcwd() == str(tmp_path)
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


def test_inputs_that_were_changed_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rewards").mkdir()
    text = "def reward_function(params):\n    return 1.0\n"
    (tmp_path / "rewards" / "mine.py").write_text(text)
    folder = new(tmp_path / "s", "reward=mine")
    (folder.path / "inputs" / "rewards" / "mine.py").write_text(text + "\n")
    with pytest.raises(BadRun, match="was changed since the sweep began"):
        run(folder, Here())


def test_workers_end_before_the_folder_is_let_go(tmp_path):
    """Else they would write in a scratch folder that is being deleted, or that is another's."""
    folder = new(tmp_path / "s", "train.timesteps=512")
    owned = []

    class Engine(Here):
        def stop(self):
            owned.append(folder.scratch.exists())

    run(folder, Engine())
    assert owned[0]
    assert not folder.scratch.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process")
def test_ctrl_c_keeps_what_is_finished_and_is_fast(tmp_path):
    """A worker that would train for hours is ended at once; the seed before it is kept."""
    folder = new(tmp_path / "s", "train.timesteps=512,99999999")
    process = start("--resume", folder.path, "--workers", 1, start_new_session=True)
    assert wait_for(lambda: len(folder.finished()) == 1 or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "1 runs are kept, 1 are left. Go on: " in err
    assert "Traceback" not in err
    assert not folder.scratch.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
def test_a_sweep_killed_three_times_is_the_one_that_never_was(tmp_path):
    """SIGKILL of the main process, SIGKILL of a worker, Ctrl-C; then it goes on to its end."""
    words = ["reward=center_line,progress", "train.gamma=0.95,0.99"]
    straight = new(tmp_path / "straight", *words, seeds=3)
    run(straight, Here())
    folder = new(tmp_path / "s", *words, seeds=3)

    def trained_at(names):
        return {n: (folder.runs / n / "policy.safetensors").stat().st_mtime_ns for n in names}

    kept = set()
    for number, ending in enumerate((signal.SIGKILL, signal.SIGINT, signal.SIGKILL), 1):
        process = start("--resume", folder.path)
        assert wait_for(lambda n=number: len(folder.finished()) >= 2 * n)
        process.send_signal(ending)
        process.communicate(timeout=60)
        assert kept <= set(folder.finished())
        kept = set(folder.finished())
    before = trained_at(kept)
    process = start("--resume", folder.path)
    assert wait_for(lambda: _children(process.pid) or process.poll() is not None)
    os.kill(_children(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert trained_at(kept) == before
    assert weights(folder) == weights(straight)
    assert len(weights(folder)) == 12


def _children(pid):
    """Workers of a process that train."""
    import glob
    from pathlib import Path

    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = Path(path).read_text()
            words = Path(path).with_name("cmdline").read_text()
        except OSError:
            continue
        parent = int(text.rpartition(")")[2].split()[1])
        if parent == pid and "loky" in words and "tracker" not in words:
            found.append(int(path.split("/")[2]))
    return found


def test_stopped_is_what_a_signal_raises(tmp_path):
    class Stopping(Here):
        def submit(self, order):
            future = super().submit(order)
            signal.raise_signal(signal.SIGTERM)
            return future

    folder = new(tmp_path / "s", "train.gamma=0.9,0.95")
    with pytest.raises(Stopped, match="racer sweep --resume") as stopped:
        run(folder, Stopping())
    assert stopped.value.exit_code == 143


def test_a_tpe_sweep_that_goes_on_keeps_what_it_chose(tmp_path):
    """What a configuration is was written before its first run, so its name always means it."""
    pytest.importorskip("optuna")
    words = ("train.gamma=0.9..0.99", "train.learning_rate=log:1e-4..1e-2")
    asked = {"search": "tpe", "trials": 3, "seeds": 2, "prune": "median"}
    folder = new(tmp_path / "s", *words, **asked)
    with pytest.raises(ResourceError):
        run(folder, Here(*[None] * 3, ResourceError("the cluster is gone")))
    chosen = folder.chosen(folder.plan())
    assert sorted(chosen) == [0, 1]
    assert folder.finished() == ["0000-seed0", "0000-seed1", "0001-seed0"]
    engine = Here()
    rows = run(folder, engine)
    assert engine.orders == ["0001-seed1", "0002-seed0", "0002-seed1"]
    assert folder.chosen(folder.plan()) | chosen == folder.chosen(folder.plan())
    assert {row.number: row.settings for row in rows} == folder.chosen(folder.plan())


@pytest.mark.parametrize(
    ("library", "words", "extra"),
    [
        ("optuna", ["--search", "tpe", "--trials", "2"], "racer[sweep]"),
        ("optuna", ["--prune", "median"], "racer[sweep]"),
        ("distributed", ["--engine", "dask", "--address", "x"], "racer[dask]"),
        ("ray", ["--engine", "ray", "--address", "x"], "racer[ray]"),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_extra(
    library, words, extra, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sweep", "--vary", "train.gamma=0.9,0.95", *words]) == 2
    assert f"pip install '{extra}'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
