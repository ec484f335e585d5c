"""The name is the file: list, find and load what lives in a folder, one file per thing.

A user's folder (`./rewards`, `./tracks`) is searched first, then the package's own.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from racer.errors import UnknownName


def modules(package: str) -> list[str]:
    """Names of the public modules of a package, e.g. `modules("racer.vehicles")`."""
    found = importlib.import_module(package)
    return sorted(
        m.name for m in pkgutil.iter_modules(found.__path__) if not m.name.startswith("_")
    )


def load_module(package: str, kind: str, name: str) -> ModuleType:
    """Import `package.name`.

    Raises:
        UnknownName: no such module; names the nearest one.
    """
    known = modules(package)
    if name not in known:
        raise UnknownName(kind, name, known)
    return importlib.import_module(f"{package}.{name}")


def files(folders: Iterable[Path], suffixes: Iterable[str]) -> dict[str, Path]:
    """Name → file over `folders`; the first wins. Hidden and `_private` files are skipped."""
    suffixes = tuple(suffixes)
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix in suffixes and path.stem[0] not in "._" and path.is_file():
                found.setdefault(path.stem, path)
    return found


def find_file(kind: str, name: str, folders: Iterable[Path], suffixes: Iterable[str]) -> Path:
    """The file that `name` means: a path when it looks like one or exists, else a known name.

    Raises:
        UnknownName: neither a file nor a known name; names the nearest one.
    """
    suffixes, folders = tuple(suffixes), tuple(folders)
    path = Path(name).expanduser()
    if path.suffix in suffixes or path.parent != Path("."):
        if path.is_file():
            return path
        reason = "does not exist"
        if path.exists():
            reason = "is a folder" if path.is_dir() else "is a pipe or a device, not a file"
        raise UnknownName(kind, name, files(folders, suffixes), f"The file {str(path)!r} {reason}.")
    known = files(folders, suffixes)
    if name not in known:
        hint = "Give a path."
        if path.is_file():
            hint = f"The file {name!r} must end in {', '.join(suffixes)}."
        elif folders and name:
            hint = f"Give a path, or put your own in {folders[0]}/{name}{suffixes[0]}."
        raise UnknownName(kind, name, known, hint)
    return known[name]
