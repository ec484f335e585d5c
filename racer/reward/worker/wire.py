"""What the trainer and the reward's process share: one piece of memory, and answers of 8 bytes.

Standard library only: the guarded process imports this file.

    offset   holds
    0        int64    the row being computed, -1 before the first
    8        int64    1 when the trainer asks where the file hangs
    16       float64  processor time of the reward's process, s, where only it can tell
    24       int64    bytes printed so far, kept or not
    64       PARAMS   rows, `capacity` of them
    out      float64  rewards
    error    int64    length of what follows; JSON: what went wrong
    prints   bytes    the first 64 KiB printed
    trace    int64    length of what follows; JSON: what one call did; only where it is asked for
"""

from __future__ import annotations

import struct
from typing import NamedTuple

AT, ASK, CPU, PRINTED, ROWS = 0, 8, 16, 24, 64
ERROR_SIZE = 8192
PRINTS = 65536  # bytes of printed text that are passed on
TRACE = 1 << 18  # bytes of what one call did
DONE, FAILED, READY = 0, 1, 2
WORD = 8  # bytes of a request, and of an answer


class Layout(NamedTuple):
    """Where the parts of the memory begin, in bytes."""

    out: int
    error: int
    prints: int
    trace: int
    size: int


def layout(capacity: int, row_size: int, trace: int = 0) -> Layout:
    """Of a memory for batches of at most `capacity` rows, and `trace` bytes of what a call did."""
    out = ROWS + capacity * row_size
    error = out + capacity * 8
    prints = error + ERROR_SIZE
    return Layout(out, error, prints, prints + PRINTS, prints + PRINTS + trace)


def word(value: int) -> bytes:
    """A request (how many rows; less than none: trace the last of them), or an answer.

    An answer is 8 times its count, plus its tag.
    """
    return struct.pack("=q", value)


def number(raw: bytes) -> int:
    """What `word` packed."""
    (value,) = struct.unpack("=q", raw)
    return int(value)
