"""Worker processes on this machine, one for each CPU.

Each is a pool of one: a pool of several that loses one worker ends the others too, and does not
say whose work it was. So a run that kills its worker would take its neighbours with it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from racer.sweep.engines.base import Engine
from racer.sweep.parcel import Parcel
from racer.sweep.worker import Order, work

_LOOK_EVERY_S = 1.0


def start(_address: str | None, workers: int | None) -> Engine:
    """As many workers as asked for, or as there are CPUs."""
    import joblib

    return _Loky(workers or int(joblib.cpu_count()))


class _Loky(Engine):
    local = True

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._orders: dict[Any, Future[Parcel]] = {}  # of each pool, its latest

    @property
    def workers(self) -> int:
        return self._workers

    def submit(self, order: Order) -> Future[Parcel]:
        from joblib.externals.loky import ProcessPoolExecutor

        for pool in [pool for pool, latest in self._orders.items() if latest.done()]:
            try:
                return self._give(pool, order)
            except BrokenProcessPool:  # its worker died, with an order or without
                self._end(pool)
        own = {"initializer": _begin, "initargs": (os.getpid(),)}
        return self._give(ProcessPoolExecutor(1, **own), order)

    def _give(self, pool: Any, order: Order) -> Future[Parcel]:
        self._orders[pool] = pool.submit(work, order)
        return self._orders[pool]

    def _end(self, pool: Any) -> None:
        del self._orders[pool]
        pool.shutdown(wait=True, kill_workers=True)

    def lost(self, error: BaseException) -> str:
        if not isinstance(error, BrokenProcessPool):
            return ""
        codes = re.search(r"exit codes of the workers are \{(.+)\}", str(error))
        return f"ended by {codes[1]}" if codes else "ended without a word"

    def stop(self) -> None:
        for pool in list(self._orders):
            self._end(pool)


def _begin(owner: int) -> None:
    """In a new worker: a terminal's Ctrl-C goes to the owner alone, which ends its workers.

    Nothing tells an idle worker that its owner was killed, so it looks now and then.
    """
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        threading.Thread(target=_end_with, args=(owner,), daemon=True).start()


def _end_with(owner: int) -> None:
    while os.getppid() == owner:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
