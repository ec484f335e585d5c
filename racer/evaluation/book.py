"""The book of a league: the outcome of every race on a line of its own, written when it ends.

A killed process loses the race that it was driving, and a half-written line is left out when the
book is read. A race that is in the book is not driven again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from racer import console
from racer.errors import BadInput
from racer.evaluation.league import Outcome
from racer.process import paths
from racer.storage import files

log = console.log(__name__)
BYTES_MAX = 256 * 2**20


def check_place(path: Path) -> None:
    """Refuse what cannot be written line by line and read again, before anything is done for it.

    Raises:
        BadInput: a device, a pipe, a socket.
    """
    place = paths.expanded(path)
    if paths.exists(place) and not (place.is_file() or place.is_dir()):
        raise BadInput(
            f"{path} is not a file: results are kept to be read again. Name one with --results, "
            "for example --results league.jsonl."
        )


class Book:
    """Outcomes of races by their keys, on disk.

    Args:
        path: of the file; it may not be there yet.

    Raises:
        BadInput: a file that cannot be read, or is no book.
    """

    def __init__(self, path: Path) -> None:
        self.path = paths.expanded(path)
        self._races: dict[str, dict[str, object]] = {}
        self._torn = False  # the last line has no end
        if paths.exists(self.path):
            self._read()

    def _read(self) -> None:
        content = files.read_limited(self.path, BYTES_MAX, error=BadInput)
        strange = 0
        for line in content.split(b"\n"):
            try:
                race = json.loads(line) if line.strip() else None
            except (ValueError, RecursionError):
                race = {}
            if isinstance(race, dict) and isinstance(race.get("key"), str):
                self._races[race["key"]] = race
            elif race is not None:
                strange += 1
        self._torn = bool(content) and not content.endswith(b"\n")
        if strange and not self._races:
            raise BadInput(
                f"{self.path} is no book of a league: none of its lines is a race. Name another "
                "file with --results."
            )
        if strange:
            log.warning("%s: %d lines are no races and were left out.", self.path, strange)

    def outcome(self, key: str, count: int) -> Outcome | None:
        """Of the race of `count` cars that `key` means; None if it was never driven."""
        return Outcome.of(self._races.get(key), count)

    def write(self, key: str, names: list[str], outcome: Outcome) -> None:
        """Keep the outcome of a race; on the disk when this returns.

        Args:
            names: of its cars, from the first row on, for people who read the file.

        Raises:
            ResourceError: the disk is full or cannot be written.
        """
        race = {"key": key, "cars": names} | outcome.to_json()
        self._races[key] = race
        line = json.dumps(race).encode() + b"\n"
        advice = "Free some space or name another file with --results."
        with files.disk_errors(str(self.path), advice), open(self.path, "ab") as file:
            file.write(b"\n" * self._torn + line)
            self._torn = False
            file.flush()
            os.fsync(file.fileno())
