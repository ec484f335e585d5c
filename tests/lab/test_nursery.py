"""The warm process: the bits of a plain training, and nothing left when any of it is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from racer import api
from racer.config import Config
from racer.lab.core.job import Job
from racer.lab.core.nursery import Nursery
from racer.render.live.wire import Kind

ROOT = Path(__file__).parents[2]
HIDE = ROOT / "tests" / "portable" / "hide"
PATIENCE_S = 180.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def config(file, **more):
    small = {
        "train.num_envs": 16,
        "train.n_steps": 64,
        "train.n_epochs": 2,
        "train.timesteps": 16 * 64 * 4,
        "train.net_arch": [16],
        "race.reward": str(file),
        "eval.laps": 1,
    }
    return Config().override(small | more)


class Told:
    """What a nursery told, by job."""

    def __init__(self):
        self.all = []

    def __call__(self, number, kind, content):
        self.all.append((number, kind, content))

    def done(self, number):
        """How a job ended."""

        def ended():
            return [c for n, k, c in list(self.all) if n == number and k == Kind.DONE]

        until(ended)
        return json.loads(ended()[0])

    def drives(self, number):
        until(lambda: any(n == number and k == Kind.SWARM for n, k, _ in list(self.all)))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("reward") / "mine.py"
    path.write_text(
        "import random\n"
        "def reward_function(params):\n"
        "    return params['speed'] - abs(params['distance_from_center']) + random.random() / 9\n"
    )
    return path


@pytest.fixture(scope="module")
def warm(file):
    told = Told()
    nursery = Nursery(config(file), told)
    nursery.heard = told
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def plain(file, tmp_path_factory):
    """The run of `racer train`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("racer.training.train.draw", lambda *_: None)
        run, _ = api.train(config(file), runs_dir=tmp_path_factory.mktemp("plain"), quiet=True)
    return run


def job(file, folder, **more):
    return Job(0, config(file, **more).to_toml(), str(folder), command=("racer", "train"))


