"""How the trainer and the reward's process reach each other: shared memory, requests, dumps.

Where the system has them, the memory has no name and requests go over a socket pair. Windows has
neither for a process of its own: there the memory is a temporary file, requests go over the pipes
of stdin and stdout, and threads read what cannot be waited for.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from typing import Any

from racer.reward.worker import wire
from racer.storage import files

_DUMP = 65536  # bytes of a dump of faulthandler that are looked at
_DUMP_S = 0.3  # s, to wait for one
# What chooses the instructions that numpy computes with: a reward pays the same in every process.
_NUMERIC = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
_COMMON = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Channel(ABC):
    """The trainer's end.

    Attributes:
        memory: shared; see `wire`.
        setup: what the process must know to find its own end.
        options: of the Popen that starts it.
        closed: nothing more can be sent.
    """

    memory: mmap.mmap
    setup: dict[str, Any]
    options: dict[str, Any]
    closed = False

    @abstractmethod
    def opened(self, process: subprocess.Popen[bytes], setup: bytes) -> None:
        """The process runs: send its setup."""

    @abstractmethod
    def send(self, request: bytes) -> None:
        """Raises OSError when it is gone."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Whether an answer is there, or the other end is gone."""

    @abstractmethod
    def receive(self) -> bytes:
        """The answer; shorter than a word when the other end is gone."""

    @abstractmethod
    def ask_where(self, process: subprocess.Popen[bytes]) -> None:
        """Have it dump the lines that it is at; returns when that can be read."""

    @abstractmethod
    def dump(self) -> bytes:
        """What faulthandler wrote, which is then forgotten."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back. The process has ended, or belongs to another."""


def open_channel(size: int) -> Channel:
    """The strongest kind that this system has."""
    needed = ((os, "set_blocking"), (select, "poll"), (signal, "SIGUSR1"), (socket, "AF_UNIX"))
    if os.name == "posix" and all(hasattr(module, name) for module, name in needed):
        return SocketChannel(size)
    return PipeChannel(size)


class SocketChannel(Channel):
    """Linux and macOS."""

    def __init__(self, size: int) -> None:
        self._fd = _nameless()
        with files.disk_errors("the memory that the reward's process shares"):
            os.ftruncate(self._fd, size)
        self.memory = mmap.mmap(self._fd, size)
        self._socket, self._theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._dumps, self._write_dumps = os.pipe()
        for end in (self._dumps, self._write_dumps):
            os.set_blocking(end, False)  # type: ignore[attr-defined,unused-ignore]
        fd = self._theirs.fileno()
        self.setup = {"requests": fd, "answers": fd, "memory": self._fd, "parent": os.getpid()}
        self.options = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.DEVNULL,
            "stderr": self._write_dumps,
            "pass_fds": (fd, self._fd),
            "env": _environment(),
            "start_new_session": True,  # Ctrl-C is the trainer's to handle
        }

    def opened(self, process: subprocess.Popen[bytes], setup: bytes) -> None:
        self._theirs.close()
        os.close(self._write_dumps)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(wire.word(len(setup)) + setup)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()

    def send(self, request: bytes) -> None:
        self._socket.send(request)

    def wait(self, seconds: float) -> bool:
        poll: Any = select.poll()  # type: ignore[attr-defined,unused-ignore]
        poll.register(self._socket, 1)  # POLLIN
        return bool(poll.poll(seconds * 1000))

    def receive(self) -> bytes:
        try:
            return self._socket.recv(wire.WORD)
        except OSError:
            return b""

    def ask_where(self, process: subprocess.Popen[bytes]) -> None:
        self.dump()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGUSR1)  # type: ignore[attr-defined,unused-ignore]
        select.select([self._dumps], [], [], _DUMP_S)
        time.sleep(0.02)  # the dump is written in several pieces

    def dump(self) -> bytes:
        try:
            return os.read(self._dumps, _DUMP)
        except OSError:
            return b""

    def close(self) -> None:
        self.closed = True
        self._socket.close()
        self._theirs.close()
        os.close(self._dumps)
        os.close(self._fd)
        self.memory.close()


class PipeChannel(Channel):
    """Windows, and whatever lacks the other."""

    def __init__(self, size: int) -> None:
        fd, self._path = tempfile.mkstemp(prefix="racer-reward-")
        try:
            os.ftruncate(fd, size)
            self.memory = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._next: bytes | None = None
        self._dumped = b""
        self._threads: list[threading.Thread] = []
        self.setup = {"requests": 0, "answers": 1, "memory": self._path, "parent": 0}
        pipe = subprocess.PIPE
        self.options = {"stdin": pipe, "stdout": pipe, "stderr": pipe, "env": _environment()}
        if sys.platform == "win32":  # Ctrl-C is the trainer's to handle
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            self.options["creationflags"] = flags

    def opened(self, process: subprocess.Popen[bytes], setup: bytes) -> None:
        self._process = process
        for read in (self._read_answers, self._read_dumps):
            self._threads.append(threading.Thread(target=read, daemon=True))
            self._threads[-1].start()
        with contextlib.suppress(OSError):
            self.send(wire.word(len(setup)) + setup)

    def send(self, request: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(request)
        self._process.stdin.flush()

    def wait(self, seconds: float) -> bool:
        if self._next is None:
            with contextlib.suppress(queue.Empty):
                self._next = self._answers.get(timeout=seconds)
        return self._next is not None

    def receive(self) -> bytes:
        found, self._next = self._next or b"", None
        return found

    def ask_where(self, process: subprocess.Popen[bytes]) -> None:
        self.dump()
        self.memory[wire.ASK : wire.ASK + 8] = wire.word(1)
        until = time.monotonic() + _DUMP_S
        while not self._dumped and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.02)

    def dump(self) -> bytes:
        if self._process is not None and self._process.poll() is not None:
            self._threads[1].join(_DUMP_S)  # its last words
        found, self._dumped = self._dumped, b""
        return found

    def close(self) -> None:
        self.closed = True
        process = self._process
        if process is not None and process.poll() is not None:
            for thread in self._threads:
                thread.join()
        if process is not None:
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]
        self.memory.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def _read_answers(self) -> None:
        """Ends with an empty answer: the process has ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        found = b"-"
        while found:
            try:
                found = self._process.stdout.read(wire.WORD)
            except (OSError, ValueError):
                found = b""
            self._answers.put(found)

    def _read_dumps(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while found := os.read(self._process.stderr.fileno(), 4096):
                self._dumped = (self._dumped + found)[-_DUMP:]


def _nameless() -> int:
    """The descriptor of a file that no one else can open."""
    if sys.platform == "linux" and hasattr(os, "memfd_create"):
        return os.memfd_create("racer-reward")
    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd


def _environment() -> dict[str, str]:
    """What numpy's last bits depend on, and what Python needs on Windows.

    A reward sees none of it.
    """
    kept = _NUMERIC + (("SYSTEMROOT", "PATH", "TEMP") if sys.platform == "win32" else ())
    return _COMMON | {name: os.environ[name] for name in kept if name in os.environ}
