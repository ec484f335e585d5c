"""Compile a reward in a process of its own, into the cache, while this one does other work."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from racer.reward.file import RewardFile, load

_CHILD = (
    "import sys; from racer.reward.compiler import background as b; b.compile_now(*sys.argv[1:])"
)


class Ahead:
    """A reward that is being compiled by another process. An exception inside `with` ends that.

    Args:
        file: the reward. It is rewritten and compiled, not executed.
        objects: the most around a car that its rows will have room for.
    """

    def __init__(self, file: RewardFile, objects: int = 0) -> None:
        self._where = f"{file.shown}:{file.line}"
        self._refused = _refusal(file, objects)
        starts = not self._refused and _shares_a_cache()
        self._process = _start(file.shown, objects) if starts else None

    def wait(self) -> str:
        """Wait until the compiler has ended, however long it takes: whether a file compiles is
        decided by its text, not by a clock.

        Returns:
            why it cannot be compiled; "" when this process can go on with the kernel.
        """
        if self._process is not None and self._process.returncode is None:
            said, _ = self._process.communicate()
            self._refused = said.decode("utf-8", "surrogateescape")
            if self._process.returncode:
                self._refused = f"{self._where}: its compiler ended with {self._process.returncode}"
        return self._refused

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            self._process.communicate()


def _refusal(file: RewardFile, objects: int) -> str:
    """Why it cannot be compiled, if its rewriting tells."""
    from racer.reward.compiler.engine import NotCompiled, generated_from

    try:
        generated_from(file, objects)
    except NotCompiled as error:
        return str(error)
    return ""


def _shares_a_cache() -> bool:
    from racer.reward.compiler.engine import config
    from racer.sim.jit import CACHE_FOLDER

    return bool(CACHE_FOLDER) and not config.DISABLE_JIT


def _start(shown: str, objects: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _CHILD, shown, str(objects)]
    none = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=none, stdout=subprocess.PIPE, stderr=none)


def compile_now(shown: str, objects: str = "0") -> None:
    """What the other process does: fill the cache, or print why not."""
    from racer.reward.compiler.engine import NotCompiled, build

    try:
        build(load(shown), int(objects))
    except NotCompiled as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "surrogateescape"))
