"""The compiled engine: a reward file as one kernel over all cars, proven equal to plain Python."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from racer.reward.compiler import codegen, runtime, verdicts
from racer.reward.compiler.parse import Unsupported
from racer.reward.compiler.runtime.scalars import OPTIONS
from racer.reward.engine import Bound, Cars, Floats, RewardEngine, Rows
from racer.reward.failure import Failure
from racer.reward.file import RewardFile
from racer.reward.params import Waypoints, params_of
from racer.sim.jit import bind
from racer.sim.types import PARAMS

TOLERANCE = 1e-12  # of the larger of 1 and the reward
RAISES_ALLOWED = 20  # rows of the proof for which the file itself raises
DOUBTS_ALLOWED = 0.02  # of the proof's rows; more would be slower than a worker


config: Any = numba.config


class NotCompiled(Exception):
    """Why a reward runs in Python, as one line with file, line and construct."""


class CompiledEngine(RewardEngine):
    """One call of a kernel for all cars; single rows it is not sure of go to plain Python.

    Args:
        file: the reward.
        waypoints: in the file's order.
        python: makes the engine that answers for doubtful rows, called once if ever.
    """

    name = "compiled"

    def __init__(
        self, file: RewardFile, waypoints: Waypoints, python: Callable[[], RewardEngine]
    ) -> None:
        super().__init__(file, waypoints)
        self.why = "compiled to machine code"
        self._python: RewardEngine | None = None
        self._kernel, _ = build(file)
        self._tables = tuple(np.array(points, np.float64) for points in self.waypoints)
        self._make_python = python
        self._bound: Bound | None = None

    def bind(self, rows: Rows, out: Floats) -> Bound:
        failed, fuel = np.zeros(len(rows), np.bool_), np.zeros(1, np.int64)
        call = bind(self._kernel, rows, *self._tables, out, failed, fuel)
        return Bound(rows, out, call, failed)

    def run(self, rows: Rows, out: Floats) -> Bound:
        """The kernel alone: rows it is not sure of are left open."""
        if self._bound is None or self._bound.rows is not rows or self._bound.out is not out:
            self._bound = self.bind(rows, out)
        self._bound.call()
        return self._bound

    def _compute(self, rows: Rows, out: Floats) -> None:
        self._settle(self.run(rows, out))

    def _settle(self, bound: Bound) -> None:
        for car in np.flatnonzero(bound.failed):
            self._ask_python(bound.rows, bound.out, int(car))

    def settle(self, bound: Bound, cars: Cars | None) -> None:
        try:
            self._settle(bound)
        except Failure as failure:
            raise self._told(failure, bound.rows, cars) from failure.__cause__

    def _ask_python(self, rows: Rows, out: Floats, car: int) -> None:
        if self._python is None:
            self._python = self._make_python()
        try:
            self._python._compute(rows[car : car + 1], out[car : car + 1])
        except Failure as failure:
            raise Failure(car, failure.line, failure.problem) from failure.__cause__

    def close(self) -> None:
        if self._python is not None:
            self._python.close()


def generated_from(file: RewardFile) -> codegen.Generated:
    """What is to be compiled of a reward.

    Raises:
        NotCompiled: with file, line and construct.
    """
    if config.DISABLE_JIT:
        raise NotCompiled(f"{file.shown}:{file.line}: numba is switched off (NUMBA_DISABLE_JIT)")
    try:
        return codegen.generate(file)
    except Unsupported as error:
        raise NotCompiled(f"{file.shown}:{error.line}: {error.construct}") from None
    except Exception as error:  # a construct the rewriting was not written for
        line = f"{file.shown}:{file.line}"
        raise NotCompiled(
            f"{line}: cannot be rewritten ({type(error).__name__}: {error})"
        ) from None


def build(file: RewardFile) -> tuple[Any, codegen.Generated]:
    """Generate and compile the kernel of a reward.

    Raises:
        NotCompiled: with file, line and construct.
    """
    generated = generated_from(file)
    rows = np.zeros(1, PARAMS)
    points, flags, fuel = np.zeros((2, 2)), np.zeros(1, np.bool_), np.zeros(1, np.int64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kernel = _kernel(generated.text)
            bind(kernel, rows, points, points, np.zeros(1), flags, fuel)
    except Exception as error:  # whatever numba raises, the answer is the same: use Python
        raise NotCompiled(_reason(file, generated, error)) from None
    return kernel, generated


def _reason(file: RewardFile, generated: codegen.Generated, error: Exception) -> str:
    text = str(error)
    line = codegen.original_line(generated, text)
    shown = [part.strip() for part in text.splitlines() if part.strip()]
    wanted = ("No implementation", "Cannot unify", "Invalid use", "Unknown attribute", "Untyped")
    best = next((s for s in shown if s.startswith(wanted)), shown[1] if len(shown) > 1 else text)
    best = re.sub(r" at 0x[0-9a-f]+", "", best)[:120] or type(error).__name__
    if not line:
        return f"{file.shown}:{file.line}: numba cannot compile it ({best})"
    source = file.source.split("\n")[line - 1].strip()
    return f"{file.shown}:{line}: `{source[:60]}` ({best})"


def _kernel(text: str) -> Any:
    """Execute the generated module and wrap its kernel, cached on disk where that is safe."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for source in sorted(Path(runtime.__path__[0]).glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    digest.update(f"{numba.__version__} {np.__version__}".encode())
    name = f"racer_reward_{digest.hexdigest()[:32]}"
    path = _stored(name, text)
    module = sys.modules.setdefault(name, types.ModuleType(name))  # numba's cache imports it
    exec(compile(text, str(path or "<reward>"), "exec"), module.__dict__)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(path.parent) if path else ""
    try:
        return numba.njit(cache=path is not None, nogil=True, **OPTIONS)(module.kernel)
    finally:
        config.CACHE_DIR = before


