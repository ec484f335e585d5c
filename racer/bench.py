"""`racer bench`: measure the engine and the training, as Markdown tables, JSON and a plot."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racer import bench_engine, files
from racer.bench_measure import HEADER, QUICK, Plan, Row, load, machine, one_core, table
from racer.config import RaceConfig

REWARDS = ("center_line", "progress")


@dataclass
class Report:
    """Everything that was measured, raw."""

    machine: dict[str, Any]
    race: RaceConfig
    engine: list[Row] = field(default_factory=list)
    rewards: list[Row] = field(default_factory=list)
    doors: list[Row] = field(default_factory=list)
    peers: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bytes_per_car: int | None = None
    starts: dict[str, list[float]] = field(default_factory=dict)
    train: list[Any] = field(default_factory=list)  # Learned
    train_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Every raw repetition."""
        return dataclasses.asdict(self)

    def markdown(self) -> str:
        """Tables of medians, as docs/performance.md shows them."""
        parts = [_machine_line(self.machine)]
        for title, rows in (
            ("Engine", self.engine),
            ("Reward engines", self.rewards),
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
        from racer import bench_train

        return [
            f"### Training, {self.train_seconds:g} s on {self.race.track}",
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
    race: RaceConfig | None = None,
    against: list[str] | None = None,
    quick: bool = False,
    seeds: int = 5,
    seconds: float = 30.0,
    rewards: tuple[str, ...] = REWARDS,
    sb3_loops: bool = False,
) -> Report:
    """Measure on one core.

    Args:
        what: engine, train or all.
        race: track, vehicle, actions, observation; the defaults if None.
        against: peers to measure in the same run, names in bench_engine.PEERS.
        quick: a hundredth of a second per repetition; to see that it works, not how fast it is.
        seeds: trainings per reward.
        seconds: of learning in each.
        rewards: to train with.
        sb3_loops: train with the first reward once more, in the loops of SB3's own PPO.

    Raises:
        RacerError: a track, reward or peer that cannot be used.
    """
    race = race or RaceConfig()
    plan = QUICK if quick else Plan()
    bench_engine.check_peers(against or [])
    report = Report(machine(), race)
    with one_core() as core:
        report.machine["pinned_to_core"] = core
        if what in ("engine", "all"):
            _engine(report, race, plan, against or [])
        if what in ("train", "all"):
            _train(report, race, rewards, seeds, seconds, sb3_loops)
    report.machine["load_after"] = load()
    return report


def _engine(report: Report, race: RaceConfig, plan: Plan, against: list[str]) -> None:
    report.engine += bench_engine.sizes(race, plan)
    report.rewards += bench_engine.rewards(race, plan)
    report.doors += bench_engine.doors(race, plan)
    report.bytes_per_car = bench_engine.bytes_per_car(race)
    report.peers, report.notes = bench_engine.peers(against, plan)
    report.starts = bench_engine.starts(plan)


def _train(
    report: Report,
    race: RaceConfig,
    rewards: tuple[str, ...],
    seeds: int,
    seconds: float,
    sb3_loops: bool,
) -> None:
    import torch

    from racer import bench_train

    threads = torch.get_num_threads()
    try:
        report.train = bench_train.learn_all(race, rewards, seeds, seconds)
        if sb3_loops:
            report.train += bench_train.learn_all(race, rewards[:1], seeds, seconds, sb3_loops=True)
        report.train_seconds = seconds
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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    cars = [row.cars for row in report.engine]
    speed, cost = figure.subplots(1, 2)
    rates = [row.rate for row in report.engine]
    speed.plot(cars, rates, "o-")
    speed.fill_between(
        cars,
        [min(row.rates) for row in report.engine],
        [max(row.rates) for row in report.engine],
        alpha=0.2,
    )
    speed.set(xlabel="cars", ylabel="car-steps/s", xscale="log", yscale="log")
    cost.plot(cars, [1e9 / rate for rate in rates], "o-")
    cost.set(xlabel="cars", ylabel="ns per car-step", xscale="log", yscale="log")
    for axes in (speed, cost):
        axes.grid(alpha=0.3)
    content = io.BytesIO()
    figure.savefig(content, dpi=120, format="png")
    files.write_output(path, content.getvalue())
