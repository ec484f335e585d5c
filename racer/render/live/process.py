"""The live window in a process of its own: drawing takes nothing from the training but messages."""

from __future__ import annotations

import contextlib
import subprocess
import sys

from racer import console
from racer.render.live.outbox import Outbox

READY = "ready"
log = console.log(__name__)


class WindowProcess(Outbox):
    """Opens the window; a person may close it, and the training goes on.

    Where no window can be opened, a warning says so, once.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "racer.render.live"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        super().__init__(self._process.stdin.write, self._opened)

    def _opened(self) -> bool:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().decode("utf-8", "replace").strip()
        if said != READY:
            log.warning("--live: %s The training goes on without it.", said or "no window.")
        return said == READY

    def close(self) -> None:
        """The training is over, and the window closes."""
        super().close()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
