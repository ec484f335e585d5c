"""Entrants of a race: who may drive against whom, and how each sees and acts in a shared world."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

import racer.actions
from racer import objects, observations, vehicles
from racer.config import Others, RaceConfig, Rules, Sensors
from racer.errors import BadConfig, BadRun
from racer.evaluation.several import Driver
from racer.policy import Policy
from racer.race import Race, seen
from racer.sim.starts import ROW
from racer.tracks import Track
from racer.tracks.lanes import lanes_of

FEWEST, MOST = 2, 16
SHARED = ("control_hz", "substeps", "reverse", "fault_steps")  # rules that a world has one of


@dataclass(frozen=True)
class Entrant:
    """One car of a race.

    Args:
        name: what it is called in standings and pictures.
        driver: its policy.
        config: the race it was trained for: its observation, actions, vehicle and rules.
    """

    name: str
    driver: Driver
    config: RaceConfig

    @property
    def sees_others(self) -> bool:
        """Whether its observation tells of other cars: numbers only where it trained with some."""
        return (
            self.config.others.count > 0 or self.config.observation not in observations.ROAD_FIRST
        )


def shared_race(
    entrants: Sequence[Entrant],
    track: str,
    road: Track,
    around: Mapping[str, Any] | None = None,
) -> RaceConfig:
    """The race that all of them drive, from a grid, in one world.

    Args:
        entrants: in the order of the grid.
        track: as the user called it.
        road: that track.
        around: settings of the boxes and bots on it, by their names in `Others`.

    Raises:
        BadConfig: too few or too many cars, cars that cannot share a world, or more around them
            than fits.
    """
    _check_grid(len(entrants), road)
    first = entrants[0]
    for other in entrants[1:]:
        _check_alike(first, other)
    others = Others.of({**(around or {}), "race": "multi", "cars": len(entrants)})
    objects.check_fit(others, road.name, road.length)
    rules = {name: getattr(first.config.rules, name) for name in SHARED}
    return RaceConfig(
        track=track,
        vehicle=first.config.vehicle,
        rules=Rules(start="line", continuous=True, **rules),
        others=others,
    )


def _check_grid(count: int, road: Track) -> None:
    if count < FEWEST:
        raise BadConfig(
            f"{count} run{'' if count == 1 else 's'}, but a race has at least {FEWEST} cars. "
            "Give another run, or the same one twice."
        )
    lanes = lanes_of(road)
    shortest = min(float(line["s"][-1]) for line in (lanes.inner_line, lanes.outer_line))
    most = min(MOST, int(shortest / ROW))
    if count > most:
        raise BadConfig(
            f"{count} cars do not fit on the grid of {road.name}: at {ROW:g} m from row to row "
            f"at most {most} do."
        )


def _check_alike(first: Entrant, other: Entrant) -> None:
    mine, theirs = first.config, other.config
    alike = mine.vehicle == theirs.vehicle or (
        vehicles.load(mine.vehicle).tobytes() == vehicles.load(theirs.vehicle).tobytes()
    )
    if not alike:
        raise BadConfig(
            f"{first.name} drives the vehicle {mine.vehicle} and {other.name} {theirs.vehicle}; "
            "cars that share a road are of one vehicle. Leave one of them out."
        )
    for name in SHARED:
        a, b = getattr(mine.rules, name), getattr(theirs.rules, name)
        if a != b:
            raise BadConfig(
                f"{first.name} was trained with rules.{name} = {a} and {other.name} with {b}; "
                "cars that share a road have one. Leave one of them out."
            )


class Seats:
    """What every car of a race sees, and what it then commands; each by its own settings.

    Args:
        entrants: one for each car of `race`.
        race: its commands are written here.

    Raises:
        BadRun: a policy that does not fit the observation or the actions of its own run.
    """

    def __init__(self, entrants: Sequence[Entrant], race: Race) -> None:
        self._race = race
        self._drivers = [entrant.driver for entrant in entrants]
        self._looks: list[Callable[[], Any]] = []
        self._seen: list[observations.Obs] = []
        self._buffers: list[np.ndarray] = []
        self._decoders: list[Callable[[], int]] = []
        views: dict[Any, tuple[gymnasium.Space[Any], observations.Obs]] = {}
        for i, entrant in enumerate(entrants):
            config = seen(entrant.config)
            plain = dataclasses.replace(config.sensors, varied=False)  # as in an evaluation
            key = config.observation, plain, config.others.count > 0
            if key not in views:
                views[key] = self._bind(*key)
            space, out = views[key]
            actions = racer.actions.load(config.actions)
            _check_fit(entrant, space, actions)
            buffer = actions.buffer(1)
            self._seen.append(observations.take(out, slice(i, i + 1)))
            self._buffers.append(buffer)
            self._decoders.append(actions.bind(buffer, race.commands[i : i + 1]))

    def _bind(
        self, name: str, sensors: Sensors, among: bool
    ) -> tuple[gymnasium.Space[Any], observations.Obs]:
        view = observations.make(name, self._race.vehicle, sensors, among=among)
        out = observations.empty(view.space, self._race.n)
        self._looks.append(view.bind(self._race.scene, out))
        return view.space, out

    def look(self) -> None:
        """Let every car see where all are now; once a control step, for stacks of pictures."""
        for look in self._looks:
            look()

    def act(self, cars: Sequence[int]) -> None:
        """Let these cars choose their commands by what they saw last."""
        for i in cars:
            self._buffers[i][...] = self._drivers[i].act(observations.copied(self._seen[i]))
            if self._decoders[i]() < 0:
                raise BadRun(f"car {i} chose {self._buffers[i][0]}, which is none of its actions.")


def _check_fit(
    entrant: Entrant, space: gymnasium.Space[Any], actions: racer.actions.Actions
) -> None:
    if not isinstance(entrant.driver, Policy):
        return
    chosen = actions.space
    discrete = isinstance(chosen, gymnasium.spaces.Discrete)
    count = int(chosen.n) if isinstance(chosen, gymnasium.spaces.Discrete) else chosen.shape[0]
    try:
        entrant.driver.check(observation=space, actions=count, discrete=discrete)
    except BadRun as error:
        raise BadRun(f"{entrant.name} cannot race: {error}") from error


def named_once(names: Sequence[str]) -> list[str]:
    """The same names, with a number behind each that was there before: a, b, a (2)."""
    given: list[str] = []
    for name in names:
        number, unique = 1, name
        while unique in given:
            number += 1
            unique = f"{name} ({number})"
        given.append(unique)
    return given


def grid_of(entrants: Sequence[Entrant], seed: int | None) -> list[Entrant]:
    """The entrants from the first row of the grid on: as given, or drawn by a seed."""
    if seed is None:
        return list(entrants)
    order = np.random.default_rng(seed).permutation(len(entrants))
    return [entrants[i] for i in order.tolist()]
