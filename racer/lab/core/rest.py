"""A training that rests between two steps, while others have the machine.

SIGSTOP would stop it anywhere, also in the middle of an update of the policy, where it holds ten
megabytes for nothing. So it is told by a signal, comes to its next step, and gives them back first.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from racer.process import memory
from racer.training.listener import Listener

REST, GO_ON = (int(getattr(signal, name, 0)) for name in ("SIGUSR1", "SIGUSR2"))


def block() -> None:
    """Until a training is there to hear them, these signals wait; forks and threads inherit it."""
    if sys.platform != "win32" and REST:
        signal.pthread_sigmask(signal.SIG_BLOCK, {REST, GO_ON})


class Rest(Listener):
    """Rests at the next step after REST, until GO_ON. Made in the main thread."""

    _wakes = -1

    def __init__(self) -> None:
        self._asked = False
        if sys.platform == "win32" or not REST:
            return
        self._wakes, wake = os.pipe()  # whatever thread a signal comes to, a byte is written
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(REST, self._hear)
        signal.signal(GO_ON, self._hear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {REST, GO_ON})

    def on_step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        if self._asked:
            memory.give_back()
        while self._asked:
            os.read(self._wakes, 1)

    def _hear(self, number: int, _frame: object) -> None:
        self._asked = number == REST
