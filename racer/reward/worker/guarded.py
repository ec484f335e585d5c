"""The guarded process: from its setup to the locks behind which it executes a reward file.

It takes its setup from stdin (a word for its length, then JSON), imports what the file will want,
locks itself, and only then executes the file: see `loop`.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import faulthandler
import json
import linecache
import os
import sys
import threading
import types
from typing import Any

from racer.reward import namespace, served
from racer.reward.first_calls import FirstCalls
from racer.reward.outline import outline
from racer.reward.worker import imports, sandbox, wire
from racer.reward.worker.loop import Worker, read_exactly


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


def at_home(setup: dict[str, Any]) -> None:
    """The reward's folder is the current one, and its text is what tracebacks show."""
    folder = setup["beside"]["folder"] or os.sep
    os.getcwd = lambda: folder
    os.getcwdb = lambda: os.fsencode(folder)
    source = setup["source"]
    linecache.cache[setup["path"]] = len(source), None, source.splitlines(True), setup["path"]


class Late:
    """Says what an import after the lock really means."""

    def find_spec(self, name: str, *_: Any) -> None:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or (top in namespace.THIRD_PARTY and top in sys.modules):
            raise ModuleNotFoundError(
                f"{name!r} is imported after the reward's process was locked; write "
                f"`import {name}` at the top of the reward, then it is loaded before"
            )
        raise ModuleNotFoundError(
            f"rewards cannot import {name!r} (what they can: .py files beside the reward, the "
            f"standard library, {', '.join(namespace.THIRD_PARTY)} where installed)"
        )


def lock(setup: dict[str, Any]) -> dict[str, Any]:
    """Apply every layer this machine has, in the only order that works."""
    limits, abi = sandbox.limit(), sandbox.landlock()
    calls = sandbox.seccomp((setup["requests"],), (1, 2, setup["answers"]))
    return {"limits": limits, "landlock": abi, "seccomp": calls}


def watched(worker: Worker, by_pipes: bool) -> None:
    """Be able to say which line runs, and what time it took, when the trainer asks."""
    faulthandler.enable(2)
    if not by_pipes and hasattr(faulthandler, "register"):
        import signal

        number: Any = vars(signal)["SIGUSR1"]
        faulthandler.register(number, 2, all_threads=False, chain=False)
    if by_pipes or sys.platform != "linux":
        threading.Thread(target=worker.watch, daemon=True).start()
    else:
        sys.setswitchinterval(1000.0)


def hide(worker: Worker) -> None:
    """From here on what is imported and printed is the reward's; it finds no module of ours."""
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        setattr(sys, name, worker.printer)
    os.write = worker.printer.descriptors()
    at_home(worker.setup)
    sys.stdin = None
    sys.argv = ["reward"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "racer"]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.meta_path.insert(0, Late())


def main() -> None:
    """Until the trainer closes the connection."""
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
        from racer.reward.worker.tracing import Tracer

        worker.tracer = Tracer(worker.path, tree)
    elif setup["cars"] > 1:
        outline(tree)
        worker.first_calls = FirstCalls(tree, worker.path, lambda: worker.printer.size)
    code = compile(tree, worker.path, "exec", dont_inherit=True)
    beside = files_beside(setup["beside"])
    texts = [tree, *(map(parsed, beside.files.items()) if beside else ())]
    imports.preload(texts, namespace.THIRD_PARTY)
    del tree, texts
    watched(worker, by_pipes)
    hide(worker)
    if beside:
        beside.serve()
    layers = lock(setup)
    if worker.start(code, beside):
        worker.tell({"kind": "ready", "line": 0, "problem": "", "layers": layers})
        worker.answer(wire.READY)
        worker.serve()
