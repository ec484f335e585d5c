"""Workers of a Dask cluster, each a process of one thread: training uses global random numbers."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any

from racer.errors import ResourceError, UsageError
from racer.sweep.engines.base import Engine, missing
from racer.sweep.parcel import Parcel
from racer.sweep.worker import Order, work

_ADVICE = (
    "Start a scheduler, `dask scheduler`, and workers, "
    "`dask worker ADDRESS --nthreads 1 --nworkers auto`"
)
_GONE = (
    "the Dask scheduler is gone. What was finished is kept: start it and its workers again, then "
    "`racer sweep --resume FOLDER` with its address."
)


def start(address: str | None, _workers: int | None) -> Engine:
    """Connect to the scheduler at `address`."""
    try:
        import distributed
    except ImportError as error:
        raise missing("dask") from error
    if not address:
        raise UsageError(f"--engine dask needs --address, e.g. tcp://10.0.0.1:8786. {_ADVICE}.")
    for name in ("distributed", "distributed.client"):  # what is lost is said by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client: Any = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=5, set_as_default=False
        )
    except (OSError, ValueError, TimeoutError) as error:
        raise ResourceError(f"no Dask scheduler answers at {address}. {_ADVICE}.") from error
    return _Dask(client)


class _Dask(Engine):
    tries = 1  # Dask has given it to several workers before it says so

    def __init__(self, client: Any) -> None:
        self._client = client
        self._futures: dict[Any, Any] = {}

    @property
    def workers(self) -> int:
        try:
            threads = self._client.nthreads()
        except OSError as error:
            raise ResourceError(_GONE) from error
        for name, count in threads.items():
            if count > 1:
                self.stop()
                raise UsageError(
                    f"the Dask worker {name} has {count} threads, and trainings in one process "
                    "would share random numbers. Start it with --nthreads 1 --nworkers auto."
                )
        return len(threads)

    def submit(self, order: Order) -> Future[Parcel]:
        # `retries` is for errors; an order whose worker dies goes to three others by itself.
        asked = self._client.submit(
            work, order, key=f"racer-{order.job.id}-{id(order)}", pure=False
        )
        future: Future[Parcel] = Future()
        future.set_running_or_notify_cancel()
        asked.add_done_callback(lambda done: _pass_on(done, future))
        self._futures[future] = asked  # Dask drops what nobody holds
        future.add_done_callback(lambda done: self._futures.pop(done, None))
        return future

    def lost(self, error: BaseException) -> str:
        if type(error).__name__ != "KilledWorker":
            return ""
        return "the log of a Dask worker's nanny says how"

    def stop(self) -> None:
        if self._futures:
            self._client.cancel(list(self._futures.values()), force=True)
            self._futures.clear()
        self._client.close(timeout=2)


def _pass_on(done: Any, future: Future[Parcel]) -> None:
    """From Dask's future to the one that the standard library waits for."""
    try:
        if done.status == "finished":
            future.set_result(done.result(timeout=600))
        elif done.status == "cancelled":
            future.set_exception(ResourceError(_GONE))
        else:
            future.set_exception(done.exception(timeout=60))
    except BaseException as problem:
        if not future.done():
            future.set_exception(problem)
