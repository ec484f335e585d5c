"""What tables say about a run: its status, its result, lines that cannot steer a terminal."""

from __future__ import annotations

from typing import Any

from racer.errors import BadRun, printable
from racer.runs.run import Run
from racer.storage import locks


def say(line: str) -> None:
    """Print one line; a run from anyone cannot add others."""
    print(printable(line).replace("\n", "?"))


def status_of(run: Run) -> str:
    """The recorded status, but `killed` for a trainer that is gone without having said so."""
    status = str(run.manifest().get("status", ""))
    if status == "training" and locks.owner(run.folder / ".lock") is None:
        return "killed"
    return status


def result_of(run: Run) -> dict[str, Any]:
    """The result; empty when there is none, or none that can be read."""
    try:
        return run.result()
    except BadRun:
        return {}
