"""Which run is the champion: a tag that one run has at a time, with everyone who had it before.

`promoted.json` in the folder of runs is a list of events for each tag, only ever appended to: a
run was promoted, or a tag was rolled back to the run before. The current run follows from it.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from racer.errors import BadRun, Busy, UsageError, short
from racer.process import paths
from racer.storage import files, foreign, locks

FILE = "promoted.json"
CHAMPION = "champion"
PROMOTED, ROLLED_BACK = "promoted", "rolled back"
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_EVENT = {
    "run": str,
    "policy": str,
    "when": str,
    "event": str,
    "completion_pct": (*foreign.NUMBER, None),
    "mean_lap_s": (*foreign.NUMBER, None),
}


@dataclass(frozen=True)
class Event:
    """One line of a tag's history.

    Args:
        run: the name of the run that has the tag from here on.
        policy: sha256 of its policy file.
        when: ISO 8601, UTC.
        event: PROMOTED or ROLLED_BACK.
        completion_pct, mean_lap_s: what the gate measured.
    """

    run: str
    policy: str
    when: str
    event: str
    completion_pct: float | None = None
    mean_lap_s: float | None = None


def history(runs_dir: Path, tag: str) -> list[Event]:
    """Everything that happened to a tag, oldest first; empty when it was never given.

    Raises:
        BadRun: the file is damaged.
    """
    return _read(paths.expanded(runs_dir)).get(tag, [])


def tags(runs_dir: Path) -> list[str]:
    """Every tag that was ever given."""
    return sorted(_read(paths.expanded(runs_dir)))


def current(runs_dir: Path, tag: str) -> Event | None:
    """The run that has the tag now; None when none has it."""
    stack = _stack(history(runs_dir, tag))
    return stack[-1] if stack else None


def promote(
    runs_dir: Path,
    tag: str,
    run: str,
    policy: str,
    *,
    completion_pct: float | None = None,
    mean_lap_s: float | None = None,
    seen: Sequence[Event] | None = None,
) -> None:
    """Give the tag to a run.

    Args:
        seen: the history by which it was judged; None for none.

    Raises:
        Busy: another process is at it, or was since `seen`. ResourceError: the disk.
    """
    event = Event(run, policy, _now(), PROMOTED, completion_pct, mean_lap_s)

    def next_one(events: list[Event]) -> Event:
        if seen is not None and events != list(seen):
            raise Busy(
                f"{tag} changed hands while {run} drove its laps. Give the same command again, to "
                "compare with who has it now."
            )
        return event

    _append(runs_dir, tag, next_one)


def roll_back(runs_dir: Path, tag: str) -> Event:
    """Give the tag back to the run that had it before; returns that.

    Raises:
        UsageError: nobody had it before.
    """

    def before(events: list[Event]) -> Event:
        stack = _stack(events)
        if len(stack) < 2:
            has = f"{stack[0].run} is the first" if stack else "no run ever had it"
            raise UsageError(
                f"{tag} cannot be rolled back: {has}. racer runs history shows the tags."
            )
        return dataclasses.replace(stack[-2], when=_now(), event=ROLLED_BACK)

    return _append(runs_dir, tag, before)


def check_tag(tag: str) -> str:
    """A name that a tag may have.

    Raises:
        UsageError: it has not.
    """
    if not _TAG.fullmatch(tag) or tag == "latest":
        raise UsageError(
            f"{short(tag)!r} cannot be promoted to; use small letters, digits, - and _, for "
            f"example {CHAMPION}."
        )
    return tag


def _stack(events: list[Event]) -> list[Event]:
    """Who has the tag, and who would have it after each rollback: the last is the current one."""
    stack: list[Event] = []
    for event in events:
        if event.event == ROLLED_BACK:
            del stack[-1:]
        else:
            stack.append(event)
    return stack


def _append(runs_dir: Path, tag: str, following: Callable[[list[Event]], Event]) -> Event:
    """Add what follows from the events so far, which nobody changes meanwhile."""
    runs_dir = paths.expanded(runs_dir)
    with locks.hold(runs_dir / ".promoted.lock", f"the tags of {runs_dir}"):
        found = _read(runs_dir)
        events = found.setdefault(check_tag(tag), [])
        event = following(events)
        events.append(event)
        value: dict[str, Any] = {name: [asdict(e) for e in found[name]] for name in sorted(found)}
        with files.disk_errors(str(runs_dir / FILE)):
            files.write_json(runs_dir / FILE, {"schema": 1, "tags": value})
    return event


def _read(runs_dir: Path) -> dict[str, list[Event]]:
    path = runs_dir / FILE
    if not path.exists():
        return {}
    value = files.read_json(path)
    advice = "Restore it from a copy, or remove it to begin anew."
    foreign.check(value, {"schema": int, "tags": {str: [_EVENT]}}, str(path), advice=advice)
    if value["schema"] > 1:
        raise BadRun(f"{path} is of a newer racer. Upgrade racer.")
    names = {event["run"] for events in value["tags"].values() for event in events}
    if any(Path(name).name != name or name.startswith(".") for name in names):
        raise BadRun(f"{path} names a run that is in another folder. {advice}")
    fields = list(Event.__dataclass_fields__)
    return {
        tag: [Event(**{name: event[name] for name in fields}) for event in events]
        for tag, events in value["tags"].items()
    }


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
