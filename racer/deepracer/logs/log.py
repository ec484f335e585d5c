"""Log: what the official simulator wrote about episodes, one row per step, in its own units."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from racer.sim.types import STATUS_LABELS

# Ours first, so that a status of ours has the same number in a log.
LOG_STATUSES = (*STATUS_LABELS, "prepare", "pause", "park")
PREPARE, PAUSE, PARK = (LOG_STATUSES.index(s) for s in ("prepare", "pause", "park"))

LOG = np.dtype(
    [
        ("episode", "i8"),
        ("steps", "i8"),
        ("x", "f8"),  # m, nose of the car, before the action
        ("y", "f8"),
        ("yaw_deg", "f8"),
        ("steer_deg", "f8"),  # commanded
        ("speed", "f8"),  # m/s, commanded
        ("action", "i8"),  # index of the action list; -1 for continuous actions
        ("reward", "f8"),
        ("done", "?"),
        ("all_wheels_on_track", "?"),
        ("progress", "f8"),  # %
        ("closest_waypoint", "i8"),  # the nearer of the two
        ("track_len", "f8"),  # m
        ("tstamp", "f8"),  # s of simulation, when the step was judged: one frame after the pose
        ("status", "i8"),  # index into LOG_STATUSES
        ("pause_duration", "f8"),  # s
        ("crashes", "i8"),  # with obstacles, so far in the episode; 0 in logs before 2024
        ("line", "i8"),  # of the file, from 1
    ],
    align=True,
)


@dataclass(frozen=True, eq=False)
class Log:
    """One sim-trace.

    Args:
        source: file it came from, for messages.
        rows: (R,) LOG, at least one; episodes are consecutive, steps rise within them.
        rounded: numbers have four digits (text logs) instead of all.
        notes: what was odd about the file, one sentence each; empty when nothing was.
    """

    source: str
    rows: np.ndarray
    rounded: bool = False
    notes: tuple[str, ...] = ()

    def episodes(self) -> list[slice]:
        """The rows of each episode, in order."""
        return _cut(self._starts())

    def runs(self) -> list[slice]:
        """Stretches of one episode without a missing step."""
        return _cut(self._starts() | (np.diff(self.rows["steps"]) != 1))

    def sections(self) -> np.ndarray:
        """(R,) how often episode numbers have begun again: workers or restarts in one file."""
        again = np.diff(self.rows["episode"]) < 0
        again |= (np.diff(self.rows["episode"]) == 0) & (np.diff(self.rows["steps"]) < 0)
        return np.concatenate([[0], np.cumsum(again)])

    def noted(self, notes: Sequence[str]) -> Log:
        """The same log with more notes."""
        return dataclasses.replace(self, notes=(*self.notes, *notes))

    def _starts(self) -> np.ndarray:
        """(R - 1,) bool: does row i + 1 begin an episode?"""
        other: np.ndarray = np.diff(self.rows["episode"]) != 0
        return other | (np.diff(self.rows["steps"]) < 0)


def _cut(starts: np.ndarray) -> list[slice]:
    edges = [0, *(np.flatnonzero(starts) + 1).tolist(), len(starts) + 1]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]
