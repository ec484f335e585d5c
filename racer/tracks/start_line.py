"""The same road with its start line elsewhere on the lap."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from racer.tracks.track import Track

_TURN = 0.5 * (5.0**0.5 - 1.0)  # of a lap from seed to seed: starts never fall together


def of_seed(track: Track, seed: int) -> Track:
    """The same road with its line where a seed puts it; 0 leaves it where it is."""
    return started_at(track, seed * _TURN % 1.0)


@functools.lru_cache(maxsize=64)
def started_at(track: Track, share: float) -> Track:
    """The same road with its line at the waypoint that begins the given part of the lap."""
    if share == 0.0:
        return track
    steps = np.hypot(*np.diff(track.center, axis=0).T)
    along = np.cumsum(steps) - steps
    first = int(np.searchsorted(along, share * track.length)) % len(steps)

    def rolled(line: np.ndarray) -> np.ndarray:
        if len(line) != len(track.center):
            return line  # its points belong to no waypoint, so where it begins does not matter
        found: np.ndarray = np.roll(line[:-1], -first, axis=0)
        return np.concatenate([found, found[:1]])

    center, inner, outer = (rolled(line) for line in (track.center, track.inner, track.outer))
    return dataclasses.replace(track, center=center, inner=inner, outer=outer)
