"""Keep what was found about a reward beside its kernel, so that no start proves it anew.

A verdict is a small JSON file in the user's own cache folder. Its key holds all that it depends on:
the reward's text, this package's sources, Python, numba, NumPy, the C library, the processor, and
the rows of the proof. What cannot be read, or is not of this user, is proven again.

Why a training waits for its kernel instead of starting with the worker and changing over: proven
equal means within 1e-12 on the rows of the proof, not to the bit on every row there is. `sin`,
`exp` and `**` may differ in the last bit between numba and Python's C library, and the moment of
the change would be the clock's choice: the same seed could then give two trainings. The wait is
paid once for each text; with a verdict and a cached kernel there is none.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite.binding
import numba
import numpy as np
from numba.core.errors import NumbaError

from racer.reward.compiler.parse import Unsupported
from racer.reward.engine import Rows
from racer.reward.file import RewardFile
from racer.reward.params import Waypoints
from racer.sim import cache
from racer.sim.jit import CACHE_FOLDER, SWITCHED_OFF
from racer.storage import files

LARGEST = 65536  # bytes


class Verdict(NamedTuple):
    """What is known of a reward.

    Attributes:
        rows: of the proof that the kernel equals Python; 0 if it cannot be compiled.
        why_not: then the reason, after the name of the file.
    """

    rows: int
    why_not: str = ""


def key(file: RewardFile, waypoints: Waypoints, sample: bytes | Rows, objects: int = 0) -> str:
    """Of a verdict on this file.

    Args:
        file: the reward.
        waypoints: the made-up rows of the proof lie around them.
        sample: the driven rows of the proof, or a hash of all that they depend on.
        objects: around the car in all of them.
    """
    digest = hashlib.sha256(_machinery())
    digest.update(file.sha256.encode())
    digest.update(np.asarray(waypoints, np.float64).tobytes())
    digest.update(sample if isinstance(sample, bytes) else sample.tobytes())
    digest.update(b"%d" % objects if objects else b"")
    return digest.hexdigest()[:32]


@functools.cache
def _machinery() -> bytes:
    """A hash of what makes and proves kernels. The cache folder's name is one of the simulator."""
    cpu = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()
    versions = sys.version, numba.__version__, np.__version__, platform.libc_ver()
    digest = hashlib.sha256(
        repr((Path(CACHE_FOLDER).name, platform.platform(), cpu, versions)).encode()
    )
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.digest()


def read(name: str) -> Verdict | None:
    """The verdict kept under this key; None if there is none that can be trusted."""
    folder = own_folder()
    if folder is None:
        return None
    try:
        with (folder / f"verdict_{name}.json").open(encoding="utf-8") as stream:
            found: Any = json.loads(stream.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() != {"rows", "why_not"}:
        return None
    rows, why_not = found["rows"], found["why_not"]
    if type(rows) is not int or type(why_not) is not str or (rows > 0) == bool(why_not):
        return None
    return Verdict(rows, why_not)


def write(name: str, verdict: Verdict) -> None:
    """Keep a verdict, if there is a folder for it."""
    folder = own_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        files.write_json(folder / f"verdict_{name}.json", verdict._asdict())


def is_of_the_text(error: Exception) -> bool:
    """Whether a refusal is for what the file says; not for a damaged cache or a full memory.

    A RecursionError is numba's, about types that never end.
    """
    return isinstance(error.__context__, Unsupported | NumbaError | RecursionError)


def own_folder() -> Path | None:
    """Where compiled rewards are kept; None when no folder is the user's alone."""
    if SWITCHED_OFF:
        return None
    return cache.beside(CACHE_FOLDER, "rewards")
