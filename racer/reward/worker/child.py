"""The locked process that runs a reward file; started by the worker engine, never imported.

Its setup comes on stdin: a word for its length, then JSON. After that words come in (a number of
rows) and go out; rows, rewards, prints and what went wrong are in shared memory: see `wire`.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import faulthandler
import importlib
import importlib.util
import json
import mmap
import os
import struct
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

GUARDED = (
    " (the guard of the reward's process: no network, no processes, no files but those in the "
    "reward's folder whose names stand in its text, .json, .csv, .npy, .npz or .txt; "
    "--reward-engine inprocess runs it without)"
)
LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "test", "lib2to3", "tkinter"}
NUMPY_PARTS = ("random", "linalg", "fft", "polynomial", "ma")


def sibling(name: str) -> types.ModuleType:
    """A module of racer.reward, by its path: the package itself is not imported here."""
    path = Path(__file__).parents[1] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_racer_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


params = sibling("params")
namespace = sibling("namespace")
components = sibling("components")
served = sibling("served")
twins = sibling("twins")
sandbox = sibling("worker/sandbox")
wire = sibling("worker/wire")


SHARED_AFTER = 0.01  # s of processor time for executing the file; below it is done for every car


def codes_of(code: types.CodeType, beside: Any) -> list[types.CodeType]:
    """The file and its own modules."""
    files = beside.modules.values() if beside else ()
    return [code, *(beside.code_of(name) for name in files if name)]


class Printer:
    """`print` and sys.stdout: keeps the first 64 KiB in the shared memory, counts the rest."""

    encoding = "utf-8"

    def __init__(self, memory: memoryview, start: int) -> None:
        self.count = memory[wire.PRINTED :][:8].cast("q")
        self.kept = memory[start:][: wire.PRINTS]
        self.size = 0

    def write(self, text: str) -> int:
        raw = str(text).encode("utf-8", "replace")
        room = raw[: max(0, wire.PRINTS - self.size)]
        self.kept[self.size : self.size + len(room)] = room
        self.size += len(raw)
        self.count[0] = self.size
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def print(self, *values: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        text = (" " if sep is None else sep).join(map(str, values))
        self.write(text + ("\n" if end is None else end))


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
        self.printer = Printer(self.memory, layout.prints)
        along = [tuple(point) for point in setup["waypoints"]]
        self.waypoints = (along, along[::-1])
        self.path: str = setup["path"]
        self.answers = 0
        self.params_of = params.builder(setup["keys"])
        self.functions: list[Callable[[dict[str, Any]], Any]] = []
        self.namespaces: list[Any] = []
        self.beside: Any = None
        self.turn: Callable[[Any], None] | None = None  # where a call looks for own modules
        self.tally = components.Tally()
        self.noted = self.memory[layout.trace :][: setup["trace"]]
        self.tracer: Any = None
        self.make: Callable[[int], Any] | None = None
        self.place = -1  # the row that a traced file would compute next; -1 after other calls

    def answer(self, tag: int) -> None:
        self.answers += 1
        os.write(self.socket, wire.word(self.answers * 8 + tag))

    def report(self, kind: str, line: int, problem: str) -> None:
        self.tell({"kind": kind, "line": line, "problem": problem[:2000]})
        self.answer(wire.FAILED)

    def tell(self, what: dict[str, Any]) -> None:
        raw = json.dumps(what).encode()[: wire.ERROR_SIZE - 8]
        self.error[:8] = wire.word(len(raw))
        self.error[8 : 8 + len(raw)] = raw

    def start(self, code: types.CodeType, beside: Any) -> bool:
        """Execute the file once per car; `beside` serves the files that lie beside it."""
        extra, self.beside = {"print": self.printer.print}, beside
        self.make = make = self.maker(code, extra, beside)
        for car in range(self.setup["cars"]):
            self.at[0] = car
            try:
                made = make(self.setup["seed"] + car)
                function = made.function
            except BaseException as error:
                place = namespace.place_beside(error, beside)
                self.report("import", namespace.line_of(error, self.path), problem(error, place))
                return False
            if not callable(function):
                self.report("import", 0, "reward_function is not a function")
                return False
            self.functions.append(function)
            self.namespaces.append(made)
        if namespace.looks_for_itself(code, beside):
            self.turn = namespace.Turn(beside).of
        return True

    def maker(
        self, code: types.CodeType, extra: dict[str, Any], beside: Any
    ) -> Callable[[int], Any]:
        """What makes the next car's namespace, of its seed: by execution, if it takes long and can
        be shared by a copy of the first (see `twins`)."""
        own = set(beside.modules) if beside else set()
        state, again = twins.SharedState(own | {namespace.NAME}), True
        made: list[Any] = []

        def make(seed: int) -> Any:
            nonlocal again
            if made and not again:
                with contextlib.suppress(twins.Unknown, RecursionError):
                    options = {"copier": twins.Copier}
                    return namespace.twin(made[0], code, self.path, seed, extra, beside, **options)
                again = True
            began = time.process_time()
            found = namespace.fresh(code, self.path, seed, extra, beside)
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
    try:
        text = str(error)
    except BaseException:
        text = ""
    name = type(error).__name__
    refused = isinstance(error, PermissionError) and not text.startswith(served.READ_ONLY)
    return (f"{name}: {text}" if text else name) + place + (GUARDED if refused else "")


def wanted(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Modules that a file imports anywhere, with lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", 0) for alias in node.names)


def preload(tree: ast.AST) -> None:
    """Import what the file will, while files can still be read.

    The standard library and a few well-known packages; nothing from the user's folders.
    """
    for name, _ in wanted(tree):
        top = name.partition(".")[0]
        known = top in sys.stdlib_module_names and top not in LEFT_OUT
        if not (known or top in namespace.THIRD_PARTY):
            continue
        more = [f"numpy.{part}" for part in NUMPY_PARTS] if top == "numpy" else []
        for module in [name, *more]:
            with contextlib.suppress(BaseException):  # it fails again when the file asks for it
                importlib.import_module(module)


def files_beside(setup: dict[str, Any]) -> Any:
    """What serves the files beside the reward; None if there are none."""
    files = {name: base64.b64decode(content) for name, content in setup["files"].items()}
    return served.Served(setup["folder"], files) if files else None


def parsed(file: tuple[str, bytes]) -> ast.AST:
    """The tree of a module; an empty one for tables, and where its import will fail."""
    if file[0].endswith(".py"):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.parse(file[1])
    return ast.Module([], [])


class Late:
    """Says what an import after the lock really means."""

    def find_spec(self, name: str, *_: Any) -> None:
        raise ModuleNotFoundError(
            f"rewards cannot import {name!r} (what they can: .py files beside the reward, the "
            f"standard library, {', '.join(namespace.THIRD_PARTY)} where installed)"
        )


def lock(setup: dict[str, Any]) -> dict[str, Any]:
    """Apply every layer this machine has, in the only order that works."""
    limits, abi = sandbox.limit(), sandbox.landlock()
    calls = sandbox.seccomp((setup["requests"],), (1, 2, setup["answers"]))
    return {"limits": limits, "landlock": abi, "seccomp": calls}


def main() -> None:
    setup = json.loads(read_exactly(0, wire.number(read_exactly(0, wire.WORD))))
    sys.path[:] = [p for p in sys.path if p] + setup["packages"]
    if setup["parent"] and os.getppid() != setup["parent"]:
        return
    by_pipes = setup["requests"] == 0
    if by_pipes:
        setup["answers"] = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    worker = Worker(setup)
    tree = ast.parse(setup["source"], worker.path)
    if setup["trace"]:
        worker.tracer = sibling("worker/tracing").Tracer(worker.path, tree)
    code = compile(tree, worker.path, "exec", dont_inherit=True)
    for name in ("random", "encodings.ascii", "encodings.latin_1", "encodings.idna"):
        importlib.import_module(name)
    beside = files_beside(setup["beside"])
    for text in (tree, *(map(parsed, beside.files.items()) if beside else ())):
        preload(text)
    del tree
    faulthandler.enable(2)
    if not by_pipes and hasattr(faulthandler, "register"):
        import signal

        number: Any = vars(signal)["SIGUSR1"]
        faulthandler.register(number, 2, all_threads=False, chain=False)
    if by_pipes or sys.platform != "linux":
        threading.Thread(target=worker.watch, daemon=True).start()
    else:
        sys.setswitchinterval(1000.0)
    sys.stdout = sys.stderr = worker.printer
    sys.stdin = None
    sys.argv = ["reward"]
    for module in list(sys.modules):
        if module.startswith("_racer_") or module == "__main__":
            sys.modules[module] = types.ModuleType(module)
    sys.meta_path.insert(0, Late())
    if beside:
        beside.serve()
    layers = lock(setup)
    if worker.start(code, beside):
        worker.tell({"kind": "ready", "line": 0, "problem": "", "layers": layers})
        worker.answer(wire.READY)
        worker.serve()


if __name__ == "__main__":
    main()
    os._exit(0)
