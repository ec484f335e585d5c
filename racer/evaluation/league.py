"""A league: which races are driven, what each came to, and what is known from before.

Every pair races, or the whole field, on every track and for every seed, from the grid in one order
and in the opposite one. Trained cars drive deterministically, so a seed has to make a difference:
seed 0 starts at the track's own line, every other one somewhere else on the lap, and it draws what
is drawn of boxes and bots.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import racer.actions
from racer import vehicles
from racer.evaluation.entrants import Entrant, shared_race
from racer.evaluation.grand_prix import GrandPrix
from racer.evaluation.rating import Finish, Rating, ratings
from racer.evaluation.standings import FINISHED, LATE, OUT
from racer.policy import Policy
from racer.sim.cache import key as kernels_key
from racer.storage.provenance import versions
from racer.tracks import Track
from racer.tracks.start_line import of_seed

STATUSES = (FINISHED, OUT, LATE)


class Match(NamedTuple):
    """A race to be driven.

    Attributes:
        track: number of the track.
        seed: of the place of the line, and of what is drawn.
        grid: numbers of the cars, from the first row on.
    """

    track: int
    seed: int
    grid: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What a race came to; places count from 0 and mean rows of its grid.

    Args:
        order: places on the grid, from the winner on.
        status: of each place on the grid: finished, out or time up.
        overtakes, crashes: of each place on the grid.
    """

    order: tuple[int, ...]
    status: tuple[str, ...]
    overtakes: tuple[int, ...]
    crashes: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, value: Any, count: int) -> Outcome | None:
        """From plain values of a race of `count` cars; None where they are none of ours."""
        if not isinstance(value, dict):
            return None
        lists: list[Any] = [value.get(field.name) for field in dataclasses.fields(cls)]
        if not all(isinstance(one, list) and len(one) == count for one in lists):
            return None
        order, status, overtakes, crashes = lists
        whole = (type(n) is int and 0 <= n < 10**6 for n in (*order, *overtakes, *crashes))
        if not all(whole) or sorted(order) != list(range(count)):
            return None
        if not all(isinstance(one, str) and one in STATUSES for one in status):
            return None
        return cls(tuple(order), tuple(status), tuple(overtakes), tuple(crashes))


@dataclass(frozen=True)
class Standing:
    """A car in the table of a league.

    Args:
        name: who.
        rating: with its interval.
        races: that it drove.
        beaten_pct: of all cars it met, so many finished behind it.
        finished_pct: races in which it saw the flag.
        overtakes, crashes: in a race on average; crashes by its own fault.
    """

    name: str
    rating: Rating
    races: int
    beaten_pct: float
    finished_pct: float
    overtakes: float
    crashes: float


