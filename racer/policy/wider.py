"""A policy that sees more: numbers are added behind those that it knows."""

from __future__ import annotations

import dataclasses

import numpy as np

from racer.policy.player import Policy


def widened(policy: Policy, inputs: int) -> Policy:
    """The same policy for observations of more numbers, to go on learning from.

    The weights of the new numbers are zero: it drives as before until it learns what they are for.

    Args:
        policy: of dense layers that see one row of numbers.
        inputs: how many numbers it is to see; those that it knows come first.
    """
    old = policy.network
    network = dataclasses.replace(old, inputs=inputs)
    weights = {}
    for name, shape in network.shapes().items():
        tensor = policy.weights[name]
        if tensor.shape != shape:  # a first layer; SAC's critics see actions behind the observation
            known, actions = tensor[:, : old.inputs], tensor[:, old.inputs :]
            new = np.zeros((len(tensor), inputs - old.inputs), tensor.dtype)
            tensor = np.concatenate([known, new, actions], axis=1)
        weights[name] = tensor
    return Policy(network, weights, policy.about)
