"""Workers of a Ray cluster, one for each of its CPUs."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from racer.errors import ResourceError, UsageError
from racer.sweep.engines.base import Engine, missing
from racer.sweep.parcel import Parcel
from racer.sweep.worker import Order, work

_TRIES = 3  # how often Ray itself gives an order of a dead worker to another


def start(address: str | None, _workers: int | None) -> Engine:
    """Connect to the cluster at `address`; `auto` is the one of this machine."""
    try:
        import ray
    except ImportError as error:
        raise missing("ray") from error
    advice = "Start one: ray start --head; on other machines: ray start --address HEAD:6379"
    if not address:
        raise UsageError(f"--engine ray needs --address, e.g. 10.0.0.1:6379 or auto. {advice}.")
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", namespace="racer")
    except Exception as error:  # Ray raises what it likes
        raise ResourceError(f"no Ray cluster answers at {address}. {advice}.") from error
    return _Ray(ray)


class _Ray(Engine):
    tries = 1  # Ray has given it to several workers before it says so

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._work = ray.remote(num_cpus=1, max_retries=_TRIES)(work)
        self._asked: dict[Any, Any] = {}

    @property
    def workers(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 0))

    def submit(self, order: Order) -> Future[Parcel]:
        asked = self._work.remote(order)
        future: Future[Parcel] = asked.future()
        self._asked[future] = asked
        future.add_done_callback(lambda done: self._asked.pop(done, None))
        return future

    def lost(self, error: BaseException) -> str:
        errors = self._ray.exceptions
        if not isinstance(error, errors.RayError) or isinstance(error, errors.RayTaskError):
            return ""
        return (str(error) or type(error).__name__).splitlines()[0]

    def stop(self) -> None:
        for asked in list(self._asked.values()):
            self._ray.cancel(asked, force=True)
        self._asked.clear()
        self._ray.shutdown()
