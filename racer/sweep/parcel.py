"""A run folder as bytes with a hash: how a finished run comes home from any worker, near or far.

Bytes and not a shared folder, because then a cluster needs nothing but its scheduler: no network
file system whose renames, locks and caches differ from a disk's. A run of a million steps has one
or two MB. The receiver checks the hash of the whole and then those that the run's manifest holds,
and makes the folder appear complete or not at all, so only one process ever writes a sweep.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from racer.errors import BadRun, short
from racer.runs import Run
from racer.storage import files

_PLAIN = 1  # gzip: half the bytes for a tenth of the time of its default


@dataclass(frozen=True)
class Parcel:
    """A packed run; or, without bytes, the sentence that says why there is none.

    Args:
        id: of the run.
        content, sha256: the bytes and their hash.
        error: why there is no run, or why it ended.
        full: the disk of the worker is why, so the next run would fail too.
    """

    id: str
    content: bytes = b""
    sha256: str = ""
    error: str = ""
    full: bool = False


def pack(run: Run, id: str, error: str = "") -> Parcel:
    """All files of a run folder but its lock."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=_PLAIN) as archive:
        for path in sorted(run.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                archive.add(path, path.relative_to(run.folder).as_posix())
    content = stream.getvalue()
    return Parcel(id, content, hashlib.sha256(content).hexdigest(), error)


def unpack(parcel: Parcel, folder: Path) -> None:
    """Make `folder` from a parcel; it appears complete or not at all.

    Raises:
        BadRun: what arrived is not what was sent.
        OSError: it cannot be written.
    """
    if hashlib.sha256(parcel.content).hexdigest() != parcel.sha256:
        raise BadRun(f"the run {parcel.id} arrived damaged: its hash differs.")

    def fill(tmp: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(parcel.content), mode="r:gz") as archive:
            for member in archive:
                _keep(archive, member, tmp)
        problems = Run(tmp).damaged()
        if problems:
            raise BadRun(f"the run {parcel.id} arrived damaged: {problems[0]}.")
        for inside, _, _ in os.walk(tmp):
            files.sync_folder(Path(inside))

    files.commit_folder(folder, fill)


def _keep(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one file into the folder; Python's own filters are newer than 3.11.0 to 3.11.3."""
    content = archive.extractfile(member) if member.isreg() else None
    parts = member.name.split("/")
    if content is None or any(part in ("", ".", "..") or set(part) & set(":\\") for part in parts):
        raise BadRun(f"a run holds {short(member.name)!r}, which is no file of a run.")
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write_synced(target, content.read())
