"""`racer bench`: measure the engine and the training, as Markdown tables, JSON and a plot."""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racer.bench import engine as bench_engine
from racer.bench.measure import (
    HEADER,
    QUICK,
    Job,
    Plan,
    Progress,
    Row,
    load,
    machine,
    measure,
    one_core,
    table,
)
from racer.config import RaceConfig
from racer.errors import BadTrack
from racer.race import track_of
from racer.storage import files

REWARDS = ("center_line", "progress")


@dataclass
class Report:
    """Everything that was measured, raw."""

    machine: dict[str, Any]
    race: RaceConfig
    engine: list[Row] = field(default_factory=list)
    rewards: list[Row] = field(default_factory=list)
    roads: list[Row] = field(default_factory=list)
    sensors: list[Row] = field(default_factory=list)
    doors: list[Row] = field(default_factory=list)
    peers: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bytes_per_car: int | None = None
    starts: dict[str, list[float]] = field(default_factory=dict)
    train: list[Any] = field(default_factory=list)  # Learned
    train_seconds: float = 0.0
    train_cpu: bool = False  # they are CPU time of this process

    def to_json(self) -> dict[str, Any]:
        """Every raw repetition."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """Tables of medians, as docs/performance.md shows them."""
        parts = [_machine_line(self.machine)]
        for title, rows in (
            ("Engine", self.engine),
            ("Reward engines", self.rewards),
            ("Roads", self.roads),
            ("Sensors: pictures and scans alone", self.sensors),
            ("Doors", self.doors),
        ):
            if rows:
                parts += [f"### {title}", table(HEADER, [row.cells() for row in rows])]
        if self.bytes_per_car is not None:
            parts.append(f"Memory: {self.bytes_per_car:,} bytes per car.")
        if self.starts:
            lines = [bench_engine.start_cells(*item) for item in self.starts.items()]
            parts += ["### Start-up", table(["what", "s", "min..max"], lines)]
        parts += self._training() + self._peers() + self.notes
        return "\n\n".join(parts)

    def _training(self) -> list[str]:
        if not self.train:
            return []
        from racer.bench import training as bench_train

        return [
            f"### Training, {self.train_seconds:g} {'CPU s' if self.train_cpu else 's'} each",
            table(bench_train.HEADER, bench_train.cells(self.train)),
        ]

    def _peers(self) -> list[str]:
        if not self.peers:
            return []
        single = next(row.rate for row in self.doors if row.cars == 1)
        best = max(row.rate for row in (*self.engine, *self.doors))
        lines = [
            [
                row.name,
                f"{row.rate:,.0f}",
                f"{min(row.rates):,.0f}..{max(row.rates):,.0f}",
                f"{single / row.rate:,.0f} ×",
                f"{best / row.rate:,.0f} ×",
            ]
            for row in self.peers
        ]
        header = ["peer", "steps/s", "min..max", "RacerEnv is", "many cars are"]
        return ["### Peers", table(header, lines)]


def bench(
    what: str = "all",
    *,
    races: Sequence[RaceConfig] = (RaceConfig(),),
    against: Sequence[str] = (),
    quick: bool = False,
    seeds: int = 5,
    seconds: float = 30.0,
    rewards: tuple[str, ...] = REWARDS,
    sb3_loops: bool = False,
    cpu: bool = False,
    quiet: bool = True,
) -> Report:
    """Measure on one core.

    Args:
        what: engine, train or all.
        races: track, vehicle, actions, observation; the engine drives the first, training all.
        against: peers to measure in the same run, names in bench_engine.PEERS.
        quick: a hundredth of a second per repetition; to see that it works, not how fast it is.
        seeds: trainings per track and reward.
        seconds: of learning in each.
        rewards: to train with.
        sb3_loops: train with the first reward once more, in the loops of SB3's own PPO.
        cpu: seconds of a training are CPU time of this process, for a machine that is busy.
        quiet: do not say on stderr what has been measured and how long the rest takes.

    Raises:
        RacerError: a track, reward or peer that cannot be used; of several tracks, those that
            cannot are left out, with a note.
    """
    plan = QUICK if quick else Plan()
    bench_engine.check_peers(against)
    report = Report(machine(), races[0], train_seconds=seconds, train_cpu=cpu)
    races = _usable(races, report.notes)
    trainings = [] if what == "engine" else _trainings(races, rewards, seeds, sb3_loops)
    engine_s = 0.0 if what == "train" else bench_engine.planned_s(plan, len(against))
    meter = Progress(engine_s + len(trainings) * seconds, quiet=quiet)
    with one_core() as core:
        report.machine["pinned_to_core"] = core
        if what in ("engine", "all"):
            _engine(report, races[0], plan, against, meter)
        if what in ("train", "all"):
            _train(report, trainings, meter)
    meter.finished()
    report.machine["load_after"] = load()
    return report


def _usable(races: Sequence[RaceConfig], notes: list[str]) -> list[RaceConfig]:
    """The races whose track loads; one must."""
    usable = []
    for race in races:
        try:
            track_of(race)
            usable.append(race)
        except BadTrack as error:
            if race is races[-1] and not usable:
                raise
            notes.append(str(error))
    return usable


def _trainings(
    races: Sequence[RaceConfig], rewards: Sequence[str], seeds: int, sb3_loops: bool
) -> list[tuple[RaceConfig, int, bool]]:
    """What to train: race with reward, seed, whether in SB3's own loops."""
    return [
        (dataclasses.replace(race, reward=reward), seed, own)
        for race in races
        for reward, own in [(r, False) for r in rewards] + [(rewards[0], True)] * sb3_loops
        for seed in range(seeds)
    ]


