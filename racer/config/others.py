"""Settings of a race with others on the road: boxes, bot cars, other models, other learners."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from racer.config.convert import given_or_default
from racer.config.fields import check, setting
from racer.errors import BadConfig

RACES = ("time_trial", "object_avoidance", "head_to_bot", "head_to_model", "multi")
OBSTACLES = ("box", "deepracer_box", "amazon_box", "car")
LANES = {"inner": 0, "outer": 1, "1": 0, "-1": 1}  # names, and the official simulator's numbers
MOST = 60  # objects beside a car; a row of params has room for 64
_USUAL = {"obstacles": ("object_avoidance", 6), "bots": ("head_to_bot", 3), "cars": ("multi", 4)}
_FASTEST = 12.0  # m/s


@dataclass(frozen=True)
class Others:
    """What else is on the road. The defaults are the official simulator's."""

    race: str = setting("time_trial", "what kind of race it is", choices=RACES)
    obstacles: int | None = setting(
        None,
        "boxes on the road",
        0,
        MOST,
        unset="6 in object_avoidance, else none",
    )
    obstacle_positions: str = setting(
        "",
        "where boxes stand, in place of a number of them: part of a lap and lane of each, "
        "with ; between them, e.g. 0.25,inner; 0.6,outer",
    )
    randomize_obstacles: bool = setting(False, "boxes stand elsewhere in every episode")
    obstacle_gap_m: float = setting(
        2.0,
        "distance from the start line to the first box, and at least between two",
        0.0,
        100.0,
        unit="m",
    )
    obstacle_gap_shrinks: bool = setting(
        False,
        "the gap is a percent of the lap and shrinks in every episode, as in simulators since "
        "October 2024, where the first box soon stands on the start line",
    )
    obstacle_type: str = setting("box", "what the boxes are", choices=OBSTACLES)
    bots: int | None = setting(
        None, "bot cars on the road", 0, MOST, unset="3 in head_to_bot, else none"
    )
    bot_speed: str = setting(
        "0.2", "speed of the bots along the centre line, m/s; 0.5..1.5 lets each draw its own"
    )
    randomize_bots: bool = setting(False, "bots begin elsewhere in every episode")
    bot_gap_m: float = setting(
        2.0,
        "distance from the start line to the first bot, and at least between two",
        0.0,
        100.0,
        unit="m",
    )
    lane_changes: bool = setting(False, "bots change their lane")
    lane_change_s: str = setting("3..5", "time that a bot keeps its lane before a change, s")
    lane_change_m: float = setting(
        1.0, "distance that a change of lanes takes", 0.1, 10.0, unit="m"
    )
    bot_pause_s: float = setting(
        2.0, "time that all bots stand after one of them hit a car", 0.0, 3600.0, unit="s"
    )
    cars: int | None = setting(
        None,
        "cars that learn in each world",
        1,
        16,
        unset="4 in multi, else 1",
    )
    opponents: str = setting(
        "", "runs whose policies drive against the car in head_to_model, with commas between them"
    )

    def __post_init__(self) -> None:
        check(self, "race.others.")
        if self.race == "time_trial":
            self._check_alone()
        if (self.race == "head_to_model") != bool(self.rivals):
            raise BadConfig(
                f"race.others.race = {self.race} with {len(self.rivals)} opponents: name runs to "
                "race against with --race head_to_model --opponent RUN."
            )
        if self.rivals and self.learners > 1:
            raise BadConfig(
                f"race.others.cars = {self.learners} with opponents: one car learns in a world of "
                "head_to_model. Leave --cars out."
            )
        self.positions  # noqa: B018  says what is wrong
        self.speeds  # noqa: B018
        self.change_times  # noqa: B018
        if self.count > MOST:
            raise BadConfig(
                f"{self.count} boxes, bots and other cars around each car; at most {MOST} fit."
            )

    def _check_alone(self) -> None:
        given = {name: getattr(self, name) or 0 for name in ("obstacles", "bots")}
        given |= {"cars": (self.cars or 1) - 1, "obstacle_positions": self.obstacle_positions}
        for name, value in given.items():
            if value:
                race = _USUAL[name.removesuffix("_positions").rstrip("s") + "s"][0]
                raise BadConfig(
                    f"race.others.{name} = {getattr(self, name)!r}, but nothing is on the road of "
                    f"a time trial. Add --race {race}."
                )

    @classmethod
    def of(cls, given: Others | Mapping[str, Any] | None) -> Others:
        """The settings themselves, or those that a mapping of names to values means.

        Raises:
            BadConfig: an unknown name or a value outside its range.
        """
        example = "race='object_avoidance'"
        return given_or_default(cls, given, "others", example, prefix="race.others.")

    @property
    def positions(self) -> list[tuple[float, int]]:
        """Part of a lap and lane of every box whose place is given."""
        parts = [part.strip() for part in self.obstacle_positions.split(";")]
        return [_position(part) for part in parts if part]

    @property
    def boxes(self) -> int:
        """How many boxes stand in each world."""
        return len(self.positions) or self._usual("obstacles")

    @property
    def bot_cars(self) -> int:
        """How many bots drive in each world."""
        return self._usual("bots")

    @property
    def learners(self) -> int:
        """How many cars learn in each world."""
        return self._usual("cars") or 1

    @property
    def rivals(self) -> list[str]:
        """The runs whose policies drive in each world."""
        return [name.strip() for name in self.opponents.split(",") if name.strip()]

    @property
    def in_world(self) -> int:
        """How many cars drive in each world: those that learn and opponents."""
        return self.learners + len(self.rivals)

    @property
    def count(self) -> int:
        """How many objects each car has around it."""
        return self.boxes + self.bot_cars + self.in_world - 1

    @property
    def vary(self) -> bool:
        """Whether episodes differ in what is on the road."""
        low, high = self.speeds
        drawn = self.randomize_bots or self.lane_changes or low < high
        return (self.randomize_obstacles and self.boxes > 0) or (drawn and self.bot_cars > 0)

    @property
    def speeds(self) -> tuple[float, float]:
        """Between which speeds a bot draws its own, m/s."""
        return _range(self.bot_speed, "race.others.bot_speed", 0.0, _FASTEST, "m/s")

    @property
    def change_times(self) -> tuple[float, float]:
        """Between which times a bot changes its lane, s."""
        return _range(self.lane_change_s, "race.others.lane_change_s", 0.0, 3600.0, "s")

    def _usual(self, name: str) -> int:
        given = getattr(self, name)
        race, usual = _USUAL[name]
        return int(given) if given is not None else usual if self.race == race else 0


def _position(text: str) -> tuple[float, int]:
    """Of `0.25,inner`: part of a lap, and lane."""
    where, _, lane = (part.strip() for part in text.partition(","))
    try:
        share = float(where)
    except ValueError:
        share = math.nan
    if lane not in LANES or not 0.0 <= share <= 1.0:
        raise BadConfig(
            f"obstacle {text!r}; give a part of the lap from 0 to 1 and a lane, inner or outer, "
            "for example 0.25,inner."
        )
    return share, LANES[lane]


def _range(text: str, name: str, low: float, high: float, unit: str) -> tuple[float, float]:
    """Of `0.5..1.5` or `0.5`: the lower and the upper number."""
    first, dots, last = text.partition("..")
    try:
        least, most = float(first), float(last if dots else first)
    except ValueError:
        least = most = math.nan
    if not low <= least <= most <= high:
        raise BadConfig(
            f"{name} = {text!r}; give a number or a range, such as 0.5..1.5, within "
            f"{low:g} to {high:g} {unit}."
        )
    return least, most
