"""Being told to stop, and losing the terminal, without losing work."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, TextIO

_STOPPING = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows' Ctrl-Break
_FRAGILE = ("importlib", "numba", "llvmlite")
_PATIENCE_S = 2.0


class Stop:
    """Whether a signal asked to stop; `number` is the first one's."""

    def __init__(self) -> None:
        self.number = 0

    def __bool__(self) -> bool:
        return self.number != 0

    @property
    def name(self) -> str:
        """SIGINT, SIGTERM or SIGBREAK; empty before one came."""
        return signal.Signals(self.number).name if self else ""

    @property
    def exit_code(self) -> int:
        """As shells count: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.number


_active: list[Stop] = []


@contextlib.contextmanager
def exit_when_terminated() -> Iterator[None]:
    """SIGTERM raises SystemExit, as Ctrl-C raises KeyboardInterrupt: what is found can be kept.

    Outside the main thread, where Python allows no handlers, it ends the process as ever.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if _is_fragile(frame):  # it would be swallowed
            _leave_now(128 + number)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def graceful_stop(*, quiet: bool = False) -> Iterator[Stop]:
    """The first SIGINT or SIGTERM sets the Stop; the second ends the process at once.

    SIGHUP (the terminal is gone) is ignored: training goes on. Handlers are put back at the end.
    Inside another such block it is that block's Stop, so that no signal falls between the two.
    Outside the main thread, where Python allows no handlers, the Stop is never set.

    Args:
        quiet: do not say that a signal came.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread() or _active:
        yield _active[0] if _active else stop
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop:
            os._exit(128 + number)
        stop.number = number
        if quiet:
            return
        # No print: the signal may have come in the middle of one.
        with contextlib.suppress(OSError):
            os.write(2, b"\nStopping and saving; once more to stop without saving.\n")

    before: dict[int, Any] = {}
    for number in _numbers(*_STOPPING):
        before[number] = signal.signal(number, handle)
    for number in _numbers("SIGHUP"):
        before[number] = signal.signal(number, signal.SIG_IGN)
    _active.append(stop)
    try:
        yield stop
    finally:
        _active.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers(*names: str) -> list[int]:
    """Of the signals that this system has."""
    return [int(getattr(signal, name)) for name in names if hasattr(signal, name)]


@contextlib.contextmanager
def interrupt_exits() -> Iterator[None]:
    """Ctrl-C ends the program with 130 wherever it is, also in the middle of an import.

    As SystemExit, because a KeyboardInterrupt that passes through `exec` of a string makes Python
    kill itself at its end even when it was caught. At once where an exception would be swallowed or
    would crash the interpreter: in imports and in the compiler, where nothing of ours is half done.
    What swallows it all the same has two seconds to end.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return

    timers: list[threading.Timer] = []

    def leave(number: int, frame: FrameType | None) -> None:
        if not timers:  # no print: it may have come in the middle of one
            with contextlib.suppress(OSError):
                os.write(2, b"\nStopped by Ctrl-C.\n")
        if timers or _is_fragile(frame):
            _leave_now(128 + number)
        timers.append(threading.Timer(_PATIENCE_S, os._exit, (128 + number,)))
        timers[0].daemon = True
        timers[0].start()
        raise SystemExit(128 + number)

    signal.signal(signal.SIGINT, leave)
    try:
        yield
        if timers:
            raise SystemExit(128 + signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for timer in timers:
            timer.cancel()


def _is_fragile(frame: FrameType | None) -> bool:
    """Is this place in an import or in the compiler?"""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).split(".")[0] in _FRAGILE:
            return True
        frame = frame.f_back
    return False


def _leave_now(code: int) -> None:
    with contextlib.suppress(Exception):  # it may be closed, or in the middle of a write
        sys.stdout.flush()
    os._exit(code)


@contextlib.contextmanager
def steady_output() -> Iterator[None]:
    """Go on when nobody reads stdout or stderr any more: what cannot be shown is dropped."""
    _fill_standard_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Steady(sys.stdout, 1), _Steady(sys.stderr, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


class _Steady:
    """A text stream that turns to /dev/null when its reader is gone."""

    def __init__(self, stream: TextIO | None, descriptor: int) -> None:
        self._descriptor = descriptor
        self._stream = stream if stream is not None else open(os.devnull, "w")  # noqa: SIM115

    def write(self, text: str) -> int:
        """Show what can be shown."""
        with self._or_silence():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Push out what can be."""
        with self._or_silence():
            self._stream.flush()

    @contextlib.contextmanager
    def _or_silence(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # a broken pipe, a lost terminal, a closed file
            with contextlib.suppress(OSError), open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), self._descriptor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _fill_standard_descriptors() -> None:
    """Open what was closed (`>&-`), so that no file of ours becomes stdout by accident."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
