"""The reward's process from outside: what it may import, prints, uses, and when it is too slow."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from racer.reward.namespace import THIRD_PARTY

PATIENCE = 10.0  # times a limit that a starved process, one the machine gives no time, may take

_PROC_TELLS = sys.platform == "linux" and os.path.exists("/proc/self/stat")
_TICKS: float = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # a second


def locked(layers: dict[str, Any]) -> str:
    """The layers in words."""
    if all(layers.values()):
        return f"locked fully (Landlock {layers['landlock']}, seccomp, limits)"
    active = [name for name, on in layers.items() if on]
    return f"locked partly ({', '.join([*active, 'time'])})"


def packages(source: str) -> list[str]:
    """Folders of the packages a reward may import, when it names one."""
    found = set()
    for name in THIRD_PARTY:
        spec = importlib.util.find_spec(name) if name in source else None
        if spec is not None and spec.origin:
            found.add(str(Path(spec.origin).parents[1]))
    return sorted(found)


def over(limit: float, waited: float, used: float, state: str) -> bool:
    """Whether a limit is passed, all in s; a process that the machine gives no time may wait."""
    starved = state in "RD" and used < limit / 2 and waited < limit * PATIENCE
    return waited > limit and not starved


def cpu_of(pid: int) -> tuple[str, float] | None:
    """State letter and seconds of processor time of a process; None where nothing tells."""
    if not _PROC_TELLS:
        return None
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:  # it has ended
        return "S", 0.0
    ticks = int(fields[11]) + int(fields[12])
    return fields[0].decode(), ticks / _TICKS
