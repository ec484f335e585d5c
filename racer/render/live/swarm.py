"""The swarm between messages: a training speaks in bursts, the picture moves evenly.

The moments of a message are spread over the time between the last two messages, so the picture is
one message late and never jumps; a car whose episode is new is put at its start.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from racer.render.live.wire import Grid, Swarm

LONGEST_S = 1.5  # between messages; after a longer silence the picture moves on at once
SHORTEST_S = 0.02

Places = NDArray[np.float64]  # (cars, 3) m, m, rad


class Timeline:
    """Where every car is drawn at a time."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._coming: deque[tuple[float, Places, NDArray[np.bool_]]] = deque()
        self._before: tuple[float, Places] | None = None
        self._last = 0.0  # s, when a message came

    def add(self, swarm: Swarm, now: float) -> None:
        """A message that came `now`, s."""
        gap = min(max(now - self._last, SHORTEST_S), LONGEST_S) if self._last else SHORTEST_S
        self._last = now
        moments = len(swarm.poses)
        if self._before is not None and len(self._before[1]) != swarm.poses.shape[1]:
            self._before = None
            self._coming.clear()
        if self._before is not None and not self._coming:
            self._before = now, self._before[1]  # it stood until now
        places = self.grid.metres(swarm.poses)
        for k in range(moments):
            self._coming.append((now + gap * (k + 1) / moments, places[k], swarm.fresh[k]))

    def at(self, now: float) -> tuple[Places, Places] | None:
        """Where the cars are, and where they were a moment before; None before the first.

        A car that just began an episode was where it is.
        """
        while self._coming and self._coming[0][0] <= now:
            when, places, _ = self._coming.popleft()
            self._before = when, places
        if self._before is None:
            return None
        then, old = self._before
        if not self._coming:
            return old, old
        when, new, fresh = self._coming[0]
        part = (now - then) / max(when - then, 1e-9)
        mixed = old + (new - old) * min(max(part, 0.0), 1.0)
        turn = np.remainder(new[:, 2] - old[:, 2] + np.pi, 2 * np.pi) - np.pi
        mixed[:, 2] = old[:, 2] + turn * min(max(part, 0.0), 1.0)
        mixed[fresh] = new[fresh]
        return mixed, np.where(fresh[:, None], mixed, old)
