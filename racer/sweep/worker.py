"""What a worker does, on this machine or another: train one run of a sweep and pack its folder."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.errors import Diverged, RacerError, Stopped
from racer.process import memory
from racer.process.signals import graceful_stop
from racer.runs import Run, list_runs
from racer.storage import files
from racer.sweep import inputs as own
from racer.sweep import parcel
from racer.sweep.inputs import Files
from racer.sweep.parcel import Parcel
from racer.sweep.plan import Job
from racer.sweep.prune import Curves, Prune
from racer.training.listener import Listener

_PLACES: dict[tuple[str, str], Path] = {}  # of this process: hash of the inputs → working folder


@dataclass(frozen=True)
class Order:
    """All that a worker needs, whatever machine it is on.

    Args:
        job: what to train.
        config: the settings that all runs share.
        inputs: the user's files, by path.
        prune: none, median or halving.
        curves: completion of other configurations so far, to prune by.
        siblings: that of finished runs of this configuration with other seeds.
        scratch: where to work on this machine; "" for a temporary folder of its own.
    """

    job: Job
    config: Config
    inputs: Files
    prune: str = "none"
    curves: Curves = ()
    siblings: Curves = ()
    scratch: str = ""


def work(order: Order) -> Parcel:
    """Train, and return the run folder; errors travel as text: not every one can be pickled."""
    with graceful_stop(quiet=True), _place(order) as runs_dir:
        try:
            return _train(order, runs_dir)
        except Stopped:
            raise
        except Diverged as error:  # the settings' own doing: a result, and the same next time
            (run,) = list_runs(runs_dir)
            _record(run, order, 0.0, error=str(error).splitlines()[0])
            return parcel.pack(run, order.job.id)
        except Exception as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in files.FULL:
                what = str(error).partition(" What was saved")[0]
                advice = files.advice_on(cause, "Free some space.")
                return Parcel(order.job.id, error=f"{what} {advice}", full=True)
            if memory.ran_out(error):
                error = memory.shortage(error)
            name = "" if isinstance(error, RacerError) else f"{type(error).__name__}: "
            return Parcel(order.job.id, error=f"{name}{error}")


def _train(order: Order, runs_dir: Path) -> Parcel:
    from racer.api import train

    listeners: list[Listener] = []
    if order.prune != "none":
        total = order.config.train.timesteps
        total = int(order.job.settings.get("train.timesteps", total))
        listeners.append(Prune(order.prune, order.curves, order.siblings, total))
    began = time.monotonic()
    run, _ = train(
        order.config.override(dict(order.job.settings)),
        runs_dir=runs_dir,
        tags=["sweep", f"configuration-{order.job.number}"],
        quiet=True,
        listeners=listeners,
        pictures=False,  # of a thousand runs nobody looks at each
    )
    _record(run, order, time.monotonic() - began)
    return parcel.pack(run, order.job.id)


def _record(run: Run, order: Order, seconds: float, *, error: str = "") -> None:
    """What a table of the sweep needs, in the run's own manifest."""
    from racer.runs.laps import share_of

    about: dict[str, Any] = {
        "configuration": order.job.number,
        "settings": order.job.settings,
        "seconds": round(seconds, 3),
        "optimal_pct": share_of(run),
    }
    if error:
        about["error"] = error
    run.record(name=order.job.id, command=["racer", "sweep"], sweep=about)


@contextlib.contextmanager
def _place(order: Order) -> Iterator[Path]:
    """Be in a folder with the inputs while training; gives an empty folder for the run.

    The folder is the same for all orders of a sweep, because compiled kernels of the user's own
    files are known by their path.
    """
    key = (order.scratch, own.digest(order.inputs))
    if key not in _PLACES or not _PLACES[key].is_dir():
        _PLACES[key] = _new_place(order)
    place, before = _PLACES[key], Path.cwd()
    runs_dir = place / "runs"
    shutil.rmtree(runs_dir, ignore_errors=True)
    os.chdir(place)
    try:
        yield runs_dir
    finally:
        os.chdir(before)
        shutil.rmtree(runs_dir, ignore_errors=True)


def _new_place(order: Order) -> Path:
    place = Path(tempfile.mkdtemp(prefix="racer-sweep-", dir=order.scratch or None)).resolve()
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for at, content in order.inputs.items():
        target = place / at
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return place