def _engine(
    report: Report, race: RaceConfig, plan: Plan, against: Sequence[str], meter: Progress
) -> None:
    def rows(title: str, jobs: list[Job]) -> list[Row]:
        def turn_ended(turn: int) -> None:
            meter.done(f"{title}, turn {turn} of {plan.repetitions}", len(jobs) * plan.target_s)

        return measure(jobs, plan, turn_ended)

    report.engine = rows("engine", bench_engine.sizes(race))
    report.rewards = rows("reward engines", bench_engine.rewards(race))
    report.roads = rows("roads", bench_engine.roads(race))
    report.sensors = rows("sensors", bench_engine.sensors(race))
    report.doors = rows("doors", bench_engine.doors(race))
    report.bytes_per_car = bench_engine.bytes_per_car(race)
    if against:
        report.peers = rows("peers", bench_engine.peers(against, report.notes))
    for name, seconds in bench_engine.starts(plan):
        meter.done(f"{name}: {min(seconds):.2f} s", sum(seconds))
        report.starts[name] = seconds


def _train(report: Report, trainings: list[tuple[RaceConfig, int, bool]], meter: Progress) -> None:
    import torch

    from racer.bench import training as bench_train

    threads = torch.get_num_threads()
    seconds, now = report.train_seconds, time.perf_counter
    if report.train_cpu:
        now = time.process_time
    try:
        for race, seed, own in trainings:
            learned = bench_train.learn(race, seed, seconds, sb3_loops=own, now=now)
            report.train.append(learned)
            meter.done(learned.line(), seconds)
    finally:
        torch.set_num_threads(threads)


def _machine_line(found: dict[str, Any]) -> str:
    versions = ", ".join(
        f"{name} {found[name]}" for name in ("numpy", "numba", "torch", "stable-baselines3")
    )
    pinned = "not pinned" if found["pinned_to_core"] is None else "pinned to one core"
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['system']}, Python {found['python']}, "
        f"{versions}; {pinned}, 1 torch thread; load {found['load_before']} before, "
        f"{found['load_after']} after."
    )


def save_json(report: Report, path: Path) -> None:
    """Every raw repetition, as JSON.

    Raises:
        ResourceError: it cannot be written.
    """
    files.write_output(path, files.json_bytes(report.to_json()))


def picture(report: Report, path: Path) -> None:
    """Speed and cost against the number of cars, as PNG."""
    from racer.render.figures import new_figure, own_style

    with own_style():
        figure = new_figure(figsize=(10.0, 3.8), layout="constrained")
        from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

        figure.suptitle(f"{report.machine['cpu']}, one core", fontsize=10)
        cars = [row.cars for row in report.engine]
        per_s = [(row.rate, min(row.rates), max(row.rates)) for row in report.engine]
        per_step = [(1e9 / middle, 1e9 / low, 1e9 / high) for middle, low, high in per_s]
        for axes, values, label in zip(
            figure.subplots(1, 2),
            (per_s, per_step),
            ("car-steps per second", "ns per car-step"),
            strict=True,
        ):
            middle, one_end, other_end = zip(*values, strict=True)
            axes.plot(cars, middle, "o-", color="#2266aa")
            axes.fill_between(cars, one_end, other_end, alpha=0.2, color="#2266aa", linewidth=0)
            axes.set(xlabel="cars", ylabel=label, xscale="log", yscale="log")
            axes.set_xticks(cars, [f"{n:,}" for n in cars])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(EngFormatter(sep=" "))
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.3)
        content = io.BytesIO()
        figure.savefig(content, dpi=120, format="png")
    files.write_output(path, content.getvalue())
