"""The user's own files that a sweep uses, copied at its start: what runs is what was planned.

A worker on another machine has none of them, and a file that is edited in the middle of a sweep
must not split it into two. So a setting that names a file is rewritten to the name of a copy, in
folders that racer searches first: rewards/, tracks/, actions/, vehicles/, observations/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from racer import registry, reward
from racer.actions import model_metadata
from racer.errors import UsageError
from racer.process import paths
from racer.reward.file import LESSONS
from racer.sweep.space import Settings
from racer.tracks import Track
from racer.tracks.track import BUILTIN, SUFFIXES

Files = dict[str, bytes]  # path below the folder, with `/` → content


class Inputs:
    """Collects copies of files while settings are planned."""

    def __init__(self) -> None:
        self.files: Files = {}

    def own(self, settings: Settings) -> Settings:
        """The same settings with names of copies in place of files.

        Raises:
            RacerError: a file that cannot be used; two files of one name.
        """
        known: dict[str, Callable[[str], str]] = {
            "race.reward": self._reward,
            "race.track": self._track,
            "race.tracks": self._tracks,
            "race.actions": self._actions,
            "race.others.opponents": _no_opponents,
            "race.vehicle": lambda name: self._module("vehicles", name),
            "race.observation": lambda name: self._module("observations", name),
        }
        return {
            key: known[key](str(value)) if key in known and value is not None else value
            for key, value in settings.items()
        }

    def _keep(self, at: str, content: bytes, source: object) -> None:
        if self.files.setdefault(at, content) != content:
            raise UsageError(
                f"{source}: another file named {PurePosixPath(at).name} is in this sweep already. "
                "Rename one of them."
            )

    def _reward(self, name: str) -> str:
        file = reward.load(name)
        if file.path.parent == LESSONS:
            return name
        self._keep(f"rewards/{file.path.name}", file.source.encode(), file.path)
        for below, content in file.beside.files.items():
            self._keep(f"rewards/{below}", content, file.path)
        return file.name

    def _track(self, name: str) -> str:
        if name.startswith("generated:"):
            return name
        Track.load(name)  # refuses what is no track, before anything is planned
        path = registry.find_file("track", name, [Path("tracks"), BUILTIN], SUFFIXES)
        if path.parent == BUILTIN:
            return name
        self._keep(f"tracks/{path.name}", path.read_bytes(), path)
        return f"tracks/{path.name}"

    def _tracks(self, text: str) -> str:
        found = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            folder = paths.expanded(part)
            if part in Track.names() or not paths.is_folder(folder):
                found.append(self._track(part))
                continue
            inside = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
            for path in inside:
                self._keep(f"tracks/{folder.name}/{path.name}", path.read_bytes(), path)
            found.append(f"tracks/{folder.name}")
        return ",".join(found)

    def _actions(self, name: str) -> str:
        if not name.endswith(".json") and not paths.is_file(Path("actions", f"{name}.json")):
            return name
        folders = [Path("actions"), model_metadata.FOLDER]
        path = registry.find_file("action space", name, folders, (".json",))
        self._keep(f"actions/{path.name}", path.read_bytes(), path)
        return f"actions/{path.name}"

    def _module(self, kind: str, name: str) -> str:
        own = registry.files([Path(kind)], (".py",))
        if name not in own and Path(name).suffix != ".py":
            return name
        path = registry.find_file(kind.removesuffix("s"), name, [Path(kind)], (".py",))
        self._keep(f"{kind}/{path.name}", path.read_bytes(), path)
        return path.stem


def _no_opponents(names: str) -> str:
    """The runs of opponents are no small files, and a worker elsewhere has none of them."""
    if names:
        raise UsageError(
            f"race.others.opponents = {names!r}: a sweep does not send runs to its workers. Train "
            "against opponents one by one: racer train --race head_to_model --opponent RUN."
        )
    return names


def digest(files: Files) -> str:
    """One hash of all of them."""
    total = hashlib.sha256()
    for at, content in sorted(files.items()):
        total.update(f"{at}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