class League:
    """Cars, tracks and rules of a league.

    Args:
        entrants: the cars, each once.
        tracks: where they race.
        laps: of each race.
        seeds: how many.
        together: the whole field in one race, not every pair.
        around: settings of boxes and bots, by their names in `Others`.

    Raises:
        BadConfig: cars that cannot share a world, or a road on which they do not fit.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        tracks: Sequence[Track],
        *,
        laps: int,
        seeds: int,
        together: bool = False,
        around: Mapping[str, Any] | None = None,
    ) -> None:
        self.entrants, self.tracks = tuple(entrants), tuple(tracks)
        self.laps, self.seeds, self.together = laps, seeds, together
        self.around = dict(around or {})
        fields = [entrants] if together else itertools.combinations(entrants, 2)
        for field in fields:
            for track in tracks:
                shared_race(field, track.name, track, self.around)

    @property
    def names(self) -> list[str]:
        """Of the cars."""
        return [one.name for one in self.entrants]

    def matches(self) -> Iterator[Match]:
        """Every race; a race and the one with the opposite grid follow each other."""
        everyone = range(len(self.entrants))
        for track, seed in itertools.product(range(len(self.tracks)), range(self.seeds)):
            if self.together:
                drawn = np.random.default_rng(seed).permutation(len(everyone))
                fields = [tuple(drawn.tolist())]
            else:
                fields = list(itertools.combinations(everyone, 2))
            for field in fields:
                yield Match(track, seed, field)
                yield Match(track, seed, field[::-1])

    def key(self, match: Match) -> str:
        """What the outcome depends on, as a hash: equal keys mean equal races."""
        road = self._road(match.track, match.seed)
        about = {
            "program": _program(),
            "track": road.sha256,
            "seed": match.seed,
            "laps": self.laps,
            "around": self.around,
            "cars": [self._car(i) for i in match.grid],
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def drive(self, match: Match, goes_on: Callable[[], bool] = lambda: True) -> Outcome | None:
        """Drive a race to its end; None if `goes_on` says no before."""
        entrants = [self.entrants[i] for i in match.grid]
        road = self._road(match.track, match.seed)
        config = shared_race(entrants, road.name, road, self.around)
        prix = GrandPrix(entrants, config, road, self.laps, seed=match.seed, recording=False)
        for _ in prix.drive():
            if not goes_on():
                return None
        placed = prix.result().placed
        rows = sorted(placed, key=lambda one: prix.names.index(one.name))
        return Outcome(
            tuple(prix.names.index(one.name) for one in placed),
            tuple(one.status for one in rows),
            tuple(one.overtakes for one in rows),
            tuple(one.crashes for one in rows),
        )

    def table(self, found: Mapping[Match, Outcome]) -> list[Standing]:
        """From the best car to the worst.

        A race and the one with the opposite grid share the road, so they count as one together.
        """
        finishes = [
            Finish([match.grid[place] for place in outcome.order], 0.5)
            for match, outcome in found.items()
        ]
        rated = ratings(len(self.entrants), finishes)
        rows = [self._standing(i, rated[i], found) for i in range(len(rated))]
        return sorted(rows, key=lambda row: -row.rating.points)

    def wins(self, found: Mapping[Match, Outcome]) -> np.ndarray:
        """(N, N) how often car i finished before car j."""
        count = np.zeros((len(self.entrants), len(self.entrants)), np.int64)
        for match, outcome in found.items():
            order = [match.grid[place] for place in outcome.order]
            for place, i in enumerate(order):
                count[i, order[place + 1 :]] += 1
        return count

    def _standing(self, i: int, rating: Rating, found: Mapping[Match, Outcome]) -> Standing:
        mine = [(m.grid.index(i), m, outcome) for m, outcome in found.items() if i in m.grid]
        beaten = sum(len(m.grid) - 1 - outcome.order.index(at) for at, m, outcome in mine)
        met = sum(len(m.grid) - 1 for _, m, _ in mine)
        races = len(mine)
        return Standing(
            self.entrants[i].name,
            rating,
            races,
            100.0 * beaten / met,
            100.0 * sum(outcome.status[at] == FINISHED for at, _, outcome in mine) / races,
            sum(outcome.overtakes[at] for at, _, outcome in mine) / races,
            sum(outcome.crashes[at] for at, _, outcome in mine) / races,
        )

    def _road(self, track: int, seed: int) -> Track:
        return of_seed(self.tracks[track], seed)

    def _car(self, i: int) -> list[Any]:
        entrant = self.entrants[i]
        driver, config = entrant.driver, entrant.config
        policy = driver.to_bytes() if isinstance(driver, Policy) else repr(driver).encode()
        return [
            hashlib.sha256(policy).hexdigest(),
            dataclasses.asdict(config),
            hashlib.sha256(vehicles.load(config.vehicle).tobytes()).hexdigest(),
            repr(racer.actions.load(config.actions)),
        ]


@functools.lru_cache(maxsize=1)
def _program() -> tuple[str, str]:
    """Kernels and version: races of another program are driven again."""
    return kernels_key(), versions().get("racer", "")
