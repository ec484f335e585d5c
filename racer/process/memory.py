"""Memory of this process: how much it can still take, and telling when it ran out."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import math
import traceback
from pathlib import Path
from typing import Any

from racer.errors import ResourceError

_CGROUPS = Path("/sys/fs/cgroup")
_GROUP_FILES = (  # limit, in use, what of it; version 2, then 1
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
_PAGE = 4096  # bytes; of /proc/self/statm on every platform that has it with small pages


def free() -> float:
    """Bytes this process can still take; infinite where nothing says.

    The least of what the machine, the control group (a container's limit) and the limits of the
    process (ulimit -v) leave.
    """
    return max(0.0, min(_machine(), _group(), _process()))


def give_back() -> None:
    """Return to the system what was freed, where the C library can (glibc)."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def ran_out(error: BaseException) -> bool:
    """Whether an error is about memory; torch raises a plain RuntimeError."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def shortage(error: BaseException) -> ResourceError:
    """What to raise instead; lets go of what the failed calls held, so that saving has room."""
    traceback.clear_frames(error.__traceback__)
    detail = str(error).partition("DefaultCPUAllocator: ")[2] or str(error)
    reason = f": {detail.splitlines()[0].rstrip('.')}" if detail else ""
    return ResourceError(
        f"not enough memory{reason}. Use fewer cars or shorter rollouts: --num-envs."
    )


def _machine() -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text()
        return 1024.0 * int(text.split("MemAvailable:")[1].split()[0])
    return math.inf


def _group() -> float:
    for limit, used, stat in _GROUP_FILES:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            most = int((_CGROUPS / limit).read_text())
            return float(most - int((_CGROUPS / used).read_text()) + _cached(_CGROUPS / stat))
    return math.inf


def _cached(stat: Path) -> int:
    """Bytes of read files that count as used and are given back when wanted."""
    lines = dict(line.split() for line in stat.read_text().splitlines())
    return int(lines.get("total_inactive_file", lines.get("inactive_file", 0)))


def _process() -> float:
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        resource: Any = importlib.import_module("resource")  # Windows has none
        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            return float(most - _PAGE * int(Path("/proc/self/statm").read_text().split()[0]))
    return math.inf


def readable(bytes_: float) -> str:
    """A number of bytes for people: 1.5 GiB, 300 MiB."""
    return f"{bytes_ / 2**30:.1f} GiB" if bytes_ >= 2**29 else f"{bytes_ / 2**20:.0f} MiB"
