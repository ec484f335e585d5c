"""Worker processes on this machine, one for each CPU."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from concurrent.futures import Future
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
        self._pool: Any = None

    @property
    def workers(self) -> int:
        return self._workers

    def submit(self, order: Order) -> Future[Parcel]:
        if self._pool is None:
            from joblib.externals.loky import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(
                self._workers, initializer=_begin, initargs=(os.getpid(),)
            )
        future: Future[Parcel] = self._pool.submit(work, order)
        return future

    def lost(self, error: BaseException) -> bool:
        from concurrent.futures.process import BrokenProcessPool

        if not isinstance(error, BrokenProcessPool):
            return False
        self.stop()  # a pool that lost one worker takes no more orders
        return True

    def stop(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=True, kill_workers=True)


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
