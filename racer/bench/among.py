"""`racer bench among`: what a car learns among boxes, among bots, and among cars like itself.

Every policy is learned by the preset among and the lesson for it. It is then judged by drives from
the start line, each in a world of its own that no training has seen: boxes elsewhere, bots of
other speeds. A drive among boxes is a lap. A drive among bots goes on until every bot has been
overtaken and the lap is complete; the last of them may begin nearly a lap ahead, so that no car
can pass it in the first one. A scripted driver that sees the same numbers is the yardstick.

Self-play: a policy that laps alone goes on learning among three cars of its own kind. Then two
cars of each race from a grid, in every order, by the rules of `racer race`, from lines all over the
lap: where the first bend comes decides much.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from racer import api
from racer.bench.drives import WORLDS, Driven, Scripted, drive
from racer.bench.lessons import Clock
from racer.bench.measure import machine, one_core, table
from racer.config import Config
from racer.evaluation.entrants import Entrant, shared_race
from racer.evaluation.grand_prix import GrandPrix
from racer.reward.file import LESSONS
from racer.runs import Run
from racer.tracks import Track
from racer.tracks.start_line import of_seed
from racer.training.checkpoint import policy_of

RACE_LAPS, LINES = 6, 10  # of a race after self-play, and places of its line; 6 orders for each
RESAMPLES = 10_000
Task = tuple[str, dict[str, Any]]
TASKS: dict[str, Task] = {  # what is on the road: the lesson, and its race
    "6 boxes": ("avoid_objects", {"race": "object_avoidance", "randomize_obstacles": True}),
    "3 bots": ("overtake", {"race": "head_to_bot", "bot_speed": "0.5..1.5"}),
}
ALONE: Task = "progress_made", {}
TOGETHER: Task = "race_others", {"race": "multi", "cars": 4}


@dataclass(frozen=True)
class Learned:
    """One training, or the scripted driver (no seed), and its drives."""

    task: str
    track: str
    seed: int | None
    cpu_s: float
    driven: Driven

    def line(self) -> str:
        """For people, while others are still to come."""
        who = "scripted" if self.seed is None else f"seed {self.seed}, {self.cpu_s:.0f} CPU s"
        return f"{self.task}, {self.track}, {who}: {self.driven.passed_pct:.1f} % passed"


@dataclass(frozen=True)
class SelfPlay:
    """Races of one policy after self-play against itself before; `ahead` has one number each.

    Args:
        ahead: of each race, the share of the pairs of an old and a new car that the new one wins.
    """

    track: str
    seed: int
    cpu_s: tuple[float, float]  # alone, together
    ahead: tuple[float, ...]
    crashes: tuple[int, int]  # of the old cars, of the new ones

    def line(self) -> str:
        """For people, while others are still to come."""
        share = 100.0 * statistics.mean(self.ahead)
        return f"self-play, {self.track}, seed {self.seed}: ahead in {share:.0f} % of pairs"


@dataclass(frozen=True)
class Report:
    """Every training, and where it was done."""

    machine: dict[str, Any]
    timesteps: int
    learned: tuple[Learned, ...]
    races: tuple[SelfPlay, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything, raw."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """A row for each driver and road, and one for self-play."""
        groups = dict.fromkeys((one.task, one.track, one.seed is None) for one in self.learned)
        rows = [
            _row([o for o in self.learned if (o.task, o.track, o.seed is None) == group])
            for group in groups
        ]
        header = ["on the road", "track", "driver", "passed, %", "crashed, %", "lap, s", "CPU s"]
        return "\n\n".join(
            [
                table(header, rows),
                table(
                    ["self-play", "seeds", "new ahead, %", "95 %", "crashes, old", "new", "CPU s"],
                    [_races(list(group)) for group in self._by_track()],
                ),
                f"{self.timesteps:,} steps of each training, half of them alone before self-play; "
                f"{WORLDS} drives of each policy; {6 * LINES} races of {RACE_LAPS} laps after each "
                f"self-play. "
                f"{self.machine['cpu']}.",
            ]
        )

    def _by_track(self) -> list[list[SelfPlay]]:
        tracks = dict.fromkeys(one.track for one in self.races)
        return [[one for one in self.races if one.track == track] for track in tracks]


def bench(
    tracks: Sequence[str],
    *,
    seeds: int = 3,
    timesteps: int = 2_000_000,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Train with every seed on every track among boxes and among bots, then by self-play.

    Raises:
        RacerError: a track that cannot be used.
    """
    learned, races = [], []
    with one_core(), tempfile.TemporaryDirectory() as folder:
        for track, task in itertools.product(tracks, TASKS):
            learned.append(scripted(task, track))
            tell(learned[-1].line())
            for seed in range(seeds):
                learned.append(learn(task, track, seed, timesteps, Path(folder)))
                tell(learned[-1].line())
        for track, seed in itertools.product(tracks, range(seeds)):
            races.append(self_play(track, seed, timesteps, Path(folder)))
            tell(races[-1].line())
    return Report(machine(), timesteps, tuple(learned), tuple(races))


