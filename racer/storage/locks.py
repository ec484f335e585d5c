"""One owner per folder: a lock of the system, and beside it who holds it, for the message.

The lock is filelock's: flock on Linux and macOS, LockFileEx on Windows; the system lets go of both
when the process dies in any way. Imported by who locks: filelock takes 20 ms.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer.errors import BadRun, Busy, ResourceError
from racer.storage import files

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)
_OWNER_LIMIT = 4096  # bytes


@contextlib.contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Own `path` until the block ends; the system lets go when the process dies in any way.

    Raises:
        Busy: another process owns it; names that process.
        BadRun: `path` is a link, or no file of ours.
        ResourceError: the lock file cannot be written.
    """
    _refuse_foreign(path)
    try:
        lock = _take(path)
    except OSError as error:
        raise ResourceError(
            f"cannot lock {what}: {error.strerror} ({path}). The folder must be writable."
        ) from error
    if lock is None:
        raise Busy(_sentence(what, _owner(path)))
    try:
        _sign(path)
        yield
    finally:
        try:
            with contextlib.suppress(OSError):
                _owner_file(path).unlink(missing_ok=True)
        finally:  # whatever ends it there, Ctrl-C too
            lock.release()


def owner(path: Path) -> dict[str, Any] | None:
    """Who holds the lock at `path` now, or None; keeps nothing."""
    if not path.is_file():
        return None
    try:
        lock = _take(path)
    except OSError:  # a folder that may not be written
        found = _owner(path)
        return found if _alive(found) else None
    if lock is None:
        return _owner(path)
    lock.release()
    return None


def boot_id() -> str:
    """Changes with every boot, so a recorded pid of an earlier boot is known to be dead."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _refuse_foreign(path: Path) -> None:
    """A plain file of one name, or none yet: what is done here must not be done elsewhere too."""
    try:
        found = path.lstat()
    except OSError:  # told when it cannot be locked
        return
    if stat.S_ISLNK(found.st_mode):
        raise BadRun(f"{path} is a link, not a lock. Remove it.")
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise BadRun(f"{path} is no lock of this program. Remove it, if nobody trains there.")


def _take(path: Path) -> BaseFileLock | None:
    """The lock, taken; None when another has it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0, mode=0o644, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in _LOCKLESS:
            raise
        # A file system without locks: trust the recorded owner.
        return None if _alive(_owner(path)) else lock
    return lock


def _owner_file(path: Path) -> Path:
    """Beside the lock, because Windows lets nobody read what is locked."""
    return path.with_name(f"{path.name}-owner")


def _sign(path: Path) -> None:
    me = {"pid": os.getpid(), "host": socket.gethostname(), "boot": boot_id()}
    with contextlib.suppress(OSError):  # a full disk must not stop who holds the lock
        files.write_atomic(_owner_file(path), json.dumps(me).encode())


def _owner(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(files.read_limited(_owner_file(path), _OWNER_LIMIT))
    except (BadRun, ValueError, RecursionError):
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
    return _runs(pid)


def _runs(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end it
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # limited information
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sentence(what: str, who: dict[str, Any]) -> str:
    name = f"process {who.get('pid', 'unknown')} on {who.get('host', 'this machine')}"
    stop = "taskkill /PID" if os.name == "nt" else "kill"
    return (
        f"{what} is in use by {name}. Wait until it ends, or stop it: "
        f"{stop} {who.get('pid', 'PID')}."
    )
