"""The locked process that runs a reward file; started by the worker engine, never imported.

Speaks over one socket: eight bytes in (a number of rows), eight bytes out (8 times the count of
answers, plus 0 done, 1 failed, 2 ready). Rows, rewards, the car being computed and what went wrong
are in shared memory, at the offsets given on stdin as JSON.
"""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import importlib
import importlib.util
import json
import mmap
import os
import struct
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DONE, FAILED, READY = 0, 1, 2
PRINTS = 65536  # bytes of printed text that are passed on
ERROR_SIZE = 8192
LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "test", "lib2to3", "tkinter"}
NUMPY_PARTS = ("random", "linalg", "fft", "polynomial", "ma")
THIRD_PARTY = ("numpy", "scipy", "shapely", "pandas", "matplotlib")


def sibling(name: str) -> types.ModuleType:
    """A module of racer.reward, by its path: the package itself is not imported here."""
    path = Path(__file__).parents[1] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_racer_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


builder = sibling("params").builder
namespace = sibling("namespace")
sandbox = sibling("worker/sandbox")


class Printer:
    """`print` and sys.stdout: passes on the first 64 KiB, then drops."""

    encoding = "utf-8"

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.left = descriptor, PRINTS

    def write(self, text: str) -> int:
        if self.left > 0:
            raw = str(text).encode("utf-8", "replace")[: self.left]
            self.left -= len(raw)
            try:
                os.write(self.descriptor, raw)
            except OSError:
                self.left = 0
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def print(self, *values: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        if self.left > 0:
            self.write((sep or "").join(map(str, values)) + (end or ""))


class Worker:
    """The loop, and the state it needs."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.setup = setup
        self.socket: int = setup["socket"]
        self.memory = memoryview(mmap.mmap(setup["memory"], setup["size"]))
        n = setup["capacity"]
        self.at = self.memory[:8].cast("q")
        self.rows = self.memory[setup["rows"] :][: n * setup["row_size"]]
        self.out = self.memory[setup["out"] :][: n * 8].cast("d")
        self.error = self.memory[setup["error"] :][:ERROR_SIZE]
        along = [tuple(point) for point in setup["waypoints"]]
        self.waypoints = (along, along[::-1])
        self.path: str = setup["path"]
        self.answers = 0
        self.params_of = builder(setup["keys"])
        self.functions: list[Callable[[dict[str, Any]], Any]] = []

    def answer(self, tag: int) -> None:
        self.answers += 1
        os.write(self.socket, struct.pack("=q", self.answers * 8 + tag))

    def report(self, kind: str, line: int, problem: str, **more: Any) -> None:
        text = json.dumps({"kind": kind, "line": line, "problem": problem[:2000], **more})
        raw = text.encode()[: ERROR_SIZE - 8]
        self.error[:8] = struct.pack("=q", len(raw))
        self.error[8 : 8 + len(raw)] = raw
        self.answer(FAILED)

    def start(self, code: types.CodeType, printer: Printer) -> bool:
        """Execute the file once per car."""
        extra = {"print": printer.print}
        for car in range(self.setup["cars"]):
            self.at[0] = car
            try:
                names = namespace.fresh(code, self.path, self.setup["seed"] + car, extra)
                function = names.get("reward_function")
            except BaseException as error:
                self.report("import", namespace.line_of(error, self.path), told(error))
                return False
            if not callable(function):
                self.report("import", 0, "reward_function is not a function")
                return False
            self.functions.append(function)
        return True

    def serve(self) -> None:
        while True:
            request = os.read(self.socket, 8)
            if len(request) < 8:
                return
            (n,) = struct.unpack("=q", request)
            if self.batch(n):
                self.answer(DONE)

    def batch(self, n: int) -> bool:
        """Compute the first `n` rows."""
        at, out, functions = self.at, self.out, self.functions
        cars, waypoints, number = len(functions), self.waypoints, namespace.number
        low, high, params_of = -namespace.LIMIT, namespace.LIMIT, self.params_of
        rows = self.rows[: n * self.setup["row_size"]]
        i, function = 0, functions[0]
        try:
            for row in struct.iter_unpack(self.setup["row_format"], rows):
                at[0] = i
                function = functions[i % cars]
                value = function(params_of(row, waypoints[row[18]]))
                if type(value) is not float or not low <= value <= high:
                    value = number(value)
                out[i] = value
                i += 1
        except namespace.Nonsense as error:
            self.report("value", 0, str(error))
        except BaseException as error:
            self.report("raised", namespace.line_of(error, self.path), told(error))
        else:
            return True
        return False


def told(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


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
        if not (known or top in THIRD_PARTY):
            continue
        more = [f"numpy.{part}" for part in NUMPY_PARTS] if top == "numpy" else []
        for module in [name, *more]:
            with contextlib.suppress(BaseException):  # it fails again when the file asks for it
                importlib.import_module(module)


class Late:
    """Says what an import after the lock really means."""

    def find_spec(self, name: str, *_: Any) -> None:
        raise ModuleNotFoundError(
            f"rewards cannot import {name!r} (one file; the standard library, "
            f"{', '.join(THIRD_PARTY)} where installed)"
        )


def lock(setup: dict[str, Any]) -> dict[str, Any]:
    """Apply every layer this machine has, in the only order that works."""
    limits, abi = sandbox.limit(), sandbox.landlock()
    calls = sandbox.seccomp((setup["socket"],), (1, 2, setup["socket"]))
    return {"limits": limits, "landlock": abi, "seccomp": calls}


def main() -> None:
    setup = json.loads(sys.stdin.buffer.read())
    sys.path[:] = [p for p in sys.path if p] + setup["packages"]
    if os.getppid() != setup["parent"]:
        return
    sys.setswitchinterval(1000.0)
    worker = Worker(setup)
    tree = ast.parse(setup["source"], worker.path)
    code = compile(tree, worker.path, "exec", dont_inherit=True)
    for name in ("random", "encodings.ascii", "encodings.latin_1", "encodings.idna"):
        importlib.import_module(name)
    preload(tree)
    del tree
    faulthandler.enable(2)
    if hasattr(faulthandler, "register"):
        import signal

        faulthandler.register(signal.SIGUSR1, 2, all_threads=False, chain=False)
    printer = Printer(1)
    sys.stdout = sys.stderr = printer
    sys.stdin = None
    sys.argv = ["reward"]
    for module in list(sys.modules):
        if module.startswith("_racer_") or module == "__main__":
            sys.modules[module] = types.ModuleType(module)
    sys.meta_path.insert(0, Late())
    layers = lock(setup)
    if worker.start(code, printer):
        text = json.dumps({"kind": "ready", "line": 0, "problem": "", "layers": layers}).encode()
        worker.error[:8] = struct.pack("=q", len(text))
        worker.error[8 : 8 + len(text)] = text
        worker.answer(READY)
        worker.serve()


if __name__ == "__main__":
    main()
    os._exit(0)
