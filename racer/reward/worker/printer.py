"""What a reward writes to its streams, kept in the memory that the reward's process shares.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import io
import os
from typing import Any


class Printer(io.TextIOBase):
    """`sys.stdout` and `sys.stderr`: keeps what comes first, counts the rest.

    Args:
        count: int64 of the bytes that were written.
        kept: where the first of them go.
    """

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, count: memoryview, kept: memoryview) -> None:
        self.count, self.kept = count, kept
        self.size = 0
        self.buffer = _Bytes(self)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.take(text.encode("utf-8", "replace"))
        return len(text)

    def take(self, raw: bytes) -> None:
        room = raw[: max(0, len(self.kept) - self.size)]
        self.kept[self.size : self.size + len(room)] = room
        self.size += len(raw)
        self.count[0] = self.size

    def descriptors(self) -> Any:
        """`os.write` that takes what is for descriptors 1 and 2 here."""
        real = os.write

        def write(fd: int, data: Any) -> int:
            if fd not in (1, 2):
                return real(fd, data)
            self.take(bytes(data))
            return len(data)

        return write


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._printer.take(bytes(data))
        return len(data)
