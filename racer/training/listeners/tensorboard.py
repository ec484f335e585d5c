"""TensorBoard curves that may be lost without losing the training.

Written here, record by record, because TensorBoard's own writer fails in a thread of its own.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger


def make_logger(folder: Path, *, from_step: int = 0) -> Logger:
    """An SB3 logger that writes events to `folder`; curves go on from `from_step`."""
    return Logger(str(folder), [Events(folder, from_step)])


class Events(KVWriter):
    """One event file; warns once when it can no longer be written, and goes on without.

    Args:
        folder: made when missing.
        from_step: TensorBoard forgets what older files say of this step and later ones.
    """

    def __init__(self, folder: Path, from_step: int) -> None:
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

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: dict[str, tuple[str, ...]],
        step: int = 0,
    ) -> None:
        """Write the numbers of one step."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [
            Summary.Value(tag=name, simple_value=float(value))
            for name, value in sorted(key_values.items())
            if isinstance(value, int | float | np.number)
            and "tensorboard" not in (key_excluded.get(name) or ())
        ]
        self._add(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

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
        text = f"warning: no more TensorBoard curves: {error.strerror}."
        print(text, file=sys.stderr, flush=True)
