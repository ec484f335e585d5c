"""Compile a reward in a process of its own, into the cache, while this one does other work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import Any

from racer.reward.file import RewardFile, load

USUAL = 140_000  # characters, the official limit
LONGEST = 120  # s, for a compiler nobody waits for any more
_CHILD = "import sys; from racer.reward.compiler import background as b; b.compile_now(sys.argv[1])"


class Ahead:
    """A reward that is being compiled by another process. An exception inside `with` ends that.

    Args:
        file: the reward. It is rewritten and compiled, not executed.
        patience_s: how long from now `wait` waits at most.
    """

    def __init__(self, file: RewardFile, patience_s: float) -> None:
        self._where = f"{file.shown}:{file.line}"
        self._patience = patience_s
        self._until = time.monotonic() + patience_s
        self._refused = _refusal(file)
        starts = not self._refused and _shares_a_cache()
        self._process = _start(file.shown) if starts else None

    def wait(self) -> str:
        """Why it cannot be compiled, or is not yet; "" when this process can go on with it."""
        if self._process is None:
            return self._refused
        try:
            said, _ = self._process.communicate(timeout=max(0.0, self._until - time.monotonic()))
        except subprocess.TimeoutExpired:
            late = f"compiling takes longer than {self._patience:g} s; it goes on, check again"
            return f"{self._where}: {late}"
        if self._process.returncode:
            return f"{self._where}: its compiler ended with {self._process.returncode}"
        return said.decode("utf-8", "surrogateescape")

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, kind: object, *_: Any) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        if kind is not None:
            self._process.kill()
        threading.Thread(target=self._process.communicate, daemon=True).start()  # until it ends


def _refusal(file: RewardFile) -> str:
    """Why it cannot be compiled, if its text tells; not looked for in one that is very long."""
    from racer.reward.compiler.engine import NotCompiled, generated_from

    try:
        if len(file.source) <= USUAL:
            generated_from(file)
    except NotCompiled as error:
        return str(error)
    return ""


def _shares_a_cache() -> bool:
    from racer.reward.compiler.engine import config
    from racer.sim.jit import CACHE_FOLDER

    return bool(CACHE_FOLDER) and not config.DISABLE_JIT


def _start(shown: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _CHILD, shown]
    none = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=none, stdout=subprocess.PIPE, stderr=none)


def compile_now(shown: str) -> None:
    """What the other process does: fill the cache, or print why not."""
    from racer.reward.compiler.engine import NotCompiled, build

    if hasattr(signal, "alarm"):
        signal.alarm(LONGEST)
    try:
        build(load(shown))
    except NotCompiled as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "surrogateescape"))
