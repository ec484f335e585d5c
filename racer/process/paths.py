"""Paths that people type: asking whether one exists answers no, whatever was typed."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str | Path) -> Path:
    """The path with `~` expanded; of a user who is not there it stays as it is."""
    return Path(os.path.expanduser(text))


def is_file(path: Path) -> bool:
    """Is it a file? No for a name that no file system takes, or that we may not look at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Is it a folder? No likewise."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Is there anything? No likewise."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
