"""What a reward file uses that lies beside it: own modules, and tables it names.

They are found in its text and read once, here; the engines serve them from memory (`served`), so
a guarded process needs no right to read files. A module is found by its import, a table by its
name in quotes, in the reward and in the modules themselves. Nothing outside the folder is read.
"""

from __future__ import annotations

import ast
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from racer.errors import BadReward
from racer.reward.namespace import THIRD_PARTY

TABLES = (".json", ".csv", ".npy", ".npz", ".txt")
LARGEST = 16 << 20  # bytes of all files together
MOST = 100  # files
DEEPEST = 3  # folders below the reward's
COPIES = "reward_files"  # where a run keeps them, beside its reward.py


class Beside(NamedTuple):
    """Files that belong to a reward.

    Attributes:
        folder: absolute; what paths in the reward are relative to.
        files: path below it, with `/`, to content; in the order of their names.
        lines: of the reward, that names each, 0 where another file does.
    """

    folder: str
    files: Mapping[str, bytes]
    lines: Mapping[str, int]


ALONE = Beside("", {}, {})


def folder_of(path: Path) -> Path:
    """Where the files beside a reward lie; a run keeps copies in a folder of their own."""
    is_run = path.name == "reward.py" and (path.parent / "manifest.json").is_file()
    return path.parent / COPIES if is_run else path.parent


def find(path: Path, tree: ast.Module) -> Beside:
    """Read all that the reward at `path` uses.

    Raises:
        BadReward: one is too large, a link that leads out of the folder, or cannot be read.
    """
    folder = Path(os.path.abspath(folder_of(path)))
    if not folder.is_dir():
        return Beside(str(folder), {}, {})
    contents: dict[str, bytes] = {}
    lines: dict[str, int] = {}
    left = LARGEST
    waiting = [("", tree)]
    while waiting:
        within, text = waiting.pop(0)
        for name, line in _named(folder, within, text):
            if name in contents:
                continue
            if len(contents) == MOST:
                raise BadReward(f"{path} uses more than {MOST} files beside it. Join some.")
            contents[name] = _read(folder, name, left)
            lines[name] = 0 if within else line
            left -= len(contents[name])
            if name.endswith(".py"):
                waiting.append((name, _parsed(contents[name])))
    return Beside(str(folder), dict(sorted(contents.items())), lines)


def _named(folder: Path, within: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Files that one text names, with its lines; `within` is the text's own path."""
    package = PurePosixPath(within).parent if within else PurePosixPath()
    for module, line in _modules(tree, package.parts):
        parts = module.split(".")
        if parts[0] in sys.stdlib_module_names or parts[0] in THIRD_PARTY:
            continue
        for end in range(1, len(parts) + 1):
            at = "/".join(parts[:end])
            for name in (f"{at}/__init__.py", f"{at}.py"):
                if _is_file(folder, name):
                    yield name, line
                    break
    texts = list(_texts(tree))
    folders = _folders(folder, {str(PurePosixPath()), str(package)}, texts)
    for text, line in texts:
        if text.lower().endswith(TABLES):
            for below in folders:
                name = _below(folder, below, text)
                if name and _is_file(folder, name):
                    yield name, line


def _modules(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Dotted names that are imported, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = [*start, *([node.module] if node.module else [])]
            yield from ((".".join([*base, alias.name]), node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("import_module", "__import__"):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, node.lineno


def _texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Strings that may be names of files or folders."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.replace("\\", "/")
            if 0 < len(text) < 200 and text.isprintable():
                yield text, node.lineno


def _folders(folder: Path, known: set[str], texts: list[tuple[str, int]]) -> list[str]:
    """The reward's folder, the text's own, and those below that the text names."""
    for _ in range(DEEPEST):
        found = {
            name
            for text, _ in texts
            if "." not in text.strip("./")
            for below in known
            if (name := _below(folder, below, text)) and os.path.isdir(folder / name)
        }
        known = known | found
    return sorted(known)


def _below(folder: Path, below: str, text: str) -> str:
    """A path in the text as one below the folder, with `/`; "" if it leads out."""
    if os.path.isabs(text):
        return ""
    name = os.path.normpath(os.path.join(below, text)).replace("\\", "/")
    return "" if name == "." or name.split("/")[0] == ".." else name


def _is_file(folder: Path, name: str) -> bool:
    """Whether there is something to read; what it is, `_read` looks at."""
    try:
        return not stat.S_ISDIR(os.stat(folder / name).st_mode)
    except (OSError, ValueError):
        return False


def _read(folder: Path, name: str, most: int) -> bytes:
    """The content of a plain file inside the folder, at most so many bytes."""
    path, real = folder / name, Path(os.path.realpath(folder / name))
    kinds = (".py", *TABLES)
    if not real.is_relative_to(os.path.realpath(folder)) or real.suffix.lower() not in kinds:
        raise BadReward(
            f"{path} is a link out of the reward's folder. Put a copy of the file in its place."
        )
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(real, os.O_RDONLY | flags | getattr(os, "O_NOFOLLOW", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadReward(f"{path} is a pipe or a device; a reward reads plain files only.")
            content = file.read(most + 1) if status.st_size <= most else b""
    except OSError as error:
        raise BadReward(f"{path} cannot be read: {error.strerror}. Check the path.") from None
    if max(len(content), status.st_size) > most:
        raise BadReward(
            f"{path} has {status.st_size} bytes; the files beside a reward may have "
            f"{LARGEST >> 20} MiB together. Keep only the columns and rows that are needed."
        )
    return content


def _parsed(content: bytes) -> ast.Module:
    """A module's tree; an empty one if it does not parse: the import says why."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
