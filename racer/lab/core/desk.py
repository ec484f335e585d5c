"""The reward on the desk: its text, what is wrong with it, and who changed the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from racer.errors import BadReward, RacerError
from racer.reward.file import RewardFile, parse
from racer.reward_check.lint import findings
from racer.storage import files

TEXT_MAX = 64 * 1024  # bytes of a reward that comes from a page
TOO_LONG = f"a reward of the lab has at most {TEXT_MAX // 1024} KiB of text."


class Changed(Exception):
    """The file is no longer the one that the page began from; `text` is what is in it."""

    def __init__(self, text: str) -> None:
        super().__init__("the file was changed by another program since this page read it.")
        self.text = text


class Desk:
    """One reward file. What is on the disk is the truth; any editor may change it.

    Args:
        file: of the reward.
        changed: called when another program has changed it.
    """

    def __init__(self, file: Path, changed: Callable[[], None]) -> None:
        self.file, self._changed = file, changed
        self._known = self._state()

    def text(self) -> str:
        """What is in the file; nothing where another program removed it."""
        try:
            return self.file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def save(self, text: str, base: str) -> None:
        """Write the file.

        Args:
            base: the digest of the text that the page began from.

        Raises:
            Changed: the file is not that text any more.
            BadReward: too long. ResourceError: the disk is full or read-only.
        """
        if len(text.encode()) > TEXT_MAX:
            raise BadReward(TOO_LONG)
        now = self.text()
        if base != digest(now) and text != now:
            raise Changed(now)
        files.write_output(self.file, text.encode())
        self._known = self._state()

    def look(self) -> None:
        """See whether another program has changed the file."""
        now = self._state()
        if now is not None and now != self._known:
            self._known = now
            self._changed()

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat()
        except OSError:  # an editor replaces it
            return None
        return found.st_mtime_ns, found.st_size


def digest(text: str) -> str:
    """The name that pages have for a text: a hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check(path: Path, text: str) -> list[dict[str, Any]]:
    """What reading a text shows; nothing of it is executed."""
    try:
        file = RewardFile(path, text, parse(text, str(path)))
        _ = file.line
        return [one._asdict() for one in findings(file)]
    except RacerError as error:
        place, _, message = str(error).removeprefix(f"{path}:").partition(": ")
        line = int(place) if place.isdigit() else 0
        said = message if line else str(error)
        return [{"level": "error", "line": line, "code": "unusable", "message": said}]
