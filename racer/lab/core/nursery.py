"""The nursery: keeps a warm process ready, has it train, and hears what it says.

A training that is killed harms nobody; when the warm process itself ends, its trainings end with it
and the next one that is asked for starts a new one.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener

from racer.config import Config
from racer.lab.core.job import Job
from racer.lab.core.rest import GO_ON, REST
from racer.lab.core.warm import HELLO
from racer.render.live.wire import Kind, read

OnMessage = Callable[[int, Kind, bytes], None]
_END_S = 3.0
KILLED = b'{"killed":true}'
NOT_WARM = b'{"error":"the process that trains could not start; its reason is above."}'


class Nursery:
    """Trains jobs in processes that are warm already.

    Args:
        config: what will be trained, to warm up with: its track, vehicle, algorithm.
        on_message: called from other threads with the number of a job, and what it said. The last
            thing is DONE, whatever happened.
    """

    def __init__(self, config: Config, on_message: OnMessage) -> None:
        self._config, self._on_message = config.to_toml(), on_message
        self._key = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), family="AF_INET", authkey=self._key)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}  # jobs that are not done
        self._heard: set[int] = set()  # those of them that have a connection of their own
        self._closed = False
        self.ready = threading.Event()  # a warm process waits for a job
        self.forks = False
        self._waiting: list[Job] = []
        self._warm: subprocess.Popen[bytes]
        self._start()
        threading.Thread(target=self._accept, name="nursery", daemon=True).start()

    def train(self, job: Job) -> int:
        """Have a job trained, as soon as a process is warm; its number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting.append(replace(job, number=number))
            if self._warm.poll() is not None:
                self._start()
            self._dispatch()
            return number

    def stop(self, number: int, *, save: bool = False) -> None:
        """End a job: with its run saved, or at once. DONE comes when it has ended."""
        with self._lock:
            waits = any(job.number == number for job in self._waiting)
            self._waiting = [job for job in self._waiting if job.number != number]
            process = self._running.get(number)
            if process is not None and self.forks:
                line = json.dumps({"kill": number, "save": save}).encode() + b"\n"
                self._send(process, line)
            elif process is not None and save and sys.platform != "win32":
                process.terminate()
            elif process is not None:
                process.kill()
        if waits:
            self._on_message(number, Kind.DONE, KILLED)

    def hold(self, number: int, *, on: bool) -> None:
        """Let a job rest from its next step on, or go on. Not on Windows, which cannot."""
        with self._lock:
            process = self._running.get(number)
            if process is not None and self.forks:
                self._send(process, json.dumps({"hold": number, "on": on}).encode() + b"\n")
            elif process is not None and sys.platform != "win32":
                process.send_signal(REST if on else GO_ON)

    def close(self) -> None:
        """End every process; what was not done is lost."""
        with self._lock:
            self._closed = True
            processes = {self._warm, *self._running.values()}
        self._listener.close()
        for process in processes:
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
        for process in processes:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> None:
        """A process that warms up. The lock is held, or nobody else is there yet."""
        self.ready.clear()
        self._warm = process = subprocess.Popen(
            [sys.executable, "-m", "racer.lab.core.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=os.name == "posix",  # Ctrl-C is ours to handle
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a process with threads cannot fork
        )
        setup = {"address": self._listener.address, "key": self._key.hex(), "config": self._config}
        self._send(process, json.dumps(setup).encode() + b"\n")
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _dispatch(self) -> None:
        """Give jobs to the process that is ready: all of them if it forks, else one."""
        while self._waiting and self.ready.is_set():
            if not self._send(self._warm, self._waiting[0].line()):
                self._start()  # it has just ended; the next one takes the job
                return
            self._running[self._waiting.pop(0).number] = self._warm
            if not self.forks:
                self._start()  # the one for the next job

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Until a process ends, and its jobs with it; if it never became warm, all that wait."""
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        failed: list[Job] = []
        with self._lock:
            if process is self._warm and not self.ready.is_set() and not self._closed:
                failed, self._waiting = self._waiting, []
            unread = [number for number, owner in self._running.items() if owner is process]
            unread = [number for number in unread if number not in self._heard]
        for job in failed:
            self._on_message(job.number, Kind.DONE, NOT_WARM)
        for number in unread:
            self._end(number, KILLED)

    @staticmethod
    def _send(process: subprocess.Popen[bytes], line: bytes) -> bool:
        """False if the process has ended: its jobs hear of it."""
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except (OSError, ValueError):  # ValueError: closed, for its end was noticed
            return False
        return True

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
                number = int.from_bytes(connection.recv_bytes(HELLO), "little")
            except (AuthenticationError, EOFError, OSError):
                if self._closed:
                    return
                continue
            hear = self._hear if number else self._greet
            threading.Thread(target=hear, args=(connection, number), daemon=True).start()

    def _greet(self, connection: Connection, _number: int) -> None:
        """A process has become warm; when it ends, jobs that it had forked have ended too."""
        with contextlib.suppress(EOFError, OSError):
            ((_, content),) = read(io.BytesIO(connection.recv_bytes()))
            facts = json.loads(content)
            with self._lock:
                self.forks = facts["forks"]
                self.ready.set()
                self._dispatch()
            connection.recv_bytes()

    def _hear(self, connection: Connection, number: int) -> None:
        with self._lock:
            self._heard.add(number)
        done = b""
        with contextlib.suppress(EOFError, OSError):
            while not done:
                for kind, content in read(io.BytesIO(connection.recv_bytes())):
                    if kind == Kind.DONE:
                        done = content
                    else:
                        self._on_message(number, kind, content)
        connection.close()
        self._end(number, done or KILLED)

    def _end(self, number: int, how: bytes) -> None:
        """Say once that a job is done."""
        with self._lock:
            self._heard.discard(number)
            ended = self._running.pop(number, None) is not None
        if ended:
            self._on_message(number, Kind.DONE, how)
