"""Reference: the best known lap of a setup, as the actions that drive it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.actions import Discrete
from racer.errors import BadInput
from racer.race import Race
from racer.raceline.drive import Drive
from racer.raceline.rollouts import Floats
from racer.raceline.setup import Setup
from racer.sim.types import IN_PROGRESS

FORMAT = "racer reference lap"
VERSION = 1
ACTIONS_MAX = 200_000
_AFTER = 2.0 + 1e-6  # steps driven after the line, at most
_OFFICIAL = 3.0 + 1e-6  # steps by which the official clock differs, at most

# The driven line, a row for each control step.
LINE = np.dtype(
    [
        ("time", "f8"),  # s since the first action
        ("place", "f8"),  # m along the centre line since waypoint 0 of the first lap
        ("x", "f8"),  # m, model origin
        ("y", "f8"),
        ("yaw", "f8"),  # rad
        ("v", "f8"),  # m/s
        ("steer", "f8"),  # rad, at the wheels
        ("nose_x", "f8"),  # m, what DeepRacer's params call x and y
        ("nose_y", "f8"),
        ("n", "f8"),  # m from the centre line, left positive
        ("wheels_off", "i8"),
    ],
    align=True,
)


@dataclass(frozen=True, eq=False)
class Reference:
    """The best known lap of a setup: actions from standstill at the line, and their times.

    Args:
        key: of the setup.
        track, rule: for people.
        actions: (T, 2) float32, or (T,) int64 of a list.
        lap_times_s: of every lap, interpolated between control steps; the first from standstill.
        official_s: the same as the official clock counts, in whole steps.
        found_by: who drove it.
    """

    key: str
    track: str
    rule: str
    actions: NDArray[np.generic]
    lap_times_s: tuple[float, ...]
    official_s: tuple[float, ...]
    found_by: str

    @classmethod
    def of(cls, setup: Setup, drive: Drive, found_by: str) -> Reference:
        """From a drive of at least two laps; what it does after the last whole lap is cut off."""
        dt, length = 1.0 / setup.control_hz, setup.track.length
        whole = int(drive.places.max() // length)
        at = [drive.crossing(lap * length) for lap in range(1, whole + 1)]
        times = np.diff([0.0, *at]) * dt
        # judged one action after the crossing; the frame the car is held in counts once
        judged = np.ceil(at) + 2.0
        official = np.diff([0.0, *judged]) * dt
        count = min(len(drive.actions), int(np.ceil(at[-1])) + 1)
        return cls(
            setup.key,
            setup.track.name,
            setup.rule,
            drive.actions[:count],
            tuple(times.tolist()),
            tuple(official.tolist()),
            found_by,
        )

    def is_sound(self, control_hz: float) -> bool:
        """Whether its times are those of so many actions: one changed digit, and they are not."""
        steps = control_hz * sum(self.lap_times_s)
        apart = (abs(a - b) for a, b in zip(self.lap_times_s, self.official_s, strict=True))
        ends = 0.0 <= len(self.actions) - steps <= _AFTER
        return ends and control_hz * max(apart) <= _OFFICIAL

    @property
    def standing_s(self) -> float:
        """The first lap, from standstill at the line."""
        return self.lap_times_s[0]

    @property
    def flying_s(self) -> float:
        """The fastest lap at speed, never behind the one from standstill.

        A car that rolls over the line loses nothing to one that stands there, so where no lap at
        speed is known that is as fast as the first, the first is the best known for both.
        """
        return min(self.lap_times_s)

    @property
    def flying_lap(self) -> int:
        """Which lap that is, counted from 0: the first only where it is faster than all others."""
        times = self.lap_times_s
        fastest: int = min((*range(1, len(times)), 0), key=times.__getitem__)
        return fastest

    def pct(self, lap_time_s: float, *, flying: bool = True) -> float:
        """Percent of optimal: this reference's time over the given one."""
        return 100.0 * (self.flying_s if flying else self.standing_s) / lap_time_s

    def drive(self, setup: Setup) -> NDArray[np.void]:
        """Drive it again in a race of one: (T + 1,) LINE.

        Raises:
            BadInput: it is of another setup, or does not drive as it did when it was found.
        """
        if setup.key != self.key:
            raise BadInput(f"the reference lap of {self.track} belongs to another setup.")
        line, laps = _replayed(setup, self.actions)
        fast = line["wheels_off"].max() <= setup.wheels_off
        if not fast or laps < len(self.lap_times_s):
            raise BadInput(
                f"the reference lap of {self.track} no longer drives as it did when it was found. "
                "Search again: racer line."
            )
        return line

    def to_json(self) -> dict[str, Any]:
        """For files; `of_json` is the inverse, to the bit."""
        listed = self.actions.ndim == 1
        kind = "<i4" if listed else "<f4"
        packed = base64.urlsafe_b64encode(self.actions.astype(kind).tobytes()).decode()
        return {
            "format": FORMAT,
            "version": VERSION,
            "track": self.track,
            "rule": self.rule,
            "found_by": self.found_by,
            "lap_times_s": list(self.lap_times_s),
            "official_s": list(self.official_s),
            "setup_sha256": self.key,
            "action_kind": "choices" if listed else "steering, speed",
            "actions": packed,
        }

    @classmethod
    def of_json(cls, found: dict[str, Any], source: str) -> Reference:
        """From a file's content.

        Raises:
            BadInput: it is none, or damaged; names it.
        """
        try:
            if found["format"] != FORMAT or found["version"] != VERSION:
                raise ValueError("another format")
            content = base64.b64decode(found["actions"], b"-_", validate=True)
            actions = _unpacked(content, listed=found["action_kind"] == "choices")
            times, official = (
                tuple(float(t) for t in found[name]) for name in ("lap_times_s", "official_s")
            )
            sound = np.isfinite(actions).all() and np.isfinite(times + official).all()
            if not sound or len(times) < 2 or min(times) <= 0 or len(times) != len(official):
                raise ValueError("its times or actions are no numbers")
            if not 0 < len(actions) <= ACTIONS_MAX:
                raise ValueError("it has no actions, or too many")
            return cls(
                str(found["setup_sha256"]),
                str(found["track"])[:200],
                str(found["rule"]),
                actions,
                times,
                official,
                str(found["found_by"])[:200],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{source} is not a reference lap: {error}. Remove it.") from error


def _unpacked(content: bytes, *, listed: bool) -> NDArray[np.generic]:
    if listed:
        return np.frombuffer(content, "<i4").astype(np.int64)
    return np.frombuffer(content, "<f4").astype(np.float32).reshape(-1, 2)


def line_of(setup: Setup, actions: NDArray[np.generic]) -> NDArray[np.void]:
    """The line of any drive from the line, (T + 1,) LINE; it ends at the first fault."""
    return _replayed(setup, actions)[0]


def _replayed(setup: Setup, actions: NDArray[np.generic]) -> tuple[NDArray[np.void], int]:
    """Step a race of one through `actions`: its line, and how many laps the race counted."""
    race = Race(setup.track, 1, vehicle=setup.vehicle, actions=setup.actions, rules=setup.rules)
    if isinstance(setup.actions, Discrete):
        actions = np.clip(actions, 0, len(setup.actions.choices) - 1)
    race.reset()
    line = np.zeros(len(actions) + 1, LINE)
    length, place = setup.track.length, float(race.cars["s"][0])
    for k in range(len(actions) + 1):
        row, car = line[k], race.cars[0]
        for name in ("x", "y", "yaw", "v", "steer", "nose_x", "nose_y", "n", "wheels_off"):
            row[name] = car[name]
        row["time"], row["place"] = k * race.dt, place
        if k == len(actions):
            break
        before = float(car["s"])
        race.step(actions[k : k + 1])
        if race.cars["status"][0] != IN_PROGRESS:
            return line[: k + 1], int(race.cars["laps"][0])
        gain = float(race.cars["s"][0]) - before
        place += gain - length * round(gain / length)
    return line, int(race.cars["laps"][0])


def lap_of(line: NDArray[np.void], length: float, lap: int) -> Floats:
    """(first, last) of lap `lap`, counted from 0: steps, interpolated at the line."""
    ends = []
    for place in (lap * length, (lap + 1) * length):
        after = int(np.argmax(line["place"] >= place))
        if after == 0:
            ends.append(0.0)
            continue
        a, b = line["place"][after - 1], line["place"][after]
        ends.append(after - 1 + (place - a) / (b - a))
    return np.array(ends)
