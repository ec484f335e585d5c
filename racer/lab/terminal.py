"""`racer train --watch-file`: save a reward in any editor, and read here how it drives."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from racer import console
from racer.config import Config
from racer.lab.core.drafts import Drafts, Hear
from racer.lab.core.job import Job
from racer.lab.core.slot import slot
from racer.process.signals import graceful_stop

LOOK_S = 0.1  # between two looks at the file
AGO_S = 10.0  # a time of change that is longer ago is another clock's
STATUS_S = 0.5  # between two lines of progress on a terminal
HELP = "k and Enter: keep the draft as a run; q and Enter, or Ctrl-C: end"


def watch_file(
    file: Path, config: Config, runs_dir: Path, job: Job, hear: Hear = lambda kind, content: None
) -> int:
    """Train every save of `file` until a person ends it; the exit code.

    Args:
        file: the reward, that exists.
        config: of every draft.
        runs_dir: where kept ones go.
        job: tags, parent and command of every draft.
        hear: called with the messages of the draft that is shown.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines.put,), daemon=True).start()
    with graceful_stop(quiet=True) as stop, slot(runs_dir) as folder:
        screen = _Screen()
        drafts = Drafts(config, runs_dir, folder, job=job, tell=screen.say, hear=hear)
        try:
            screen.say(f"{file}: every save is trained. {HELP}.")
            known = None
            while not stop:
                now = _state(file)
                if now is not None and now != known:
                    ago = time.time() - now[0] / 1e9
                    drafts.save(ago if known is not None and 0.0 <= ago < AGO_S else 0.0)
                    known = now
                word = _next(lines)
                if word in ("k", "keep"):
                    drafts.keep()
                elif word in ("q", "quit"):
                    break
                screen.status(drafts)
        finally:
            screen.close()
            drafts.close()
    return stop.exit_code if stop else 0


def _state(file: Path) -> tuple[int, int, bytes] | None:
    """When it was changed, how long it is, and what is in it; None while an editor replaces it."""
    try:
        found = file.stat()
        content = file.read_bytes()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, content


def _read(put: Callable[[str], None]) -> None:
    try:
        for line in sys.stdin or ():
            put(line.strip().lower())
    except (OSError, ValueError):  # closed
        return


def _next(lines: queue.SimpleQueue[str]) -> str:
    try:
        return lines.get(timeout=LOOK_S)
    except queue.Empty:
        return ""


class _Screen:
    """Sentences one below the other, and on a terminal a line of progress below them."""

    def __init__(self) -> None:
        self._terminal = console.live()
        self._shown, self._at = "", 0.0
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """A sentence that stays."""
        with self._lock:
            self._clear()
            console.say(text)

    def status(self, drafts: Drafts) -> None:
        """How far the draft that is shown has come."""
        draft, now = drafts.shown, time.monotonic()
        if self._terminal is None or draft is None or draft.over or now < self._at + STATUS_S:
            return
        self._at, row = now, draft.row
        steps, best = row.get("timesteps") or 0, row.get("best_lap_s")
        parts = [f"{steps:,.0f} of {drafts.config.train.timesteps:,} steps"]
        parts += [f"laps {row.get('laps_pct') or 0.0:.0f} %"]
        parts += [f"best lap {best:.2f} s"] if best is not None else []
        with self._lock:
            self._clear()
            self._shown = "  ".join(parts)
            print(f"\r{self._shown}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._shown:
            print("\r" + " " * len(self._shown) + "\r", end="", file=sys.stderr, flush=True)
            self._shown = ""
