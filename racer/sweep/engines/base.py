"""The engine of a sweep: orders in, futures of parcels out."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from concurrent.futures import Future

from racer import registry
from racer.errors import UnknownName, UsageError
from racer.sweep.parcel import Parcel
from racer.sweep.worker import Order


class Engine(ABC):
    """Workers, here or elsewhere.

    Attributes:
        local: the workers are processes of this machine, and children of this one.
        tries: how many orders of one run may end with a dead worker until it is given up.
    """

    local = False
    tries = 3

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many orders run at once now; 0 while a cluster has no worker."""

    @abstractmethod
    def submit(self, order: Order) -> Future[Parcel]:
        """Begin an order."""

    @abstractmethod
    def lost(self, error: BaseException) -> str:
        """How the worker of an order died, if a future's error says so; else ""."""

    @abstractmethod
    def stop(self) -> None:
        """End at once what runs, and let go of the workers. A second call does nothing."""


def names() -> list[str]:
    """Every engine."""
    return [name for name in registry.modules("racer.sweep.engines") if name != "base"]


def start(name: str, *, address: str | None, workers: int | None) -> Engine:
    """The engine of this name, with its workers.

    Args:
        name: loky, dask or ray.
        address: of the scheduler of dask, or of ray's head.
        workers: how many of loky; a cluster has those it has.

    Raises:
        UnknownName: no such engine.
        UsageError: an option that does not belong to it, or a library that is missing.
        ResourceError: nothing answers at the address.
    """
    if name not in names():
        raise UnknownName("engine", name, names())
    if name == "loky" and address is not None:
        raise UsageError("--address belongs to --engine dask or ray; loky has workers here only.")
    if name != "loky" and workers is not None:
        raise UsageError(f"--workers belongs to --engine loky; {name} uses those of the cluster.")
    if workers is not None and workers < 1:
        raise UsageError("--workers takes at least 1.")
    module = importlib.import_module(f"racer.sweep.engines.{name}")
    found: Engine = module.start(address, workers)
    return found


def missing(library: str) -> UsageError:
    """The error where the library of an engine is not installed."""
    return UsageError(
        f"--engine {library} needs {library}, which is not installed. Install it here and on "
        f"every worker: pip install 'racer[{library}]'."
    )
