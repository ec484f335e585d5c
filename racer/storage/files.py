"""Files that survive: whole or not at all, on the disk when the call returns, hashed, size-capped.

Everything that would hurt to lose is written through here: a temporary file beside the target,
fsync, rename, fsync of the folder. A crash at any point leaves the old content or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from racer.errors import BadInput, BadRun, ResourceError

TMP_PREFIX = ".racer-tmp-"  # nobody else names files so, wherever --runs-dir points
JSON_LIMIT = 16 * 2**20  # bytes; a manifest is a few kB
_RESERVED = {"con", "prn", "aux", "nul", "latest"}  # Windows devices, and our own word
_RESERVED |= {f"{port}{i}" for port in ("com", "lpt") for i in range(10)}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}  # the disk's own
_DISK = FULL | {errno.EACCES, errno.EPERM}
_DISK |= {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EMFILE, errno.ESTALE}
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)  # no \r\n on Windows
_CAN_SYNC_FOLDERS = hasattr(os, "O_DIRECTORY")  # Windows opens no folders; it renames durably
_IN_USE = (5, 32)  # Windows: access denied, sharing violation. A reader or a virus scanner has it
_PATIENCE_S = 2.0  # for those to let go

OPEN_FILES_PIN_FOLDERS = os.name == "nt"  # no renaming or deleting around an open file


@contextlib.contextmanager
def disk_errors(
    what: str,
    advice: str = "Free some space or choose another place with --runs-dir.",
    verb: str = "write",
) -> Iterator[None]:
    """Turn a full, read-only or vanished disk into a ResourceError that names it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        named = error.filename and TMP_PREFIX not in str(error.filename)
        where = f" ({error.filename})" if named and str(error.filename) != what else ""
        problem = f"cannot {verb} {what}: {error.strerror}{where}."
        what_to_do = advice_on(error, advice)
        raise ResourceError(f"{problem} What was saved before is intact. {what_to_do}") from error


def advice_on(error: OSError, full: str) -> str:
    """What to do about a disk that refuses: `full`, or what limits one file's size or name."""
    if error.errno == errno.ENAMETOOLONG:
        return "Choose a shorter name."
    if error.errno == errno.EFBIG:
        return "The file system, or `ulimit -f`, allows no larger file."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):  # more space would not help
        rest = full.removeprefix("Free some space or ")
        return "Check its permissions." if rest == full else f"{rest[:1].upper()}{rest[1:]}"
    return full


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; a reader or a crash sees the old file or the new one."""
    tmp = _beside(path, os.getpid())
    try:
        write_synced(tmp, content)
        _patiently(lambda: os.replace(tmp, path))
    except BaseException:
        with contextlib.suppress(OSError):
            tmp.unlink()
        raise
    sync_folder(path.parent)


def write_output(path: str | Path, content: bytes) -> None:
    """Write what a user asked for to where the user said: to a file, atomically, or to a device.

    Raises:
        ResourceError: it cannot be written there.
    """
    path = Path(path)
    check_output(path)
    with disk_errors(str(path), "Free some space or name another file."):
        if is_device(path):
            with path.open("ab") as stream:
                stream.write(content)
        else:
            write_atomic(path, content)


def check_output(path: str | Path) -> None:
    """Refuse a place that `write_output` could not write to, before long work is done for it.

    Raises:
        ResourceError: it has no folder, or is one, or the folder is read-only.
    """
    path = Path(path)
    if not os.path.isdir(path.parent):
        raise ResourceError(f"cannot write {path}: there is no folder {path.parent}. Make it.")
    if os.path.isdir(path):
        raise ResourceError(f"cannot write {path}: it is a folder. Name a file in it.")
    if not is_device(path) and not os.access(path.parent, os.W_OK):
        raise ResourceError(
            f"cannot write {path}: the folder {path.parent} is read-only. Name a file elsewhere."
        )


def is_device(path: Path) -> bool:
    """Whether it is written into, not replaced: /dev/stdout, >(...) of a shell."""
    special = path.parts[:2] in (("/", "dev"), ("/", "proc"))
    return special and os.path.exists(path) and (path.is_symlink() or not path.is_file())


def write_json(path: Path, value: Any) -> None:
    """`value` as JSON, atomically. NaN and infinity are refused: JSON has no words for them."""
    write_atomic(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """`value` as indented UTF-8 JSON with a final newline; names that are no UTF-8 as \\udcff."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    return f"{text}\n".encode(errors="backslashreplace")


def write_synced(path: Path, *chunks: bytes | memoryview) -> str:
    """A new file, on the disk when this returns, and its sha256. For uncommitted folders."""
    return write_streamed(path, chunks)


def write_streamed(path: Path, chunks: Iterable[bytes | memoryview]) -> str:
    """`write_synced` of pieces that come one after the other."""
    digest = hashlib.sha256()
    descriptor = os.open(path, _WRITE, 0o644)
    try:
        for chunk in chunks:
            digest.update(chunk)
            view = memoryview(chunk).cast("B")
            while view:
                view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames and new names in `folder` durable."""
    if not _CAN_SYNC_FOLDERS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot fsync a folder
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, durable when this returns."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def commit_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Make `folder` appear complete: `write` fills a temporary sibling, which is then renamed.

    `folder` must not exist. `write` must leave every file synced (`write_synced`).
    """
    tmp = _beside(folder, os.getpid())
    if tmp.exists():
        shutil.rmtree(tmp)
    try:
        os.mkdir(tmp)
        write(tmp)
        sync_folder(tmp)
        _patiently(lambda: os.rename(tmp, folder))
    except BaseException:
        shutil.rmtree(tmp, ignore_errors=True)
        raise
    sync_folder(folder.parent)


def remove_folder(folder: Path) -> None:
    """Delete a folder so that it is never seen half deleted: renamed first, then emptied."""
    tmp = _beside(folder, secrets.token_hex(4))
    _patiently(lambda: os.rename(folder, tmp))
    sync_folder(folder.parent)  # else a power cut may leave the name and not the content
    _patiently(lambda: shutil.rmtree(tmp))


def remove_leftovers(folder: Path, *, older_than: float = 0.0) -> list[str]:
    """Delete what a crash left half written in `folder`, seconds ago; returns the names."""
    gone = []
    for path in sorted(folder.glob(f"{TMP_PREFIX}*")):
        if time.time() - path.stat().st_mtime < older_than:
            continue
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        gone.append(path.name)
    return gone


def refuse_links(folder: Path) -> None:
    """A folder from anyone may hold links to our files, or a pipe that nobody writes to.

    Raises:
        BadRun: something in it, at any depth, is neither a file nor a folder.
    """
    for inside, folders, names in os.walk(folder):
        for path in (Path(inside, name) for name in folders + names):
            with contextlib.suppress(FileNotFoundError):  # gone again: someone is training
                mode = path.lstat().st_mode
                if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                    kind = "link" if stat.S_ISLNK(mode) else "device or a pipe"
                    raise BadRun(
                        f"{path} is a {kind}; files and folders are all that belongs there. "
                        "Put a copy in its place."
                    )


def safe_name(text: str) -> str:
    """`text` as a part of a folder name on any system: letters, digits, `_`, `.` and `-`."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"[^\w.]+", "_", plain, flags=re.UNICODE).strip("._-")[:40]
    plain = plain.encode()[:100].decode(errors="ignore") or "run"
    return f"{plain}_" if plain.lower() in _RESERVED else plain


def is_reserved(name: str) -> bool:
    """Is it a device of Windows, with whatever ending?"""
    return name.split(".")[0].lower() in _RESERVED - {"latest"}


def read_limited(path: Path, limit: int, *, error: type[BadInput] = BadRun) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises:
        BadRun (or `error`): missing, a link, not a regular file, unreadable, or too long.
    """
    try:
        if path.is_symlink() or not path.is_file():
            there = "is a folder" if path.is_dir() else "is missing"
            reason = "is a link" if path.is_symlink() else there
            raise error(
                f"{path} {reason}; a plain file is needed. Copy it again from where it came from."
            )
        size = path.stat().st_size
        if size > limit:
            raise error(
                f"{path} has {size} bytes; at most {limit} are allowed. Is it the right file?"
            )
        return path.read_bytes()
    except OSError as problem:
        raise error(
            f"{path} cannot be read: {problem.strerror}. Check its permissions."
        ) from problem


def read_whole(path: Path, limit: int) -> bytes:
    """The content of a file, a pipe or a device that a user names.

    Raises:
        OSError: it cannot be read. ValueError: it goes on after `limit` bytes.
    """
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it is longer than {limit} bytes")
    return content


def read_json(
    path: Path, *, limit: int = JSON_LIMIT, error: type[BadInput] = BadRun
) -> dict[str, Any]:
    """A JSON object from a file of ours.

    Raises:
        BadRun (or `error`): missing, too long, not UTF-8, not JSON, or not an object.
    """
    content = read_limited(path, limit, error=error)
    try:
        value = json.loads(
            content.decode(),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (ValueError, RecursionError) as problem:
        reason = str(problem).splitlines()[0]
        raise error(
            f"{path} is not valid JSON: {reason}. Copy it again from where it came from."
        ) from problem
    if not isinstance(value, dict):
        raise error(f"{path} holds a {type(value).__name__}; a JSON object is needed.")
    return value


def sha256(path: Path) -> str:
    """The hash of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashed(content: bytes) -> str:
    """The hash of a file with this content."""
    return hashlib.sha256(content).hexdigest()


def _patiently(act: Callable[[], None]) -> None:
    """Do it; where Windows says that a file is in use, again for two seconds."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return act()
        except OSError as error:
            if getattr(error, "winerror", None) not in _IN_USE or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _beside(path: Path, tag: object) -> Path:
    """A temporary sibling; its name fits where 255 bytes are allowed."""
    return path.with_name(f"{TMP_PREFIX}{tag}-{path.name[:40]}")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _whole(text: str) -> int:
    if len(text) > 39:  # 2^127; random generators count in 128 bits, and floats hold as much
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number
