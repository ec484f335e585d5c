"""The warm process: everything is imported and compiled, so that a training begins at once.

It never runs a user's code. Where forking is safe (Linux, one thread) each training is a fork of
it; elsewhere it trains one job itself and the nursery warms up the next process meanwhile. Commands
come on stdin, a JSON object a line; it ends when stdin does, and its forks end with it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import traceback
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.errors import RacerError, Stopped
from racer.lab.core import rest
from racer.lab.core.job import Job
from racer.process import memory, parent
from racer.process.limits import limit_cpu
from racer.render.live.outbox import Outbox
from racer.render.live.wire import Kind, message

HELLO = 8  # bytes of the number that a connection begins with


def main() -> None:
    """Warm up, say so, and train what is asked for."""
    rest.block()
    setup = json.loads(sys.stdin.buffer.readline())
    address, key = (setup["address"][0], int(setup["address"][1])), bytes.fromhex(setup["key"])
    warm(Config.from_text(setup["config"]))
    forks = parent.can_fork()
    connection = connect(address, key, 0)
    facts = {"forks": forks, "pid": os.getpid()}
    connection.send_bytes(message(Kind.START, facts))
    children: dict[int, int] = {}  # job → process
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        _reap(children)
        if "kill" in asked or "hold" in asked:
            child = children.get(asked.get("kill", asked.get("hold")))
            if child is not None:
                _signal(child, asked)
            continue
        job = Job.read(asked)
        own = connect(address, key, job.number)  # before the fork: its end is heard however early
        if not forks:
            parent.die_at_end_of(0)
            train(job, own)
            os._exit(0)
        children[job.number] = _fork(job, own)
        own.close()


def warm(config: Config) -> None:
    """Import everything, compile every kernel, take one step of learning. No reward is run."""
    from racer import api  # noqa: F401
    from racer.envs.sb3 import RacerVecEnv
    from racer.evaluation import make_recorder, make_scorer
    from racer.policy import from_model
    from racer.race import make_race
    from racer.training import algorithms
    from racer.training.listeners import live  # noqa: F401

    small = config.override({"train.timesteps": 1})
    race = make_race(small.race, algorithms.num_envs(small.train), with_reward=False)
    env = RacerVecEnv(race)
    model = algorithms.build(small.train, env)
    model.learn(1)
    policy = from_model(model, {})
    make_recorder(small.race, race.track)(policy)
    make_scorer(small.race, laps=1)(policy)
    env.close()
    del model, env, race, policy
    gc.collect()
    memory.give_back()
    gc.freeze()  # a fork copies no page because of the collector


def connect(address: tuple[str, int], key: bytes, number: int) -> Any:
    """A connection to the nursery, for messages about job `number`; 0 is this process."""
    connection = Client(address, family="AF_INET", authkey=key)
    connection.send_bytes(number.to_bytes(HELLO, "little"))
    return connection


class _Left:
    """An outbox that the listener of one training does not close."""

    def __init__(self, outbox: Outbox) -> None:
        self.put = outbox.put

    def close(self) -> None:
        """What comes after the training is still to be sent."""


def train(job: Job, connection: Any) -> None:
    """Train, and tell the nursery everything: swarm, laps, metrics, how it ended."""
    from racer import api
    from racer.runs import Run
    from racer.training.listeners.live import Live

    outbox = Outbox(connection.send_bytes)
    sys.argv = list(job.command) or sys.argv
    done: dict[str, Any] = {}
    try:
        config = Config.from_text(job.config)
        run, result = api.train(
            config,
            runs_dir=job.runs_dir,
            tags=job.tags,
            parent=Run.open(job.parent, Path(job.runs_dir)) if job.parent else None,
            parent_checkpoint=job.checkpoint,
            listeners=[Live(config, lambda: _Left(outbox)), rest.Rest()],
            quiet=True,
            reward_engine="worker" if config.race.reward_engine == "auto" else "",
        )
        done = {"folder": str(run.folder), "result": result.to_json()}
    except Stopped as stopped:
        done = {"stopped": str(stopped)}
    except RacerError as error:
        done = {"error": str(error)}
    except BaseException as error:
        traceback.print_exc()
        done = {"error": f"{type(error).__name__}: {error}. This is a bug in racer."}
    outbox.put(Kind.DONE, done)
    outbox.close()
    connection.close()


def _fork(job: Job, connection: Any) -> int:
    if sys.platform == "win32":
        raise OSError("nothing forks here")
    here = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        parent.die_with(here)
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if job.cpu_s:
            limit_cpu(job.cpu_s)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what students print is not ours to show
        train(job, connection)
    finally:
        os._exit(0)


def _signal(child: int, asked: dict[str, Any]) -> None:
    """Let it rest or go on, save and end, or end at once; its reward's process ends with it."""
    if sys.platform == "win32":
        return
    if "hold" in asked:
        sent = rest.REST if asked["on"] else rest.GO_ON
    else:
        sent = signal.SIGTERM if asked["save"] else signal.SIGKILL
    with contextlib.suppress(ProcessLookupError):  # after _reap: the number is still its own
        os.kill(child, sent)


def _reap(children: dict[int, int]) -> None:
    """Forget those that have ended."""
    for number, child in list(children.items()):
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(child, os.WNOHANG)[0]:  # type: ignore[attr-defined,unused-ignore]
                del children[number]


if __name__ == "__main__":
    main()
