"""Random numbers keyed per car: the same (key, episode, stream) gives the same number anywhere.

Source: splitmix64, Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
"""

from __future__ import annotations

import numpy as np

from racer.sim.jit import helper, inlined

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_STREAMS = np.uint64(16)  # random numbers an episode may draw
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@helper
def _mix(z):
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@helper
def uniform(key, episode, stream):
    """A number in [0, 1) for this car, episode and stream (0..15)."""
    state = _mix(np.uint64(key) * _GOLDEN + _GOLDEN)
    state = _mix(state + (np.uint64(episode) * _STREAMS + np.uint64(stream)) * _GOLDEN)
    return (state >> _S11) * (1.0 / 9007199254740992.0)


@helper
def uniform_of(key, episode, what, index):
    """A number in [0, 1) for one of many things that an episode draws: `what` from 16, any index.

    A stream of its own, which no `uniform` shares.
    """
    state = _mix(np.uint64(key) * _GOLDEN + _GOLDEN)
    state = _mix(state + (np.uint64(episode) * _STREAMS) * _GOLDEN)
    state = _mix(state ^ (np.uint64(what) * _MIX1))
    state = _mix(state + np.uint64(index) * _GOLDEN)
    return (state >> _S11) * (1.0 / 9007199254740992.0)


_GROUP = 1 << 52  # beyond every episode: each group has streams of its own


@inlined
def between(car, group, stream, low, high):
    """A number in [low, high) that lasts an episode of `car`: group from 1, stream 0..15."""
    return low + (high - low) * uniform(car.key, car.episode + group * _GROUP, stream)