def _stored(name: str, text: str) -> Path | None:
    """The module in the user's own cache folder; None when no folder is the user's alone."""
    folder = verdicts.own_folder()
    if folder is None:
        return None
    with contextlib.suppress(OSError):
        path = folder / f"{name}.py"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(temporary, path)
        return path
    return None


def prove(engine: CompiledEngine, python: RewardEngine, rows: Rows) -> int:
    """Compare the kernel with plain Python on every row.

    Returns:
        How many rows were compared.

    Raises:
        NotCompiled: a value differs (with its params and both values), or the kernel is unsure of
            too many rows.
    """
    compiled, plain = np.zeros(len(rows)), np.zeros(len(rows))
    unsure = engine.run(rows, compiled).failed.copy()
    share = float(unsure.mean()) if len(rows) else 0.0
    start = raised = 0
    while start < len(rows) and raised < RAISES_ALLOWED:
        try:
            python._compute(rows[start:], plain[start:])
            break
        except Failure as failure:
            at = start + failure.car
            if not unsure[at]:
                raise NotCompiled(_mismatch(engine, rows[at], compiled[at], failure)) from None
            start, raised = at + 1, raised + 1
    if share > DOUBTS_ALLOWED or raised == RAISES_ALLOWED:
        line = engine.file.line
        raise NotCompiled(
            f"{engine.file.shown}:{line}: {share:.0%} of the calls need Python's own arithmetic"
        )
    wrong = ~unsure & ~(np.abs(compiled - plain) <= TOLERANCE * np.maximum(1.0, np.abs(plain)))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise NotCompiled(_mismatch(engine, rows[at], compiled[at], plain[at]))
    return len(rows)


def _mismatch(engine: CompiledEngine, row: Any, compiled: float, plain: object) -> str:
    params = params_of(row, engine.waypoints[int(row["is_reversed"])])
    shown = {key: params[key] for key in sorted(engine.needs - {"waypoints"})}
    where = f"{engine.file.shown}:{engine.file.line}"
    return f"{where}: compiled {compiled!r} but Python {plain!s} for {shown}"
