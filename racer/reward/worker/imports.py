"""Import what a reward file will, while its process can still read files.

The standard library and a few well-known packages; nothing from the user's folders. What a file
imports is found in its text: import statements, `import_module("statistics")`, parts of packages
that are imported when they are first named (`scipy.spatial`), modules that a function of the
standard library imports at its first call (`strptime`), and text encodings.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import importlib
import re
import sys
from collections.abc import Iterable, Iterator

LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "test", "lib2to3", "tkinter"}
NUMPY_PARTS = ("random", "linalg", "fft", "polynomial", "ma")
LATE = {  # module → what its functions import when they are called, or a name → what it does
    "ast": ("inspect",),
    "collections": ("copy", "heapq"),
    "concurrent.futures": ("concurrent.futures.thread",),
    "functools": ("typing", "weakref"),
    "ipaddress": ("re",),
    "numpy.load": ("zipfile", "encodings.cp437"),  # of .npz
    "operator": ("functools",),
    "strptime": ("_strptime",),
    "traceback": ("ast", "unicodedata"),
    "types": ("functools",),
    "uuid": ("hashlib", "random"),
    "weakref": ("atexit", "copy", "gc"),
}
_ENCODING = re.compile(r"[A-Za-z][\w-]{1,19}")


def preload(trees: Iterable[ast.AST], third_party: Iterable[str]) -> None:
    """Import all that the texts may need; what fails fails again when the file asks for it."""
    for name in ("random", "encodings.ascii", "encodings.latin_1", "encodings.idna"):
        importlib.import_module(name)
    tops = (set(sys.stdlib_module_names) - LEFT_OUT) | set(third_party)
    for tree in trees:
        for name in dict.fromkeys(_with_late(wanted(tree))):
            if name.partition(".")[0] in tops:
                with contextlib.suppress(BaseException):
                    _import(name)
        for text in sorted(set(_texts(tree))):
            if _ENCODING.fullmatch(text):
                with contextlib.suppress(Exception):
                    codecs.lookup(text)


def _import(name: str) -> None:
    """Import a module; of `numpy.*` also what the package imports when it is first named."""
    module = importlib.import_module(name.removesuffix(".*"))
    for part in getattr(module, "__all__", ()) if name.endswith(".*") else ():
        with contextlib.suppress(BaseException):
            getattr(module, part)


def _with_late(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield from LATE.get(name, LATE.get(name.rpartition(".")[2], ()))
        if name.partition(".")[0] == "numpy":
            yield from (f"numpy.{part}" for part in NUMPY_PARTS)


def wanted(tree: ast.AST) -> Iterator[str]:
    """Modules that a file may import anywhere; some of the names are no modules."""
    called: dict[str, str] = {}  # name here → dotted name
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                called[alias.asname or alias.name] = alias.name
                called.setdefault(alias.name.partition(".")[0], alias.name.partition(".")[0])
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            for alias in node.names:
                called[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args:
            function, first = ast.unparse(node.func).rpartition(".")[2], node.args[0]
            if function in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield str(first.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _parts(node, called)


def _parts(node: ast.expr, called: dict[str, str]) -> Iterator[str]:
    """`sp.spatial.KDTree` → scipy.spatial.KDTree, where `sp` is scipy."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id in called:
        yield ".".join([called[node.id], *names])


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
