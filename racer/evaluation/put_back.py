"""Where a car goes on after a fault in a time trial or a race."""

from __future__ import annotations

import math
from typing import Any

from racer.evaluation.protocol import Protocol
from racer.race import Race
from racer.sim.params import fill_places
from racer.sim.progress import lap_progress, place
from racer.sim.types import BOX, CRASHED

_CLEAR = 0.05  # m
_BEHIND, _BEYOND = 1.0, -1.0  # m before a box where a car is put back; beyond it, for mercy
_NEAR_END = 0.2  # m
_POSE = ("x", "y", "yaw", "nose_x", "nose_y", "s", "n", "segment", "wheels_off")


class Put:
    """Puts cars of a world back, and remembers at which box since their lap began."""

    def __init__(self, race: Race, rules: Protocol) -> None:
        self.race, self.rules = race, rules
        # of each car the box of its last fault, and how many were there in a row
        self._mercy = [(-1, 0)] * race.n

    def back(self, before: Any, status: int) -> None:
        """Place the first car for its next try.

        Args:
            before: CAR, as it was a step before the fault.
            status: the fault.
        """
        race, car = self.race, self.race.cars[0]
        steps, laps = int(car["steps"]), car["laps"]
        progress = self.among(0, before, status) if race.among else self._back_alone(before)
        car["steps"], car["laps"] = steps, laps
        self._measure_held(car, progress)

    def _back_alone(self, before: Any) -> float:
        """Where it was a step before the fault, in the middle of the nearer half of the road."""
        race = self.race
        progress = float(before["progress_before"])
        along = progress / 100.0 * race.track.length
        # with its nose behind the finish: being put back is no way to complete a lap
        along = min(along, race.track.length - float(race.vehicle["nose"][0]) - _CLEAR)
        s = float(before["start_s"]) + along
        width = float(race.track.nearest(before["nose_x"], before["nose_y"])["width"][0])
        lane = math.copysign(0.25 * width, float(before["n"]))
        place(race.cars[0], race.track.arrays, race.vehicle[0], s, 0.0, lane)
        return progress

    def among(self, i: int, before: Any, status: int) -> float:
        """Car `i` by the rules of a road that is shared; a car that hit another is not moved.

        After a crash with a box its progress counts, after other faults that of a step before.

        Returns:
            the progress that it goes on with, %.
        """
        race, car = self.race, self.race.cars[i]
        hit = int(race.hits[i]) - 1
        crashed = status == CRASHED
        now = float(before["progress"] if crashed else before["progress_before"])
        assert race.among
        if crashed and race.objects["kind"][0, hit] != BOX:
            for name in _POSE:
                car[name] = before[name]
            car["v"], car["yaw_rate"], car["slip"] = 0.0, 0.0, 0.0
            return now
        # as officially counted from the line, wherever the lap began
        s = min(now / 100.0 * race.track.length, race.track.length - _NEAR_END)
        at = float(before["x"]), float(before["y"])
        last, count = self._mercy[i]
        box = race.among.put_back(race, i, s, at, _BEHIND)
        if box == last and count + 1 == self.rules.mercy > 0:
            race.among.put_back(race, i, float(race.objects["s"][0, box]), at, _BEYOND)
            self._mercy[i] = (box, 0)
        elif box >= 0:
            self._mercy[i] = (box, count + 1 if box == last else 1)
        return now

    def _measure_held(self, car: Any, before: float) -> None:
        """Progress and params of a car that was just placed; nothing scores while it is held."""
        race, length = self.race, self.race.track.length
        progress = lap_progress(float(car["s"]) / length, float(car["start_s"]) / length, before)
        car["progress"] = car["progress_before"] = progress
        fill_places(race.cars, race.params, race.track.arrays)
        race.rewards[:] = 0.0
