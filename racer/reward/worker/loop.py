"""The loop of the guarded process: rows come in; rewards, prints and what went wrong go out.

Words come in (a number of rows) and go out; everything else is in shared memory: see `wire`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import mmap
import os
import struct
import sys
import time
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from racer.reward import components, namespace, params, served, twins
from racer.reward.worker import wire
from racer.reward.worker.printer import Printer

if TYPE_CHECKING:
    from racer.reward.first_calls import FirstCalls
    from racer.reward.worker.tracing import Tracer

GUARDED = (
    " (the guard of the reward's process: no network, no processes or threads, no files but those "
    "in the reward's folder whose names stand in its text, .json, .csv, .npy, .npz or .txt; "
    "--reward-engine inprocess runs it without)"
)
REFUSED = (  # how libraries call it
    "can't start new thread",
    "No usable temporary directory",
    "unable to open database file",
)
MEMORY = (
    " (the reward's process may use 1 GiB more than at its start, for all its cars together: keep "
    "less for each, take fewer cars with --num-envs, or --reward-engine inprocess, which has no "
    "limit)"
)
SPARE = 1 << 20  # bytes of addresses, to say so when there are no others left
WRITE = os.write  # a reward's own is another
SHARED_AFTER = 0.01  # s of processor time for executing the file; below it is done for every car


class Worker:
    """The loop, and the state it needs."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.setup = setup
        self.requests: int = setup["requests"]
        self.socket: int = setup["answers"]
        n, row_size = setup["capacity"], setup["row_size"]
        layout = wire.layout(n, row_size, setup["trace"])
        self.memory = memoryview(mapped(setup["memory"], layout.size))
        self.at = self.memory[wire.AT :][:8].cast("q")
        self.rows = self.memory[wire.ROWS :][: n * row_size]
        self.out = self.memory[layout.out :][: n * 8].cast("d")
        self.error = self.memory[layout.error :][: wire.ERROR_SIZE]
        count = self.memory[wire.PRINTED :][:8].cast("q")
        self.printer = Printer(count, self.memory[layout.prints :][: wire.PRINTS])
        along = [tuple(point) for point in setup["waypoints"]]
        self.waypoints = (along, along[::-1])
        self.path: str = setup["path"]
        self.file = os.path.join(setup["beside"]["folder"], os.path.basename(self.path))
        self.answers = 0
        self.spare = mmap.mmap(-1, SPARE)
        self.params_of = params.builder(setup["keys"])
        self.functions: list[Callable[[dict[str, Any]], Any]] = []
        self.namespaces: list[Any] = []
        self.beside: Any = None
        self.turn: Callable[[Any], None] | None = None  # where a call looks for own modules
        self.tally = components.Tally()
        self.noted = self.memory[layout.trace :][: setup["trace"]]
        self.tracer: Tracer | None = None  # where calls are to be traced
        self.make: Callable[[int], Any] | None = None
        self.first_calls: FirstCalls | None = None  # where cars share what these do
        self.place = -1  # the row that a traced file would compute next; -1 after other calls

    def answer(self, tag: int) -> None:
        self.answers += 1
        WRITE(self.socket, wire.word(self.answers * 8 + tag))

    def report(self, kind: str, line: int, problem: str) -> None:
        self.tell({"kind": kind, "line": line, "problem": problem[:2000]})
        self.answer(wire.FAILED)

    def tell(self, what: dict[str, Any]) -> None:
        raw = json.dumps(what).encode()[: wire.ERROR_SIZE - 8]
        self.error[:8] = wire.word(len(raw))
        self.error[8 : 8 + len(raw)] = raw

    def start(self, code: types.CodeType, beside: Any) -> bool:
        """Execute the file once per car; `beside` serves the files that lie beside it."""
        self.beside = beside
        seed_libraries(self.setup["seed"])
        self.make = make = self.maker(code, beside)
        for car in range(self.setup["cars"]):
            self.at[0] = car
            try:
                made = make(self.setup["seed"] + car)
                function = made.function
            except BaseException as error:
                self.spare.close()
                place = namespace.place_beside(error, beside)
                self.report("import", namespace.line_of(error, self.path), problem(error, place))
                return False
            if not callable(function):
                self.report("import", 0, "reward_function is not a function")
                return False
            self.functions.append(self.first(car, made) if self.first_calls else function)
            self.namespaces.append(made)
        if namespace.looks_for_itself(code, beside):
            self.turn = namespace.Turn(beside).of
        return True

    def first(self, car: int, made: Any) -> Callable[[dict[str, Any]], Any]:
        """What is called for a car the first time; then it is the file's own function."""
        assert self.first_calls is not None

        def called(function: Any = made.function) -> None:
            self.functions[car] = function

        return self.first_calls.of(made, made.function, called)

    def maker(self, code: types.CodeType, beside: Any) -> Callable[[int], Any]:
        """What makes the next car's namespace, of its seed: by execution, if it takes long and can
        be shared by a copy of the first (see `twins`)."""
        own = set(beside.modules) if beside else set()
        state, again = twins.SharedState(own | {namespace.name_of(beside)}), True
        made: list[Any] = []

        def make(seed: int) -> Any:
            nonlocal again
            if made and not again:
                with contextlib.suppress(twins.Unknown, RecursionError):
                    options = {"copier": twins.Copier}
                    return namespace.twin(made[0], code, self.file, seed, beside, **options)
                again = True
            began = time.process_time()
            found = namespace.fresh(code, self.file, seed, beside)
            if not made:
                made.append(found)
                slow = time.process_time() - began >= SHARED_AFTER
                same = self.printer.size == 0 and not state.changed()
                again = not (slow and same and twins.repeatable(codes_of(code, beside), own))
            return found

        return make

    def serve(self) -> None:
        while True:
            request = read_exactly(self.requests, wire.WORD)
            if len(request) < wire.WORD:
                return
            n = wire.number(request)
            if n == 0:  # what an empty batch asks for
                self.tell(self.tally.take())
            elif not (self.batch(n) if n > 0 else self.trace(-n)):
                continue
            self.answer(wire.DONE)

    def trace(self, n: int) -> bool:
        """Note what the call for row `n - 1` does, after those before it if the file remembers."""
        assert self.tracer is not None
        size, first = self.setup["row_size"], n - 1
        if self.setup["remembers"]:
            if not 0 <= self.place < n:
                made = self.make(self.setup["seed"])  # type: ignore[misc]
                self.functions, self.namespaces, self.place = [made.function], [made], 0
            first = self.place
        if first < n - 1 and not self.batch(n - 1, first):
            return False
        (row,) = struct.iter_unpack(self.setup["row_format"], self.rows[(n - 1) * size : n * size])
        given = self.params_of(row, self.waypoints[row[params.IS_REVERSED]])
        self.at[0], self.place = n - 1, n
        if self.turn is not None:
            self.turn(self.namespaces[0])
        self.printer.size = self.printer.count[0] = 0
        found: dict[str, Any] = {"line": 0, "problem": ""}
        try:
            self.out[n - 1] = namespace.number(self.tracer.run(self.functions[0], given))
        except namespace.Nonsense as error:
            found["problem"] = f"it returned {error}"
        except BaseException as error:
            place = namespace.place_beside(error, self.beside)
            found = {
                "line": namespace.line_of(error, self.path),
                "problem": problem(error, place),
            }
        raw = self.tracer.result(len(self.noted) - 8)
        self.noted[:8] = wire.word(len(raw))
        self.noted[8 : 8 + len(raw)] = raw
        self.tell({**found, "problem": found["problem"][:2000]})
        return True

    def batch(self, n: int, first: int = 0) -> bool:
        """Compute the rows from `first` to `n`."""
        at, out, functions = self.at, self.out, self.functions
        cars, waypoints, number = len(functions), self.waypoints, namespace.number
        low, high, params_of = -namespace.LIMIT, namespace.LIMIT, self.params_of
        size = self.setup["row_size"]
        rows, self.place = self.rows[first * size : n * size], -1
        i, function, turn = first, functions[0], self.turn
        is_reversed = params.IS_REVERSED
        tallies = self.setup["components"]
        try:
            for row in struct.iter_unpack(self.setup["row_format"], rows):
                at[0] = i
                function = functions[i % cars]
                if turn is not None:
                    turn(self.namespaces[i % cars])
                value = function(params_of(row, waypoints[row[is_reversed]]))
                if type(value) is not float or not low <= value <= high:
                    value = number(value)
                out[i] = value
                if tallies:
                    self.tally.add(vars(self.namespaces[i % cars].module).get(components.NAME))
                i += 1
        except namespace.Nonsense as error:
            self.report("value", 0, str(error))
        except BaseException as error:
            self.spare.close()
            place = namespace.place_beside(error, self.beside)
            self.report("raised", namespace.line_of(error, self.path), problem(error, place))
        else:
            return True
        return False

    def watch(self) -> None:
        """A thread where no signal can ask: says what time it used, and dumps when asked."""
        used, ask = self.memory[wire.CPU :][:8].cast("d"), self.memory[wire.ASK :][:8].cast("q")
        while True:
            used[0] = time.process_time()
            if ask[0]:
                ask[0] = 0
                faulthandler.dump_traceback(2)
            time.sleep(0.05)


