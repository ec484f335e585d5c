"""Runs in object storage: pushed whole or not at all, and nothing in a pulled one is believed.

    s3://bucket/runs/NAME/pushed.json        every file: its path, bytes and sha256; written last
    s3://bucket/runs/NAME/files/SHA256       the contents, named by their hash

A file that is named by its hash is never half there under another's name, so an interrupted push
is simply given again, and a run that is pushed anew stays readable until the last moment.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from racer.errors import BadRun, Busy, ResourceError, UsageError, short
from racer.process import paths
from racer.release.far import Far
from racer.runs import Run
from racer.runs.summary import result_of, status_of
from racer.storage import files, foreign

INDEX, VERSION = "pushed.json", 1
MAX_FILES, MAX_BYTES = 10_000, 8 * 2**30
_INDEX_MAX = 8 * 2**20  # bytes
_SHAPE = {
    "version": int,
    "run": str,
    "created": str,
    "status?": str,
    "completion_pct?": (*foreign.NUMBER, None),
    "mean_lap_s?": (*foreign.NUMBER, None),
    "files": {str: {"sha256": str, "bytes": int}},
}
_SHA = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"[\w][\w.+ -]{0,150}")
_AGAIN = "Push the run again."


@dataclass(frozen=True)
class Sent:
    """What a push did."""

    url: str
    sent: int  # files
    there: int  # files that an earlier push had brought
    size: int  # bytes of the run


def push(run: Run, url: str, *, say: Callable[[str], None] = lambda text: None) -> Sent:
    """Copy a run to `url`/NAME; it appears there when every file is there and has its hash.

    Raises:
        Busy: it is being trained.
        BadRun: a file changed since it was written.
        UsageError: another run of this name is there.
        ResourceError: the place cannot be reached; what came so far need not be sent again.
    """
    far = Far(f"{Far(url).url}/{run.name}")
    with run.lock():
        problems = run.damaged()
        if problems:
            raise BadRun(f"{run.folder} is damaged: {problems[0]}. Push another run.")
        index = _index_of(run)
        new = not _check_same(far, index)
        total = sum(about["bytes"] for about in index["files"].values())
        sent = 0
        for name, about in index["files"].items():
            if _bring(far, run.folder / name, about):
                sent += 1
                say(f"sent {name}, {about['bytes']} bytes")
        if not far.commit(files.json_bytes(index), INDEX, new=new):
            _check_same(far, index)
            raise Busy(f"{far.url} was pushed by somebody else meanwhile. {_AGAIN}")
    return Sent(far.url, sent, len(index["files"]) - sent, total)


def pull(url: str, runs_dir: Path) -> tuple[Run, bool]:
    """Copy a run from `url` into `runs_dir`; every byte is checked before it appears there.

    Returns:
        The run, and whether it had to be fetched: False if it was there, unchanged.

    Raises:
        BadRun: no run there, damaged, or hostile. Nothing was kept.
        UsageError: another run of this name is here.
        ResourceError: the place cannot be reached, or the disk is too small.
    """
    far = Far(url)
    index = read_index(far)
    name = _run_name(index, far)
    run = Run(paths.expanded(runs_dir) / name)
    if run.folder.exists():
        if _differs(run, index):
            raise UsageError(
                f"{run.folder} is another run, or was changed. Rename it, or use --runs-dir."
            )
        return run, False
    with files.disk_errors(str(run.folder)):
        files.make_folder(run.folder.parent)
        _check_room(run.folder.parent, index)
        files.commit_folder(run.folder, lambda tmp: _fetch(far, index, tmp))
    return run, True


def listed(url: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Every run at `url`: its name, and its index or what is wrong with it."""
    place = Far(url)
    for name in place.names():
        if not _PART.fullmatch(name):
            continue
        far = Far(f"{place.url}/{name}")
        if far.size(INDEX) is None:
            continue  # not a run, or its push was interrupted
        try:
            yield name, read_index(far)
        except BadRun as error:
            yield name, str(error)


def read_index(far: Far) -> dict[str, Any]:
    """What a pushed run says of itself, checked.

    Raises:
        BadRun: it is not there, or not what a push writes.
    """
    where = f"{far.url}/{INDEX}"
    content = far.read(INDEX, _INDEX_MAX)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadRun(f"{where} is not JSON. {_AGAIN}") from error
    foreign.check(value, _SHAPE, where, advice=_AGAIN)
    if value["version"] > VERSION:
        raise BadRun(f"{where} is of a newer racer. Upgrade racer.")
    described = value["files"]
    if "manifest.json" not in described or len(described) > MAX_FILES:
        raise BadRun(f"{where} names {len(described)} files; a run has a manifest.json, and few.")
    if sum(about["bytes"] for about in described.values()) > MAX_BYTES:
        raise BadRun(f"{where} has more than {MAX_BYTES} bytes. Copy it by other means.")
    folded = {name.casefold() for name in described}
    for name, about in described.items():
        parents = {str(p) for p in PurePosixPath(name.casefold()).parents} - {"."}
        if not _is_plain(name) or parents & folded or len(folded) != len(described):
            raise BadRun(f"{where} names a file {short(name)!r} that no run has. Hostile?")
        if not _SHA.fullmatch(about["sha256"]) or about["bytes"] < 0:
            raise BadRun(f"{where}: the hash or size of {short(name)!r} is none. {_AGAIN}")
    return dict(value)


