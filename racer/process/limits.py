"""What the system lets this process use."""

from __future__ import annotations

import os
import sys

_GRACE_S = 5  # between the limit and the one that nothing survives


def cores() -> int:
    """How many cores this process may use, at least 1: all of the machine where nobody can say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_cpu(seconds: int) -> None:
    """Have the system end this process, and each one it starts, after so much processor time.

    Does nothing on Windows.
    """
    if sys.platform != "win32":
        import resource

        most = resource.getrlimit(resource.RLIMIT_CPU)[1]  # a lower one may be set: `ulimit -t`
        limits = [seconds, seconds + _GRACE_S]
        if most != resource.RLIM_INFINITY:
            limits = [min(limit, most) for limit in limits]
        resource.setrlimit(resource.RLIMIT_CPU, (limits[0], limits[1]))