def mapped(where: int | str, size: int) -> mmap.mmap:
    """The shared memory, by its descriptor or its path."""
    if isinstance(where, int):
        return mmap.mmap(where, size)
    fd = os.open(where, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)


def read_exactly(descriptor: int, size: int) -> bytes:
    """`size` bytes, or fewer when there are no more."""
    found = os.read(descriptor, size)
    while found and len(found) < size:
        more = os.read(descriptor, size - len(found))
        if not more:
            break
        found += more
    return found


def problem(error: BaseException, place: str = "") -> str:
    words = namespace.words_of(error)
    advice = MEMORY if isinstance(error, MemoryError) else ""
    if _is_of_the_guard(error, words):
        advice = GUARDED
    return words + place + advice


def _is_of_the_guard(error: BaseException, text: str) -> bool:
    """Whether the guard is the reason, also where a library says it in other words."""
    with contextlib.suppress(BaseException):  # a reward's own error may be anything
        for one in (error, getattr(error, "reason", None), error.__cause__, error.__context__):
            if isinstance(one, PermissionError):
                return not str(one).startswith(served.READ_ONLY)
            if type(one).__name__ in ("gaierror", "herror"):
                return True
        return any(words in text for words in REFUSED)
    return False


def codes_of(code: types.CodeType, beside: Any) -> list[types.CodeType]:
    """The file and its own modules."""
    files = beside.modules.values() if beside else ()
    return [code, *(beside.code_of(name) for name in files if name)]


def seed_libraries(seed: int) -> None:
    """The generators that libraries share, as scipy.stats does; a reward has streams of its own."""
    sys.modules["random"].seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
