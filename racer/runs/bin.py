"""The bin of a folder of runs: what was put away is in no list, and comes back as it was.

`racer runs list --runs-dir runs/.bin` shows what is in it, `racer runs rm RUN --runs-dir runs/.bin`
removes it for good.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from racer.errors import UnknownName, UsageError
from racer.runs.run import Run, list_runs
from racer.storage import files

BIN = ".bin"


def put_away(run: Run) -> str:
    """Move a run that nobody is training to the bin beside it; its name there.

    Raises:
        Busy: it is in use. ResourceError: the disk is read-only.
    """
    folder = run.folder.parent / BIN
    with contextlib.ExitStack() as owned, files.disk_errors(str(run.folder), verb="remove"):
        owned.enter_context(run.lock())
        files.make_folder(folder)
        target = folder / run.name
        number = 1
        while os.path.lexists(target):
            number += 1
            target = folder / f"{run.name}-{number}"
        if files.OPEN_FILES_PIN_FOLDERS:  # the lock is one
            owned.close()
        os.rename(run.folder, target)
    return target.name


def put_back(runs_dir: Path, name: str) -> None:
    """Move a run from the bin to where it was.

    Raises:
        UnknownName: there is none of this name. UsageError: another run has its name now.
    """
    known = put_away_in(runs_dir)
    if name not in known:
        raise UnknownName("run in the bin", name, known)
    target = runs_dir / name
    if os.path.lexists(target):
        raise UsageError(f"{name}: another run has this name now. Rename or delete that one first.")
    with files.disk_errors(f"a run in {runs_dir}"):
        os.rename(runs_dir / BIN / name, target)


def put_away_in(runs_dir: Path) -> list[str]:
    """Names of what is in the bin, the newest run first."""
    return [run.name for run in list_runs(runs_dir / BIN)]
