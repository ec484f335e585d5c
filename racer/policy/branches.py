"""Branches: what comes before the dense layers, for each array that a policy sees.

A picture goes through convolutions and is flattened; numbers are flattened; either may go through
dense layers of its own. The results, one after the other, are the inputs of the network.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from racer.policy.inputs import Part

PIXELS = 255.0  # what a pixel is divided by
MAX_FEATURES = 262_144  # numbers of a picture after its convolutions
_MAX_CONVS, _MAX_DENSE = 8, 4


class Branch(NamedTuple):
    """What one array goes through, with a ReLU after every layer.

    Attributes:
        crop: rows that are cut off at the top of a picture.
        convs: filters, kernel and stride of each convolution; none for numbers. No padding.
        dense: sizes of the layers after flattening.
    """

    crop: int = 0
    convs: tuple[tuple[int, int, int], ...] = ()
    dense: tuple[int, ...] = ()

    def sizes(self, part: Part) -> list[tuple[int, int, int]]:
        """Channels, height and width before each convolution and after the last.

        Raises:
            ValueError: the picture is too small for them.
        """
        if not self.convs:
            return []
        channels, height, width = part.shape
        found = [(channels, height - self.crop, width)]
        for filters, kernel, stride in self.convs:
            _, height, width = found[-1]
            if min(height, width) < kernel:
                raise ValueError(
                    f"a picture of {part.shape[2]} x {part.shape[1]} pixels is too small"
                )
            found.append((filters, (height - kernel) // stride + 1, (width - kernel) // stride + 1))
        return found

    def flat(self, part: Part) -> int:
        """How many numbers there are before the dense layers."""
        sizes = self.sizes(part)
        return math.prod(sizes[-1]) if sizes else part.size

    def outputs(self, part: Part) -> int:
        """How many numbers come out."""
        return self.dense[-1] if self.dense else self.flat(part)

    def shapes(self, part: Part) -> dict[str, tuple[int, ...]]:
        """Tensor name → shape, as in a torch Sequential with a ReLU after every layer."""
        found: dict[str, tuple[int, ...]] = {}
        channels = part.shape[0] if self.convs else 0
        for k, (filters, kernel, _) in enumerate(self.convs):
            found[f"{2 * k}.weight"] = (filters, channels, kernel, kernel)
            found[f"{2 * k}.bias"] = (filters,)
            channels = filters
        inputs = self.flat(part)
        for k, width in enumerate(self.dense):
            at = 2 * len(self.convs) + 1 + 2 * k  # after Flatten
            found[f"{at}.weight"] = (width, inputs)
            found[f"{at}.bias"] = (width,)
            inputs = width
        return found


def read_branch(described: Any) -> Branch:
    """A branch of a file's header, which may come from anyone.

    Raises:
        TypeError, ValueError: it is none.
    """
    crop, convs, dense = described
    branch = Branch(crop, tuple(tuple(conv) for conv in convs), tuple(dense))
    numbers = [crop, *(n for conv in branch.convs for n in conv), *branch.dense]
    if not all(type(n) is int and 0 <= n <= 8192 for n in numbers):
        raise ValueError(f"a branch {described!r}")
    if len(branch.convs) > _MAX_CONVS or len(branch.dense) > _MAX_DENSE:
        raise ValueError("too many layers in a branch")
    if any(len(conv) != 3 or min(conv) < 1 for conv in branch.convs) or 0 in branch.dense:
        raise ValueError(f"a branch {described!r}")
    return branch


def check_branch(branch: Branch, part: Part) -> None:
    """Refuse a branch that its array does not fit.

    Raises:
        ValueError: says why.
    """
    if branch.convs and (len(part.shape) != 3 or branch.crop >= part.shape[1]):
        raise ValueError(f"convolutions over {part.shape}")
    if branch.crop and not branch.convs:
        raise ValueError("rows cut off an array of numbers")
    if branch.flat(part) > MAX_FEATURES:
        raise ValueError(f"{branch.flat(part)} numbers after convolutions")
