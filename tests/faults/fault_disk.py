"""B: disks and files."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fault_harness import (
    Child,
    at_call,
    check_whole,
    config,
    fault,
    finish,
    go_on,
    run_in,
    same_as_straight,
    start,
)

from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadInput, Busy
from racer.recording.trace import Trace
from racer.runs import remove
from racer.storage import files
from racer.tracks import Track
from racer.training import checkpoint


@fault("B1", "bytes or names of a disk run out in the middle of training, then there is room again")
def full_disk(effort, folder):
    for limit in ("size=3m", "nr_inodes=99"):
        kind = run_out_of(limit, folder / limit)
    return f"{kind}: 2 warnings, exit 5, last checkpoint whole, resumed bit-equal"


def run_out_of(limit, folder):
    with small_disk(folder / "disk", limit) as (disk, real):
        hook = fill_disk(disk) if real else fail_writes
        child = start(disk / "runs", hook=hook)
        assert child.wait() == 5, child.text[-2000:]
        assert child.text.count("Training goes on") == 2, child.text
        assert "No space left" in child.text
        newest = check_whole(disk / "runs", child.acked)
        assert 0 < newest < config().train.timesteps
        shutil.rmtree(disk / "filler", ignore_errors=True)
        finish(disk / "runs")
        same_as_straight(disk / "runs")
    return "3 MB, 99 inodes" if real else "failing writes (no right to mount a small disk)"


@contextlib.contextmanager
def small_disk(folder, limit="size=3m"):
    """A small tmpfs where that may be mounted, else the folder itself."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", limit, "none", str(folder)]
    real = shutil.which("mount") and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield folder, bool(real)
    finally:
        if real:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(disk):
    def fill():
        (disk / "filler").mkdir()
        with contextlib.suppress(OSError):
            for number in itertools.count():
                (disk / "filler" / str(number)).write_bytes(bytes(32768))

    return lambda: at_call(RacerVecEnv, "step_wait", 130, fill)


