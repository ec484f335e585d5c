"""The runs that were kept: found, compared, cloned, packed. Commands do the same by name."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.config.fields import each
from racer.errors import BadRun, RacerError, UnknownName, UsageError
from racer.lab.core.settings import text_of
from racer.recording.trace import Trace
from racer.render import fit, html
from racer.render.ghosts import COLORS, ghost_of
from racer.reward.beside import COPIES
from racer.runs import Run, comparison, list_runs
from racer.runs.bin import put_away, put_away_in, put_back
from racer.runs.summary import result_of, status_of
from racer.storage import files
from racer.tracks import Track
from racer.training.checkpoint import BEST, LAST, step_of

PAGE = 50  # runs of one answer
WORDS = 5
CURVE = 300  # points of a curve
ZIP_MAX = 256 * 2**20  # bytes of a run that is packed


class Garage:
    """The runs of one folder."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir

    def open(self, name: str) -> Run:
        """A run of the folder by its name; no path and no tag.

        Raises:
            UnknownName: there is none. BadRun: it is damaged.
        """
        return Run.open(str(self.folder(name).folder), self.runs_dir)

    def folder(self, name: str) -> Run:
        """A run of the folder that is perhaps damaged.

        Raises:
            UnknownName: there is none.
        """
        run = Run(self.runs_dir / name)
        if not name or Path(name).name != name or name.startswith(".") or not run.folder.is_dir():
            raise UnknownName("run", name, [], "Choose one of the list.")
        return run

    def laps(self, name: str) -> Path:
        """The recording of a run.

        Raises:
            BadRun: it has none yet.
        """
        file = self.open(name).laps_file
        if not file.is_file():
            raise BadRun(f"{name} has no recorded laps yet: they are driven when it has finished.")
        return file

    def page(self, words: str, sort: str, start: int) -> dict[str, Any]:
        """Some runs, for JSON: those with all words in their name or tags, sorted.

        Sorting by lap or completion reads every result; the other orders only those shown.
        """
        runs = list_runs(self.runs_dir, words.split()[:WORDS])
        if sort == "name":
            runs.sort(key=lambda run: run.name.lower())
        elif sort in ("lap", "completion"):
            runs.sort(key=lambda run: _order(result_of(run), sort))
        shown = runs[max(start, 0) :][:PAGE]
        return {"total": len(runs), "start": max(start, 0), "runs": [_row(run) for run in shown]}

    def about(self, name: str) -> dict[str, Any]:
        """Everything of one run that its page shows, for JSON."""
        run = self.open(name)
        config = run.config()
        usual = {key: value for key, value, _ in each(Config())}
        return _row(run) | {
            "settings": [
                [key, text_of(value)] for key, value, _ in each(config) if value != usual[key]
            ],
            "reward": run.reward_text(),
            "policies": list(_policies(run)),
            "curve": curve(run.metrics_file),
            "laps": run.laps_file.is_file(),
            "tracks": sorted(Track.names()),
        }

    def delete(self, names: list[str]) -> list[str]:
        """Put runs into the bin; their names there.

        Raises:
            UnknownName: no such run. Busy: one is being trained; those before it are in the bin.
        """
        return [put_away(self.folder(name)) for name in names]

    def restore(self, names: list[str]) -> None:
        """Put runs of the bin back.

        Raises:
            UnknownName: it is not there. UsageError: its name is taken.
        """
        for name in names:
            put_back(self.runs_dir, name)

    def bin(self) -> list[str]:
        """Names of what is in the bin."""
        return put_away_in(self.runs_dir)

    def compare(self, names: list[str]) -> dict[str, Any]:
        """Table and sentence of `racer compare`, and which of the runs have laps to show."""
        if not 2 <= len(names) <= 1 + len(COLORS):
            raise UsageError(f"choose 2 to {1 + len(COLORS)} runs to compare, not {len(names)}.")
        runs = [self.open(name) for name in names]
        groups = comparison.groups_of([str(run.folder) for run in runs], self.runs_dir)
        heads, rows = comparison.cells(groups)
        return {
            "heads": heads,
            "rows": rows,
            "meaning": comparison.MEANING,
            "verdict": comparison.verdict(groups),
        }

    def html(self, name: str, *, source: bool) -> bytes:
        """The file that `racer watch RUN --html` writes."""
        run = self.open(name)
        text = run.reward_text() if source else ""
        return fit.page(Trace.load(self.laps(name)), reward=text).text.encode()

    def zip(self, name: str) -> bytes:
        """The run's folder as one file, without links and without checkpoints to go on from."""
        run, packed, size = self.open(name), io.BytesIO(), 0
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(run.folder.rglob("*")):
                below = path.relative_to(run.folder)
                if not path.is_file() or path.is_symlink() or below.parts[0][0] == ".":
                    continue
                if below.parts[0] == run.checkpoints.name:
                    continue
                size += path.stat().st_size
                if size > ZIP_MAX:
                    raise UsageError(
                        f"{name} has more than {ZIP_MAX >> 20} MiB. Copy its folder: {run.folder}"
                    )
                archive.write(path, f"{run.name}/{below.as_posix()}")
        return packed.getvalue()

    def clone(self, name: str, beside: Path) -> tuple[Path, Config]:
        """Write a run's reward to a new file and take its settings.

        Args:
            beside: the reward that is edited now; the new one gets a name of its own near it.

        Returns:
            The file, and the settings with it.

        Raises:
            BadRun: the run is damaged. ResourceError: it cannot be written.
        """
        run = self.open(name)
        config, text = run.config(), run.reward_text()
        copies = run.folder / COPIES
        stem = files.safe_name(run.name)
        if copies.is_dir():
            folder = _free(beside.parent / stem)
            file = folder / "mine.py"
            for path in sorted(copies.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    target = folder / path.relative_to(copies)
                    files.make_folder(target.parent)
                    files.write_output(target, path.read_bytes())
        else:
            file = _free(beside.parent / f"{stem}.py")
        with files.disk_errors(str(file)):
            files.make_folder(file.parent)
        files.write_output(file, text.encode())
        return file, config.override({"race.reward": str(file)})


def recording(trace: Trace, ghosts: dict[str, Path], reward: str) -> dict[str, Any]:
    """What the player plays: a recording beside the best laps of others.

    Raises:
        BadTrack: one of them drove another road. BadRun: it is none.
    """
    beside = [
        ghost_of(Trace.load(laps), name, color, trace.track)
        for (name, laps), color in zip(ghosts.items(), COLORS, strict=False)
    ]
    return html.recording(trace, ghosts=beside, reward=reward)


def curve(metrics: Path) -> dict[str, list[float | None]]:
    """Columns of a learning curve, thinned out; empty where there is none to read."""
    found: dict[str, list[float | None]] = {"timesteps": [], "laps_pct": [], "best_lap_s": []}
    try:
        with metrics.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(itertools.islice(csv.DictReader(file), 100_000))
    except (OSError, csv.Error):
        return found
    for row in rows[:: max(1, len(rows) // CURVE)]:
        for name, column in found.items():
            column.append(_number(row.get(name)))
    return found


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _row(run: Run) -> dict[str, Any]:
    """What a line of the list shows; a damaged run says what is wrong with it."""
    row: dict[str, Any] = {"name": run.name}
    try:
        manifest, result = run.manifest(), result_of(run)
        config = run.config()
    except RacerError as error:
        return row | {"problem": str(error)}
    return row | {
        "created": str(manifest.get("created", ""))[:40],
        "status": status_of(run)[:40],
        "tags": [str(tag)[:60] for tag in manifest.get("tags", [])][:10],
        "track": config.race.where[:80],
        "reward": Path(config.race.reward).stem[:80],
        "completion": result.get("completion_pct"),
        "best": result.get("best_lap_s"),
        "mean": result.get("mean_lap_s"),
        "laps": run.laps_file.is_file(),
    }


def _order(result: dict[str, Any], sort: str) -> tuple[bool, float]:
    value = result.get("best_lap_s" if sort == "lap" else "completion_pct")
    return value is None, 0.0 if value is None else float(value) * (1 if sort == "lap" else -1)


def _policies(run: Run) -> Iterator[list[Any]]:
    """The policies to go on from, with the step that each was saved at."""
    for which in (BEST, LAST):
        with contextlib.suppress(RacerError):
            step = step_of(run.folder, which)
            if step is not None:
                yield [which, step]


def _free(path: Path) -> Path:
    """A name that is free."""
    for number in itertools.count(1):
        found = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        if not found.exists():
            return found
    raise AssertionError
