"""A run: the folder that holds one training, from its settings to its best laps.

config.toml       every setting, enough to train again
reward.py         the reward file as it was at the start
reward_files/     own modules and tables that the reward uses, if any
manifest.json     schema, seeds, versions, git revision, hashes of everything here
metrics.csv       one row per update
policy.json       what the network expects and gives     policy.safetensors   its weights
evaluation.json   completion, lap times                  laps.npz             the evaluation laps
curve.png         learning curve                         laps.png             the line driven
checkpoints/      what resuming needs                    tb/                  TensorBoard
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.errors import BadConfig, BadRun, UnknownName, UsageError, reason
from racer.process import paths
from racer.process.typed import command
from racer.runs import promoted
from racer.storage import files, foreign, provenance
from racer.storage.locks import hold

SCHEMA = 1
LATEST = "latest"
REWARD_FILES = "reward_files"
_CONFIG_LIMIT = 2**15  # bytes; a config has about one kB
RUNS = Path("runs")  # where commands look for runs
_REWARD_LIMIT = 2**21  # a reward has at most one MB, which as Latin-1 may be two
_LEFTOVER_S = 3600.0  # s; nobody takes so long to make a run folder


@dataclass(frozen=True)
class Run:
    """One run folder; opening it reads nothing but its manifest."""

    folder: Path

    def _repr_html_(self) -> str:
        from racer.runs.notebook import html

        return html(self)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def typed(self) -> str:
        """What a command calls it, unquoted: its name where commands look, else its path."""
        return self.name if self.folder.parent == RUNS else str(self.folder)

    @property
    def went_on_from(self) -> int:
        """Timesteps of the checkpoint that its training goes on from; 0 when it began anew."""
        resumed = self.manifest().get("resumed", [])
        return int(resumed[-1].get("timesteps", 0)) if resumed else 0

    @property
    def function(self) -> str:
        """The name of the Python function that it was trained with in place of a file, or ""."""
        return str(self.manifest().get("reward", {}).get("function", ""))

    @property
    def resumed_by(self) -> str:
        """What to type to go on with its training."""
        if self.function:
            return f"racer.resume({self.typed!r}, reward={self.function})"
        return command("train", "--resume", self.typed)

    @property
    def config_file(self) -> Path:
        return self.folder / "config.toml"

    @property
    def reward_file(self) -> Path:
        return self.folder / "reward.py"

    @property
    def manifest_file(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def metrics_file(self) -> Path:
        return self.folder / "metrics.csv"

    @property
    def evaluation_file(self) -> Path:
        return self.folder / "evaluation.json"

    @property
    def laps_file(self) -> Path:
        return self.folder / "laps.npz"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @classmethod
    def create(
        cls,
        runs_dir: Path,
        parts: Iterable[str],
        *,
        texts: Mapping[str, str | bytes],
        manifest: Mapping[str, Any],
        tags: Iterable[str] = (),
    ) -> Run:
        """Make a new run folder `<date>-<part>-<part>`; it appears complete or not at all.

        Args:
            parts: e.g. the reward's and the track's name; made safe for any file system.
            texts: path in it → content, e.g. {"config.toml": ..., "reward.py": ...}.
            manifest: settings, seeds and hashes to record beside versions and revision.

        Raises:
            ResourceError: the disk is full or read-only.
        """
        runs_dir = paths.expanded(runs_dir)
        with files.disk_errors(f"a run in {runs_dir}"):
            files.make_folder(runs_dir)
            files.remove_leftovers(runs_dir, older_than=_LEFTOVER_S)
            created = _now(runs_dir)
            stem = "-".join([created[:10], *map(files.safe_name, parts)])
            for number in range(1, 10_000):
                run = cls(runs_dir / (stem if number == 1 else f"{stem}-{number}"))
                about = _about(run.name, created, tags) | dict(manifest)
                if run._claim(texts, about):
                    return run
        raise UsageError(f"{runs_dir} holds 9999 runs named {stem}; remove some: racer runs rm.")

    @classmethod
    def open(cls, name: str, runs_dir: Path) -> Run:
        """The run that `name` means; see `find`.

        Raises:
            BadRun: it is none, or holds links: what is written to a run must stay in it.
        """
        run = cls(find(name, runs_dir))
        run.manifest()
        files.refuse_links(run.folder)
        return run

    def manifest(self) -> dict[str, Any]:
        """What manifest.json says.

        Raises:
            BadRun: missing, damaged, or written by a newer racer.
        """
        found = files.read_json(self.manifest_file)
        schema = found.get("schema")
        if type(schema) is not int or schema < 1:
            raise BadRun(f"{self.manifest_file} has schema {schema!r}; it is not a racer run.")
        if schema > SCHEMA:
            raise BadRun(
                f"{self.manifest_file} has schema {schema}; this racer reads up to {SCHEMA}. "
                "Upgrade racer."
            )
        foreign.check(
            found,
            foreign.MANIFEST,
            str(self.manifest_file),
            advice="Copy the run again from where it came from.",
        )
        return found

    def result(self) -> dict[str, Any]:
        """What the evaluation laps came to, as `Result.to_json` wrote it.

        Raises:
            BadRun: not evaluated yet, damaged, or not a result.
        """
        found = files.read_json(self.evaluation_file)
        where, advice = str(self.evaluation_file), "Copy the run again from where it came from."
        foreign.check(found, foreign.RESULT, where, advice=advice)
        if found["mean_lap_s"] is not None and found["best_lap_s"] is None:
            raise BadRun(f"{where}: it has a mean lap and no best lap. {advice}")
        return found

    def config(self) -> Config:
        """The settings it was trained with; a run from anyone does not choose `inprocess`.

        Raises:
            BadRun: config.toml is missing, a link, damaged, or not of this racer.
        """
        files.read_limited(self.config_file, _CONFIG_LIMIT)
        try:
            found = Config.from_toml(self.config_file)
            unguarded = found.race.reward_engine == "inprocess"
            return found.override({"race.reward_engine": "auto"}) if unguarded else found
        except BadConfig as error:
            where = "" if str(self.config_file) in str(error) else f"{self.config_file}: "
            raise BadRun(f"{where}{error}") from error

    def reward_text(self) -> str:
        """The reward as it was when training began.

        Raises:
            BadRun: it is missing, too long, or was changed to something that is no text.
        """
        content = files.read_limited(self.reward_file, _REWARD_LIMIT)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise BadRun(
                f"{self.reward_file} is not UTF-8. Copy it again from where it came from."
            ) from error

    def record(self, **fields: Any) -> None:
        """Set top-level fields of the manifest, atomically."""
        with files.disk_errors(str(self.manifest_file)):
            files.write_json(self.manifest_file, self.manifest() | fields)

    def seal(self) -> None:
        """Record the hash of every file, so that `verify` can tell when one changed."""
        self.record(files={name: files.sha256(self.folder / name) for name in self._plain_files()})

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Own the folder while training, or raise Busy (exit 6) naming the owner."""
        return hold(self.folder / ".lock", f"run {self.folder}")

    def damaged(self) -> list[str]:
        """One sentence per recorded file that is missing or changed since `seal`."""
        problems = []
        for name, digest in sorted(self.manifest().get("files", {}).items()):
            path = self.folder / name
            known = Path(name).name == name or name.startswith(f"{REWARD_FILES}/")
            if not known or ".." in Path(name).parts or path.is_symlink() or not path.is_file():
                problems.append(f"{name} is missing")
            elif files.sha256(path) != digest:
                problems.append(f"{name} changed since it was written")
        return problems

    def _claim(self, texts: Mapping[str, str | bytes], manifest: Mapping[str, Any]) -> bool:
        """Make the folder; False when the name is taken, perhaps a moment ago."""
        if self.folder.exists():
            return False
        try:
            files.commit_folder(self.folder, lambda tmp: _fill(tmp, texts, manifest))
        except OSError:
            if self.folder.exists():
                return False
            raise
        return True

    def _plain_files(self) -> list[str]:
        skip = {self.manifest_file.name}
        names = (path.name for path in self.folder.iterdir() if path.is_file())
        found = [name for name in names if name not in skip and not name.startswith(".")]
        beside = (p for p in (self.folder / REWARD_FILES).rglob("*") if p.is_file())
        return sorted([*found, *(p.relative_to(self.folder).as_posix() for p in beside)])


