"""The name is the file: list, find and load what lives in a folder, one file per thing.

A user's folder (`./rewards`, `./tracks`, `./observations`, …) is searched first, then the
package's own. What is Python may also be named as an installed module: `package.module`.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from racer.errors import BadInput, UnknownName, printable, short
from racer.process import paths


def modules(package: str) -> list[str]:
    """Names of the public modules of a package, e.g. `modules("racer.vehicles")`."""
    found = importlib.import_module(package)
    return sorted(
        m.name for m in pkgutil.iter_modules(found.__path__) if not m.name.startswith("_")
    )


def user_folder(package: str) -> Path:
    """Where the user's own modules of a kind lie: `./observations` for racer.observations."""
    return Path(package.rpartition(".")[2])


def module_names(package: str) -> list[str]:
    """Every name that `load_module` finds by itself: the user's own and the built-in ones."""
    return sorted({*files([user_folder(package)], (".py",)), *modules(package)})


def load_module(package: str, kind: str, name: str, also: Iterable[str] = ()) -> ModuleType:
    """The module that `name` means: a file of the user, an installed module, or `package.name`.

    A file is executed once per process and content. It is a path ending in .py, or a name in the
    user's folder of this kind; nothing is installed for it. `also` are names that stand for
    something else, which a mistyped one may have meant.

    Raises:
        UnknownName: nothing of that name; names the nearest one.
        BadInput: the user's module cannot be imported; says where and why.
    """
    folder = user_folder(package)
    own = files([folder], (".py",))
    if name in own or Path(name).suffix == ".py":
        return _executed(kind, find_file(kind, name, [folder], (".py",)))
    if name in modules(package):
        return importlib.import_module(f"{package}.{name}")
    if "." in name.strip("."):
        return _imported(kind, name)
    hint = f"Put your own in {folder}/{name}.py, or name an installed package.module."
    raise UnknownName(kind, name, {*own, *modules(package), *also}, hint)


def _executed(kind: str, path: Path) -> ModuleType:
    """Known to `sys.modules` under a name of its own: numba's cache looks kernels up there."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{kind} {str(path)!r} cannot be read: {error.strerror}.") from error
    digest = hashlib.sha256(str(path.resolve()).encode() + b"\n" + source).hexdigest()[:16]
    name = f"racer_user_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path.resolve())
    try:
        exec(compile(source, module.__file__, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # a module that exits would end everything
        del sys.modules[name]
        raise _not_importable(kind, str(path), module.__file__, error) from error
    return module


def _imported(kind: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise _not_importable(kind, name, "", error) from error


def _not_importable(kind: str, shown: str, file: str, error: BaseException) -> BadInput:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(error.lineno)
    where = f"{shown}:{lines[-1]}" if lines else shown
    problem = printable(f"{type(error).__name__}: {error}").rstrip(".")
    return BadInput(f"{kind} {where} cannot be imported: {problem}.")


def files(folders: Iterable[Path], suffixes: Iterable[str]) -> dict[str, Path]:
    """Name → file over `folders`; the first wins. Hidden and `_private` files are skipped."""
    suffixes = tuple(suffixes)
    found: dict[str, Path] = {}
    for folder in folders:
        if not paths.is_folder(folder):
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
    path = paths.expanded(name)
    if path.suffix in suffixes or path.parent != Path("."):
        if paths.is_file(path):
            return path
        reason = "does not exist"
        if paths.exists(path):
            reason = "is a folder" if paths.is_folder(path) else "is a pipe or a device, not a file"
        raise UnknownName(
            kind, name, files(folders, suffixes), f"The file {short(str(path))!r} {reason}."
        )
    known = files(folders, suffixes)
    if name not in known:
        hint = "Give a path."
        if paths.is_file(path):
            hint = f"The file {name!r} must end in {', '.join(suffixes)}."
        elif name and paths.is_folder(path):
            hint = f"{name!r} is a folder; give a file in it."
        elif folders and name:
            hint = f"Give a path, or put your own in {folders[0]}/{short(name)}{suffixes[0]}."
        raise UnknownName(kind, name, known, hint)
    return known[name]
