"""Reference laps on disk: those shipped for the built-in tracks, and the user's own.

One small file each, named by the hash of its setup. A lap that beats the known one replaces it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from racer.errors import BadInput, ResourceError
from racer.raceline.reference import Reference
from racer.raceline.setup import Setup
from racer.sim import cache, jit
from racer.storage import files

SHIPPED = Path(__file__).parent / "data"
_BYTES_MAX = 4 * 2**20


def folder() -> Path | None:
    """The user's references, beside the compiled kernels.

    None where no cache can be written, or where others could have put a lap.
    """
    return cache.beside(jit.CACHE_FOLDER, "references")


def find(setup: Setup) -> Reference | None:
    """The fastest known lap of a setup: shipped, found or driven; None if there is none yet."""
    own = folder()
    places = [SHIPPED / f"{setup.track.name}.{setup.rule}.json"]
    places += [own / f"{setup.key[:32]}.json"] if own else []
    known = [found for place in places if (found := _read(place, setup))]
    return min(known, key=lambda one: one.flying_s, default=None)


def offer(setup: Setup, reference: Reference) -> bool:
    """Keep a lap if none is known that is as fast; returns whether it is the best now.

    A disk that cannot be written loses the lap, and nothing else.
    """
    known = find(setup)
    if known is not None and known.flying_s <= reference.flying_s:
        return False
    own = folder()
    if own is not None:
        with contextlib.suppress(ResourceError, OSError):
            files.write_json(own / f"{setup.key[:32]}.json", reference.to_json())
    return True


def _read(path: Path, setup: Setup) -> Reference | None:
    """The lap in a file; None if there is none of this setup, or it is damaged."""
    try:
        found = Reference.of_json(
            files.read_json(path, limit=_BYTES_MAX, error=BadInput), str(path)
        )
    except BadInput:
        return None
    return found if found.key == setup.key and found.is_sound(setup.control_hz) else None
