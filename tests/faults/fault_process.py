"""A: process death and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fault_harness import (
    at_call,
    check_whole,
    children_of,
    config,
    fault,
    finish,
    go_on,
    run_in,
    same_as_straight,
    start,
    straight,
    tell,
)

from racer.envs.sb3 import RacerVecEnv
from racer.evaluation.drive import Drive
from racer.storage import files
from racer.training import checkpoint, judging, loop, metrics
from racer.training.ppo import RacerPPO

ROOT = Path(__file__).resolve().parent.parent.parent
FILE_CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "unlink")


@fault("A1", "kill -9 at random moments, half of them with slow system calls")
def kill_anywhere(effort, folder):
    seconds = straight()[1]
    resumed = lost = 0
    trials = effort.of(200, 2)
    for trial in range(trials):
        runs_dir = folder / str(trial)
        slow = trial % 2 == 1
        child = start(runs_dir, hook=slow_calls if slow else None)
        child.saved(1)
        time.sleep(effort.rng.uniform(0, seconds * (2.0 if slow else 0.9)))
        child.kill()
        child.wait()
        newest = check_whole(runs_dir, child.acked)
        lost = max(lost, newest - max(child.acked, default=newest))
        if trial % effort.of(10, 2) == 0 and run_in(runs_dir).manifest()["status"] != "finished":
            finish(runs_dir)
            assert not list(run_in(runs_dir).checkpoints.glob(".racer-tmp-*"))
            same_as_straight(runs_dir)
            resumed += 1
    return f"{trials} kills, {trials} loadable, 0 acknowledged lost, {resumed} resumed bit-equal"


def slow_calls():
    """Sleep before every file-system call, so that most kills fall into a save."""
    for name in FILE_CALLS:
        real = getattr(os, name)

        def call(*args, _real=real, **kwargs):
            time.sleep(0.004)
            return _real(*args, **kwargs)

        setattr(os, name, call)


@fault("A2", "the process ends at the N-th file-system call, for every N")
def end_at_every_call(effort, folder):
    step, number, last = effort.of(1, 23), 1, effort.of(400, 120)
    trials = 0
    while number <= last:
        runs_dir = folder / str(number)
        child = start(runs_dir, config(train__timesteps=768), hook=lambda n=number: die_at(n))
        code = child.wait()
        assert code in (0, 137), child.text[-2000:]
        trials += 1
        if code == 0:
            break
        if runs_dir.exists() and list(runs_dir.glob("[!.]*/manifest.json")):
            check_whole(runs_dir, child.acked)
        number += step
    assert code == 0 or not effort.long, "more calls than tried"
    return f"{trials} places of {number} calls: old or new, never neither"


def die_at(number):
    seen = [0]
    for name in FILE_CALLS:
        real = getattr(os, name)

        def call(*args, _real=real, **kwargs):
            seen[0] += 1
            if seen[0] == number:
                os._exit(137)
            return _real(*args, **kwargs)

        setattr(os, name, call)


PHASES = {
    "rollout": (RacerVecEnv, "step_wait", 100),
    "update": (RacerPPO, "train", 3),
    "save": (files, "write_synced", 9),
    "judging": (Drive, "run", 3),
}


def stopped(number, phase, runs_dir, *, twice=False):
    """Signal a training in a phase; the exit code and how long it took to stop."""
    clock = runs_dir.with_suffix(".time")

    def act():
        clock.write_text(repr(time.monotonic()))
        os.kill(os.getpid(), number)
        if twice:
            os.kill(os.getpid(), number)

    module, name, count = PHASES[phase]
    child = start(runs_dir, hook=lambda: at_call(module, name, count, act))
    code = child.wait()
    return code, time.monotonic() - float(clock.read_text()), child


@fault("A4", "SIGTERM in the rollout, the update, a save and the judging")
def terminate_in_every_phase(effort, folder):
    slowest = 0.0
    phases = list(PHASES)[:: effort.of(1, 3)]
    for phase in phases:
        runs_dir = folder / phase
        code, seconds, child = stopped(signal.SIGTERM, phase, runs_dir)
        assert code == 143, (phase, code, child.text[-2000:])
        assert "racer train --resume" in child.text
        slowest = max(slowest, seconds)
        check_whole(runs_dir, child.acked)
        assert run_in(runs_dir).manifest()["status"] == "stopped"
        finish(runs_dir)
        same_as_straight(runs_dir)
    assert effort.quick(slowest, 5.0)
    return f"{len(phases)} phases: exit 143 within {slowest:.1f} s, resumed bit-equal"


@fault("A5", "SIGINT once, twice, and while the program starts")
def interrupt(effort, folder):
    code, _, child = stopped(signal.SIGINT, "rollout", folder / "once")
    assert code == 130, child.text[-2000:]
    finish(folder / "once")
    same_as_straight(folder / "once")
    code, seconds, child = stopped(signal.SIGINT, "update", folder / "twice", twice=True)
    assert code == 130
    assert effort.quick(seconds, 1.0)
    check_whole(folder / "twice", child.acked)
    delays = (0.3, 0.5, 0.8, 1.2, 2.0)[:: effort.of(1, 3)]  # s of its own CPU time
    for delay in delays:
        process = racer(
            "train", "--runs-dir", str(folder / f"start{delay}"), "--timesteps", "9999999"
        )
        while cpu_seconds(process.pid) < delay:  # as far as that, however busy the machine is
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=300)
        finally:
            process.kill()
        assert process.returncode == 130, (delay, process.returncode, err)
        assert "Traceback" not in err, (delay, err)
    return f"130 and saved; twice: {seconds:.2f} s; {len(delays)} times while starting"


def cpu_seconds(pid):
    """What a process has computed, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def racer(*words, **options):
    """The command line in a process of its own."""
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "racer", *words],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        env=environ,
        **options,
    )


