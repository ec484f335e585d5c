"""The door of a class: a code to come in with, names, and how often one may guess."""

from __future__ import annotations

import hmac
import re
import secrets
import time
import unicodedata
from collections import deque
from collections.abc import Callable

from racer.errors import UsageError

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike
LENGTH = 6
TRIES = 10  # wrong codes a minute, of everybody together: one class is one address
MINUTE = 60.0
NAME_MAX = 24
_NAME = re.compile(rf"[^\W_][\w .-]{{0,{NAME_MAX - 1}}}")  # begins like no formula of a spreadsheet


def new_code() -> str:
    """Six letters or digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def name_of(text: str) -> str:
    """A name as it is shown.

    Raises:
        UsageError: it is no name: says what one is.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"a name begins with a letter or a digit and has at most {NAME_MAX} letters, digits, "
            "spaces, dots, hyphens or underscores."
        )
    return name


def folded(name: str) -> str:
    """Names that are equal in this are one name."""
    return unicodedata.normalize("NFKC", name.casefold())


class Door:
    """Lets those in who know the code; slows down guessing for everybody, never for an address.

    Args:
        code: of the class.
        clock: s.
    """

    def __init__(self, code: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.code, self._clock = code, clock
        self._wrong: deque[float] = deque(maxlen=TRIES)

    def check(self, given: str) -> None:
        """Pass, or be refused.

        Raises:
            UsageError: the code is wrong, or too many were a moment ago.
        """
        now = self._clock()
        if len(self._wrong) == TRIES and now - self._wrong[0] < MINUTE:
            wait = MINUTE - (now - self._wrong[0])
            raise UsageError(
                f"too many wrong codes. Try again in {wait:.0f} s, or ask for a link of your own."
            )
        known = given.strip().upper().replace(" ", "").replace("-", "")
        if not hmac.compare_digest(known.encode(), self.code.encode()):
            self._wrong.append(now)
            raise UsageError("this is not the code of the class. It is on the projector.")