def find(name: str, runs_dir: Path) -> Path:
    """The folder of a run given by path, by name in `runs_dir`, as `latest` or by a tag.

    A tag that `racer gate` gave, such as champion, is one run's; any other may be several runs'.

    Raises:
        UnknownName: no such run; names the nearest one.
        BadRun: a folder that is not a run.
    """
    runs_dir = paths.expanded(runs_dir)
    if name == LATEST:
        runs = list_runs(runs_dir)
        if not runs:
            raise UnknownName("run", name, [], f"No runs in {runs_dir}. Make one: racer train.")
        return runs[0].folder
    for folder in (runs_dir / name, paths.expanded(name)):
        if name and paths.is_folder(folder) and folder.resolve() != runs_dir.resolve():
            if folder.name in ("", ".."):  # `.` and `..` have no name to show or to rename
                folder = folder.resolve()
            if not Run(folder).manifest_file.is_file():
                raise BadRun(
                    f"{folder} has no manifest.json, so it is not a run. Give a folder that "
                    "racer train made; racer runs list shows them."
                )
            return folder
    tagged = promoted.current(runs_dir, name)
    if tagged is not None and paths.is_folder(runs_dir / tagged.run):
        return runs_dir / tagged.run
    runs = list_runs(runs_dir)
    if not runs:
        raise UnknownName("run", name, [], f"No runs in {runs_dir}. Make one: racer train.")
    mine = [run for run in runs if name in run.manifest().get("tags", [])]
    if len(mine) == 1:
        return mine[0].folder
    if mine:
        names = [run.name for run in mine]
        raise UnknownName("run", name, names, "These have it as a tag: give one of them.")
    known = [LATEST, *promoted.tags(runs_dir), *(run.name for run in runs)]
    raise UnknownName("run", name, known, f"Looked in {runs_dir}; a path works too.")


