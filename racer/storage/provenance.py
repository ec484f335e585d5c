"""Where numbers come from: versions, platform and git revision, for a run to record."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

_PACKAGES = ("racer", "numpy", "numba", "gymnasium", "stable_baselines3", "torch", "safetensors")


def versions() -> dict[str, str]:
    """The versions that a run's numbers depend on; imports none of them."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def system() -> dict[str, str]:
    """The operating system and the kind of processor."""
    return {"system": platform.system(), "machine": platform.machine()}


def git_revision(folder: Path) -> str | None:
    """The commit `folder` is at, with `+` when files differ from it; None outside git."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        return f"{head}+" if _git(folder, "status", "--porcelain", "-uno") else head
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    return done.stdout.strip()
