"""What can go wrong because of something a user gave, one class per thing.

RacerError                exit 1
├── UsageError            exit 2   the command line or a setting
│   ├── UnknownName       exit 2   no such track, reward, vehicle, ...; names the nearest one
│   └── BadConfig         exit 2   a setting outside its range
├── BadInput              exit 3   a file that cannot be used
│   ├── BadTrack          exit 3   a track file
│   ├── BadReward         exit 3   a reward file that does not load
│   ├── BadActions        exit 3   a model_metadata.json
│   ├── BadLog            exit 3   a simulation log
│   └── BadRun            exit 3   a run folder, checkpoint or model file
├── RewardFailed          exit 4   a reward function that raised or returned nonsense while running
├── ResourceError         exit 5   no display, disk full, not enough memory
├── Busy                  exit 6   another process owns the run
├── Diverged              exit 7   training produced numbers that are not finite
└── Stopped               exit 130 or 143   SIGINT or SIGTERM came; everything is saved

0 is success. Every message has three parts: what was given, what is allowed, what to try. The
command line prints the sentence, not the stack (`--debug` prints both).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_NEGATIONS = {"no", "non", "not"}
_OPPOSITES = (  # how words that contradict each other begin
    ("on", "off"),
    ("in", "out"),
    ("left", "right"),
    ("min", "max"),
    ("low", "high"),
    ("first", "last"),
    ("best", "worst"),
    ("start", "end"),
    ("up", "down"),
)


class RacerError(Exception):
    """Base of every error that is the user's to fix; `exit_code` is what the command returns."""

    exit_code = 1


class UsageError(RacerError):
    """The command line, or a setting, does not make sense."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that no file stands behind."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known, name = sorted(known), short(name)
        near = did_you_mean(name, known)
        listed = ", ".join(known) or "none"
        super().__init__(f"no {kind} {name!r}.{near} Known: {listed}.{' ' + hint if hint else ''}")


class BadConfig(UsageError):
    """A setting outside its range."""


class BadInput(RacerError):
    """A file that cannot be used; the message names it."""

    exit_code = 3


class BadTrack(BadInput):
    """A track that is not closed, crosses itself, is too narrow, or is not a track at all."""


class BadReward(BadInput):
    """A reward file that is missing, does not parse, or has no `reward_function(params)`."""


class BadActions(BadInput):
    """A model_metadata.json that does not describe an action space."""


class BadLog(BadInput):
    """A simulation log that cannot be read."""


class BadRun(BadInput):
    """A run folder, checkpoint or model file that is damaged, foreign or incomplete."""


class RewardFailed(RacerError):
    """A reward function that raised, or returned something that is not a finite number."""

    exit_code = 4


class ResourceError(RacerError):
    """No display, no disk space, not enough memory."""

    exit_code = 5


class Busy(RacerError):
    """Another process owns what this one wanted to write."""

    exit_code = 6


class Diverged(RacerError):
    """Training produced numbers that are not finite."""

    exit_code = 7


class Stopped(RacerError):
    """A signal asked to stop and the work so far is saved; the message says how to go on."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def short(text: str) -> str:
    """At most 80 characters of what someone gave."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def printable(text: str) -> str:
    """Without what steers a terminal: names, tags and manifests may come from anyone."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def reason(error: BaseException) -> str:
    """What an error says; of the system's errors without their number and path."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return str(getattr(error, "strerror", None) or error)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known name, or an empty string; never one that says the opposite.

    For on_track the nearest is is_offtrack, its opposite; all_wheels_on_track is suggested.
    """
    name = short(name).lower()
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name, by_lower, n=4, cutoff=0.5)
    if near and _opposite(name, near[0]):
        wanted = _words(name) - {"is"}
        near = [one for one in near if wanted <= _words(one) and not _opposite(name, one)]
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def _opposite(one: str, other: str) -> bool:
    """Whether a name denies what another says, as on_track and is_offtrack do."""
    ours, theirs = _words(one) - _words(other), _words(other) - _words(one)
    if _NEGATIONS & (ours | theirs):
        return True
    return any(
        (a.startswith(x) and b.startswith(y)) or (a.startswith(y) and b.startswith(x))
        for a in ours
        for b in theirs
        for x, y in _OPPOSITES
    )


def _words(name: str) -> set[str]:
    return set(filter(None, re.split(r"[\W_]+", name)))
