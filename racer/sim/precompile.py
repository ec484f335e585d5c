"""The first time on a machine, a second process compiles the longest kernels beside the first.

The first process meanwhile compiles what indexes the track. Both use the cache of racer.sim.jit.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import numpy as np

from racer.sim import cache, native_call, step
from racer.sim.models.kinematic import new_block
from racer.sim.types import (
    AHEAD,
    CAR,
    CELL,
    FENCE,
    GATE,
    HEAD,
    LINE,
    SIM,
    SPAN,
    VEHICLE,
    TrackArrays,
)

LONGEST = 600  # s; about 15 on a machine that does nothing else
_DTYPES = (HEAD, LINE, SPAN, LINE, LINE, CELL, GATE, FENCE, np.int32, AHEAD)  # of TrackArrays
_CHILD = "import sys; from racer.sim import precompile; precompile.compile_now(int(sys.argv[1]))"
_beside: subprocess.Popen[bytes] | None = None


def start(model: int, cores: int) -> None:
    """Compile `step.ADVANCE[model]` and `step.reset` in a second process, if no cache has them.

    Args:
        model: of the vehicle.
        cores: that this process may use; on one alone a second process does not pay.
    """
    global _beside
    if _beside is None and cores > 1 and not cache.holds(step.ADVANCE[model]):
        none = subprocess.DEVNULL
        with contextlib.suppress(OSError):
            _beside = subprocess.Popen(
                [sys.executable, "-c", _CHILD, str(model)], stdin=none, stdout=none, stderr=none
            )


def wait() -> None:
    """Until what `start` started has ended. What it has not compiled, this process will."""
    if _beside is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            _beside.wait(LONGEST)


def compile_now(model: int) -> None:
    """What the second process does: arrays without rows have the types of those with rows."""
    if hasattr(signal, "alarm"):
        signal.alarm(LONGEST)
    track = TrackArrays(*(np.zeros(0, dtype) for dtype in _DTYPES))
    cars, vehicle, sim = np.zeros(0, CAR), np.zeros(0, VEHICLE), np.zeros(0, SIM)
    advance = step.ADVANCE[model]
    native_call.bind(advance, cars, np.zeros((0, 2)), track, 0, vehicle, sim, new_block())
    native_call.bind(step.reset, cars, np.zeros(0, np.bool_), track, 0, vehicle, sim)


def ahead(*, camera: bool) -> bool:
    """Will a race first compile what later starts find in the cache?

    Args:
        camera: pictures are drawn, too.
    """
    from racer.sim.camera import draw

    return not (cache.holds(step.begin) and (not camera or cache.holds(draw)))
