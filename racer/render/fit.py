"""A replay file that is small enough for a mail: the laps that fit, the best ones first.

Five laps of a usual road fit all. A step takes some 10 bytes, so those of a slow car on a long road
do not; then the page and the command say which laps are in the file.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from racer.render import html, scene
from racer.render.ghosts import Ghost, Pace
from racer.render.scene import Playback
from racer.sim.types import LAP_COMPLETE
from racer.tracks import Track

SIZE_MAX = 40_000  # bytes


class Fitted(NamedTuple):
    """A replay file.

    Attributes:
        text: of the file.
        laps: how many are in it.
        of: how many were recorded.
    """

    text: str
    laps: int
    of: int


def page(
    playback: Playback,
    *,
    most: int = SIZE_MAX,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    reward: str = "",
) -> Fitted:
    """The page of as many laps as `most` bytes hold, and at least of one. A race has all its cars.

    Raises:
        UsageError: nothing to show.
    """

    def made(laps: Sequence[int]) -> str:
        shares = [pace.shares[k] for k in laps if k < len(pace.shares)] if pace else []
        return html.page(
            Some.of(playback, laps), numbers=laps, speed=speed, ghosts=ghosts, reward=reward,
            pace=dataclasses.replace(pace, shares=shares) if pace else None,
        )  # fmt: skip

    text = html.page(playback, speed=speed, ghosts=ghosts, pace=pace, reward=reward)
    laps = len(playback.episodes())
    if len(text) <= most or "race" in playback.meta:
        return Fitted(text, laps, laps)
    best = sorted(range(laps), key=lambda k: _rank(playback, k))
    fits, more = 1, laps  # so many do, so many do not
    text = made(best[:1])
    while more - fits > 1:
        middle = (fits + more) // 2
        tried = made(sorted(best[:middle]))
        if len(tried) <= most:
            fits, text = middle, tried
        else:
            more = middle
    return Fitted(text, fits, laps)


@dataclass(frozen=True, eq=False)
class Some:
    """Some laps of what can be played, and a note that says so."""

    track: Track
    rows: NDArray[np.void]
    dt: float
    meta: dict[str, Any]
    note: str
    objects: NDArray[np.void]
    parts: tuple[slice, ...]

    @classmethod
    def of(cls, playback: Playback, laps: Sequence[int]) -> Some:
        """The laps of these numbers."""
        every = playback.episodes()
        chosen = np.concatenate([np.arange(every[k].start, every[k].stop) for k in laps])
        ends = np.cumsum([every[k].stop - every[k].start for k in laps]).tolist()
        times = [scene.seconds_of(playback, k, every[k].stop - every[k].start) for k in laps]
        said = f"{len(laps)} of {len(every)} laps, so that the file is small"
        around = playback.objects
        return cls(
            playback.track,
            playback.rows[chosen],
            playback.dt,
            playback.meta | {"lap_times_s": times},
            f"{playback.note}; {said}" if playback.note else said,
            around[chosen] if around.shape[1] else around,
            tuple(slice(a, b) for a, b in itertools.pairwise([0, *ends])),
        )

    def episodes(self) -> list[slice]:
        """Rows of each lap."""
        return list(self.parts)


def _rank(playback: Playback, number: int) -> tuple[bool, float]:
    """Complete ones first, the fastest of them; then those that came furthest."""
    part = playback.episodes()[number]
    rows = playback.rows[part]
    if rows["status"][-1] == LAP_COMPLETE:
        return False, scene.seconds_of(playback, number, len(rows))
    return True, -float(np.nan_to_num(rows["params"]["progress"].max()))
