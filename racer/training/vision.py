"""Networks for pictures: which layers come before the dense ones, and the torch module of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from racer.policy.branches import PIXELS, Branch
from racer.policy.inputs import Part, parts


class Extractor(BaseFeaturesExtractor):
    """What SB3 feeds its dense layers: the branch of every array, one after the other.

    A picture keeps its channels beside each other in memory (`channels_last`): on a CPU its
    convolutions are two to three times as fast so.

    Args:
        space: the observation's.
        described: the branch of each array of `space`.
    """

    def __init__(self, space: gymnasium.Space[Any], described: Sequence[Branch]) -> None:
        seen = parts(space)
        super().__init__(space, sum(b.outputs(p) for b, p in zip(described, seen, strict=True)))
        self.described = tuple(described)
        self._keys = [part.key for part in seen]
        self.branches = nn.ModuleList(
            _layers(branch, part) for branch, part in zip(described, seen, strict=True)
        )

    def forward(self, obs: torch.Tensor | Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(N, features) of N observations; pixels are 0 to 255."""
        found = []
        for key, branch, layers in zip(self._keys, self.described, self.branches, strict=True):
            array = obs[key] if isinstance(obs, Mapping) else obs
            if branch.convs:
                array = array[:, :, branch.crop :] / PIXELS
                array = array.contiguous(memory_format=torch.channels_last)
            found.append(layers(array))
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)


def _layers(branch: Branch, part: Part) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = part.shape[0] if branch.convs else 0
    for filters, kernel, stride in branch.convs:
        layers += [nn.Conv2d(channels, filters, kernel, stride), nn.ReLU()]
        channels = filters
    layers.append(nn.Flatten())
    inputs = branch.flat(part)
    for width in branch.dense:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers)
