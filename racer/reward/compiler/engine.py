"""The compiled engine: a reward file as one kernel over all cars, proven equal to plain Python."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from racer.reward.compiler import codegen, runtime, verdicts
from racer.reward.compiler.handover import Handover, Outgrown, first, size
from racer.reward.compiler.parse import Unsupported
from racer.reward.compiler.runtime.scalars import OPTIONS
from racer.reward.engine import Bound, Cars, Floats, RewardEngine, Rows
from racer.reward.failure import Failure
from racer.reward.file import RewardFile
from racer.reward.params import Waypoints, params_of
from racer.sim import cache
from racer.sim.native_call import bind
from racer.sim.types import params_type
from racer.storage import files

TOLERANCE = 1e-12  # of the larger of 1 and the reward
RAISES_ALLOWED = 20  # rows of the proof for which the file itself raises
OUTGROWN = "what it keeps between calls outgrows its compiled form (a list, an integer, text)"
DOUBTS_ALLOWED = 0.02  # of the proof's rows; more would be slower than a worker


config: Any = numba.config


class NotCompiled(Exception):
    """Why a reward runs in Python, as one line with file, line and construct."""


class CompiledEngine(RewardEngine):
    """One call of a kernel for all cars; single rows it is not sure of go to plain Python.

    Args:
        file: the reward.
        waypoints: in the file's order.
        python: makes the engine that answers for doubtful rows, of a file and for so many rows at
            once; called once if ever.
        n: cars, each with its own state. Row i is of car i modulo n.
        objects: the most around a car that rows have room for.
    """

    name = "compiled"

    def __init__(
        self,
        file: RewardFile,
        waypoints: Waypoints,
        python: Callable[[RewardFile, int], RewardEngine],
        n: int = 1,
        objects: int = 0,
    ) -> None:
        super().__init__(file, waypoints)
        self.why = "compiled to machine code"
        self._python: RewardEngine | None = None
        self._handover: Handover | None = None
        self._kernel, generated = build(file, objects)
        self._cells = generated.cells
        self._tables = tuple(np.array(points, np.float64) for points in self.waypoints)
        self._make_python = python
        self.start(n)

    def start(self, n: int) -> None:
        """Begin anew with `n` cars: nobody has been scored yet."""
        self._bound: Bound | None = None
        self._buffer = first(self._cells, n)
        self.state = self._buffer if any(cell.place for cell in self._cells) else None

    def bind(self, rows: Rows, out: Floats, failed: NDArray[np.bool_] | None = None) -> Bound:
        failed = np.zeros(len(rows), np.bool_) if failed is None else failed
        fuel = np.zeros(1, np.int64)
        cells = np.zeros(self._buffer.shape[1], np.int64)
        kept = (self._buffer, cells, cells.view(np.float64))
        call = bind(self._kernel, rows, *self._tables, out, failed, fuel, *kept)
        return Bound(rows, out, call, failed)

    def run(self, rows: Rows, out: Floats) -> Bound:
        """The kernel alone: rows it is not sure of are left open."""
        if self._bound is None or self._bound.rows is not rows or self._bound.out is not out:
            self._bound = self.bind(rows, out)
        self._bound.call()
        return self._bound

    def _compute(self, rows: Rows, out: Floats) -> None:
        batch = len(rows) if self.state is None else len(self.state)
        if 0 < len(rows) <= batch:  # no slices: a caller that keeps its arrays keeps its binding
            self._settle(self.run(rows, out))
            return
        for at in range(0, len(rows), max(1, batch)):
            try:
                self._settle(self.run(rows[at : at + batch], out[at : at + batch]))
            except Failure as failure:
                raise Failure(at + failure.car, failure.line, failure.problem) from (
                    failure.__cause__
                )

    def _settle(self, bound: Bound) -> None:
        for car in np.flatnonzero(bound.failed):
            try:
                self._ask_python(bound.rows, bound.out, int(car))
            except Failure as failure:
                raise Failure(int(car), failure.line, failure.problem) from failure.__cause__

    def settle(self, bound: Bound, cars: Cars | None) -> None:
        try:
            self._settle(bound)
        except Failure as failure:
            raise self._failed(failure, bound.rows, cars) from failure.__cause__

    def _ask_python(self, rows: Rows, out: Floats, car: int) -> None:
        row, value = rows[car : car + 1], out[car : car + 1]
        if self.state is None:
            if self._python is None:
                self._python = self._make_python(self.file, 1)
            self._python._compute(row, value)
            return
        if self._handover is None:
            self._handover = Handover(self.file, self._cells, self._make_python)
        try:
            self._handover.answer(row, self.state[car % len(self.state)], value)
        except Outgrown:
            problem = f"{OUTGROWN}; use --reward-engine worker"
            raise Failure(0, self.file.line, problem) from None

    def close(self) -> None:
        for python in (self._python, self._handover):
            if python is not None:
                python.close()


def generated_from(file: RewardFile, objects: int = 0) -> codegen.Generated:
    """What is to be compiled of a reward, for rows with room for so many objects.

    Raises:
        NotCompiled: with file, line and construct.
    """
    if config.DISABLE_JIT:
        raise NotCompiled(f"{file.shown}:{file.line}: numba is switched off (NUMBA_DISABLE_JIT)")
    for name, at in file.beside.lines.items():
        raise NotCompiled(f"{file.shown}:{at or file.line}: it uses {name}, a file beside it")
    try:
        return codegen.generate(file, objects=objects > 0)
    except Unsupported as error:
        raise NotCompiled(f"{file.shown}:{error.line}: {error.construct}") from None
    except Exception as error:  # a construct the rewriting was not written for
        line = f"{file.shown}:{file.line}"
        raise NotCompiled(
            f"{line}: cannot be rewritten ({type(error).__name__}: {error})"
        ) from None


def build(file: RewardFile, objects: int = 0) -> tuple[Any, codegen.Generated]:
    """Generate and compile the kernel of a reward, for rows with room for so many objects.

    Raises:
        NotCompiled: with file, line and construct.
    """
    generated = generated_from(file, objects)
    rows = np.zeros(1, params_type(objects))
    points, flags, fuel = np.zeros((2, 2)), np.zeros(1, np.bool_), np.zeros(1, np.int64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kernel = _kernel(generated.text, verdicts.own_folder())
            cells = np.zeros(2 * size(generated.cells), np.int64)
            kept = (cells.reshape(1, -1), cells, cells.view(np.float64))
            bind(kernel, rows, points, points, np.zeros(1), flags, fuel, *kept)
    except Exception as error:  # whatever numba raises, the answer is the same: use Python
        raise NotCompiled(_reason(file, generated, error)) from None
    return kernel, generated


def _reason(file: RewardFile, generated: codegen.Generated, error: Exception) -> str:
    text = str(error)
    line = codegen.original_line(generated, text)
    construct = _construct(text)
    if not line:
        return f"{file.shown}:{file.line}: {construct}"
    source = file.source.split("\n")[line - 1].strip()
    return f"{file.shown}:{line}: `{source[:60]}`: {construct}"


def _construct(text: str) -> str:
    """What numba's message is about, in the words of a reward file."""
    unknown = re.search(r"Unknown attribute '(\w+)' of type Module\(<module '([\w.]+)'", text)
    if unknown:
        return f"{unknown[2]}.{unknown[1]}, which has no compiled form"
    two = re.search(r"Cannot unify (.+?) and (.+?) for '(\w+)", text)
    if two:
        return f"`{two[3].split('.')[0]}` is {_kind(two[1])} and elsewhere {_kind(two[2])}"
    operation = re.search(r"function (\w+)(?: at [^>]*)?>\) found for signature", text)
    given = re.search(r">>> \w+\((.*)\)", text)
    if operation and given:
        return f"{operation[1]}() of {_kind(given[1])} has no compiled form"
    name = re.search(r"(?:NameError: name|Untyped global name) '(\w+)'", text)
    if name:
        return f"the name {name[1]}, which has no compiled form"
    return "a construct that has no compiled form"