def learn(task: str, track: str, seed: int, timesteps: int, folder: Path) -> Learned:
    """One training, and the drives of its best policy."""
    config = _config("among", track, seed, timesteps, *TASKS[task])
    run, cpu_s = _train(config, folder)
    driven = drive(policy_of(run.folder), config.race)
    return Learned(task, Path(track).stem, seed, cpu_s, driven)


def scripted(task: str, track: str) -> Learned:
    """The drives of the scripted driver."""
    config = _config("among", track, 0, 1, *TASKS[task])
    width = Track.load(track).width
    return Learned(task, Path(track).stem, None, 0.0, drive(Scripted(width), config.race))


def self_play(track: str, seed: int, timesteps: int, folder: Path) -> SelfPlay:
    """A training alone, of half the steps, one that goes on from it among four, and races."""
    half = max(timesteps // 2, 1)
    alone, first_s = _train(_config("race", track, seed, half, *ALONE), folder)
    config = _config("self_play", track, seed, timesteps, *TOGETHER)
    config = config.override({"race.observation": alone.config().race.observation})
    together, then_s = _train(config, folder, parent=alone)
    old, new = (
        Entrant(name, policy_of(run.folder), run.config().race)
        for name, run in (("old", alone), ("new", together))
    )
    ahead, crashes = race(old, new, track)
    return SelfPlay(Path(track).stem, seed, (first_s, then_s), ahead, crashes)


def race(old: Entrant, new: Entrant, track: str) -> tuple[tuple[float, ...], tuple[int, int]]:
    """Two cars of each from a grid, in all six orders from every line; see `SelfPlay`."""
    begun, ahead, crashes = Track.load(track), [], [0, 0]
    for line, places in itertools.product(range(LINES), itertools.combinations(range(4), 2)):
        road = of_seed(begun, line)
        grid = [new if place in places else old for place in range(4)]
        prix = GrandPrix(grid, shared_race(grid, track, road), road, RACE_LAPS, recording=False)
        for _ in prix.drive():
            pass
        order = prix.result().placed
        at = {
            name: [i for i, one in enumerate(order) if one.name == name] for name in ("old", "new")
        }
        ahead.append(statistics.mean(float(n < o) for n in at["new"] for o in at["old"]))
        for one in order:
            crashes[one.name == "new"] += one.crashes
    return tuple(ahead), (crashes[0], crashes[1])


def interval(groups: Sequence[Sequence[float]]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over trainings, and over the races of each."""
    rng = np.random.default_rng(0)
    shares = np.array(groups)  # (trainings, races)
    rows = rng.integers(len(shares), size=(RESAMPLES, len(shares), 1))
    columns = rng.integers(shares.shape[1], size=(RESAMPLES, *shares.shape))
    low, high = np.percentile(shares[rows, columns].mean(axis=(1, 2)), [2.5, 97.5])
    return float(low), float(high)


def _config(
    preset: str, track: str, seed: int, timesteps: int, lesson: str, others: dict[str, Any]
) -> Config:
    settings = {f"race.others.{name}": value for name, value in others.items()}
    return Config.preset(preset).override(
        settings
        | {
            "race.track": track,
            "race.reward": str(LESSONS / f"{lesson}.py"),
            "train.seed": seed,
            "train.timesteps": timesteps,
            "eval.laps": 1,
        }
    )


def _train(config: Config, folder: Path, parent: Run | None = None) -> tuple[Run, float]:
    clock = Clock()
    run, _ = api.train(config, runs_dir=folder, quiet=True, listeners=[clock], parent=parent)
    return run, clock.cpu_s


def _row(group: list[Learned]) -> list[str]:
    first, driven = group[0], [one.driven for one in group]
    laps = [one.lap_s for one in driven if one.lap_s is not None]
    return [
        first.task,
        first.track,
        "scripted" if first.seed is None else f"{len(group)} seeds",
        " ".join(f"{one.passed_pct:.1f}" for one in driven),
        " ".join(f"{one.crashed_pct:.1f}" for one in driven),
        f"{statistics.mean(laps):.1f}" if laps else "",
        "" if first.seed is None else f"{statistics.mean(one.cpu_s for one in group):.0f}",
    ]


def _races(group: list[SelfPlay]) -> list[str]:
    shares = [one.ahead for one in group]
    low, high = interval(shares)
    old, new = (sum(one.crashes[k] for one in group) for k in (0, 1))
    spent = [statistics.mean(one.cpu_s[k] for one in group) for k in (0, 1)]
    return [
        group[0].track,
        str(len(group)),
        f"{100.0 * float(np.mean(shares)):.0f}",
        f"{100.0 * low:.0f} to {100.0 * high:.0f}",
        str(old),
        str(new),
        f"{spent[0]:.0f} + {spent[1]:.0f}",
    ]
