"""Messages on their way to a slow reader: the training never waits for it.

Of swarms and laps only the newest is kept; what must arrive (the start, rows of metrics, the end)
waits in order. A thread writes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from racer.render.live.wire import Kind, message

NEWEST = frozenset({Kind.SWARM, Kind.LAP})
_WAITING_MAX = 10_000  # messages; a reader that is further behind is gone
_LAST_S = 1.0  # s, at the end, for what still waits


class Outbox:
    """Takes messages and writes them from a thread of its own.

    Args:
        write: takes whole messages, may block, raises OSError when the reader is gone.
        open: called first, in the thread; False when there is nobody to write to.
    """

    def __init__(
        self, write: Callable[[bytes], object], open: Callable[[], bool] = lambda: True
    ) -> None:
        self._write, self._open = write, open
        self._kept: list[bytes] = []
        self._newest: dict[Kind, bytes] = {}
        self._changed = threading.Condition()
        self.closed = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, kind: Kind, content: bytes | dict[str, object]) -> None:
        """Have it written soon; does nothing once the reader is gone."""
        if self.closed:
            return
        whole = message(kind, content)
        with self._changed:
            if kind in NEWEST:
                self._newest[kind] = whole
            elif len(self._kept) < _WAITING_MAX:
                self._kept.append(whole)
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, for at most a second, and end."""
        with self._changed:
            self.closed = True
            self._changed.notify()
        self._thread.join(_LAST_S)

    def _run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._open():
                while waiting := self._take():
                    self._write(b"".join(waiting))
        self.closed = True

    def _take(self) -> list[bytes]:
        """What there is to write; empty when it ends."""
        with self._changed:
            while not (self._kept or self._newest or self.closed):
                self._changed.wait()
            found = [*self._kept, *self._newest.values()]
            self._kept.clear()
            self._newest.clear()
            return found
