"""Train the same settings with many seeds, one process each, and watch all of them at once."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.errors import RacerError, ResourceError, Stopped
from racer.runs import Run
from racer.signals import graceful_stop

_REFRESH_S = 0.5
_LINE_EVERY_S = 10.0  # where there is no terminal


@dataclass(frozen=True)
class Outcome:
    """How one seed ended: its run, or the sentence that says why there is none."""

    seed: int
    run: Run | None
    error: str = ""


def train_seeds(
    config: Config,
    count: int,
    *,
    runs_dir: Path,
    tags: Sequence[str] = (),
    quiet: bool = False,
) -> list[Outcome]:
    """Train seeds `config.train.seed` to `+ count - 1`, as many at once as there are CPUs.

    Args:
        config: every setting.
        count: how many seeds.
        runs_dir: where the runs go.
        tags: words to find them by.
        quiet: show nothing.

    Raises:
        Stopped: a signal came; every run saved itself.
    """
    import joblib

    seeds = range(config.train.seed, config.train.seed + count)
    with tempfile.TemporaryDirectory(prefix="racer-seeds-") as folder, graceful_stop() as stop:
        jobs = [
            joblib.delayed(_train_one)(
                config.override({"train.seed": seed}), runs_dir, list(tags), folder
            )
            for seed in seeds
        ]
        found: list[Outcome] = []
        lost: list[Exception] = []
        pool = joblib.Parallel(n_jobs=min(count, joblib.cpu_count()), backend="loky")

        def work() -> None:
            try:
                found.extend(pool(jobs))
            except Exception as error:  # told below, in the main thread
                lost.append(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        with _Board(Path(folder), seeds, config.train.timesteps, quiet=quiet) as board:
            told = False
            while worker.is_alive():
                worker.join(_REFRESH_S)
                board.show()
                if stop and not told:
                    told = True
                    _pass_on(stop.number, Path(folder))
        if stop:
            raise Stopped(
                f"stopped by {stop.name}; each run saved itself. Go on with each: "
                "racer train --resume RUN (racer runs list shows them).",
                stop.exit_code,
            )
        if lost:
            raise ResourceError(
                f"a training process died: {str(lost[0]).splitlines()[0]} Perhaps memory ran out; "
                "try fewer cars: --num-envs. Each run goes on with racer train --resume RUN."
            ) from lost[0]
        return found


def _train_one(config: Config, runs_dir: Path, tags: Sequence[str], folder: str) -> Outcome:
    """In a process of its own. Errors travel as text: not every exception can be pickled."""
    from racer.train import train

    seed = config.train.seed
    path = Path(folder) / f"{seed}.json"
    tell = _Teller(path)
    tell({})
    try:
        run, result = train(config, runs_dir=runs_dir, tags=tags, quiet=True, tell=tell)
    except RacerError as error:
        tell({"state": type(error).__name__})
        return Outcome(seed, None, str(error))
    tell({"state": "done", **result.to_json()})
    return Outcome(seed, run)


class _Teller:
    """Writes the newest metrics row where the parent looks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._row: dict[str, Any] = {}

    def __call__(self, row: dict[str, Any]) -> None:
        self._row |= row
        tmp = self._path.with_suffix(".tmp")
        tmp.write_text(json.dumps({"pid": os.getpid(), **self._row}))
        tmp.replace(self._path)


class _Board:
    """A live table on a terminal, a line now and then elsewhere."""

    def __init__(self, folder: Path, seeds: range, total: int, *, quiet: bool) -> None:
        self._folder, self._seeds, self._total = folder, seeds, total
        self._quiet = quiet
        self._live: Any = None
        self._printed = time.monotonic()

    def __enter__(self) -> _Board:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=sys.stderr), auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._printed = 0.0
        self.show()
        if self._live is not None:
            self._live.stop()

    def show(self) -> None:
        """What every process said last."""
        rows = {seed: _told(self._folder / f"{seed}.json") for seed in self._seeds}
        if self._live is not None:
            self._live.update(self._table(rows), refresh=True)
        elif not self._quiet and time.monotonic() - self._printed >= _LINE_EVERY_S:
            self._printed = time.monotonic()
            parts = [f"{seed}: {self._cells(row)[0]}" for seed, row in rows.items()]
            print("seeds  " + "  ".join(parts), file=sys.stderr, flush=True)

    def _table(self, rows: dict[int, dict[str, Any]]) -> Any:
        from rich.table import Table

        table = Table("seed", "trained", "progress", "laps", "best lap")
        for seed, row in rows.items():
            table.add_row(str(seed), *self._cells(row))
        return table

    def _cells(self, row: dict[str, Any]) -> tuple[str, str, str, str]:
        share = f"{100 * row.get('timesteps', 0) / self._total:.0f} %"
        state = row.get("state") or (share if row else "waiting")
        return (
            state,
            _number(row.get("progress_pct"), "%"),
            _number(row.get("laps_pct"), "%"),
            _number(row.get("best_lap_s"), "s"),
        )


def _told(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _number(value: Any, unit: str) -> str:
    return "" if value is None or value != value else f"{value:.1f} {unit}"


def _pass_on(number: int, folder: Path) -> None:
    """Tell the training processes too; a terminal's Ctrl-C reached them already."""
    if number == signal.SIGINT and os.isatty(0):
        return
    for path in folder.glob("*.json"):
        told = _told(path)
        if told.get("pid") and not told.get("state"):
            try:
                os.kill(int(told["pid"]), number)
            except ProcessLookupError:
                continue
