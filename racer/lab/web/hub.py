"""Everyone who looks: messages to each viewer, of swarms and laps only the newest.

A viewer that is slow skips pictures and delays nobody. One that comes back gets the road, the last
lap and every row of metrics at once, so a page that was loaded again shows the same thing.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from racer.render.live.outbox import NEWEST
from racer.render.live.wire import Kind

ROWS_MAX = 5_000  # rows of metrics that a page is sent at once
VIEWERS_MAX = 64
WORDS_MAX = 16  # that a page may send; ours sends none
BEAT_S = 10.0  # of silence, until a page is told that the lab is there


NOTHING = bytes([Kind.END]) + b"{}"


class Viewer:
    """One socket and what waits for it."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.newest: dict[Kind, bytes] = {}
        self.changed = asyncio.Event()

    def put(self, kind: Kind, whole: bytes) -> None:
        """Have it sent soon."""
        if kind in NEWEST:
            self.newest[kind] = whole
        elif len(self.kept) < 2 * ROWS_MAX:  # one that reads nothing is gone
            self.kept.append(whole)
        self.changed.set()

    async def send_all(self, socket: WebSocket) -> None:
        """Send messages as they come, until the socket closes."""
        while True:
            try:
                await asyncio.wait_for(self.changed.wait(), BEAT_S)
            except TimeoutError:
                self.kept.append(NOTHING)
            self.changed.clear()
            waiting = [*self.kept, *self.newest.values()]
            self.kept.clear()
            self.newest.clear()
            for whole in waiting:
                await socket.send_bytes(whole)


class Hub:
    """Passes messages on; to be called in the event loop."""

    def __init__(self, viewers: int = VIEWERS_MAX) -> None:
        self._most = viewers
        self._viewers: set[Viewer] = set()
        self._start: bytes = b""
        self._lap: bytes = b""
        self._rows: list[bytes] = []
        self._said: list[bytes] = []
        self._file: bytes = b""

    def hear(self, kind: Kind, content: bytes) -> None:
        """A message of the draft that is shown; its first byte will be the kind."""
        whole = bytes([kind]) + content
        if kind == Kind.START:
            self._start, self._lap, self._rows = whole, b"", []
        elif kind == Kind.LAP:
            self._lap = whole
        elif kind == Kind.METRICS:
            self._rows = [*self._rows[-ROWS_MAX + 1 :], whole]
        for viewer in self._viewers:
            viewer.put(kind, whole)

    def say(self, content: bytes) -> None:
        """A sentence, or anything else that a page should know, as JSON."""
        whole = bytes([Kind.END]) + content
        self._said = [*self._said[-19:], whole]
        for viewer in self._viewers:
            viewer.put(Kind.END, whole)

    def show(self, content: bytes) -> None:
        """What is edited now, as JSON: who comes later hears the newest of these alone."""
        self._file = whole = bytes([Kind.END]) + content
        for viewer in self._viewers:
            viewer.put(Kind.END, whole)

    async def serve(self, socket: WebSocket) -> None:
        """One viewer, until it leaves."""
        if len(self._viewers) >= self._most:
            await socket.close(1013)
            return
        await socket.accept()
        viewer = Viewer()
        known = (self._start, *self._rows, *self._said, self._lap, self._file)
        viewer.kept = [one for one in known if one]
        viewer.changed.set()
        self._viewers.add(viewer)
        sending = asyncio.create_task(viewer.send_all(socket))
        try:
            for _ in range(WORDS_MAX):
                await socket.receive_text()
            await socket.close(1008)
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass
        finally:
            self._viewers.discard(viewer)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending
