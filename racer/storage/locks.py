"""One owner per folder: an flock, and beside it who holds it, for the message and for NFS."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from racer.errors import BadRun, Busy, ResourceError

try:
    import fcntl
except ImportError:  # Windows: the recorded owner is all there is
    fcntl = None  # type: ignore[assignment]

_PLAIN = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)


@contextlib.contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Own `path` until the block ends; the kernel lets go when the process dies in any way.

    Raises:
        Busy: another process owns it; names that process.
        ResourceError: the lock file cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _PLAIN, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadRun(f"{path} is a link, not a lock. Remove it.") from error
        raise ResourceError(
            f"cannot lock {what}: {error.strerror} ({path}). The folder must be writable."
        ) from error
    try:
        if not _ours(descriptor):
            raise BadRun(f"{path} is no lock of this program. Remove it, if nobody trains there.")
        if not _take(descriptor) or (fcntl is None and _alive(_owner(descriptor))):
            raise Busy(_sentence(what, _owner(descriptor)))
        _sign(descriptor)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def owner(path: Path) -> dict[str, Any] | None:
    """Who holds the lock at `path` now, or None; takes nothing."""
    try:
        descriptor = os.open(path, os.O_RDWR | _PLAIN)
    except OSError:
        return None
    try:
        if fcntl is not None and _take(descriptor):
            return None
        found = _owner(descriptor)
        return found if fcntl is not None or _alive(found) else None
    finally:
        os.close(descriptor)


def boot_id() -> str:
    """Changes with every boot, so a recorded pid of an earlier boot is known to be dead."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _ours(descriptor: int) -> bool:
    """A plain file of one name: what is written here must not be written elsewhere too."""
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


def _take(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        # A file system without locks: trust the recorded owner.
        return not _alive(_owner(descriptor))
    return True


def _sign(descriptor: int) -> None:
    me = {"pid": os.getpid(), "host": socket.gethostname(), "boot": boot_id()}
    with contextlib.suppress(OSError):  # a full disk must not stop who holds the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me).encode(), 0)


def _owner(descriptor: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _alive(who: dict[str, Any]) -> bool:
    """Whether a recorded owner still runs; on another host nobody can tell, so yes."""
    pid = who.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return False
    if who.get("host") != socket.gethostname():
        return True
    if who.get("boot") != boot_id():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sentence(what: str, who: dict[str, Any]) -> str:
    name = f"process {who.get('pid', 'unknown')} on {who.get('host', 'this machine')}"
    return (
        f"{what} is in use by {name}. Wait until it ends, or stop it: kill {who.get('pid', 'PID')}."
    )