@fault("A6", "SIGHUP, a reader that goes away, closed stdout and stderr")
def lose_the_terminal(effort, folder):
    hook = lambda: at_call(RacerVecEnv, "step_wait", 50, tell(signal.SIGHUP))  # noqa: E731
    child = start(folder / "hup", hook=hook)
    assert child.wait() == 0, child.text[-2000:]
    same_as_straight(folder / "hup")

    def close():
        reading, writing = os.pipe()
        os.close(reading)
        for descriptor in (1, 2):
            os.dup2(writing, descriptor)

    for name, hook in (("pipe", close), ("closed", lambda: os.closerange(0, 3))):
        child = start(folder / name, hook=hook)
        assert child.wait() == 0, child.text[-2000:]
        same_as_straight(folder / name)
    return "training went on to the same bits 3 times"


@fault("A7", "SIGSTOP for a while, then SIGCONT, with a reward process that has a time limit")
def sleep(effort, folder):
    for engine in ("inprocess", "worker"):
        runs_dir = folder / engine
        child = start(runs_dir, config(race__reward_engine=engine))
        child.saved(2)
        child.kill(signal.SIGSTOP)
        time.sleep(effort.of(60, 3))
        child.kill(signal.SIGCONT)
        assert child.wait() == 0, child.text[-2000:]
        same_as_straight(runs_dir)
    return f"stopped for {effort.of(60, 3)} s: no false time-out, same bits"


@fault("A8", "kill -9 the reward process in the middle of training")
def kill_reward_process(effort, folder):
    child = start(folder / "a", config(race__reward_engine="worker"))
    child.saved(3)
    workers = children_of(child.pid)
    assert len(workers) == 1, workers
    began = time.monotonic()
    os.kill(workers[0], signal.SIGKILL)
    code = child.wait()
    seconds = time.monotonic() - began
    assert code == 4, (code, child.text[-2000:])
    assert "--resume" in child.text
    assert effort.quick(seconds, 2.0)
    check_whole(folder / "a", child.acked)
    finish(folder / "a")
    same_as_straight(folder / "a")
    return f"exit 4 after {seconds:.2f} s, saved, resumed bit-equal"


