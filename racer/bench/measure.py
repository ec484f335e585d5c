"""How speed is measured: one pinned core, warm-up, repetitions in turns, by two clocks."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Args:
        repetitions: of every row.
        target_s: of one repetition.
        starts: processes started per start-up row.
        cold: also time imports, and compiling every kernel from nothing.
    """

    repetitions: int = 9
    target_s: float = 0.2
    starts: int = 5
    cold: bool = True


QUICK = Plan(repetitions=5, target_s=0.01, starts=1, cold=False)


@dataclass(frozen=True)
class Job:
    """What is to be measured.

    Args:
        name: what runs.
        cars: how many at once.
        advance: does k control steps of all cars.
        close: gives back what the job holds.
    """

    name: str
    cars: int
    advance: Callable[[int], Any]
    close: Callable[[], Any] = lambda: None


@dataclass(frozen=True)
class Repetition:
    """One repetition: work done and what it took."""

    steps: int
    wall_s: float
    cpu_s: float  # of this process: what other programs take away is not in it


@dataclass(frozen=True)
class Row:
    """What was measured under one name.

    Args:
        name: what ran.
        cars: how many at once.
        repetitions: all of them.
    """

    name: str
    cars: int
    repetitions: tuple[Repetition, ...]

    @property
    def rates(self) -> list[float]:
        """Car-steps/s by wall clock, one per repetition."""
        return [one.steps / one.wall_s for one in self.repetitions]

    @property
    def rate(self) -> float:
        """Median car-steps/s by wall clock."""
        return statistics.median(self.rates)

    @property
    def cpu_rate(self) -> float:
        """Median car-steps per second of this process's CPU time."""
        return statistics.median(one.steps / max(one.cpu_s, 1e-9) for one in self.repetitions)

    def cells(self) -> list[str]:
        """Its line of a table."""
        return [
            self.name,
            f"{self.cars:,}",
            f"{self.rate:,.0f}",
            f"{min(self.rates):,.0f}..{max(self.rates):,.0f}",
            f"{self.cpu_rate:,.0f}",
            f"{1e9 / self.rate:,.0f}",
        ]


HEADER = ["what", "cars", "car-steps/s", "min..max", "per CPU second", "ns per car-step"]


def measure(jobs: Sequence[Job], plan: Plan, turn_ended: Callable[[int], Any]) -> list[Row]:
    """Time the jobs in turns, so that all of them share the machine's slow moments; close them.

    Args:
        jobs: what to measure.
        plan: how long.
        turn_ended: told the number of each turn: 0 is the warm-up, then one for each repetition.
    """
    calls = [_calls(job, plan) for job in jobs]
    turn_ended(0)
    found: list[list[Repetition]] = [[] for _ in jobs]
    for turn in range(1, plan.repetitions + 1):
        for job, k, repetitions in zip(jobs, calls, found, strict=True):
            repetitions.append(_once(job, k))
        turn_ended(turn)
    for job in jobs:
        job.close()
    return [Row(job.name, job.cars, tuple(r)) for job, r in zip(jobs, found, strict=True)]


def _calls(job: Job, plan: Plan) -> int:
    """The control steps that a repetition takes; warms up."""
    calls, elapsed = 1, 0.0
    while elapsed < plan.target_s / 2:
        began = time.perf_counter()
        job.advance(calls)
        elapsed = time.perf_counter() - began
        calls *= 2
    return max(1, int(calls / 2 * plan.target_s / elapsed))


def _once(job: Job, calls: int) -> Repetition:
    wall, cpu = time.perf_counter(), time.process_time()
    job.advance(calls)
    return Repetition(calls * job.cars, time.perf_counter() - wall, time.process_time() - cpu)


class Progress:
    """Says on stderr what was measured, and how much is left.

    Args:
        planned_s: about how long all of it takes, s.
        quiet: say nothing.
    """

    def __init__(self, planned_s: float, *, quiet: bool) -> None:
        self._planned_s, self._quiet = planned_s, quiet
        self._done_s, self._began = 0.0, time.perf_counter()

    def done(self, line: str, planned_s: float) -> None:
        """`line` was found out; `planned_s` of the plan had been for it."""
        self._done_s += planned_s
        share = min(0.99, self._done_s / self._planned_s)
        left = (time.perf_counter() - self._began) * (1.0 / share - 1.0)
        self._say(f"{share:4.0%}  {line}  {left:.0f} s left")

    def finished(self) -> None:
        """Nothing is left, whatever the plan was."""
        self._say(f"100%  measured in {time.perf_counter() - self._began:.0f} s")

    def _say(self, line: str) -> None:
        if not self._quiet:
            print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_core() -> Iterator[int | None]:
    """Pin this process and those it starts to one core, where the system can; yields which."""
    allowed, pin = (getattr(os, f"sched_{name}affinity", None) for name in ("get", "set"))
    if allowed is None or pin is None:  # Windows, macOS
        yield None
        return
    before = allowed(0)
    core = max(before)  # interrupts tend to land on the first
    pin(0, {core})
    try:
        yield core
    finally:
        pin(0, before)


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    versions = {
        name: importlib.metadata.version(name)
        for name in ("numpy", "numba", "torch", "stable-baselines3", "gymnasium")
    }
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
        "torch_threads": 1,
        "load_before": load(),
    }


def load() -> float | None:
    """Processes that wanted a core, mean of the last minute; None where unknown."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, columns aligned so that it reads as text too; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        first, *rest = (
            cell.rjust(w) if i else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *rest])} |"

    rule = [("-" * (w - 1) + ":") if i else "-" * w for i, w in enumerate(widths)]
    return "\n".join([line(header), line(rule), *map(line, rows)])