def fail_writes():
    """From the 130th step on every write of a new file fails."""

    def fail(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    at_call(RacerVecEnv, "step_wait", 130, lambda: setattr(files, "write_synced", fail))


@fault("B2", "the run folder vanishes, becomes a file, is read-only, is on a slow disk")
def lost_folder(effort, folder):
    def vanish(runs_dir):
        shutil.rmtree(run_in(runs_dir).folder)

    def become_file(runs_dir):
        gone = run_in(runs_dir).folder
        shutil.rmtree(gone)
        gone.write_text("")

    for act in (vanish, become_file):
        runs_dir = folder / act.__name__
        hook = lambda a=act, r=runs_dir: at_call(RacerVecEnv, "step_wait", 130, lambda: a(r))  # noqa: E731
        child = start(runs_dir, hook=hook)
        assert child.wait() == 5, (act.__name__, child.text[-2000:])
    with small_disk(folder / "ro") as (disk, real):
        if real:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            child = start(disk / "runs")
            assert child.wait() == 5, child.text[-2000:]
            assert "Read-only" in child.text

    def slow():
        real_fsync = os.fsync
        delay = effort.of(5, 1) / 100

        def fsync(descriptor):
            time.sleep(delay)
            real_fsync(descriptor)

        os.fsync = fsync

    child = start(folder / "slow", config(train__checkpoint_every_s=0.5), hook=slow)
    assert child.wait() == 0, child.text[-2000:]
    return "exit 5 with the reason; slow: finished"


@fault("B3", "two trainers, a trainer and rm, a reader while training")
def two_owners(effort, folder):
    child = start(folder / "a", config(train__timesteps=60_000))
    child.saved(2)
    run = run_in(folder / "a")
    second = go_on(folder / "a")
    assert second.wait() == 6, second.text
    assert f"process {child.pid}" in second.text
    for _ in range(effort.of(100, 10)):
        checkpoint.policy_of(run.folder)
    with pytest.raises(Busy):
        remove(run)
    child.kill()
    child.wait()
    check_whole(folder / "a", child.acked)
    remove(run)
    return "second trainer and rm exit 6 naming the first; readers saw whole files only"


@fault("B4", "every file of a checkpoint cut, emptied, swapped, flipped at 64 places")
def damage(effort, folder):
    child = start(folder / "a", config(train__timesteps=1536))
    child.saved(4)
    child.kill()
    child.wait()
    run = run_in(folder / "a")
    newest = checkpoint.latest(run.checkpoints).folder
    tried = 0
    for path in sorted(newest.iterdir()):
        good = path.read_bytes()
        places = np.linspace(0, len(good) - 1, effort.of(64, 8)).astype(int)
        damaged = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in places]
        damaged += [b"", good[: len(good) // 2], good + b"x", good[::-1]]
        for content in damaged:
            path.write_bytes(content)
            tried += 1
            if path.name != checkpoint.MANIFEST:
                assert checkpoint.problems(newest), path.name
            # A flipped digit of a counter in the manifest is what no hash can notice.
            assert checkpoint.latest(run.checkpoints).state is not None
        path.write_bytes(good)
    (newest / checkpoint.ARRAYS).write_bytes(b"x")
    child = go_on(folder / "a", settings={"train.timesteps": 3072}, accept_change=True)
    assert child.wait() == 0, child.text
    assert "warning: not used" in child.text
    assert list(run.checkpoints.glob("damaged-*"))
    return f"{tried} damages noticed or harmless; resumed from the one before with a warning"


@fault("B5", "track files that are none")
def bad_tracks(effort, folder):
    folder.mkdir(exist_ok=True)
    ring = np.stack([np.cos(np.arange(60) / 60 * 2 * np.pi)] * 6, axis=1)
    arrays = {
        "object": np.array([{"a": 1}], dtype=object),
        "shape1": ring[:, 0],
        "shape3": ring[:, :3],
        "shape4": ring[:, :4],
        "empty": ring[:0],
        "nan": ring * np.nan,
        "huge": ring * 1e200,
        "text": np.array([["a"] * 6] * 9),
    }
    cases = {name: saved(array) for name, array in arrays.items()}
    good = saved(ring)
    cases |= {f"cut{n}": good[:n] for n in range(0, 200, effort.of(8, 40))}
    cases["magic"] = b"\x93NUMPX" + good[6:]
    cases["claim"] = saved(ring).replace(b"(60, 6)", b"(9**9,)")
    giant = b"{'descr': '<f8', 'fortran_order': False, 'shape': (44739242, 6), }"
    header = giant + b" " * (118 - len(giant) - 1) + b"\n"
    cases["giant"] = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    rng = np.random.default_rng(0)
    for number in range(effort.of(2000, 100)):
        flipped = bytearray(good)
        for at in rng.integers(0, len(good), 3):
            flipped[at] = rng.integers(256)
        cases[f"fuzz{number}"] = bytes(flipped)
    slowest, before = 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for name, content in cases.items():
        path = folder / f"{name}.npy"
        path.write_bytes(content)
        began = time.perf_counter()
        try:
            Track.load(path)
            assert name.startswith("fuzz"), f"{name} was accepted"
        except BadInput:
            refused += 1
        slowest = max(slowest, time.perf_counter() - began)
        path.unlink()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert effort.quick(slowest, 1.0)
    assert grown < 200
    return f"{refused} of {len(cases)} refused, slowest {slowest * 1e3:.0f} ms, {grown:.0f} MB more"


def saved(array):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)  # object arrays are made here to be refused
    return content.getvalue()


@fault("B6", "models that lie, and archives that hurt")
def hostile_models(effort, folder):
    names = "policy/test_policy.py export/test_sb3.py runs/test_hostile_runs.py"
    return in_tests(names, "lying or wrong or cut or foreign or bomb or hostile_runs")


@fault("B7", "hostile SB3 zips through every command that takes a model")
def hostile_zips(effort, folder):
    return in_tests("export/test_sb3.py", "hostile")


def in_tests(names, words):
    """These are tests already; run them and count."""
    here = Path(__file__).resolve().parent.parent
    paths = [str(here / name) for name in names.split()]
    command = [sys.executable, "-m", "pytest", "-q", "-k", words, *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here.parent)
    assert done.returncode == 0, done.stdout[-2000:]
    count = sum(line.count(".") for line in done.stdout.splitlines() if line.endswith("%]"))
    return f"{count} tests"


NAMES = ("ä ö", "x\ny", "🏎", "n" * 200, "-rf", "CON", "random", "math", "a.b", "‮abc")


@fault("B8", "names of every kind, also those of standard modules")
def odd_names(effort, folder):
    folder.mkdir(exist_ok=True)
    text = "def reward_function(params):\n    return 1.0\n"
    tried = 0
    for name in NAMES[:: effort.of(1, 3)]:
        path = folder / f"{name}.py"
        path.write_text(text)
        runs_dir = folder / "runs" / str(tried)
        child = start(runs_dir, config(race__reward=str(path), train__timesteps=256))
        assert child.wait() == 0, (name, child.text[-2000:])
        run = run_in(runs_dir)
        assert run.folder.parent.samefile(runs_dir)
        assert run.damaged() == []
        tried += 1
    return f"{tried} names"


@fault("B9", "the reward file changes while training")
def changed_reward(effort, folder):
    folder.mkdir(exist_ok=True)
    path = folder / "mine.py"
    path.write_text("def reward_function(params):\n    return 1.0\n")
    child = start(folder / "runs", config(race__reward=str(path), train__timesteps=200_000))
    child.saved(2)
    path.write_text("def reward_function(params):\n    return 2.0\n")
    child.kill(15)
    assert child.wait() == 143, child.text
    assert "warning: the reward" in child.text
    run = run_in(folder / "runs")
    assert "1.0" in run.reward_file.read_text()
    child = go_on(folder / "runs")
    assert child.wait() == 2, child.text
    assert "differs from the run's copy" in child.text
    step = checkpoint.latest(run.checkpoints).state.timesteps
    child = go_on(folder / "runs", settings={"train.timesteps": step + 256}, accept_change=True)
    assert child.wait() == 0, child.text
    assert "2.0" in run.reward_file.read_text()
    assert "differs" in json.dumps(run.manifest()["resumed"])
    return "the copy was used; resume exits 2, and records the change when it is accepted"


@fault("B10", "metrics.csv cut, torn or gone")
def torn_metrics(effort, folder):
    total = 14 * 1024
    child = start(folder / "a", config(train__timesteps=total))
    child.saved(40)
    child.kill()
    child.wait()
    run = run_in(folder / "a")
    good = run.metrics_file.read_bytes()
    shutil.copytree(folder / "a", folder / "b")
    lines = good.splitlines(keepends=True)
    for content in (good + b"9999,1", lines[0] + lines[1][:4], b"", None):
        shutil.rmtree(folder / "a")
        shutil.copytree(folder / "b", folder / "a")
        run.metrics_file.unlink()
        if content is not None:
            run.metrics_file.write_bytes(content)
        child = go_on(folder / "a")
        assert child.wait() == 0, child.text[-2000:]
        rows = [int(line.split(b",")[0]) for line in run.metrics_file.read_bytes().split()[1:]]
        assert rows == sorted(rows)
        assert rows[-1] == total
    return "4 kinds of damage: resumed, steps in order, a warning where rows are missing"


@fault("B11", "recordings cut at every kB")
def cut_recordings(effort, folder):
    folder.mkdir(exist_ok=True)
    settings = config(train__timesteps=256)
    child = Child(lambda: whole_training(settings, folder / "runs"))
    assert child.wait() == 0, child.text[-2000:]
    path = run_in(folder / "runs").laps_file
    good, refused = path.read_bytes(), 0
    for at in range(0, len(good), effort.of(1024, 8192)):
        path.write_bytes(good[:at])
        try:
            Trace.load(path)
            raise AssertionError(f"a recording cut at {at} was played")
        except BadInput:
            refused += 1
    return f"{refused} refused"


def whole_training(settings, runs_dir):
    from racer.api import train

    train(settings, runs_dir=runs_dir)
