"""The process that started this one: ending with it, and knowing whether a fork is safe."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def can_fork() -> bool:
    """Whether a copy of this process would be whole: Linux, and no other thread that might hold a
    lock at this moment. macOS forks too, but its libraries forbid it."""
    if sys.platform != "linux" or not hasattr(os, "fork"):
        return False
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1
    return False


def die_with(parent: int) -> None:
    """End this process as soon as `parent`, the process that forked it, has ended. Linux only."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended before
            os._exit(1)


def die_at_end_of(descriptor: int) -> None:
    """End this process as soon as what it reads from has ended: the writer has. Takes a thread."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(descriptor, 4096):
                pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