@fault("A9", "kill -9 the trainer: its reward process ends too")
def kill_parent(effort, folder):
    child = start(folder / "a", config(race__reward_engine="worker"))
    child.saved(2)
    workers = children_of(child.pid)
    shared = [path for pid in (child.pid, *workers) for path in named_memory(pid)]
    child.kill()
    child.wait()
    began = time.monotonic()
    limit = began + 60.0  # patience, on a busy machine
    while any(alive(pid) for pid in workers) and time.monotonic() < limit:
        time.sleep(0.01)
    assert workers
    assert not any(alive(pid) for pid in workers)
    assert effort.quick(time.monotonic() - began, 1.0)
    assert not any(path.exists() for path in shared)
    return "reward process gone within 1 s, nothing left in /dev/shm"


def named_memory(pid):
    """Files in /dev/shm that a process has mapped; other programs have theirs there too."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {Path(line[line.index("/dev/shm/") :]) for line in lines if "/dev/shm/" in line}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


HOOKS = (
    (loop.Loop, "_on_training_start", 1),
    (loop.Loop, "_on_rollout_start", 1),
    (loop.Loop, "_on_rollout_start", 2),
    (RacerVecEnv, "step_wait", 40),
    (loop.Loop, "_on_rollout_end", 2),
    (RacerPPO, "train", 2),
    (judging.Judging, "judge", 2),
    (checkpoint, "save_best", 1),
    (checkpoint, "save", 3),
    (metrics.Metrics, "save", 3),
    (loop.Loop, "finish", 1),
    (RacerVecEnv, "close", 1),
)


@fault("A11", "an exception in each of 12 places in a row, resumed in between")
def fail_in_every_hook(effort, folder):
    failed = 0
    for number, (module, name, count) in enumerate(HOOKS):

        def hook(module=module, name=name, count=count):
            def fail():
                raise RuntimeError(f"planted in {name}")

            at_call(module, name, count, fail)

        child = start(folder / "a", hook=hook) if number == 0 else go_on(folder / "a", hook=hook)
        code = child.wait()
        assert code in (0, 1), (name, code, child.text[-2000:])
        failed += code
        if number:
            check_whole(folder / "a", child.acked)
    if run_in(folder / "a").manifest()["status"] != "finished":
        finish(folder / "a")
    same_as_straight(folder / "a")
    return f"{failed} failures, counters, curve and bits as without any"


def latest_step(runs_dir):
    return checkpoint.latest(run_in(runs_dir).checkpoints).state.timesteps


@fault("A12", "kill -9 while resuming, again and again")
def kill_while_resuming(effort, folder):
    child = start(folder / "a")
    child.saved(2)
    child.kill()
    child.wait()
    seconds = straight()[1]
    trials = effort.of(50, 3)
    for _ in range(trials):
        child = go_on(folder / "a")
        time.sleep(effort.rng.uniform(0, 0.15 * seconds))
        child.kill()
        child.wait()
        check_whole(folder / "a", child.acked)
        if run_in(folder / "a").manifest()["status"] == "finished":
            break
    else:
        finish(folder / "a")
    same_as_straight(folder / "a")
    return f"{trials} kills, then finished bit-equal"


@fault("T10", "interrupted and resumed against straight, SIGTERM and kill -9, PPO and SAC")
def resume_is_exact(effort, folder):
    points = 0
    for algo in ("ppo", "sac"):
        seconds = straight(algo)[1]
        for trial in range(effort.of(20, 1)):
            for number in (signal.SIGTERM, signal.SIGKILL):
                runs_dir = folder / f"{algo}{trial}-{number}"
                child = start(runs_dir, config(algo))
                child.saved(1)
                time.sleep(effort.rng.uniform(0.05, 0.8) * seconds)
                child.kill(number)
                code = child.wait()
                assert code in (0, 143, -9), child.text[-2000:]
                points += code != 0  # else it was faster than the signal
                if run_in(runs_dir).manifest()["status"] != "finished":
                    finish(runs_dir)
                same_as_straight(runs_dir, algo)
    return f"{points} interruptions, 0 differing bits"
