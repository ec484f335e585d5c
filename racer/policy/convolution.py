"""Branches without torch: convolutions and dense layers in float64, every sum in one fixed order.

For each place of a filter's output, its filters are added side by side, weight after weight: the
inner loop is over filters, so vector units do it and no sum depends on the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from racer.policy.branches import PIXELS, Branch
from racer.policy.inputs import Part
from racer.sim.jit import kernel

Array = npt.NDArray[Any]


def run_branch(branch: Branch, part: Part, tensors: Mapping[str, Array], obs: Array) -> Array:
    """What a branch makes of (N, *part.shape): (N, outputs) float64."""
    values = obs.astype(np.float64)
    if branch.convs:
        values = np.ascontiguousarray(values[:, :, branch.crop :]) / PIXELS
    for k, (filters, _, stride) in enumerate(branch.convs):
        weight = tensors[f"{2 * k}.weight"].astype(np.float64)
        weight = np.ascontiguousarray(weight.transpose(1, 2, 3, 0))  # filters last
        _, height, width = branch.sizes(part)[k + 1]
        out = np.empty((len(values), filters, height, width))
        _convolve(values, weight, tensors[f"{2 * k}.bias"].astype(np.float64), stride, out)
        values = out
    values = np.ascontiguousarray(values.reshape(len(values), -1))
    for k in range(len(branch.dense)):
        at = 2 * len(branch.convs) + 1 + 2 * k
        weight = np.ascontiguousarray(tensors[f"{at}.weight"].T.astype(np.float64))
        out = np.empty((len(values), weight.shape[1]))
        _dense(values, weight, tensors[f"{at}.bias"].astype(np.float64), out)
        values = out
    return values


@kernel
def _convolve(x, weight, bias, stride, out):  # type: ignore[no-untyped-def]
    """ReLU of a convolution; x (N, C, H, W), weight (C, K, K, F), out (N, F, H', W')."""
    size = weight.shape[1]
    sums = np.empty(bias.size)
    for i in range(out.shape[0]):
        for row in range(out.shape[2]):
            for column in range(out.shape[3]):
                for f in range(bias.size):
                    sums[f] = bias[f]
                for c in range(x.shape[1]):
                    for j in range(size):
                        for k in range(size):
                            value = x[i, c, row * stride + j, column * stride + k]
                            filters = weight[c, j, k]
                            for f in range(filters.size):
                                sums[f] += value * filters[f]
                for f in range(bias.size):
                    out[i, f, row, column] = max(sums[f], 0.0)


@kernel
def _dense(x, weight, bias, out):  # type: ignore[no-untyped-def]
    """ReLU of a dense layer; x (N, I), weight (I, O), out (N, O)."""
    for i in range(out.shape[0]):
        row = out[i]
        for j in range(row.size):
            row[j] = bias[j]
        for k in range(x.shape[1]):
            value = x[i, k]
            to = weight[k]
            for j in range(to.size):
                row[j] += value * to[j]
        for j in range(row.size):
            row[j] = max(row[j], 0.0)
