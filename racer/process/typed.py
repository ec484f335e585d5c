"""Commands that a person can paste: quoted for their shell, with a `racer` that exists there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

_PLAIN = re.compile(r"[\w@%+=:,./\\-]+")
_LAST = re.compile(r"(\\+)$")  # Windows: these would escape the closing quote


def command(*words: object) -> str:
    """`racer` and words, e.g. `racer watch 'my runs/a'`."""
    return " ".join([program(), *map(quoted, words)])


def quoted(word: object) -> str:
    """A word as the shell takes it whole; one that begins with a dash is no option."""
    text = str(word)
    if text.startswith("-") and os.path.lexists(text):
        text = os.path.join(".", text)
    if os.name != "nt":
        return shlex.quote(text)
    if _PLAIN.fullmatch(text):
        return text
    return '"' + _LAST.sub(r"\1\1", text.replace('"', '\\"')) + '"'


def program() -> str:
    """How to start this racer: its script, by name or by path, else by Python."""
    here = Path(sys.executable).parent
    found = shutil.which("racer")
    if found and Path(found).parent.resolve() in {here.resolve(), *_script_folders()}:
        return "racer"
    for name in ("racer", "racer.exe"):
        if (here / name).is_file():
            return quoted(_nearer(here / name))
    python = shutil.which("python")
    same = python is not None and os.path.realpath(python) == os.path.realpath(sys.executable)
    return f"{'python' if same else quoted(sys.executable)} -m racer"


def _script_folders() -> set[Path]:
    """Where pip puts scripts for this Python."""
    schemes = {sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")}
    return {Path(sysconfig.get_path("scripts", scheme)).resolve() for scheme in schemes}


def _nearer(path: Path) -> str:
    """A path as short as people would type it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # another drive, or the current folder is gone
        return str(path)
    return min(str(path), relative, key=len)
