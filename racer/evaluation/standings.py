"""Standings: who is where in a race, and what changes in it: laps, passes, crashes, faults.

Only numbers come in, so a race made by hand has the same standings as one that was driven.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# What became of a car.
DRIVING, FINISHED, OUT, LATE = "driving", "finished", "out", "time up"


class Event(NamedTuple):
    """Something that happened to a car.

    Attributes:
        time_s: since the start.
        kind: "crossing", "overtake", "crash", a fault such as "off_track", or "out".
        car: who: it crossed the line, passed, is to blame, or made the fault.
        other: whom it passed or hit; -1 for nobody.
        lap: of the car, from 1; of a crossing the lap that it completed.
        progress_pct: place on that lap.
        position: of the car then, from 1.
        gap_s: of a crossing, to the first car that completed this lap.
        lap_s: of a crossing, what the lap took.
        held: of an overtake, the other was being held for a penalty.
    """

    time_s: float
    kind: str
    car: int
    other: int = -1
    lap: int = 1
    progress_pct: float = 0.0
    position: int = 0
    gap_s: float = 0.0
    lap_s: float = 0.0
    held: bool = False

    def words(self, names: Sequence[str]) -> str:
        """One sentence for people."""
        who, lap = names[self.car], f"lap {self.lap}"
        where = f"{lap}, {self.progress_pct:.0f} %"
        if self.kind == "crossing":
            gap = f", {self.gap_s:+.2f} s" if self.gap_s else ""
            return f"{who} completes {lap} in {self.lap_s:.2f} s, place {self.position}{gap}"
        if self.kind == "overtake":
            how = "passes the waiting" if self.held else "passes"
            return f"{who} {how} {names[self.other]} ({where}), now place {self.position}"
        if self.kind == "crash":
            return f"{who} crashes into {names[self.other]} ({where}), at fault: {who}"
        if self.kind == "out":
            return f"{who} is out: too many faults in {lap}"
        return f"{who} is {self.kind.replace('_', ' ')} ({where})"

    def to_json(self, names: Sequence[str]) -> dict[str, Any]:
        """As plain values, with names; only the fields that its kind has."""
        found: dict[str, Any] = {"time_s": self.time_s, "car": names[self.car], "lap": self.lap}
        if self.kind == "crossing":
            return found | {"lap_s": self.lap_s, "place": self.position, "gap_s": self.gap_s}
        found["progress_pct"] = self.progress_pct
        if self.kind == "overtake":
            passed = {"passed": names[self.other], "place": self.position}
            return found | passed | {"was_held": self.held}
        if self.kind == "crash":
            return found | {"hit": names[self.other], "at_fault": names[self.car]}
        return found | {"kind": self.kind}


class Standings:
    """Of `count` cars over `laps` laps.

    Args:
        places: (N,) m along the race at the start: laps times length plus the place on the lap.
        length: of a lap, m.
        laps: of the race.
        car_m: who leads by so much has passed; two cars side by side do not pass each other
            at every step.
    """

    def __init__(self, places: NDArray[np.float64], length: float, laps: int, car_m: float) -> None:
        self.count, self.laps, self.length, self._car_m = len(places), laps, length, car_m
        self.status = [DRIVING] * self.count
        self.places = places.copy()
        self.done = [0] * self.count  # laps completed
        self.crossed: list[list[float]] = [[] for _ in range(self.count)]  # s, of each lap
        self.events: list[Event] = []
        self._first: dict[int, float] = {}  # lap → when the first car completed it
        self._ahead = places[:, None] > places[None, :]

    @property
    def driving(self) -> NDArray[np.bool_]:
        """(N,) bool, who is still in the race."""
        return np.array([status == DRIVING for status in self.status])

    @property
    def decided(self) -> bool:
        """Whether a car has driven the whole distance: the others finish their lap."""
        return max(self.done) >= self.laps

    def order(self) -> list[int]:
        """Cars from the first to the last: by distance, then by time; who is out comes last."""

        def rank(i: int) -> tuple[bool, float, float, int]:
            time = self.crossed[i][-1] if self.status[i] == FINISHED else math.inf
            return self.status[i] == OUT, -float(self.places[i]), time, i

        return sorted(range(self.count), key=rank)

    def cross(self, lines: Sequence[tuple[float, int]]) -> None:
        """Cars crossed the line.

        Args:
            lines: when, s, and which car; in one step perhaps several.
        """
        for time, i in sorted(lines):
            began = self.crossed[i][-1] if self.crossed[i] else 0.0
            self.done[i] += 1
            self.crossed[i].append(time)
            lap = self.done[i]
            gap = time - self._first.setdefault(lap, time)
            if lap >= self.laps or self.decided:
                self.status[i] = FINISHED
            self.places[i] = lap * self.length
            position = self.order().index(i) + 1
            self.events.append(
                Event(
                    time, "crossing", i, lap=lap, position=position, gap_s=gap, lap_s=time - began
                )
            )

    def move(self, time: float, places: NDArray[np.float64], held: NDArray[np.bool_]) -> None:
        """Cars are at `places` (N,) m now; those in `held` (N,) bool wait for their penalty."""
        driving = self.driving
        self.places = np.where(driving, places, self.places)
        lead = self.places[:, None] - self.places[None, :] > self._car_m
        racing = driving[:, None] & driving[None, :]
        passed = racing & lead & ~self._ahead
        self._ahead = np.where(passed, True, np.where(passed.T, False, self._ahead))
        for i, j in np.argwhere(passed).tolist():
            self._note(time, "overtake", i, j, held=bool(held[j]))

    def fault(self, time: float, kind: str, car: int, other: int = -1) -> None:
        """A car is to blame for something."""
        self._note(time, kind, car, other)

    def retire(self, time: float, car: int) -> None:
        """A car leaves the race."""
        self._note(time, "out", car)
        self.status[car] = OUT

    def stop(self) -> None:
        """Time is up for all that still drive."""
        self.status = [LATE if one == DRIVING else one for one in self.status]

    def _note(self, time: float, kind: str, car: int, other: int = -1, held: bool = False) -> None:
        progress = float(self.places[car] / self.length - self.done[car])
        position = self.order().index(car) + 1
        lap = self.done[car] + 1
        share = 100.0 * min(max(progress, 0.0), 1.0)
        self.events.append(Event(time, kind, car, other, lap, share, position, held=held))
