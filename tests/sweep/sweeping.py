"""What tests of sweeps share: an engine in this process, and sweeps as small as they get."""

import io
import os
import subprocess
import sys
import tarfile
import time
from concurrent.futures import Future
from pathlib import Path

from racer.config import Config
from racer.sweep import plan as plans
from racer.sweep.engines import Engine
from racer.sweep.folder import Folder
from racer.sweep.plan import Asked
from racer.sweep.worker import work

ROOT = Path(__file__).resolve().parents[2]
TINY = {"train.timesteps": 512, "train.num_envs": 8, "eval.laps": 1, "train.n_steps": 64}
OPTIONS = ["--timesteps", "512", "--num-envs", "8", "--laps", "1", "--set", "train.n_steps=64"]


class Here(Engine):
    """Runs orders one after the other in this process; counts them."""

    def __init__(self, *errors):
        self.orders, self.stopped, self._errors = [], False, list(errors)

    workers = 1

    def submit(self, order):
        self.orders.append(order.job.id)
        future = Future()
        error = self._errors.pop(0) if self._errors else None
        if error is None:
            future.set_result(work(order))
        else:
            future.set_exception(error)
        return future

    def lost(self, error):
        return str(error) if isinstance(error, EOFError) else ""

    def stop(self):
        self.stopped = True


def new(folder, *texts, settings=None, **asked):
    """The folder of a new sweep."""
    config = Config().override(TINY | (settings or {}))
    plan, inputs = plans.make(config, Asked(plans.from_texts(texts), **asked))
    return Folder.create(folder, plan, inputs.files)


def start(*words, **options):
    """`racer sweep` as its user starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "racer", "sweep", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "LOKY_MAX_CPU_COUNT": "2"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for(condition, seconds=300):
    """Until it holds; whether it came to that."""
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return condition()


def weights(folder):
    """Name of a run → the bytes of its policy."""
    return {p.parent.name: p.read_bytes() for p in folder.runs.glob("*/policy.safetensors")}


def changed(parcel_content):
    """The same archive with a policy of zeros."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(parcel_content)) as old,
        tarfile.open(fileobj=made, mode="w:gz") as new_one,
    ):
        for member in old:
            content = old.extractfile(member).read()
            if member.name == "policy.safetensors":
                content = bytes(len(content))
            new_one.addfile(member, io.BytesIO(content))
    return made.getvalue()
