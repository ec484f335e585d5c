"""`racer bench lessons`: what each example reward teaches, in percent of the best lap possible."""

from __future__ import annotations

import ast
import dataclasses
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import api, raceline
from racer.bench.measure import machine, one_core, table
from racer.config import Config, RaceConfig
from racer.evaluation.optimal import compare
from racer.recording.trace import Trace
from racer.reward.file import LESSONS
from racer.training.listener import Listener

LAPS = 6  # one from standstill, five flying
_PRESET = re.compile(r"--preset (\w+)")
_RACE = re.compile(r"--race \w+")  # these need others on the road: see `racer.bench.among`
_NUMBER = re.compile(r"Lesson (\d+):")


@dataclass(frozen=True)
class Lesson:
    """An example reward, as its own text says it is to be trained."""

    number: int
    name: str
    preset: str  # empty for the default settings


@dataclass(frozen=True)
class Taught:
    """One training with a lesson, judged by laps of its best policy."""

    lesson: Lesson
    track: str
    seed: int
    completion_pct: float
    lap_s: float | None  # the best flying lap, interpolated
    optimal_pct: float | None  # of the official reference
    cpu_s: float


@dataclass(frozen=True)
class Report:
    """Every training, and where it was done."""

    machine: dict[str, Any]
    timesteps: int
    taught: tuple[Taught, ...]

    def to_json(self) -> dict[str, Any]:
        """Every training, raw."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """A row for each lesson; for each track the median lap over its seeds."""
        tracks = list(dict.fromkeys(one.track for one in self.taught))
        rows = []
        for lesson in dict.fromkeys(one.lesson for one in self.taught):
            cells = [f"{lesson.number} {lesson.name}", lesson.preset or "default"]
            for track in tracks:
                group = [o for o in self.taught if (o.lesson, o.track) == (lesson, track)]
                cells.append(_cell(group))
            rows.append(cells)
        seeds = len({one.seed for one in self.taught})
        cpu_s = statistics.median(one.cpu_s for one in self.taught)
        return "\n\n".join(
            [
                table(["lesson", "settings", *tracks], rows),
                f"{self.timesteps:,} steps, median of {seeds} seed{'s' * (seeds > 1)}, "
                f"{cpu_s:.0f} CPU s each; flying lap, percent of the official reference, and the "
                f"share of the way driven where laps failed. {self.machine['cpu']}.",
            ]
        )


def lessons(names: Sequence[str] = ()) -> list[Lesson]:
    """The examples for a car that is alone, in their order; or those called `names`."""
    found = []
    for path in sorted(LESSONS.glob("*.py")):
        doc = ast.get_docstring(ast.parse(path.read_bytes())) or ""
        number, preset = _NUMBER.match(doc), _PRESET.search(doc)
        if number and not _RACE.search(doc):
            found.append(Lesson(int(number[1]), path.stem, preset[1] if preset else ""))
    chosen = [one for one in found if not names or one.name in names]
    return sorted(chosen, key=lambda one: one.number)


def bench(
    chosen: Sequence[Lesson],
    tracks: Sequence[str],
    *,
    seeds: int = 3,
    timesteps: int = 1_000_000,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Train with every lesson on every track.

    Raises:
        RacerError: a track that cannot be used.
    """
    for track in tracks:
        _reference(RaceConfig(track=track), tell)
    taught = []
    with one_core():
        for lesson in chosen:
            for track in tracks:
                for seed in range(seeds):
                    taught.append(teach(lesson, track, seed, timesteps))
                    tell(_line(taught[-1]))
    return Report(machine(), timesteps, tuple(taught))


def teach(lesson: Lesson, track: str, seed: int, timesteps: int) -> Taught:
    """One training, and the laps of its best policy."""
    config = Config.preset(lesson.preset) if lesson.preset else Config()
    config = config.override(
        {
            "race.track": track,
            "race.reward": str(LESSONS / f"{lesson.name}.py"),
            "train.seed": seed,
            "train.timesteps": timesteps,
            "eval.laps": LAPS,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        run, result = api.train(config, runs_dir=Path(folder), quiet=True, listeners=[clock])
        found = compare(config.race, Trace.load(run.laps_file))
    return Taught(
        lesson,
        Path(track).stem,
        seed,
        result.completion_pct,
        found.lap_s if found else None,
        found.pct() if found else None,
        clock.cpu_s,
    )


class Clock(Listener):
    """CPU seconds from the first step to the result."""

    cpu_s = 0.0

    def on_start(self, *_: Any) -> None:
        self.cpu_s = -time.process_time()

    def on_end(self, *_: Any) -> None:
        self.cpu_s += time.process_time()


def _reference(race: RaceConfig, tell: Callable[[str], None]) -> None:
    """Search the reference lap of a road that none is known of."""
    setup = raceline.Setup.of(race)
    if raceline.find(setup) is None:
        tell(f"{setup.track.name}: searching its reference lap")
        raceline.offer(setup, raceline.search(setup))


def _cell(group: list[Taught]) -> str:
    laps = [one.lap_s for one in group if one.lap_s is not None]
    shares = [one.optimal_pct for one in group if one.optimal_pct is not None]
    completion = statistics.median(one.completion_pct for one in group)
    driven = "" if completion == 100.0 else f", {completion:.0f} % driven"
    if not laps:
        return f"no lap{driven}"
    share = f" ({statistics.median_low(shares):.0f} %)" if shares else ""
    return f"{statistics.median_high(laps):.2f} s{share}{driven}"


def _line(one: Taught) -> str:
    lap = "no lap" if one.lap_s is None else f"{one.lap_s:.2f} s"
    share = "" if one.optimal_pct is None else f", {one.optimal_pct:.1f} % of optimal"
    return (
        f"{one.lesson.name}, {one.track}, seed {one.seed}: {lap}{share}, "
        f"{one.completion_pct:.0f} % driven, {one.cpu_s:.0f} CPU s"
    )
