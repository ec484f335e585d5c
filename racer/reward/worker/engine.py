"""The worker engine: the reward file in a locked process of its own, rows in, float64 out.

Nothing the process sends is trusted: replies have a fixed size and a deadline, values are copied
out before they are checked, and no pickle crosses the border.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from racer.errors import BadReward, ResourceError
from racer.reward import usage
from racer.reward.components import Sums, checked
from racer.reward.engine import Cars, Floats, RewardEngine, Rows, check, returned
from racer.reward.failure import Failure, printable
from racer.reward.file import RewardFile
from racer.reward.params import Waypoints, row_format
from racer.reward.worker import wire
from racer.reward.worker.channel import open_channel
from racer.reward.worker.limits import cpu_of, locked, over, packages
from racer.reward.worker.slowness import Slowness
from racer.reward.worker.traced import Traced, read, remembers
from racer.sim.types import PARAMS, params_type

CALL_LIMIT = 1.0  # s, one call
MEAN_LIMIT = 0.2  # s, a call of a batch on average
START_LIMIT = 30.0  # s, until the process is locked; importing numpy on a busy machine is slow
IMPORT_LIMIT = 5.0  # s, executing the file once


Show = Callable[[str, int], None]


class WorkerEngine(RewardEngine):
    """The file in its own process, one namespace per car.

    Args:
        file: the reward.
        n: namespaces; row i uses number i modulo n.
        waypoints: in the file's order.
        seed: of `random` in car 0; car i has seed + i.
        sandbox: auto locks as far as this machine can, strict refuses to run with less than all.
        capacity: the most rows of one batch; n by default.
        objects: the most around a car that rows may have room for.
        every_key: build the whole dict, as inprocess does, whatever the file reads.
        trace: be able to `trace` calls; for one namespace.
        show: called with what the reward printed, after the batch in which it did, and how many
            bytes after the first 64 KiB were dropped; None keeps it for `output`.

    Raises:
        BadReward: the file raises or hangs when executed.
        ResourceError: strict, and a layer is missing here.
    """

    name = "worker"

    def __init__(
        self,
        file: RewardFile,
        *,
        n: int,
        waypoints: Waypoints,
        seed: int = 0,
        sandbox: str = "auto",
        capacity: int = 0,
        objects: int = 0,
        every_key: bool = False,
        trace: bool = False,
        show: Show | None = None,
    ) -> None:
        super().__init__(file, waypoints)
        self.needs = usage.ALL if every_key else self.needs
        self._show, self._shown = show, 0
        self._printed = b""  # what the reward printed, once the process is gone
        self._owner = os.getpid()
        self._sent = 0.0
        self._answers = self._calls = self._n = 0
        self._batch: tuple[Rows, Cars | None] | None = None
        self._cars, self._type = n, params_type(objects)
        self._trace = wire.TRACE if trace else 0
        self._share(max(n, capacity))
        self._spawn(n, seed)
        try:
            layers = self._started()
            self._slowness = Slowness(file.name, n, self.cpu_s())
            self.why = f"Python in a process of its own, {locked(layers)}"
            if sandbox == "strict" and not all(layers.values()):
                raise ResourceError(
                    f"--sandbox strict needs limits, Landlock and seccomp; {locked(layers)} here. "
                    "Use Linux 5.13 or newer, or --sandbox auto."
                )
        except BaseException:
            self.close()
            raise

    def _share(self, capacity: int) -> None:
        """Lay out the shared memory."""
        self._capacity = capacity
        self._layout = wire.layout(capacity, self._type.itemsize, self._trace)
        self._channel = open_channel(self._layout.size)
        memory: Any = self._channel.memory
        self._at = np.frombuffer(memory, np.int64, 1, wire.AT)
        self._at[0] = -1
        self._cpu = np.frombuffer(memory, np.float64, 1, wire.CPU)
        self._count = np.frombuffer(memory, np.int64, 1, wire.PRINTED)
        self._rows = np.frombuffer(memory, self._type, capacity, wire.ROWS)
        self._out = np.frombuffer(memory, np.float64, capacity, self._layout.out)

    def _spawn(self, n: int, seed: int) -> None:
        setup = {
            **self._channel.setup,
            "capacity": self._capacity,
            "row_format": row_format(self._type.itemsize),
            "row_size": self._type.itemsize,
            "cars": n,
            "trace": self._trace,
            "remembers": bool(self._trace) and remembers(self.file),
            "keys": sorted(self.needs),
            "components": bool(self.file.components_line),
            "seed": seed,
            "waypoints": self.waypoints[0],
            "path": self.file.shown,
            "source": self.file.source,
            "packages": packages("\n".join([self.file.source, *self.file.modules.values()])),
            "beside": {
                "folder": self.file.beside.folder,
                "files": {
                    name: base64.b64encode(content).decode()
                    for name, content in self.file.beside.files.items()
                },
            },
        }
        # On Windows sys.executable of a virtual environment starts a second process.
        python = getattr(sys, "_base_executable", "") if os.name == "nt" else ""
        child = str(Path(__file__).with_name("child.py"))
        command = [python or sys.executable, "-P", "-s", "-S", child]
        self._process = subprocess.Popen(command, **self._channel.options)
        self._channel.opened(self._process, json.dumps(setup).encode("utf-8", "surrogatepass"))

    def _started(self) -> dict[str, Any]:
        try:
            tag = self._await(0)
        except Failure as failure:
            problem = failure.problem.replace("one call", "importing it")
            raise BadReward(f"{self.file.shown}:{failure.line}: {problem}.") from None
        found = self._error()
        if tag != wire.READY:
            raise BadReward(
                f"{self.file.shown}:{found['line'] or self.file.line}: {found['problem']}."
            )
        return dict(found["layers"])

    # -- one batch

    def _compute(self, rows: Rows, out: Floats) -> None:
        self._send(rows)
        self._receive(out)

    def submit(self, rows: Rows, cars: Cars | None) -> None:
        """Start the worker on `rows`, which are copied; the caller goes on."""
        self._batch = rows, cars
        try:
            self._send(rows)
        except Failure as failure:
            raise self._failed(failure, rows, cars) from None

    def collect(self, out: Floats) -> None:
        """Wait for the rewards of what `submit` started."""
        assert self._batch is not None, "collect() without submit()"
        (rows, cars), self._batch = self._batch, None
        try:
            self._receive(out)
        except Failure as failure:
            raise self._failed(failure, rows, cars) from None

    def _send(self, rows: Rows, trace: bool = False) -> None:
        self._n, self._sent = len(rows), time.monotonic()
        if self._channel.closed:
            raise RuntimeError("the reward's process has been closed; make a new environment")
        self._copy(rows)
        self._at[0] = 0
        try:
            self._channel.send(wire.word(-self._n if trace else self._n))
        except OSError:
            raise self._dead() from None

    def _copy(self, rows: Rows) -> None:
        """Into the shared memory, whose views an error must not hold: it could not be closed."""
        mine = self._rows[: len(rows)]
        if rows.dtype == self._type:
            mine[:] = rows
        else:  # rows made up without objects
            for name in PARAMS.names or ():
                mine[name] = rows[name]
            mine["objects_count"] = 0

    def _receive(self, out: Floats) -> None:
        tag = self._await(self._n)
        self._calls += self._n
        if self._slowness.due(time.monotonic() - self._sent):
            self._slowness.look(self.cpu_s(), self._calls)
        if self._count[0] != self._shown:
            self._show_prints()
        if tag == wire.DONE:
            out[:] = self._out[: self._n]
            check(out, self.file.line)
            return
        found, car = self._error(), self._car()
        out[:car] = self._out[:car]  # what was computed before it
        if found["kind"] == "value":
            raise Failure(car, self.file.line, returned(found["problem"]))
        raise Failure(car, found["line"] or self.file.line, found["problem"])

    def trace(self, rows: Rows) -> Traced:
        """What the call for the last of `rows` does, line by line.

        A reward that remembers something is computed for the rows before it, from the first one on;
        rows that were computed for the call before this one are not computed again.

        Args:
            rows: of one car, from its first step on.

        Raises:
            Failure: a call before it failed, or this one hung or ended the process.
        """
        self._send(rows, trace=True)
        tag = self._await(self._n)
        found = self._error()
        if tag != wire.DONE:
            raise Failure(self._car(), found["line"] or self.file.line, found["problem"])
        memory, start = self._channel.memory, self._layout.trace
        size = min(max(wire.number(memory[start : start + 8]), 0), self._trace - 8)
        raw = bytes(memory[start + 8 : start + 8 + size])
        value = float("nan") if found["problem"] else float(self._out[len(rows) - 1])
        return read(raw, value, found["line"], found["problem"], self.output())

    def _car(self) -> int:
        return min(max(int(self._at[0]), 0), max(self._n - 1, 0))

    def take_components(self) -> Sums:
        """Sums of each component, of the calls since the last time: an empty batch asks."""
        if not self.file.components_line:
            return {}
        with contextlib.suppress(Failure):  # the next batch says so, with its car
            self._compute(np.zeros(0, PARAMS), np.zeros(0))
            return checked(self._written())
        return {}

    def _written(self) -> dict[str, Any]:
        """The JSON object that the worker wrote; whatever it wrote, this is a dict."""
        start = self._layout.error
        raw = self._channel.memory[start : start + wire.ERROR_SIZE]
        size = wire.number(raw[:8])
        with contextlib.suppress(ValueError, RecursionError):
            text = json.loads(raw[8 : 8 + min(max(size, 0), wire.ERROR_SIZE - 8)])
            return text if isinstance(text, dict) else {}
        return {}

    def _error(self) -> dict[str, Any]:
        """What the worker wrote about a failure; whatever it wrote, this is a dict of our shape."""
        found = self._written()
        line, layers = found.get("line"), found.get("layers")
        names = ("limits", "landlock", "seccomp")
        return {
            "kind": str(found.get("kind", "raised")),
            "line": line if isinstance(line, int) and 0 <= line < 10**7 else 0,
            "problem": printable(str(found.get("problem", "failed without a reason"))[:1000]),
            "layers": {
                k: int(layers.get(k) or 0) if isinstance(layers, dict) else 0 for k in names
            },
        }

    # -- waiting, and what ends it

    def _await(self, n: int) -> int:
        """The tag of the worker's next answer.

        Raises:
            Failure: it hung, died, or broke the protocol; the process is gone then.
        """
        began = moved = time.monotonic()
        at, (_, first) = int(self._at[0]), self._used()
        cpu = first
        # The first call of a car may make a table, which the mean of all calls hardly shows.
        mean = CALL_LIMIT + (MEAN_LIMIT if self._calls >= self._cars else CALL_LIMIT) * n
        while not self._channel.wait(0.1):
            now, (state, used) = time.monotonic(), self._used()
            if n and not self._calls:
                self._slowness.first(used, int(self._at[0]))
            limit = CALL_LIMIT if n else IMPORT_LIMIT if self._at[0] >= 0 else START_LIMIT
            if int(self._at[0]) != at or state == "T":
                at, moved, cpu = int(self._at[0]), now, used
            if over(limit, now - moved, used - cpu, state):
                raise self._hung(f"one call took longer than {limit:g} s")
            if n and over(mean, now - began, used - first, state):
                raise self._hung(f"calls take more than {MEAN_LIMIT * 1e3:.0f} ms on average")
        reply = self._channel.receive()
        if len(reply) != wire.WORD:
            raise self._dead()
        self._answers += 1
        count, tag = divmod(wire.number(reply), 8)
        if count != self._answers or tag not in (wire.DONE, wire.FAILED, wire.READY):
            self._kill()
            raise Failure(self._car(), self.file.line, "it wrote into the simulator's connection")
        return int(tag)

    def _used(self) -> tuple[str, float]:
        """State letter and processor time of the process, s: of the system, else by itself."""
        return cpu_of(self._process.pid) or ("R", float(self._cpu[0]))

    def _hung(self, problem: str) -> Failure:
        """Ask where it hangs, kill it."""
        self._channel.ask_where(self._process)
        line = self._dumped_line()
        self._kill()
        self._show_prints()
        return Failure(self._car(), line or self.file.line, problem)

    def _dead(self) -> Failure:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        line, code = self._dumped_line(), self._process.poll()
        self._kill()
        self._show_prints()
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            problem = f"the reward's process crashed ({name})"
        else:
            problem = f"the reward ended its process (exit code {code})"
        return Failure(self._car(), line or self.file.line, problem)

    def _dumped_line(self) -> int:
        """The innermost line of the file in a dump of faulthandler."""
        text = self._channel.dump().decode("utf-8", "replace")
        shown = self.file.shown.encode("ascii", "backslashreplace").decode()
        found = re.search(rf'File "{re.escape(shown)}", line (\d{{1,7}})', text)
        return int(found.group(1)) if found else 0

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def output(self) -> str:
        """What the reward has printed so far, the first 64 KiB."""
        if not self._channel.closed:
            start, count = self._layout.prints, min(max(int(self._count[0]), 0), wire.PRINTS)
            self._printed = self._channel.memory[start : start + count]
        return self._printed.decode("utf-8", "replace")

    def _show_prints(self) -> None:
        """Pass on what was printed since the last time."""
        count = max(int(self._count[0]), 0)
        if self._show is not None and count > self._shown:
            start = self._layout.prints
            new = self._channel.memory[
                start + min(self._shown, wire.PRINTS) : start + min(count, wire.PRINTS)
            ]
            self._shown = count
            self._show(new.decode("utf-8", "replace"), max(0, count - wire.PRINTS))
        self._shown = count

    def cpu_s(self) -> float:
        """Processor time that the process has used so far, s; 0 where that is unknown."""
        return self._used()[1]

    def close(self) -> None:
        """End the process; harmless when repeated."""
        if self._channel.closed:
            return
        if os.getpid() == self._owner:  # a forked copy must not end its parent's worker
            self._kill()
            self.output()
        del self._at, self._cpu, self._count, self._rows, self._out
        self._channel.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()
