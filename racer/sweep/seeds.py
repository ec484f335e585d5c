"""Train the same settings with many seeds, one process each, and watch all of them at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import console
from racer.config import Config
from racer.errors import RacerError, ResourceError, Stopped
from racer.process import memory
from racer.process.signals import Stop, graceful_stop
from racer.runs import Run
from racer.training.listener import Listener

_REFRESH_S = 0.5
_LINE_EVERY_S = 10.0  # where there is no terminal
_STOP = "stop"  # a file the processes look for before they begin


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
                config.override({"train.seed": seed}), runs_dir, list(tags), folder, os.getpid()
            )
            for seed in seeds
        ]
        found: list[Outcome] = []
        lost: list[BaseException] = []
        pool = joblib.Parallel(n_jobs=min(count, joblib.cpu_count()), backend="loky")

        def work() -> None:
            try:
                found.extend(pool(jobs))
            except (Exception, KeyboardInterrupt) as error:  # raised below, in the main thread
                lost.append(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        with _Board(Path(folder), seeds, config.train.timesteps, quiet=quiet) as board:
            _wait(worker, board, stop, Path(folder))
        if stop:
            raise Stopped(
                f"stopped by {stop.name}; each run that had begun saved itself. Go on with each: "
                "racer train --resume RUN (racer runs list shows them).",
                stop.exit_code,
            )
        if lost:
            raise ResourceError(
                f"a training process died: {_first_line(lost[0])} Perhaps memory ran out; "
                "try fewer cars: --num-envs. Each run goes on with racer train --resume RUN."
            ) from lost[0]
        return found


def _wait(worker: threading.Thread, board: _Board, stop: Stop, folder: Path) -> None:
    """Until all are trained; show how they do, and pass a signal on once."""
    passed_on = False
    while worker.is_alive():
        worker.join(_REFRESH_S)
        board.show()
        if stop and not passed_on:
            passed_on = True
            _pass_on(stop.number, folder)


def _train_one(
    config: Config, runs_dir: Path, tags: Sequence[str], folder: str, owner: int
) -> Outcome:
    """In a process of its own, which ends when its owner has died."""
    if os.getpid() != owner and hasattr(os, "setpgid"):
        # A terminal's Ctrl-C goes to the owner alone, which passes it on once.
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
    teller = _Teller(Path(folder) / f"{config.train.seed}.json", owner)
    with graceful_stop(quiet=True):
        teller.tell({})  # from here on signals are heard
        if teller.orphan() or (Path(folder) / _STOP).exists():
            teller.tell({"state": "not begun"})
            outcome = Outcome(config.train.seed, None, "stopped before it began")
        else:
            outcome = _outcome(config, runs_dir, tags, teller)
        if teller.orphan():
            os._exit(128 + signal.SIGTERM)
    return outcome


def _outcome(config: Config, runs_dir: Path, tags: Sequence[str], teller: _Teller) -> Outcome:
    """Train. Errors travel as text: not every exception can be pickled."""
    from racer.api import train

    try:
        run, result = train(config, runs_dir=runs_dir, tags=tags, quiet=True, listeners=[teller])
    except Exception as error:  # the other seeds go on
        error = memory.shortage(error) if memory.ran_out(error) else error
        name = type(error).__name__
        teller.tell({"state": name})
        message = str(error) if isinstance(error, RacerError) else f"{name}: {error}"
        return Outcome(config.train.seed, None, message)
    teller.tell({"state": "done", **result.to_json()})
    return Outcome(config.train.seed, run)


class _Teller(Listener):
    """Writes the newest metrics row where the owner looks; without an owner it stops training."""

    def __init__(self, path: Path, owner: int) -> None:
        self._path, self._owner = path, owner
        self._row: dict[str, Any] = {}
        self._alone = False

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        self.tell(row)
        return None

    def tell(self, row: Mapping[str, Any]) -> None:
        """Add to what the owner sees."""
        if self.orphan():
            if not self._alone:
                signal.raise_signal(signal.SIGTERM)  # it saves itself, as when it is told to
            self._alone = True
            return
        self._row.update(row)
        tmp = self._path.with_suffix(".tmp")
        tmp.write_text(json.dumps({"pid": os.getpid(), **self._row}))
        tmp.replace(self._path)

    def orphan(self) -> bool:
        """Whether the process that shows what is told here has died."""
        return self._owner not in (os.getpid(), os.getppid())


class _Board:
    """A live table on a terminal, a line now and then elsewhere."""

    def __init__(self, folder: Path, seeds: range, total: int, *, quiet: bool) -> None:
        self._folder, self._seeds, self._total = folder, seeds, total
        self._quiet = quiet
        self._live: Any = None
        self._printed = time.monotonic()

    def __enter__(self) -> _Board:
        terminal = None if self._quiet else console.live()
        if terminal is not None:
            from rich.live import Live

            self._live = Live(console=terminal, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._printed = 0.0
        self.show()
        if self._live is not None:
            self._live.stop()

    def show(self) -> None:
        """What every process said last."""
        rows = {seed: _row_of(self._folder / f"{seed}.json") for seed in self._seeds}
        if self._live is not None:
            self._live.update(self._table(rows), refresh=True)
        elif not self._quiet and time.monotonic() - self._printed >= _LINE_EVERY_S:
            self._printed = time.monotonic()
            parts = [f"{seed}: {self._cells(row)[0]}" for seed, row in rows.items()]
            console.say("seeds  " + "  ".join(parts))

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


def _row_of(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _number(value: Any, unit: str) -> str:
    return "" if value is None or value != value else f"{value:.1f} {unit}"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _pass_on(number: int, folder: Path) -> None:
    """Tell the training processes too, once; those that begin later see that it is over.

    On Windows a signal would end them unsaved: the terminal's Ctrl-C reaches them without us.
    """
    (folder / _STOP).touch()
    if os.name == "nt":
        return
    for path in folder.glob("*.json"):
        row = _row_of(path)
        if row.get("pid") not in (None, os.getpid()) and not row.get("state"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(row["pid"]), number)
