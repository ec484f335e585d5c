"""Find the sim-traces behind a path: a file, a model folder of any layout, or an archive of one."""

from __future__ import annotations

import codecs
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from racer.deepracer.logs.log import Log
from racer.deepracer.logs.rows import read_csv, read_text
from racer.errors import BadLog
from racer.process import paths
from racer.storage.files import read_limited

BYTES_MAX = 512 * 2**20  # of one file, and of all files of an archive together
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_PACKED = (".gz", ".zip", ".bz2", ".xz", ".7z")
_SUFFIXES = (".csv", ".log", ".txt")


def open_logs(path: str | Path) -> list[Log]:
    """Read every sim-trace in `path`, sorted by name with numbers as numbers.

    Understood are CSVs and text logs, folders of the console (`sim-trace`), DeepRacer-for-cloud
    (`training-simtrace`, one folder per worker) and DeepRacer on AWS, and .tar.gz of them.

    Raises:
        BadLog: nothing to read, or a file named itself is damaged; names it and the line.
    """
    path = paths.expanded(path)
    if path.is_dir():
        names = sorted((p for p in path.rglob("*") if p.suffix in _SUFFIXES), key=_natural_key)
        return _read_all(((p, partial(_content, p)) for p in names if p.is_file()), path)
    content = _content(path)
    if path.name.endswith(_ARCHIVES):
        return _read_all(_members(content, path), path)
    if path.suffix in _PACKED:
        raise BadLog(f"{path}: of packed files only .tar.gz and other .tar are read. Unpack it.")
    return [read_one(content, path)]


def read_one(content: bytes, source: str | Path) -> Log:
    """Read one file by what is in it: a text log has SIM_TRACE_LOG lines.

    Raises:
        BadLog: neither; file, line and reason.
    """
    content = _utf8(content)
    is_text = b"SIM_TRACE_LOG" in content
    return read_text(content, source) if is_text else read_csv(content, source)


def _read_all(files: Iterable[tuple[Path, Callable[[], bytes]]], path: Path) -> list[Log]:
    """Read those files that are sim-traces; what is wrong with one becomes a note of the first."""
    logs: list[Log] = []
    problems: list[str] = []
    for source, read in files:
        try:
            content = _utf8(read())
            if _may_be_a_trace(source, content):
                logs.append(read_one(content, source))
        except BadLog as error:
            problems.append(f"left out: {error}")
    if not logs:
        why = problems[0] if problems else "no sim-trace CSV and no SIM_TRACE_LOG line in it"
        raise BadLog(
            f"{path}: {why.rstrip('.')}. Give the folder the simulator wrote, or a file of it."
        )
    logs[0] = logs[0].noted(problems)
    return logs


def _utf8(content: bytes) -> bytes:
    """PowerShell's `docker logs X > log.txt` writes UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content


def _may_be_a_trace(source: Path, content: bytes) -> bool:
    """Folders hold other files, too; one that is named or begins like a sim-trace is read."""
    columns = re.split(rb"[,\s]+", content[:400])
    like_one = b"steps" in columns and b"track_len" in columns
    return like_one or source.name.endswith("-iteration.csv") or b"SIM_TRACE_LOG" in content


def _content(path: Path) -> bytes:
    if not path.exists():
        raise BadLog(
            f"{path} does not exist. Give a sim-trace CSV, a text log or a folder of them."
        )
    if not path.is_file():
        raise BadLog(f"{path} is a pipe or a device. Give a file or a folder.")
    return read_limited(path.resolve(), BYTES_MAX, error=BadLog)  # a log may be a link


def _members(content: bytes, path: Path) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    """Logs in an archive, read in memory: nothing is extracted, links are not followed."""
    left = BYTES_MAX
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [m for m in archive if m.isfile() and Path(m.name).suffix in _SUFFIXES]
            for member in sorted(members, key=lambda m: _natural_key(Path(m.name))):
                left -= member.size
                if left < 0:
                    raise BadLog(f"{path} unpacks to over {BYTES_MAX} bytes. Unpack it yourself.")
                file = archive.extractfile(member)
                if file:
                    yield path / member.name, partial(bytes, file.read())
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        reason = str(error).partition(":")[0]  # of each method that was tried
        raise BadLog(f"{path} is not a whole archive: {reason}. Copy it again.") from None


def _natural_key(path: Path) -> list[tuple[int, str]]:
    """Sorts 2-iteration.csv before 10-iteration.csv."""
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", str(path))]
