"""What a network of dense layers is fed: an observation of any shape as one row of numbers.

The arrays of an observation are flattened and put one after the other, in the order of the space.
That is what the FlattenExtractor and CombinedExtractor of Stable-Baselines3 do, so its models and
our player see the same row. Needs no Gymnasium.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

MAX_INPUTS = 4096


class Part(NamedTuple):
    """One array of an observation."""

    key: str  # in the Dict; "" when the observation is this array
    shape: tuple[int, ...]  # of one car
    dtype: str  # as NumPy calls it, e.g. "uint8"

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        return math.prod(self.shape)


def parts(space: Any) -> tuple[Part, ...]:
    """The arrays of a Gymnasium Box, or of a Dict of Boxes, in the order of the row."""
    boxes = getattr(space, "spaces", {"": space})
    return tuple(
        Part(str(key), tuple(map(int, box.shape)), str(box.dtype)) for key, box in boxes.items()
    )


def is_row(parts: Sequence[Part]) -> bool:
    """Whether the observation is the row already: a Box of one axis of float32 numbers."""
    return (
        len(parts) == 1
        and (parts[0].key, parts[0].dtype) == ("", "float32")
        and (len(parts[0].shape) == 1)
    )


def is_picture(part: Part) -> bool:
    """Whether an array is one: channels, height and width of pixels."""
    return part.dtype == "uint8" and len(part.shape) == 3


def rows(parts: Sequence[Part], obs: Any) -> np.ndarray:
    """The row of each of N cars.

    Args:
        parts: of the space.
        obs: an array (N, *shape) or a dict of them.

    Returns:
        (N, sum of sizes) float32, unscaled; what is such a row already is not copied.
    """
    flat = []
    for one in parts:
        array = np.asarray(obs[one.key] if isinstance(obs, dict) else obs, np.float32)
        flat.append(array.reshape(len(array), one.size))
    return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)


def shown(parts: Sequence[Part]) -> str:
    """An observation for people: "21 numbers", or "lidar of shape (5, 4), speed of shape (1,)"."""
    if len(parts) == 1 and not parts[0].key:
        shape = parts[0].shape
        return f"{shape[0]} numbers" if len(shape) == 1 else f"an array of shape {shape}"
    return ", ".join(f"{one.key} of shape {one.shape}" for one in parts)