def same_bits(one, other):
    for name in ("config.toml", "metrics.csv", "policy.safetensors", "evaluation.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_a_draft_has_the_bits_of_a_plain_training_again_and_again(warm, plain, file, tmp_path):
    for _ in range(2):
        how = warm.heard.done(warm.train(job(file, tmp_path)))
        same_bits(Path(how["folder"]), plain.folder)
    assert warm.forks == (sys.platform == "linux")
    assert json.loads((Path(how["folder"]) / "manifest.json").read_text())["command"] == [
        "racer",
        "train",
    ]


def test_a_reward_that_fails_is_a_sentence_with_its_line(warm, tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def reward_function(params):\n    return 1 / 0\n")
    how = warm.heard.done(warm.train(job(bad, tmp_path)))
    assert "bad.py:2: ZeroDivisionError" in how["error"]


def test_a_job_that_is_stopped_ends_at_once_or_saves(warm, file, tmp_path):
    endless = {"train.timesteps": 10**9}
    first = warm.train(job(file, tmp_path, **endless))
    warm.heard.drives(first)
    warm.stop(first)
    assert warm.heard.done(first) == {"killed": True}
    second = warm.train(job(file, tmp_path, **endless))
    warm.heard.drives(second)
    warm.stop(second, save=True)
    assert "stopped by SIGTERM" in warm.heard.done(second)["stopped"]


@linux
def test_a_job_that_rested_has_the_same_bits(warm, plain, file, tmp_path):
    until(warm.ready.is_set)
    number = warm.train(job(file, tmp_path))
    warm.hold(number, on=True)

    def rests():
        pid = warm._warm.pid
        forks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        try:
            return any("pipe_read" in Path(f"/proc/{fork}/wchan").read_text() for fork in forks)
        except OSError:  # one of them ended meanwhile
            return False

    until(rests)
    warm.hold(number, on=False)
    same_bits(Path(warm.heard.done(number)["folder"]), plain.folder)


@linux
def test_a_job_that_is_stopped_before_it_began_has_ended_too(warm, file, tmp_path):
    """On one core a new process waits while the one that made it reads the next command."""
    until(warm.ready.is_set)
    cores = os.sched_getaffinity(warm._warm.pid)
    os.sched_setaffinity(warm._warm.pid, {min(cores)})
    try:
        for _ in range(5):
            number = warm.train(job(file, tmp_path))
            warm.stop(number)
            assert warm.heard.done(number) == {"killed": True}
    finally:
        os.sched_setaffinity(warm._warm.pid, cores)


@linux
def test_jobs_that_a_killed_process_never_read_have_ended(file, tmp_path):
    told = Told()
    nursery = Nursery(config(file), told)
    until(nursery.ready.is_set)
    os.kill(nursery._warm.pid, signal.SIGSTOP)
    numbers = [nursery.train(job(file, tmp_path)) for _ in range(2)]
    nursery._warm.kill()
    try:
        assert [told.done(number) for number in numbers] == [{"killed": True}] * 2
        assert "folder" in told.done(nursery.train(job(file, tmp_path)))
    finally:
        nursery.close()
    assert sum(kind == Kind.DONE for _, kind, _ in told.all) == 3


def descendants(pid):
    """Every process below one, with the moment of its start: numbers are used again."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1]), fields[19]
    found, new = {}, {pid}
    while new:
        new = {child for child, (above, _) in parents.items() if above in new}
        found |= {child: parents[child][1] for child in new}
    return found


def gone(processes):
    def alive():
        left = {}
        for pid, began in processes.items():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if fields[19] == began and fields[0] not in "ZX":
                    left[pid] = began
        return left

    until(lambda: not alive())


@linux
def test_when_the_warm_process_is_killed_all_of_it_ends_and_the_next_job_runs(
    warm, plain, file, tmp_path
):
    number = warm.train(job(file, tmp_path, **{"train.timesteps": 10**9}))
    warm.heard.drives(number)
    below = descendants(warm._warm.pid)  # of pytest there may be others
    assert len(below) >= 2  # the training, the process of its reward
    os.kill(warm._warm.pid, signal.SIGKILL)
    assert warm.heard.done(number) == {"killed": True}
    gone(below)
    how = warm.heard.done(warm.train(job(file, tmp_path)))
    same_bits(Path(how["folder"]), plain.folder)


@linux
def test_a_job_that_comes_before_the_end_is_noticed_goes_to_the_next_process(
    warm, plain, file, tmp_path, monkeypatch
):
    until(warm.ready.is_set)
    ended = warm._warm
    os.kill(ended.pid, signal.SIGKILL)
    ended.wait()
    monkeypatch.setattr(ended, "poll", lambda: None)  # as long as another thread waits for it
    how = warm.heard.done(warm.train(job(file, tmp_path)))
    same_bits(Path(how["folder"]), plain.folder)


def test_where_nothing_forks_a_spare_process_is_warmed_up(file, plain, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HIDE), str(ROOT)]))
    told = Told()
    nursery = Nursery(config(file), told)
    first = nursery._warm
    same_bits(Path(told.done(nursery.train(job(file, tmp_path)))["folder"]), plain.folder)
    assert not nursery.forks
    assert nursery._warm is not first
    nursery.close()


class Watching:
    """`racer train --watch-file` in a process, and what it says."""

    def __init__(self, folder):
        words = ["train", "--watch-file", "mine.py", "--num-envs", "16", "--laps", "1"]
        words += ["--set", "train.n_steps=64"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "racer", *words, "--timesteps", "4096"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self, words):
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(words)

    def type(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@linux
def test_the_command_keeps_a_draft_and_leaves_nothing_even_when_it_is_killed(tmp_path, file):
    (tmp_path / "mine.py").write_text(file.read_text())
    first = Watching(tmp_path)
    first.says("driving: new cars after")
    below = descendants(first.process.pid)
    first.process.kill()
    gone(below)
    first.process.wait()
    again = Watching(tmp_path)
    again.says("finished: ")
    (tmp_path / "mine.py").write_text(file.read_text() + "# again\n")
    again.says("driving: new cars after")
    again.type("k")
    kept = again.says("kept: ").split()[1]
    again.type("q")
    assert again.process.wait(PATIENCE_S) == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [Path(kept).name]
    assert (tmp_path / kept / "reward.py").read_text().endswith("# again\n")
    for stream in (first.process, again.process):
        stream.stdin.close()
        stream.stderr.close()
