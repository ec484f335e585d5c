"""TensorBoard curves that may be lost without losing the training.

Written here, record by record, because TensorBoard's own writer fails in a thread of its own.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from racer import console
from racer.evaluation import Result
from racer.race import Race
from racer.runs import Run
from racer.training.listener import Listener

log = console.log(__name__)


class TensorBoard(Listener):
    """Writes what is logged to the run's tb folder."""

    def __init__(self) -> None:
        self._events: Events | None = None

    def on_start(self, run: Run, race: Race) -> None:
        self._folder, self._from = run.folder / "tb", run.went_on_from

    def on_log(self, step: int, values: Mapping[str, float]) -> None:
        if self._events is None:
            self._events = Events(self._folder, self._from)
        self._events.write(step, values)

    def on_end(self, result: Result | None) -> None:
        if self._events is not None:
            self._events.close()


class Events:
    """One event file; warns once when it can no longer be written, and goes on without.

    Args:
        folder: made when missing.
        from_step: TensorBoard forgets what older files say of this step and later ones.
    """

    def __init__(self, folder: Path, from_step: int = 0) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self._file: Any = None
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / name).open("ab", buffering=0)
        except OSError as error:
            self._lose(error)
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if from_step:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=from_step, session_log=start))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write the numbers of one step."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        found = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(Event(wall_time=time.time(), step=step, summary=Summary(value=found)))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _add(self, event: Any) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        if self._file is None:
            return
        try:
            RecordWriter(self._file).write(event.SerializeToString())
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self._file = None
        log.warning("no more TensorBoard curves: %s.", error.strerror)
