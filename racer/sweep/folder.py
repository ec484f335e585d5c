"""The folder of a sweep: the plan, the inputs, and a normal run folder for each finished run.

sweep.json        the plan: shared settings, what varies, seeds, configurations
inputs/           copies of the user's rewards, tracks, ... that the runs use
trials/           what tpe chose for each configuration, written before its first run begins
runs/             finished runs, named <configuration>-seed<seed>
failed/           a sentence for each run that ended without a result; they are tried again
results.csv, *.png    written by `racer sweep show`
"""

from __future__ import annotations

import contextlib
import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from racer.errors import BadRun, UsageError
from racer.process import paths
from racer.storage import files
from racer.storage.locks import hold
from racer.sweep import inputs as own
from racer.sweep import parcel as parcels
from racer.sweep.inputs import Files
from racer.sweep.parcel import Parcel
from racer.sweep.plan import Job, Plan
from racer.sweep.space import Settings

PLAN = "sweep.json"
SWEEPS = Path("sweeps")
_INPUT_LIMIT = 2**26  # bytes of one file
_ADVICE = "Free some space, then go on: racer sweep --resume FOLDER."


class Folder:
    """A sweep on disk; only its owner writes, and every write is whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def runs(self) -> Path:
        """Where the finished runs are, as `--runs-dir` takes it."""
        return self.path / "runs"

    @classmethod
    def create(cls, path: Path | None, plan: Plan, files_used: Files) -> Folder:
        """A new folder with a plan in it; by default in sweeps/, named by date and what varies.

        Raises:
            UsageError: there is something of this name already.
            ResourceError: it cannot be written.
        """
        for place in [paths.expanded(path)] if path else _names(plan):
            if not place.exists():
                break
            if path:
                raise UsageError(
                    f"{place} exists. Name a new folder, or go on: racer sweep --resume {place}."
                )

        def fill(tmp: Path) -> None:
            for name in ("runs", "trials", "failed", "inputs"):
                (tmp / name).mkdir()
            for at, content in files_used.items():
                target = tmp / "inputs" / at
                target.parent.mkdir(parents=True, exist_ok=True)
                files.write_synced(target, content)
            about = plan.to_json() | {
                "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "inputs": own.digest(files_used),
            }
            files.write_synced(tmp / PLAN, files.json_bytes(about))

        with files.disk_errors(f"the sweep {place}"):
            files.make_folder(place.parent)
            files.commit_folder(place, fill)
        return cls(place)

    @classmethod
    def open(cls, path: Path) -> Folder:
        """A sweep that exists.

        Raises:
            BadRun: it is none.
        """
        path = paths.expanded(path)
        if not paths.is_file(path / PLAN):
            raise BadRun(f"{path} has no {PLAN}, so it is no sweep. Give a folder in {SWEEPS}/.")
        files.refuse_links(path)
        return cls(path)

    def plan(self) -> Plan:
        """What was planned at its start."""
        return Plan.load(self.path / PLAN)

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Own it; what a killed owner left half written goes.

        Raises:
            Busy: another process runs this sweep.
        """
        with hold(self.path / ".lock", f"the sweep {self.path}"):
            with files.disk_errors(str(self.path), _ADVICE):
                for folder in (self.path, self.runs, self.path / "trials", self.path / "failed"):
                    folder.mkdir(exist_ok=True)
                    files.remove_leftovers(folder)
                shutil.rmtree(self.scratch, ignore_errors=True)
                self.scratch.mkdir(exist_ok=True)
            try:
                yield
            finally:
                shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """Where workers of this machine train; its content is worth nothing."""
        return self.path / ".scratch"

    def inputs(self) -> Files:
        """The copies of the user's files.

        Raises:
            BadRun: one was changed since the sweep began.
        """
        folder = self.path / "inputs"
        found = {
            path.relative_to(folder).as_posix(): files.read_limited(path, _INPUT_LIMIT)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        recorded = files.read_json(self.path / PLAN).get("inputs")
        if own.digest(found) != recorded:
            raise BadRun(
                f"{folder} was changed since the sweep began, so its runs could not be compared. "
                "Put the files back, or begin a new sweep."
            )
        return found

    def finished(self) -> list[str]:
        """Names of the finished runs."""
        return sorted(path.parent.name for path in self.runs.glob("[0-9]*/manifest.json"))

    def deliver(self, parcel: Parcel) -> None:
        """Make a finished run appear; a second one of the same name is dropped.

        Raises:
            BadRun: it arrived damaged.
            ResourceError: the disk is full.
        """
        target = self.runs / parcel.id
        with files.disk_errors(str(target), _ADVICE):
            if not target.exists():
                parcels.unpack(parcel, target)
            (self.path / "failed" / f"{parcel.id}.json").unlink(missing_ok=True)

    def fail(self, job: Job, error: str) -> None:
        """Keep why a run has no result."""
        with files.disk_errors(str(self.path), _ADVICE):
            about = {"id": job.id, "settings": job.settings, "error": error}
            files.write_json(self.path / "failed" / f"{job.id}.json", about)

    def failures(self) -> dict[str, str]:
        """Name of a run → why it has no result."""
        found = {}
        for path in sorted((self.path / "failed").glob("[0-9]*.json")):
            found[path.stem] = str(files.read_json(path).get("error", ""))
        return found

    def choose(self, number: int, settings: Settings) -> None:
        """Fix what a configuration is, before its first run begins."""
        with files.disk_errors(str(self.path), _ADVICE):
            files.write_json(self._trial(number), {"settings": settings})

    def chosen(self, plan: Plan) -> dict[int, Settings]:
        """Number → what varies, for each configuration that is fixed already."""
        if plan.search != "tpe":
            return dict(enumerate(plan.configurations))
        found: dict[int, Any] = {}
        for path in sorted((self.path / "trials").glob("[0-9]*.json")):
            settings = files.read_json(path).get("settings")
            if not isinstance(settings, dict) or not path.stem.isdigit():
                raise BadRun(f"{path} has no settings. Copy the sweep from where it came from.")
            found[int(path.stem)] = settings
        return found

    def _trial(self, number: int) -> Path:
        return self.path / "trials" / f"{number:04d}.json"


def _names(plan: Plan) -> Iterator[Path]:
    """`sweeps/<date>-<what varies>`, numbered where it is taken."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    varied = "-".join(files.safe_name(key.rpartition(".")[2]) for key in list(plan.space)[:3])
    for number in range(1, 10_000):
        yield SWEEPS / (f"{today}-{varied}" + (f"-{number}" if number > 1 else ""))
