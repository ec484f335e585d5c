"""Judges every submission exactly once, also where a process is killed in between."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from racer.errors import RacerError
from racer.lab.core.classroom.store import Store

PROCESS = (sys.executable, "-m", "racer.lab.core.classroom.judge")
TRIES = 3  # processes that may end over one submission
PAUSE_S = 1.0  # between two looks where the file could not be written


class Judging:
    """A thread that gives submissions to the judge's process, one after the other.

    Args:
        store: what waits in it is judged: also what a killed server left.
        entries: the folder of submissions.
        on_score: called when a score is known, in the thread.
        process: of the judge.
    """

    def __init__(
        self,
        store: Store,
        entries: Path,
        on_score: Callable[[], None] = lambda: None,
        process: Sequence[str] = PROCESS,
    ) -> None:
        self._store, self._entries, self._on_score = store, entries, on_score
        self._command = list(process)
        self._wake, self._closed = threading.Event(), False
        self._process: subprocess.Popen[str] | None = None
        self._ended: dict[int, int] = {}  # submission: processes that ended over it
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """There is a new submission."""
        self._wake.set()

    def close(self) -> None:
        """End; what is not judged waits for the next start."""
        self._closed = True
        self._wake.set()
        if (process := self._process) is not None:
            process.kill()
        self._thread.join()

    def _run(self) -> None:
        self._wake.set()
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            while not self._closed:
                try:
                    waiting = self._store.waiting()
                    if not waiting:
                        break
                    self._judge(waiting[0])
                except RacerError:  # a full disk: what waits is still there
                    threading.Event().wait(PAUSE_S)
        self._end()

    def _judge(self, task: dict[str, Any]) -> None:
        number = int(task["entry"])
        answer = self._asked(task | {"folder": str(self._entries / task["folder"])})
        if answer is None:
            if self._closed:
                return
            self._ended[number] = self._ended.get(number, 0) + 1
            if self._ended[number] < TRIES:
                return
            answer = {"failed": "the judge's process ended three times over it."}
        self._store.score(number, answer.get("result", {}), answer.get("failed", ""))
        self._on_score()

    def _asked(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """What the judge answers; None when its process ended."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                encoding="utf-8", start_new_session=sys.platform != "win32",
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer
        self._end()
        return None

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
