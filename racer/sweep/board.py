"""What is seen while a sweep runs: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from racer import console
from racer.sweep.plan import Plan
from racer.sweep.score import Configuration, shown
from racer.sweep.space import Settings

LINE_EVERY_S = 10.0  # where there is no terminal
_BEST = 5  # configurations in the live table


class Board:
    """Counts, rate, time left, and the best so far.

    Args:
        plan: of the sweep.
        done: runs that earlier sessions finished.
    """

    def __init__(self, plan: Plan, done: int) -> None:
        self._plan, self._before, self._done = plan, done, done
        self._failed = self._running = 0
        self._best: Sequence[Configuration] = ()
        self._began = self._printed = time.monotonic()
        self._live: Any = None

    def __enter__(self) -> Board:
        terminal = console.live()
        if terminal is not None:
            from rich.live import Live

            self._live = Live(console=terminal, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.show(last=True)
        if self._live is not None:
            self._live.stop()

    def update(
        self, *, done: int, failed: int, running: int, best: Sequence[Configuration]
    ) -> None:
        """Newer numbers; `best` are all configurations with a result, the best first."""
        self._done, self._failed, self._running, self._best = done, failed, running, best

    def show(self, *, last: bool = False) -> None:
        """Draw, or print when a line is due."""
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
        elif last or time.monotonic() - self._printed >= LINE_EVERY_S:
            self._printed = time.monotonic()
            best = self._best[0] if self._best else None
            text = f"; best: {label(best.settings)}: {best.text}" if best else ""
            console.say(f"sweep  {self._counts()}{text}")

    def _counts(self) -> str:
        total = self._plan.runs
        parts = [f"{self._done} of {total} runs ({100 * self._done / total:.0f} %)"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        if self._running:
            parts.append(f"{self._running} running")
        passed, fresh = time.monotonic() - self._began, self._done - self._before
        if fresh:
            parts.append(f"{60 * fresh / passed:.3g} a minute")
        left = total - self._done - self._failed
        if fresh and left > 0:
            parts.append(f"about {duration(left * passed / fresh)} left")
        return ", ".join(parts)

    def _table(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        keys = list(self._plan.space)
        table = Table()
        for title in heads(keys):
            table.add_column(Text(title))
        for one in self._best[:_BEST]:
            table.add_row(*map(Text, cells(one, keys)))
        return Group(Text(self._counts()), table) if self._best else Text(self._counts())


def heads(keys: Sequence[str]) -> list[str]:
    """Titles of the columns of `cells`."""
    return [*names(keys), "seeds", "completion", "lapped", "lap", "of optimal"]


def cells(one: Configuration, keys: Sequence[str]) -> list[str]:
    """A configuration as a line of a table."""
    lap, share = one.mean("lap_s"), one.mean("optimal_pct")
    return [
        *(shown(one.settings.get(key)) for key in keys),
        str(len(one.rows)),
        f"{one.completion_pct:.1f} %",
        f"{one.lapped} of {len(one.rows)}",
        "" if math.isnan(lap) else f"{lap:.2f} s",
        "" if math.isnan(share) else f"{share:.1f} %",
    ]


def names(keys: Sequence[str]) -> list[str]:
    """Settings by their last part, where that tells them apart."""
    last = [key.rpartition(".")[2] for key in keys]
    return [short if last.count(short) == 1 else key for key, short in zip(keys, last, strict=True)]


def label(settings: Settings) -> str:
    """`learning_rate = 0.0003, reward = progress`."""
    parts = zip(names(list(settings)), settings.values(), strict=True)
    return ", ".join(f"{name} = {shown(value)}" for name, value in parts)


def duration(seconds: float) -> str:
    """1h 05m, 3m 20s or 12s."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {whole % 60:02}s" if minutes else f"{whole}s"
