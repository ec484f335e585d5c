"""A disk that forgets: what a power cut may leave of the file operations of a process.

Only what POSIX promises counts as kept: a file's content as of its last fsync, and the names in a
folder as of the folder's last fsync. Everything later may be there, or not, or in part: a name
without its content, a rename without the ones before it, a file cut anywhere or full of zeros.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class File:
    """Content as a process sees it, and as of the last fsync (None: never)."""

    content: bytes = b""
    kept: bytes | None = None


@dataclass
class Folder:
    """Names as a process sees them, as of the last fsync, and the changes between."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    kept: dict[str, File | Folder] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def apply(self, change: Change) -> None:
        change(self.names)
        self.changes.append(change)


Change = Callable[[dict[str, Any]], object]  # of a folder's names; a rename is one change


class Disk:
    """The files below `root`, kept by replaying operations; `cut` is a power cut now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = Folder()

    def at(self, path: str) -> Any:
        node: Any = self.top
        for name in Path(path).relative_to(self.root).parts:
            node = node.names[name]
        return node

    def parent(self, path: str) -> tuple[Folder, str]:
        return self.at(os.path.dirname(path)), os.path.basename(path)

    def mkdir(self, path: str) -> None:
        self._make(path, Folder())

    def open(self, path: str, truncate: bool) -> None:
        folder, name = self.parent(path)
        if name not in folder.names:
            self._make(path, File())
        elif truncate:
            self.at(path).content = b""

    def write(self, path: str, at: int, data: bytes) -> None:
        file = self.at(path)
        old = file.content.ljust(at, b"\0")
        file.content = old[:at] + data + old[at + len(data) :]

    def truncate(self, path: str, size: int) -> None:
        self.at(path).content = self.at(path).content[:size]

    def sync(self, path: str) -> None:
        node = self.at(path)
        if isinstance(node, File):
            node.kept = node.content
        else:
            node.kept = dict(node.names)
            node.changes.clear()

    def _make(self, path: str, node: File | Folder) -> None:
        folder, name = self.parent(path)
        folder.apply(lambda names: names.__setitem__(name, node))

    def rename(self, old: str, new: str) -> None:
        (folder, before), (other, after) = self.parent(old), self.parent(new)
        assert folder is other, "only renames within a folder are modelled"
        node = folder.names[before]

        def change(names: dict[str, Any]) -> None:
            names.pop(before, None)
            names[after] = node

        folder.apply(change)

    def remove(self, path: str) -> None:
        folder, name = self.parent(path)
        folder.apply(lambda names: names.pop(name, None))

    def cut(self, to: Path, keep: Keep) -> None:
        """Write to `to` what is left when the power fails now and `keep` decides the rest."""
        _leave(self.top, to, keep)


class Keep:
    """What of the unsynced is on the disk after all: nothing, all names, some of both."""

    def __init__(self, kind: str, rng: random.Random) -> None:
        self.kind, self.rng = kind, rng

    def names(self, folder: Folder) -> dict[str, Any]:
        found: dict[str, Any] = dict(folder.kept)
        changes = list(folder.changes)
        if self.kind == "nothing":
            changes = []
        elif self.kind == "journal":  # names in the order they changed, up to some moment
            changes = changes[: self.rng.randint(0, len(changes))]
        elif self.kind == "any":
            changes = [change for change in changes if self.rng.random() < 0.5]
        for change in changes:
            change(found)
        return found

    def content(self, file: File) -> bytes:
        if file.kept == file.content:
            return file.content
        kept, size = file.kept or b"", self.rng.randint(0, len(file.content))
        torn = (kept, file.content[:size], bytes(size), file.content)
        return self.rng.choice(torn) if self.kind == "any" else kept


KINDS = ("nothing", "names", "journal", "any")


def _leave(folder: Folder, to: Path, keep: Keep) -> None:
    to.mkdir()
    for name, node in keep.names(folder).items():
        if isinstance(node, Folder):
            _leave(node, to / name, keep)
        else:
            (to / name).write_bytes(keep.content(node))


Operation = tuple[str, str, tuple[Any, ...]]  # a method of Disk, a path, the rest


@contextlib.contextmanager
def recorded(root: Path) -> Iterator[list[Operation]]:
    """Every change that this process makes below `root`, in order, while the block runs.

    Of files that are not opened with os.open only the names are seen; see `unseen`.
    """
    log: list[Operation] = []
    real = {name: getattr(os, name) for name in _CALLS}
    real_open = builtins.open

    def note(found: list[Operation]) -> None:
        log.extend(entry for entry in found if Path(entry[1]).is_relative_to(root))

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            found = _CALLS[name](*args, **options)
            result = real[name](*args, **options)
            note(found)
            return result

        return call

    def open_file(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        opened = real_open(file, mode, *args, **options)
        if set(mode) & set("wax+") and isinstance(file, str | os.PathLike):
            note([("open", os.path.abspath(file), ("w" in mode,))])
        return opened

    for name in _CALLS:
        setattr(os, name, wrap(name))
    builtins.open = io.open = open_file  # type: ignore[assignment]
    try:
        yield log
    finally:
        for name, function in real.items():
            setattr(os, name, function)
        builtins.open = io.open = real_open


def replay(disk: Disk, operation: Operation) -> None:
    """Let `disk` see one recorded operation."""
    name, path, rest = operation
    getattr(disk, name)(path, *rest)


def unseen(disk: Disk) -> set[str]:
    """Files whose real content is not what was recorded: the recorder missed something."""
    found = set()
    for path in disk.root.rglob("*"):
        try:
            node = disk.at(str(path))
            same = path.is_dir() or node.content == path.read_bytes()
        except KeyError:
            same = False
        if not same:
            found.add(str(path.relative_to(disk.root)))
    return found


def _at(path: Any, folder: int | None = None) -> str:
    base = os.getcwd() if folder is None else _of(folder)
    return os.path.normpath(os.path.join(base, os.fspath(path)))


def _of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _open(path: Any, flags: int, mode: int = 0, *, dir_fd: int | None = None) -> list[Operation]:
    changes = flags & (os.O_CREAT | os.O_TRUNC)
    return [("open", _at(path, dir_fd), (bool(flags & os.O_TRUNC),))] if changes else []


def _write(descriptor: int, data: Any) -> list[Operation]:
    path = _of(descriptor)
    if not path.startswith("/") or not os.path.isfile(path):
        return []
    return [("write", path, (os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data)))]


def _pwrite(descriptor: int, data: Any, at: int) -> list[Operation]:
    return [("write", _of(descriptor), (at, bytes(data)))]


def _rename(old: Any, new: Any) -> list[Operation]:
    return [("rename", _at(old), (_at(new),))]


def _mkdir(path: Any, mode: int = 0, *, dir_fd: int | None = None) -> list[Operation]:
    return [("mkdir", _at(path, dir_fd), ())]


def _remove(path: Any, *, dir_fd: int | None = None) -> list[Operation]:
    return [("remove", _at(path, dir_fd), ())]


_CALLS: dict[str, Callable[..., list[Operation]]] = {
    "open": _open,
    "write": _write,
    "pwrite": _pwrite,
    "ftruncate": lambda descriptor, size: [("truncate", _of(descriptor), (size,))],
    "fsync": lambda descriptor: [("sync", _of(descriptor), ())],
    "rename": _rename,
    "replace": _rename,
    "mkdir": _mkdir,
    "unlink": _remove,
    "remove": _remove,
    "rmdir": _remove,
}
