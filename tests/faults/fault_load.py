"""F: time and load."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import time
from pathlib import Path

import numpy as np
from fault_harness import (
    check_whole,
    checkpoint_of,
    config,
    fault,
    finish,
    outcome,
    run_in,
    start,
)

from racer.config import RaceConfig
from racer.envs.sb3 import RacerVecEnv
from racer.race import make_race
from racer.training import checkpoint


@fault("F2", "a long run: 512 cars of physics, and checkpoints with two kept")
def soak(effort, folder):
    race = make_race(RaceConfig(), 512, with_reward=False)
    race.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, (64, 512, 2)).astype(np.float32)
    seconds = effort.of(600, 5)
    began = time.monotonic()
    marks, steps = [], 0
    while time.monotonic() - began < seconds:
        part = time.perf_counter()
        for _ in range(2000):
            race.step(actions[steps % 64])
            race.reset(race.terminated | race.truncated)
            steps += 1
        gc.collect()
        marks.append((2000 * 512 / (time.perf_counter() - part), memory_mb(), descriptors()))
    state = checkpoint_of(folder / "one")
    (folder / "many").mkdir()
    for number in range(effort.of(2000, 40)):
        state.facts["num_timesteps"] = number
        checkpoint.save(folder / "many" / "checkpoints", state)
    assert len(list((folder / "many" / "checkpoints").iterdir())) == 2
    third = max(1, len(marks) // 3)
    early, late = (np.median([m[0] for m in part]) for part in (marks[:third], marks[-third:]))
    grown = marks[-1][1] - marks[third - 1][1]
    assert grown < max(1.0, seconds / 3600) + 1.0, f"{grown:.1f} MB more"
    assert marks[-1][2] == marks[0][2]
    updates = effort.of(3000, 300)
    taken = train_for_long(updates, folder)
    assert effort.quick(0.9 * early, late), (early, late)
    return (
        f"{steps * 512 / 1e6:.0f} M car steps at {late / 1e6:.2f} M/s, {grown:+.1f} MB, "
        f"{number + 1} checkpoints; {updates} updates: {taken}"
    )


def train_for_long(updates, folder):
    """Memory, files and threads of a training, between half of its updates and its end."""
    log = folder / "log"

    def hook():
        from racer.training.ppo import RacerPPO

        learn = RacerPPO.train

        def train(self):
            learn(self)
            threads = len(os.listdir("/proc/self/task"))
            with log.open("a") as file:
                file.write(f"{memory_mb()} {descriptors()} {threads}\n")

        RacerPPO.train = train

    settings = config(train__timesteps=256 * updates, train__checkpoint_every_s=1.0)
    child = start(folder / "long", settings, hook=hook)
    assert child.wait(900) == 0, child.text[-2000:]
    rows = np.array([line.split() for line in log.read_text().splitlines()], float)
    assert len(rows) == updates
    early, late = rows[updates // 2], rows[-1]
    grown = late[0] - early[0]
    assert grown < (4.0 if updates > 1000 else 12.0), f"{grown:.1f} MB more"  # it warms up first
    assert tuple(late[1:]) == tuple(early[1:])
    return f"{grown:+.1f} MB, {late[1]:.0f} files, {late[2]:.0f} threads"


def memory_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@fault("A10", "memory runs out: a limit of the process, before training and in the middle of it")
def out_of_memory(effort, folder):
    large = config(train__n_steps=65536, train__net_arch=[256])
    child = start(folder / "large", large, hook=lambda: leave_memory(100))
    assert child.wait() == 5, child.text[-2000:]
    assert "MiB are free" in child.text
    assert not (folder / "large").exists()
    small = config(train__n_steps=256, train__net_arch=[256], train__timesteps=4 * 2048)
    start(folder / "straight", small).wait()
    saved = []
    for rest in (256, 64, 16, 0)[:: effort.of(1, 3)]:  # kB
        runs_dir = folder / str(rest)
        child = start(runs_dir, small, hook=lambda r=rest: leak_from(600, r))
        code = child.wait()
        assert code == 5, (rest, code, child.text[-2000:])
        assert "not enough memory" in child.text
        assert "fewer cars" in child.text
        saved.append(check_whole(runs_dir, child.acked))
        finish(runs_dir)
        assert outcome(runs_dir) == outcome(folder / "straight")
    return f"refused before it begins; in the middle: exit 5, saved at {saved}, resumed bit-equal"


def leave_memory(megabytes):
    """A limit on the address space of this process, as `ulimit -v` sets it."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))


def leak_from(step, rest):
    """From an environment step on, take all but about `rest` kB below a limit, at every step."""
    held, seen, real = [], [0], RacerVecEnv.step_wait

    def step_wait(self):
        seen[0] += 1
        if seen[0] == step:
            leave_memory(20)
        if seen[0] >= step and seen[0] % 32 == 0:
            for size in (2**20, 2**16, 2**12, 2**9):
                with contextlib.suppress(MemoryError):
                    while True:
                        held.append(bytearray(size))
            freed = 0
            while freed < 1024 * rest:
                freed += len(held.pop())
        return real(self)

    RacerVecEnv.step_wait = step_wait


@fault("F7", "divergence: a learning rate of 10, a reward of 1e5 that grows")
def diverge(effort, folder):
    codes = []
    for algo, rate in (("ppo", 10.0), ("sac", 10.0))[: effort.of(2, 1)]:
        settings = config(
            algo, train__learning_rate=rate, train__timesteps=effort.of(60_000, 12_000)
        )
        child = start(folder / algo, settings)
        codes.append(child.wait(300))
        assert codes[-1] in (0, 7), child.text[-2000:]
        if codes[-1] == 7:
            assert "Last good checkpoint" in child.text
            assert run_in(folder / algo).manifest()["status"] == "diverged"
        check_whole(folder / algo, child.acked)
        for kept in run_in(folder / algo).checkpoints.glob("*-*"):
            checkpoint.load_policy(kept)  # refuses what is not finite
    for name, when in (("weight", "update"), ("loss", "update")):
        child = start(folder / name, hook=poison(name))
        assert child.wait() == 7, (name, when, child.text[-2000:])
        newest = check_whole(folder / name, child.acked)
        assert newest == 2 * 256, newest  # the third update was poisoned
    return f"rate 10: exits {codes}; NaN weight, NaN loss: exit 7 at that update; all kept finite"


def poison(what):
    """After the third update a weight, or a recorded loss, is NaN."""

    def hook():
        from racer.training.ppo import RacerPPO

        learn, seen = RacerPPO.train, [0]

        def train(self):
            learn(self)
            seen[0] += 1
            if seen[0] == 3 and what == "weight":
                self.policy.action_net.bias.data[0] = float("nan")
            if seen[0] == 3 and what == "loss":
                self.logger.record("train/value_loss", float("nan"))

        RacerPPO.train = train

    return hook
