"""What a served policy saw and did: a line of JSON for each answer, in files of bounded size.

A line is one write at the end of the file, so a crash costs at most the last one; a reader skips
what is torn. A full disk stops no answer: it is counted, and said once.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from racer import console
from racer.errors import BadLog, ResourceError
from racer.serve.arrays import Array, Arrays
from racer.serve.served import Answer

DIGITS = 16
BYTES, KEPT = 16 * 2**20, 3  # of each file, and how many older ones are kept beside it
_log = console.log(__name__)


class Log(logging.handlers.RotatingFileHandler):
    """The log file of a service.

    Args:
        path: of the newest file; FILE.1 is the one before it, FILE.3 the oldest.
        arrays: what the policy sees.
        policy: its sha256; every line has the first DIGITS of it.

    Raises:
        ResourceError: the file cannot be written.
    """

    def __init__(self, path: Path, arrays: Sequence[Array], policy: str) -> None:
        self.failures, self._arrays, self._policy = 0, arrays, policy
        try:
            torn = _is_torn(path)
            super().__init__(path, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8")
        except OSError as error:
            raise ResourceError(
                f"cannot write {path}: {error.strerror}. Name another file with --log."
            ) from error
        if torn and self.stream:
            self.stream.write("\n")

    def answered(self, time_s: float, seen: Arrays, answer: Answer) -> None:
        """Append a line.

        Args:
            time_s: since 1970.
            seen: of one car.
            answer: what it was told to do.
        """
        kept = [one.kept(seen[one.name])[0].tolist() for one in self._arrays]
        saw = [float(f"{value:.6g}") for values in kept for value in values]
        line = {"time_s": round(time_s, 6), "policy": self._policy[:DIGITS], "saw": saw}
        text = json.dumps(line | answer._asdict(), separators=(",", ":"))
        self.handle(logging.makeLogRecord({"msg": text}))

    def handleError(self, record: logging.LogRecord) -> None:
        """Count what could not be written."""
        if not self.failures:
            _log.warning("cannot write %s; answers go on without a log.", self.baseFilename)
        self.failures += 1


def read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines of a log and of the older files beside it, oldest first; how many were torn.

    Raises:
        BadLog: there is no such file, or no line in it is of a service.
    """
    found: list[dict[str, Any]] = []
    torn = 0
    for file in [*(path.with_name(f"{path.name}.{k}") for k in range(KEPT, 0, -1)), path]:
        if file != path and not file.is_file():
            continue
        for line in _lines(file):
            if line is None:
                torn += 1
            else:
                found.append(line)
    if not found:
        raise BadLog(f"{path} holds no line of racer serve --log. Is it the right file?")
    return found, torn


def _lines(path: Path) -> Iterator[dict[str, Any] | None]:
    try:
        if not path.is_file() or path.stat().st_size > 2 * BYTES:
            raise BadLog(f"{path} is no log of racer serve: a file of at most {2 * BYTES} bytes.")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadLog(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    for line in filter(None, text.split("\n")):
        yield _line(line)


def _line(text: str) -> dict[str, Any] | None:
    """A line if it is whole: a policy, what it saw, what it did."""
    try:
        line = json.loads(text)
        whole = isinstance(line["policy"], str) and all(
            isinstance(x, int | float) and math.isfinite(x)
            for x in (*line["saw"], line["steering_angle_deg"], line["speed_mps"])
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return line if whole else None


def _is_torn(path: Path) -> bool:
    """Does the last line lack its end? A process was killed while it wrote."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"
