"""List every reward with its first line and its file."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

from racer import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`racer reward list` has no options."""


def run(args: argparse.Namespace) -> None:
    """Print one line per reward."""
    from racer.reward.file import names

    rows = [(name, _first_line(path), str(path)) for name, path in sorted(names().items())]
    print(console.table(("name", "first line", "file"), rows))


def _first_line(path: Path) -> str:
    try:
        doc = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "does not parse; see racer reward check"
    return doc.split("\n", 1)[0][:68]