def size_of(index: dict[str, Any]) -> int:
    """Bytes of a run."""
    return sum(about["bytes"] for about in index["files"].values())


def _index_of(run: Run) -> dict[str, Any]:
    """The index of a run, and the hash of every file as it is now."""
    names = sorted(
        path.relative_to(run.folder).as_posix()
        for path in run.folder.rglob("*")
        if path.is_file() and not any(p[0] == "." for p in path.relative_to(run.folder).parts)
    )
    odd = [name for name in names if not _is_plain(name)]
    if odd:
        raise BadRun(
            f"{run.folder} has a file {short(odd[0])!r}; rename it. Its name is not plain."
        )
    described = {
        name: {
            "sha256": files.sha256(run.folder / name),
            "bytes": (run.folder / name).stat().st_size,
        }
        for name in names
    }
    manifest, result = run.manifest(), result_of(run)
    return {
        "version": VERSION,
        "run": run.name,
        "created": str(manifest.get("created", "")),
        "status": status_of(run),
        "completion_pct": result.get("completion_pct"),
        "mean_lap_s": result.get("mean_lap_s"),
        "files": described,
    }


def _check_same(far: Far, index: dict[str, Any]) -> bool:
    """Is this run there already?

    Raises:
        UsageError: another one is.
    """
    if far.size(INDEX) is None:
        return False
    if read_index(far)["created"] != index["created"]:
        raise UsageError(
            f"another run named {index['run']} is at {far.url}. Push to another folder, or rename "
            "the run."
        )
    return True


def _bring(far: Far, path: Path, about: dict[str, Any]) -> bool:
    """Let a file be there; False if an earlier push had brought it.

    Raises:
        BadRun: what arrived is not what was sent.
    """
    name, size = f"files/{about['sha256']}", about["bytes"]
    if far.size(name) == size and far.sha256(name, size) == about["sha256"]:
        return False
    far.put(path, name)
    if far.size(name) != size or far.sha256(name, size) != about["sha256"]:
        raise BadRun(f"{path} arrived changed, or changed while it was sent. {_AGAIN}")
    return True


def _run_name(index: dict[str, Any], far: Far) -> str:
    """The folder it gets here: the last part of its address, which has to be its own name."""
    name: str = index["run"]
    if not _is_plain(name) or "/" in name or name != far.url.rpartition("/")[2]:
        raise BadRun(f"{far.url} says it is the run {short(name)!r}. Give the address of a run.")
    return name


def _fetch(far: Far, index: dict[str, Any], folder: Path) -> None:
    """Every file of a run into an empty folder.

    Raises:
        BadRun: one is missing, or has another size or hash than the index says.
    """
    for name, about in index["files"].items():
        path = folder / name
        files.make_folder(path.parent)
        source = f"files/{about['sha256']}"
        digest = files.write_streamed(path, far.chunks(source, about["bytes"]))
        if digest != about["sha256"]:
            raise BadRun(f"{far.url}: {name} is damaged: it has another hash. {_AGAIN}")
    run = Run(folder)
    run.manifest()
    problems = run.damaged()
    if problems:
        raise BadRun(f"{far.url}: {problems[0]}. {_AGAIN}")


def _differs(run: Run, index: dict[str, Any]) -> bool:
    """Is the folder here something else than what is pushed?"""
    return any(
        not (run.folder / name).is_file() or files.sha256(run.folder / name) != about["sha256"]
        for name, about in index["files"].items()
    )


def _check_room(folder: Path, index: dict[str, Any]) -> None:
    free, needed = shutil.disk_usage(folder).free, size_of(index)
    if needed > free:
        raise ResourceError(f"the run has {needed} bytes, and {folder} has room for {free}.")


def _is_plain(name: str) -> bool:
    """A path that stays in its folder, means the same on every system, and hides nothing."""
    parts = name.split("/")
    return len(parts) <= 6 and all(
        _PART.fullmatch(part) and part[-1] not in ". " and not files.is_reserved(part)
        for part in parts
    )