def list_runs(runs_dir: Path, words: Iterable[str] = ()) -> list[Run]:
    """Readable runs in `runs_dir`, newest first; each of `words` must be in the name or a tag.

    Raises:
        BadRun: there is such a place, and it cannot be listed.
    """
    found = []
    for folder in folders_in(runs_dir):
        run = Run(folder)
        with contextlib.suppress(BadRun):
            manifest = run.manifest()
            text = " ".join([run.name, *map(str, manifest.get("tags", []))]).lower()
            if all(word.lower() in text for word in words):
                found.append((str(manifest.get("created", "")), run.name, run))
    return [run for _, _, run in sorted(found, key=lambda item: item[:2], reverse=True)]


def folders_in(runs_dir: Path) -> list[Path]:
    """Of runs, sorted; none where there is no such folder.

    Raises:
        BadRun: there is such a place, and it cannot be listed.
    """
    folder = paths.expanded(runs_dir)
    try:
        os.listdir(folder)  # a glob says nothing of what it may not read
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadRun(
            f"the runs in {runs_dir} cannot be listed: {reason(error)}. "
            "Give a folder to --runs-dir."
        ) from None
    return sorted(path.parent for path in folder.glob("[!.]*/manifest.json"))


def remove(run: Run) -> None:
    """Delete a run nobody is training.

    Raises:
        Busy: it is in use.
    """
    run.manifest()
    with contextlib.ExitStack() as owned, files.disk_errors(str(run.folder), verb="remove"):
        owned.enter_context(run.lock())
        if files.OPEN_FILES_PIN_FOLDERS:  # the lock is one
            owned.close()
        if run.folder.is_symlink():
            run.folder.unlink()
        else:
            files.remove_folder(run.folder)


def _about(name: str, created: str, tags: Iterable[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": name,
        "created": created,
        "status": "created",
        "tags": sorted(set(tags)),
        "versions": provenance.versions(),
        "platform": provenance.system(),
        "git": provenance.git_revision(Path()),
    }


def _fill(tmp: Path, texts: Mapping[str, str | bytes], manifest: Mapping[str, Any]) -> None:
    for name, text in texts.items():
        files.make_folder((tmp / name).parent)
        files.write_synced(tmp / name, text if isinstance(text, bytes) else text.encode())
    files.write_synced(tmp / "manifest.json", files.json_bytes(manifest))


def _now(runs_dir: Path) -> str:
    """UTC time, later than any run here, so that `latest` survives a clock that jumped back."""
    now = datetime.datetime.now(datetime.UTC)
    newest = list_runs(runs_dir)[:1]
    if newest:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            last = datetime.datetime.fromisoformat(newest[0].manifest()["created"])
            now = max(now, last + datetime.timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")
