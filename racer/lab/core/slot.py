"""Where drafts lie: a folder of the runs that no command lists, empty again at the end."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from racer.errors import Busy, UsageError
from racer.runs import Run
from racer.storage import files
from racer.storage.locks import hold

_MOST = 100  # watchers of one folder of runs


@contextlib.contextmanager
def slot(runs_dir: Path) -> Iterator[Path]:
    """A folder for drafts that no other process has; what a killed one left in it is removed.

    Raises:
        ResourceError: the disk is full or read-only.
        UsageError: a hundred others watch files here.
    """
    for number in range(1, _MOST):
        folder = runs_dir / (".draft" if number == 1 else f".draft-{number}")
        with contextlib.ExitStack() as owned, files.disk_errors(f"drafts in {runs_dir}"):
            files.make_folder(folder)
            try:
                owned.enter_context(hold(folder / ".lock", f"drafts in {folder}"))
            except Busy:
                continue
            empty(folder)
            try:
                yield folder
            finally:
                empty(folder)
                owned.close()
                with contextlib.suppress(OSError):
                    files.remove_folder(folder)
            return
    raise UsageError(f"{runs_dir} has {_MOST} folders of drafts; remove .draft-* in it.")


def empty(folder: Path) -> None:
    """Remove every draft in it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            files.remove_folder(path)


def keep(draft: Path, runs_dir: Path) -> Run:
    """Make a finished draft a run like any other: it moves, and gets a name that is free."""
    stem = draft.name
    for number in itertools.count(1):
        target = runs_dir / (stem if number == 1 else f"{stem}-{number}")
        if not target.exists():
            break
    with files.disk_errors(f"a run in {runs_dir}"):
        os.rename(draft, target)
    run = Run(target)
    run.record(name=run.name)
    return run