def _kind(text: str) -> str:
    """numba's name of a type, shorter."""
    text = re.sub(r"<module '([\w.]+)'[^>]*>| at 0x[0-9a-f]+", r"\1", text)
    plain = {"float64": "a float", "int64": "an int", "bool": "a bool", "none": "None"}
    shown = plain.get(text, "text" if "unicode" in text else text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _name(text: str) -> str:
    """Of the generated module: a hash of all that its machine code depends on."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for source in sorted(Path(runtime.__path__[0]).glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    digest.update(f"{numba.__version__} {np.__version__}".encode())
    return f"racer_reward_{digest.hexdigest()[:32]}"


@functools.lru_cache(maxsize=64)
def _kernel(text: str, folder: Path | None) -> Any:
    """Execute the generated module and wrap its kernel, cached on disk where that is safe.

    Once for all tracks of a pack: thirty copies of the same code would not fit the nearest cache.
    """
    name = _name(text)
    path = _stored(name, text, folder)
    module = sys.modules.setdefault(name, types.ModuleType(name))  # numba's cache imports it
    exec(compile(text, str(path or "<reward>"), "exec"), module.__dict__)
    dispatcher = numba.njit(nogil=True, **OPTIONS)(module.kernel)
    return cache.attach(dispatcher, str(path.parent) if path else "", alone=True)


def _stored(name: str, text: str, folder: Path | None) -> Path | None:
    """The module in the user's own cache folder; None when no folder is the user's alone."""
    if folder is None:
        return None
    with contextlib.suppress(OSError, UnicodeEncodeError):
        path, content = folder / f"{name}.py", text.encode("utf-8")
        if not path.exists() or path.read_bytes() != content:
            files.write_atomic(path, content)
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
    if engine.state is not None:
        return _prove_with_state(engine, python, rows)
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


def _prove_with_state(engine: CompiledEngine, python: RewardEngine, rows: Rows) -> int:
    """Drive one car through the rows, in their order: its state must stay that of Python's."""
    asked, where = 0, f"{engine.file.shown}:{engine.file.line}"
    compiled, row, out = np.zeros(len(rows)), rows[:1].copy(), np.zeros(1)
    bound = engine.bind(row, out)
    for i in range(len(rows)):
        row[0] = rows[i]
        bound.call()
        asked += int(bound.failed[0])
        if asked > max(5, DOUBTS_ALLOWED * len(rows)):
            raise NotCompiled(f"{where}: more than {asked - 1} calls need Python's own arithmetic")
        try:
            engine._settle(bound)
            compiled[i] = out[0]
        except Failure as failure:
            if failure.problem.startswith(OUTGROWN):
                raise NotCompiled(f"{where}: {OUTGROWN}") from None
            compiled[i] = np.nan
    plain, begin = np.zeros(len(rows)), 0
    while begin < len(rows):
        try:
            python._compute(rows[begin:], plain[begin:])
            break
        except Failure as failure:
            plain[begin + failure.car] = np.nan
            begin += failure.car + 1
    close = np.abs(compiled - plain) <= TOLERANCE * np.maximum(1.0, np.abs(plain))
    wrong = ~close & ~(np.isnan(compiled) & np.isnan(plain))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise NotCompiled(_mismatch(engine, rows[at], compiled[at], plain[at]))
    return len(rows)


def _mismatch(engine: CompiledEngine, row: Any, compiled: float, plain: object) -> str:
    params = params_of(row, engine.waypoints[int(row["is_reversed"])])
    shown = {key: params[key] for key in sorted(engine.needs - {"waypoints"})}
    where = f"{engine.file.shown}:{engine.file.line}"
    return f"{where}: compiled {float(compiled)!r} but Python {plain!s} for {shown}"
