"""A race of trained cars in one world: from the grid until the first has finished.

Every car is driven by its own policy. Faults are those of a time trial: a car that leaves the road,
goes back or stands still is put back in the nearer lane, one that crashed into another stays where
it is, and both wait for their penalty while the others drive on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.config import RaceConfig
from racer.evaluation.classification import Classification, Placed
from racer.evaluation.entrants import Entrant, Seats
from racer.evaluation.protocol import FAULTS, PROTOCOLS, Protocol
from racer.evaluation.put_back import Put
from racer.evaluation.standings import Event, Standings
from racer.race import make_race
from racer.recording.trace import TRACE, Trace, seen
from racer.sim.progress import lap_progress
from racer.sim.types import (
    CRASHED,
    IN_PROGRESS,
    LAP_COMPLETE,
    STATUS_LABELS,
    scalars,
)
from racer.tracks import Track

RULES = dataclasses.replace(PROTOCOLS["deepracer"], mercy=3)  # official; no box stops a race


class GrandPrix:
    """One race.

    Args:
        entrants: from the first row of the grid on.
        config: of `shared_race`.
        road: its track.
        laps: until the winner has finished.
        rules: what faults cost; the official ones.
        seed: of what is drawn: boxes, bots, changes of lanes.
        recording: keep every step for `trace`.

    Attributes:
        names: of the cars.
        everyone: names of the cars, then of boxes and bots: a name for each column of objects.

    Raises:
        BadRun, BadConfig: as `Seats` and `make_race`.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        config: RaceConfig,
        road: Track,
        laps: int,
        rules: Protocol = RULES,
        *,
        seed: int = 0,
        recording: bool = True,
    ) -> None:
        self.names = tuple(one.name for one in entrants)
        self.everyone = (
            *self.names,
            *(f"box {i + 1}" for i in range(config.others.boxes)),
            *(f"bot {i + 1}" for i in range(config.others.bot_cars)),
        )
        self.rules, self._recording = rules, recording
        race = make_race(
            config, len(entrants), seed=seed, with_reward=False, all_params=True, tracks=[road]
        )
        self.race, self.laps = race, laps
        self.limit = laps * race.max_steps  # steps: a lap at 0.3 m/s and 5 s, for each
        race.sim["max_steps"] = 0
        self._seats, self._back = Seats(entrants, race), Put(race, rules)
        race.reset()
        self._seats.look()
        self.standings = Standings(
            self._places(), race.track.length, laps, float(race.vehicle["length"][0])
        )
        self.step = 0
        self._before = self.standings.places  # a step ago
        self._hold = np.zeros(race.n, np.int64)  # steps that a car still waits
        self._faults = np.zeros(race.n, np.int64)  # in this lap
        self._rows: list[NDArray[np.void]] = []
        self._around: list[NDArray[np.void]] = []
        self._orders: list[tuple[float, list[int]]] = [(0.0, self.standings.order())]

    def drive(self) -> Iterator[list[Event]]:
        """Drive to the end; gives what happened in each step."""
        known = 0
        while self.standings.driving.any() and self.step < self.limit:
            self._step()
            yield self.standings.events[known:]
            known = len(self.standings.events)
        self.standings.stop()

    def _step(self) -> None:
        race, standings, time = self.race, self.standings, self.seconds
        active = standings.driving & (self._hold == 0)
        before, around = race.cars.copy(), race.objects[0].copy()
        self._seats.act(np.flatnonzero(active).tolist())
        race.step_commands()
        judged, laps = race.cars["status"].copy(), race.cars["laps"].copy()
        race.cars[~active] = before[~active]  # they wait, are out, or have finished
        judged[~active] = IN_PROGRESS
        crossed = active & (laps > before["laps"])
        judged[crossed] = LAP_COMPLETE
        driving = standings.driving
        self._hold[self._hold > 0] -= 1
        standings.cross([(self._time_of(i, before), i) for i in np.flatnonzero(crossed).tolist()])
        self._faults[crossed] = 0
        for i in np.flatnonzero(np.isin(judged, list(FAULTS))).tolist():
            self._blame(i, int(judged[i]), before[i], time)
        race.objects["held"][0, : race.n] = self._hold > 0
        race.park(driving & ~standings.driving)
        race.refresh()
        self._seats.look()
        self._keep(before, judged, around, driving)
        self._before = np.where(driving, self._place_of(before), self._before)
        self.step += 1
        standings.move(self.seconds, self._places(), self._hold > 0)
        order = standings.order()
        if order != self._orders[-1][1]:
            self._orders.append((self.seconds, order))

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.step * self.race.dt

    def _places(self) -> NDArray[np.float64]:
        return self._place_of(self.race.cars)

    def _place_of(self, cars: NDArray[np.void]) -> NDArray[np.float64]:
        """(N,) m along the race: behind the line of the start it is below 0."""
        share: NDArray[np.float64] = cars["laps"] + cars["progress"] / 100.0
        return share * self.race.track.length

    def _time_of(self, i: int, judged: NDArray[np.void]) -> float:
        """When car `i`, which the judged step found beyond the line, crossed it."""
        length = self.race.track.length
        goal = (float(judged["laps"][i]) + 1.0) * length
        past = float(judged["s"][i])
        past = past if past < 0.5 * length else 0.0
        missing = max(goal - float(self._before[i]), 0.0)
        share = past / (past + missing) if past + missing > 0.0 else 0.0
        return self.seconds - share * self.race.dt

    def _blame(self, i: int, status: int, before: Any, time: float) -> None:
        """A car made a fault: put it where it goes on, and let it wait."""
        other = abs(int(self.race.hits[i])) - 1 if status == CRASHED else -1
        kind = "crash" if status == CRASHED else STATUS_LABELS[status]
        self.standings.fault(time, kind, i, other)
        self._faults[i] += 1
        if self._faults[i] > self.rules.resets:
            self.standings.retire(time, i)
            return
        now = self._back.among(i, before, status)
        self._measure(i, before, now)
        self._hold[i] = round(self.rules.penalty_s(status) / self.race.dt)

    def _measure(self, i: int, before: Any, now: float) -> None:
        """Progress of a car that was just put back, which stood at `now` %."""
        car, length = self.race.cars[i], self.race.track.length
        for name in ("slow_steps", "backward_steps"):
            car[name] = 0
        place = lap_progress(float(car["s"]) / length, float(before["start_s"]) / length, now)
        car["progress"] = car["progress_before"] = place
        car["laps"] = before["laps"]

    def _keep(
        self,
        before: NDArray[np.void],
        judged: NDArray[np.int64],
        around: NDArray[np.void],
        driving: NDArray[np.bool_],
    ) -> None:
        """A row of the trace for every car in the race: the state, and what it was judged as."""
        if not self._recording:
            return
        for i in np.flatnonzero(driving).tolist():
            row = np.zeros(1, TRACE)
            for name in ("x", "y", "yaw", "v", "steer"):
                row[name] = before[name][i]
            row["car"], row["time"], row["status"] = i, self.seconds, judged[i]
            row["params"] = scalars(self.race.params[i : i + 1])
            self._rows.append(row)
            hit = abs(int(self.race.hits[i])) - 1
            self._around.append(seen(around, hit, i))

    def result(self) -> Classification:
        """What it came to."""
        order = self.standings.order()
        leader = order[0]
        return Classification(
            self.race.track.name,
            self.laps,
            self.names,
            tuple(self._placed(i, leader) for i in order),
            tuple(sorted(self.standings.events, key=lambda event: event.time_s)),
            self.everyone,
            self.seconds,
            self.limit * self.race.dt,
            self.rules,
        )

    def _placed(self, i: int, leader: int) -> Placed:
        standings = self.standings
        mine = [event for event in standings.events if event.car == i]
        kinds = [event.kind for event in mine]
        crossed, done = standings.crossed[i], standings.done[i]
        laps = [event.lap_s for event in mine if event.kind == "crossing"]
        level = bool(crossed) and done == standings.done[leader]
        return Placed(
            self.names[i],
            standings.status[i],
            done,
            crossed[-1] if crossed else None,
            min(laps, default=None),
            crossed[-1] - standings.crossed[leader][-1] if level else None,
            standings.done[leader] - done,
            sum(event.kind == "overtake" and not event.held for event in mine),
            kinds.count("crash"),
            kinds.count("off_track"),
            kinds.count("reversed"),
            kinds.count("immobilized"),
        )

    def trace(self) -> Trace:
        """Every step, to be watched: an episode for each car, side by side in time."""
        events = sorted(self.standings.events, key=lambda event: event.time_s)
        race = {
            "names": list(self.names),
            "laps": self.laps,
            "order": [{"time_s": time, "cars": cars} for time, cars in self._orders],
            "crossings": [
                {"time_s": e.time_s, "car": e.car, "lap": e.lap, "gap_s": e.gap_s}
                for e in events
                if e.kind == "crossing"
            ],
            "events": [{"time_s": e.time_s, "words": e.words(self.everyone)} for e in events],
        }
        meta = {"title": f"race on {self.race.track.name}", "race": race}
        rows, around = np.concatenate(self._rows), np.stack(self._around)
        return Trace(self.race.track, rows, self.race.dt, meta, objects=around)
