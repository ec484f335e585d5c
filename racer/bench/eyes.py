"""`racer bench eyes`: learning to drive from pixels, and driving where nobody has trained.

Times are this process's time on CPUs, so that other programs beside do not count. With runs,
nothing is trained: their policies drive roads that they have not trained on, in the colours of
several worlds.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racer import observations, vehicles
from racer.bench.measure import machine, one_core, table
from racer.bench.training import GOAL_PCT, Learned, learn, median
from racer.config import Config, RaceConfig
from racer.errors import BadConfig, UsageError
from racer.evaluation import on_tracks
from racer.policy.inputs import is_picture, parts
from racer.race import seen
from racer.runs import Run
from racer.sim.scenery import Scenery
from racer.tracks import Track
from racer.tracks.scenery import scenery
from racer.training.checkpoint import policy_of

LAPS = 10  # of an evaluation
USUAL = {"race.observation": "camera", "race.reward": "progress"}
ALWAYS = {"race.track", "race.tracks", "train.seed", "train.timesteps"}  # are said otherwise
UNSEEN_LAPS = 2  # on each road
_BLUE_WALL, _USUAL = (114.0, 171.0, 202.0), Scenery()
_DIM: Any = {
    name: tuple(0.5 * level for level in getattr(_USUAL, name))
    for name in ("road", "field", "line", "dash", "sky", "wall")
}
WORLDS: dict[str, Scenery | None] = {  # colours as rendered, of official worlds but for the last
    "its own": None,
    "re:Invent 2018": scenery("reinvent_base"),
    "wood": Scenery((147.0, 95.0, 55.0), (147.0, 95.0, 55.0), wall=_BLUE_WALL, wall_height=2.0),
    "carpet": Scenery((67.0, 67.0, 67.0), (67.0, 67.0, 67.0), wall=_BLUE_WALL, wall_height=2.0),
    "half the light": Scenery(**_DIM),
}


@dataclass(frozen=True)
class Report:
    """How fast each track was learned."""

    machine: dict[str, Any]
    seconds: float  # of learning, on a CPU
    learned: tuple[Learned, ...]
    settings: dict[str, str] = field(default_factory=dict)  # where they are not the defaults

    def to_json(self) -> dict[str, Any]:
        """Everything, raw."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """A line for each track: medians over its seeds."""
        header = ["track", "seeds", "first lap, CPU s", f"{GOAL_PCT:.0f} % of laps, CPU s"]
        header += ["steps per CPU second", f"after {self.seconds:g} s: % completed", "lap, s"]
        rows = []
        for track in dict.fromkeys(one.track for one in self.learned):
            group = [one for one in self.learned if one.track == track]
            rate = statistics.median(one.steps / one.cpu_s for one in group)
            rows.append(
                [
                    track,
                    str(len(group)),
                    median([one.first_lap_s for one in group]),
                    median([one.goal_s for one in group]),
                    f"{rate:,.0f}",
                    f"{statistics.median(one.completion_pct for one in group):.0f}",
                    median([one.lap_time_s for one in group]),
                ]
            )
        given = ", ".join(f"{key}={value}" for key, value in self.settings.items()) or "defaults"
        return f"From pixels, {given}. {self.machine['cpu']}.\n\n{table(header, rows)}"


def bench(
    tracks: Sequence[str],
    *,
    seeds: int,
    seconds: float,
    tell: Callable[[str], None],
    settings: Mapping[str, str] | None = None,
) -> Report:
    """Train from pixels on every track with every seed, for `seconds` of CPU time.

    Args:
        tracks: their names.
        seeds: trainings on each.
        seconds: of learning, CPU time.
        tell: called with a line for every training.
        settings: Config key → value, where they are not the defaults.

    Raises:
        BadConfig: a setting that does not count here, or a wrong one.
        UsageError: an observation without pictures.
    """
    for key in ALWAYS & set(settings or {}):
        raise BadConfig(f"{key} does not count here: tracks, seeds and seconds have options.")
    given = Config().override({**USUAL, **(settings or {})})
    check_sight(given.race, "what is learned")
    found = []
    with one_core():
        for track in tracks:
            race = dataclasses.replace(given.race, track=track)
            for seed in range(seeds):
                one = learn(
                    race, seed, seconds, laps=LAPS, now=time.process_time, train=given.train
                )
                found.append(one)
                tell(f"{one.line()}, {one.completion_pct:.0f} % of {LAPS} laps")
    return Report(machine(), seconds, tuple(found), dict(settings or {}))


@dataclass(frozen=True)
class Unseen:
    """What one policy did on roads it has not trained on, in one world."""

    run: str
    randomize: str
    world: str
    tracks: int
    lapped: int  # every lap completed
    completion_pct: float  # mean progress of all laps


def unseen(runs: Sequence[str], tracks: Sequence[str], runs_dir: Path) -> list[Unseen]:
    """Drive every track in every world with the policy of every run.

    Raises:
        BadRun, UnknownName, BadTrack: a run or track that cannot be used.
        UsageError: a run whose policy sees no pictures.
    """
    roads = [Track.load(name) for name in tracks]
    found = []
    for name in runs:
        run = Run.open(name, runs_dir)
        race, policy = run.config().race, policy_of(run.folder)
        check_sight(race, f"the run {name}")
        for world, looks in WORLDS.items():
            painted = [dataclasses.replace(road, looks=looks) for road in roads]
            result = on_tracks(policy, race, painted, UNSEEN_LAPS)
            done = sum(one.lapped for one in result.tracks)
            found.append(
                Unseen(
                    run.folder.name,
                    race.randomize,
                    world,
                    len(roads),
                    done,
                    statistics.fmean(one.completion_pct for one in result.tracks),
                )
            )
    return found


def check_sight(race: RaceConfig, what: str) -> None:
    """Refuse a race whose observation has no pictures.

    Raises:
        UsageError: says what sees nothing.
    """
    race = seen(race)
    view = observations.make(race.observation, vehicles.load(race.vehicle), race.sensors)
    if not any(map(is_picture, parts(view.space))):
        raise UsageError(f"{what} sees {race.observation}, which has no pictures.")


def unseen_table(found: Sequence[Unseen]) -> str:
    """A line for each run, a column for each world: tracks lapped, and mean progress."""
    rows = []
    for run in dict.fromkeys(one.run for one in found):
        mine = [one for one in found if one.run == run]
        cells = [f"{one.lapped} of {one.tracks}, {one.completion_pct:.0f} %" for one in mine]
        rows.append([run, mine[0].randomize, *cells])
    return table(["run", "randomized", *WORLDS], rows)
