"""Serve the files beside a reward from memory, to `import`, `open`, pathlib, os.path and NumPy.

A process that may read no file serves them all the same, and the trainer's own process serves the
same bytes, so that every engine computes the same. What is not beside the reward is asked of the
system, which refuses it in a guarded process.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.machinery
import io
import os
import stat
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

READ_ONLY = "files beside a reward can be read, not written"


class Served:
    """The files of one reward.

    Args:
        folder: of the reward, absolute.
        files: path below it, with `/`, to content.
    """

    def __init__(self, folder: str, files: Mapping[str, bytes]) -> None:
        self.folder = folder
        self.files = files
        # On macOS and with links, `Path(__file__).resolve()` says another name of the folder.
        self._folders = dict.fromkeys((folder, os.path.realpath(folder)))
        self._names = {os.path.normcase(name).replace("\\", "/"): name for name in files}
        self._above = {name[:i] for name in self._names for i, c in enumerate(name) if c == "/"}
        self._above.add("")
        self.codes: dict[str, types.CodeType] = {}
        self.modules = dict(_modules(files))
        self.scope: dict[str, Any] = {}  # builtins of the modules that are imported next
        self._patches: list[tuple[Any, str, Any]] = []

    def path_of(self, name: str) -> str:
        """What `__file__` is in a module."""
        return os.path.join(self.folder, *name.split("/"))

    def code_of(self, name: str) -> types.CodeType:
        """Of a module, compiled once."""
        if name not in self.codes:
            where = self.path_of(name)
            self.codes[name] = compile(self.files[name], where, "exec", dont_inherit=True)
        return self.codes[name]

    # -- files

    def relative(self, path: Any) -> str | None:
        """The path below the folder as `_names` has it; None for what lies elsewhere."""
        try:
            text = os.fsdecode(path)
        except TypeError:  # a descriptor
            return None
        whole = os.path.normcase(os.path.normpath(os.path.join(self.folder, text)))
        for folder in self._folders:
            start = os.path.normcase(folder)
            if whole == start:
                return ""
            if whole.startswith(os.path.join(start, "")):
                return whole[len(os.path.join(start, "")) :].replace("\\", "/")
        return None

    def content(self, path: Any) -> tuple[str, bytes] | None:
        """Name and content of a file here."""
        name = self._names.get(self.relative(path) or "")
        return None if name is None else (name, self.files[name])

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """As the built-in one; text is UTF-8 unless said otherwise, on every system."""
        found = self.content(file)
        if found is None:
            return _OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if set(mode) - set("rbt"):
            raise PermissionError(f"{READ_ONLY}: {found[0]}")
        raw = _Memory(found[1])
        raw.name = self.path_of(found[0])
        if "b" in mode:
            return raw
        known = "utf-8" if encoding in (None, "locale") else encoding
        return io.TextIOWrapper(raw, known, errors, newline)

    def status(self, path: Any) -> os.stat_result | None:
        """What `os.stat` says of a file or folder here; None for others."""
        found = self.content(path)
        if found is not None:
            kind, size = stat.S_IFREG | 0o444, len(found[1])
        elif self.relative(path) in self._above:
            kind, size = stat.S_IFDIR | 0o555, 0
        else:
            return None
        return os.stat_result((kind, 0, 0, 1, 0, 0, size, 0, 0, 0))

    # -- what is replaced while a reward runs

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Inside, these files are found."""
        self._patches = self._patches or self._made()
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in self._patches]
        self.serve()
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            for owner, name, old in before:
                setattr(owner, name, old)

    def serve(self) -> None:
        """From now on, in all of this process, these files are found. Import NumPy before."""
        self._patches = self._patches or self._made()
        for owner, name, new in self._patches:
            setattr(owner, name, new)
        sys.meta_path.insert(0, self)

    def _made(self) -> list[tuple[Any, str, Any]]:
        found: list[tuple[Any, str, Any]] = [(builtins, "open", self.open), (io, "open", self.open)]
        real = os.stat

        def status(path: Any, **options: Any) -> os.stat_result:
            return self.status(path) or real(path, **options)

        found.append((os, "stat", status))
        found.append((os, "getcwd", lambda: self.folder))
        tests: dict[str, Callable[[int], bool]] = {
            "exists": lambda mode: True,
            "isfile": stat.S_ISREG,
            "isdir": stat.S_ISDIR,
        }
        for name, test in tests.items():
            found.append((os.path, name, self._asking(getattr(os.path, name), test)))
        numpy = sys.modules.get("numpy")
        for name in ("loadtxt", "genfromtxt") if numpy is not None else ():
            found.append((numpy, name, self._reading(getattr(numpy, name))))
        return found

    def _asking(self, real: Any, test: Callable[[int], bool]) -> Any:
        def ask(path: Any) -> bool:
            known = self.status(path)
            return bool(real(path) if known is None else test(known.st_mode))

        return ask

    def _reading(self, real: Any) -> Any:
        """NumPy's readers of text open files by themselves."""

        def read(fname: Any, *args: Any, **options: Any) -> Any:
            if isinstance(fname, str | os.PathLike) and self.content(fname) is not None:
                with self.open(fname, encoding=options.get("encoding")) as file:
                    return real(file, *args, **options)
            return real(fname, *args, **options)

        return read

    # -- imports

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        """Of an own module, or of a folder of them without `__init__.py`."""
        if name not in self.modules:
            return None
        file = self.modules[name]
        spec = importlib.machinery.ModuleSpec(
            name,
            self if file else None,  # type: ignore[arg-type]
            origin=self.path_of(file) if file else None,
            is_package=file is None or file.endswith("__init__.py"),
        )
        spec.has_location = bool(file)
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Python's own way."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run it as a part of the car whose turn it is."""
        vars(module)["__builtins__"] = self.scope
        exec(self.code_of(self.modules[module.__name__] or ""), vars(module))


class _Memory(io.BytesIO):
    """A file that was read; it has a name, as those on the disk."""

    name = ""
    mode = "rb"


def _modules(files: Mapping[str, bytes]) -> Iterator[tuple[str, str | None]]:
    """Dotted name → file; None for a folder without `__init__.py`."""
    for file in files:
        if file.endswith(".py"):
            parts = file.removesuffix(".py").removesuffix("/__init__").split("/")
            for end in range(1, len(parts)):
                above = "/".join(parts[:end])
                if f"{above}/__init__.py" not in files and f"{above}.py" not in files:
                    yield ".".join(parts[:end]), None
            yield ".".join(parts), file


_OPEN: Any = open
