"""Several observations at once, as a Dict with the name of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from racer.sim.native_call import chain
from racer.sim.scene import Scene


class Mixed:
    """A Dict of observations, in the order of their names.

    Args:
        parts: each by its name.
    """

    def __init__(self, parts: dict[str, Any]) -> None:
        self._parts = {name: parts[name] for name in sorted(parts)}
        spaces = {name: part.space for name, part in self._parts.items()}
        self.space: gymnasium.Space[Any] = gymnasium.spaces.Dict(spaces)

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """What its parts remember."""
        found: dict[str, np.ndarray] = {}
        for name, part in self._parts.items():
            kept = getattr(part, "memory", {})
            found |= {f"{name}.{key}": array for key, array in kept.items()}
        return found

    @property
    def horizons(self) -> dict[str, int]:
        """Rows above the horizon of every picture, by its key."""
        seen = {name: getattr(part, "horizons", {}) for name, part in self._parts.items()}
        return {name: rows[""] for name, rows in seen.items() if rows}

    def bind(self, scene: Scene, out: dict[str, np.ndarray]) -> Callable[[], Any]:
        """A call that writes the rows of every array of `out` where `scene.mask` is set."""
        return chain(*(part.bind(scene, out[name]) for name, part in self._parts.items()))
