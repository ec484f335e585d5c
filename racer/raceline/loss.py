"""Where a lap loses time to the reference: bend by bend and straight by straight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.raceline.line import bends, waypoint_at
from racer.tracks import Track

APPROACH = 0.5  # m before a bend that belong to it
SHORTEST = 0.8  # m; a shorter straight belongs to the bend after it
WORTH = 0.01  # s; less is not told
NOTABLE = 0.1  # m/s


@dataclass(frozen=True)
class Loss:
    """One section of a lap.

    Args:
        first, last: waypoints.
        start_m, end_m: along the centre line.
        seconds: lost there; negative if gained.
        bend: or a straight.
        why: for people.
    """

    first: int
    last: int
    start_m: float
    end_m: float
    seconds: float
    bend: bool
    why: str

    def __str__(self) -> str:
        kind = "in the bend" if self.bend else "on the straight"
        return f"{self.seconds:.2f} s {kind} at waypoints {self.first}-{self.last}: {self.why}"


def losses(mine: NDArray[np.void], best: NDArray[np.void], track: Track) -> list[Loss]:
    """Every section in driving order; their seconds add up to the difference of the lap times.

    Args:
        mine, best: (P,) POINT of a lap each, as `points_of` makes them.
    """
    return [_loss(mine, best, track, a, b, bend) for a, b, bend in _sections(best, track.length)]


def worst(
    mine: NDArray[np.void], best: NDArray[np.void], track: Track, count: int = 3
) -> list[Loss]:
    """The places that cost most time."""
    found = [one for one in losses(mine, best, track) if one.seconds >= WORTH]
    return sorted(found, key=lambda one: -one.seconds)[:count]


def _sections(best: NDArray[np.void], length: float) -> list[tuple[float, float, bool]]:
    """(start, end, bend?) along the centre line, from 0 to its length, without gaps."""
    sections: list[tuple[float, float, bool]] = []
    done = 0.0
    for bend in bends(best):
        start = max(done, float(best["place"][bend.first]) - APPROACH)
        end = min(max(float(best["place"][bend.last]), start), length)
        if start - done >= SHORTEST:
            sections.append((done, start, False))
            done = start
        sections.append((done, end, True))
        done = end
    if length - done >= SHORTEST or not sections:
        sections.append((done, length, False))
    else:
        start, _, bend_last = sections[-1]
        sections[-1] = (start, length, bend_last)
    return sections


def _loss(
    mine: NDArray[np.void],
    best: NDArray[np.void],
    track: Track,
    start: float,
    end: float,
    bend: bool,
) -> Loss:
    took = [_at(lap, "time", end, track) - _at(lap, "time", start, track) for lap in (mine, best)]
    first, last = waypoint_at(track, start), waypoint_at(track, min(end, track.length - 1e-6))
    why = _why(mine, best, track, (start, end), bend)
    return Loss(first, last, start, end, took[0] - took[1], bend, why)


def _at(lap: NDArray[np.void], name: str, place: float, track: Track) -> float:
    """`name` at a place; at the line itself the lap's own ends."""
    if place <= 0.0:
        return float(lap[name][0])
    if place >= track.length:
        return float(lap[name][-1])
    return float(np.interp(place, np.maximum.accumulate(lap["place"]), lap[name]))


def _why(
    mine: NDArray[np.void],
    best: NDArray[np.void],
    track: Track,
    ends: tuple[float, float],
    bend: bool,
) -> str:
    entry, leaving = (_at(mine, "v", p, track) - _at(best, "v", p, track) for p in ends)
    speeds, driven = [], []
    for lap in (mine, best):
        inside = (lap["place"] >= ends[0]) & (lap["place"] <= ends[1])
        speeds.append(float(lap["v"][inside].min() if inside.any() else lap["v"][0]))
        driven.append(_at(lap, "s", ends[1], track) - _at(lap, "s", ends[0], track))
    middle, farther = speeds[0] - speeds[1], driven[0] - driven[1]
    if bend and entry > NOTABLE and leaving < -NOTABLE:
        return f"entered {entry:.1f} m/s too fast and left {-leaving:.1f} m/s too slow"
    if entry < -NOTABLE and entry <= middle:
        return f"{'entered' if bend else 'came in'} {-entry:.1f} m/s too slow"
    if middle < -NOTABLE:
        return f"{-middle:.1f} m/s slower at the slowest place"
    if leaving < -NOTABLE:
        return f"left {-leaving:.1f} m/s too slow"
    if farther > 0.05:
        return f"drove {farther:.2f} m farther"
    return "a little slower throughout"
