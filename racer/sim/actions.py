"""Decode: actions to commands, (N, 2) steering angle (deg) and speed (m/s)."""

from __future__ import annotations

import math

import numpy as np

from racer.sim.jit import kernel


@kernel
def decode_continuous(actions, low, high, commands):
    """Actions in [-1, 1], clipped, to commands (deg, m/s).

    Args:
        actions: (N, 2) float32: steering, speed.
        low, high: (2,) steering angle (deg) and speed (m/s) at -1 and 1.
        commands: (N, 2) out; untouched when an action is not a number.

    Returns:
        -1 - the index of the first car whose action is not finite, or 0.
    """
    for i in range(actions.shape[0]):
        if not (math.isfinite(actions[i, 0]) and math.isfinite(actions[i, 1])):
            return -1 - i
    for i in range(actions.shape[0]):
        for k in range(2):
            a = min(max(np.float64(actions[i, k]), -1.0), 1.0)
            commands[i, k] = low[k] + 0.5 * (a + 1.0) * (high[k] - low[k])
    return 0


@kernel
def decode_discrete(actions, table, commands):
    """Indices of the action list to commands (deg, m/s); none is written if one is wrong.

    Returns:
        -1 - the index of the first car whose action is not in the list; or 0.
    """
    for i in range(actions.size):
        if not 0 <= actions[i] < table.shape[0]:
            return -1 - i
    for i in range(actions.size):
        commands[i, 0] = table[actions[i], 0]
        commands[i, 1] = table[actions[i], 1]
    return 0
