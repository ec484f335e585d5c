"""`racer bench eyes`: learning to drive from pixels, and driving where nobody has trained.

Times are this process's time on CPUs, so that other programs beside do not count. With runs,
nothing is trained: their policies drive roads that they have not trained on, in the colours of
several worlds.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.bench.measure import machine, one_core, table
from racer.bench.training import GOAL_PCT, Learned, learn, median
from racer.config import RaceConfig
from racer.errors import UsageError
from racer.evaluation import on_tracks
from racer.policy.inputs import is_picture, parts
from racer.race import make_race
from racer.runs import Run
from racer.sim.scenery import Scenery
from racer.tracks import Track
from racer.tracks.scenery import scenery
from racer.training.checkpoint import policy_of

LAPS = 10  # of an evaluation
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
        return f"From pixels, defaults. {self.machine['cpu']}.\n\n{table(header, rows)}"


def bench(
    tracks: Sequence[str], *, seeds: int, seconds: float, tell: Callable[[str], None]
) -> Report:
    """Train from pixels on every track with every seed, for `seconds` of CPU time."""
    found = []
    with one_core():
        for track in tracks:
            race = RaceConfig(track=track, observation="camera", reward="progress")
            for seed in range(seeds):
                one = learn(race, seed, seconds, laps=LAPS, now=time.process_time)
                found.append(one)
                tell(f"{one.line()}, {one.completion_pct:.0f} % of {LAPS} laps")
    return Report(machine(), seconds, tuple(found))


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
        space = make_race(race.usual, len(roads), with_reward=False, tracks=roads).observation_space
        if not any(map(is_picture, parts(space))):
            raise UsageError(f"the run {name} sees {race.observation}, which has no pictures.")
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


def unseen_table(found: Sequence[Unseen]) -> str:
    """A line for each run, a column for each world: tracks lapped, and mean progress."""
    rows = []
    for run in dict.fromkeys(one.run for one in found):
        mine = [one for one in found if one.run == run]
        cells = [f"{one.lapped} of {one.tracks}, {one.completion_pct:.0f} %" for one in mine]
        rows.append([run, mine[0].randomize, *cells])
    return table(["run", "randomized", *WORLDS], rows)
