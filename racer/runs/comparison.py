"""Which reward is better, by how much, and whether that is more than noise.

Runs that differ only by seed form a group. A group's score is the interquartile mean (IQM) of its
runs: the mean without the lowest and highest quarter, which one lucky or failed seed cannot move.
Its uncertainty is a 95 % percentile bootstrap over the runs.

Source: Agarwal et al. 2021, Deep RL at the edge of the statistical precipice (IQM, bootstrap).
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from racer import console
from racer.config.given import of_type
from racer.errors import BadRun, UnknownName, UsageError, printable
from racer.process.typed import command
from racer.runs import RUNS, Run, find, list_runs
from racer.runs.differences import labels, reward_names, road_names, road_of
from racer.runs.laps import share_of

log = console.log(__name__)

RESAMPLES = 10_000
_TAILS = (2.5, 97.5)  # %
_CURVE_ROWS = 4096


@dataclass(frozen=True)
class Measure:
    """One number per run: `name` for people, and whether more of it is better."""

    key: str
    name: str
    unit: str
    more_is_better: bool

    @property
    def head(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


MEASURES = (
    Measure("completion_pct", "completion", "%", True),
    Measure("lap_time_s", "lap time", "s", False),
    Measure("first_lap_steps", "steps to first lap", "", False),
)
# Of the best lap of each run against the fastest one known, on several tracks the median over
# them; only where one is known.
SHARE = Measure("optimal_pct", "of optimal", "%", True)


MEANING = "interquartile mean [95 % bootstrap interval] over runs"
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]  # steps, laps completed in %


@dataclass(frozen=True)
class Group:
    """Runs that differ only by seed: measure key → one number per run that has one."""

    label: str
    runs: tuple[Run, ...]
    values: dict[str, npt.NDArray[np.float64]]
    tracks: frozenset[str]  # sha256 of each road, or its name where no hash is recorded
    curves: tuple[Curve, ...]  # one for each run


@dataclass(frozen=True)
class Interval:
    """An interquartile mean with its 95 % bootstrap interval."""

    iqm: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.iqm)} [{_short(self.low)}, {_short(self.high)}]"


def groups_of(names: Iterable[str], runs_dir: Path) -> list[Group]:
    """The runs that `names` mean, grouped; a name may also be a tag, which makes its own group.

    Raises:
        UnknownName: neither a run nor a tag.
        BadRun: a run that was not evaluated.
        UsageError: one run on both sides.
    """
    by_label: dict[str, list[Run]] = {}
    plain: list[Run] = []
    for name in names:
        try:
            run = Run.open(name, runs_dir) if name else Run(find(name, runs_dir))
            tagged = [run] if _is_tag(name, run) else []
        except (UnknownName, BadRun):  # a folder of that name may be no run, and the name a tag
            tagged = [r for r in list_runs(runs_dir) if name in r.manifest().get("tags", [])]
            if not tagged:
                raise
        if tagged:
            by_label.setdefault(name, []).extend(_counted(tagged))
            _warn_of_mixture(name, by_label[name])
        else:
            plain.append(run)
    for label, run in zip(labels(plain), plain, strict=True):
        by_label.setdefault(label, []).append(run)
    sides: dict[Path, str] = {}
    for label, runs in by_label.items():
        for run in runs:
            other = sides.setdefault(run.folder.resolve(), label)
            if other != label:
                raise UsageError(
                    f"{run.name} counts for {other} and for {label}; leave it out on one side."
                )
    return [_group(label, runs) for label, runs in by_label.items()]


def _is_tag(name: str, run: Run) -> bool:
    """Whether `run` was found by a tag that it alone has."""
    return name in run.manifest().get("tags", []) and Path(name).name != run.name


@dataclass(frozen=True)
class Comparison:
    """Groups of runs side by side: a table, a sentence, and in a notebook the picture."""

    groups: tuple[Group, ...]

    @property
    def table(self) -> str:
        """A line for each group."""
        return table(self.groups)

    @property
    def verdict(self) -> str:
        """Which is better, by how much, and whether that is more than noise."""
        return verdict(self.groups)

    def save(self, path: Path | str) -> None:
        """Write the picture, a PNG."""
        picture(self.groups, Path(path))

    def __str__(self) -> str:
        return f"{self.table}\n\n{self.verdict}"

    def _repr_png_(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            self.save(Path(folder) / "comparison.png")
            return Path(folder, "comparison.png").read_bytes()


def compare(
    runs: Iterable[Run | Path | str] | Run | Path | str, *, runs_dir: Path | str = RUNS
) -> Comparison:
    """Compare runs; those that differ only by seed form a group.

    Args:
        runs: runs, their folders, their names in `runs_dir`, or tags; or one of them.
        runs_dir: where runs live.

    Raises:
        UnknownName: neither a run nor a tag.
        BadRun: a run that was not evaluated.
    """
    if isinstance(runs, Run | Path | str):
        runs = [runs]
    of_type("runs", runs, Iterable, "a list of runs, their names or tags")
    runs = list(runs)
    for run in runs:
        of_type("a run", run, (Run, Path, str), "a run, its folder, its name or a tag")
    names = [str(run.folder if isinstance(run, Run) else run) for run in runs]
    return Comparison(tuple(groups_of(names, Path(runs_dir))))


def iqm(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Interquartile mean along the last axis; as scipy.stats.trim_mean(values, 0.25)."""
    cut = values.shape[-1] // 4
    kept = np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut]
    mean: npt.NDArray[np.float64] = kept.mean(axis=-1)
    return mean


def interval(values: npt.NDArray[np.float64], *, seed: int = 0) -> Interval:
    """IQM and bootstrap interval of at least one number."""
    low, high = np.percentile(_resampled(values, seed), _TAILS)
    return Interval(float(iqm(values)), float(low), float(high))


def difference(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> Interval:
    """IQM of `a` minus IQM of `b`, with its bootstrap interval."""
    low, high = np.percentile(_resampled(a, 1) - _resampled(b, 2), _TAILS)
    return Interval(float(iqm(a) - iqm(b)), float(low), float(high))


def cells(groups: Sequence[Group]) -> tuple[list[str], list[list[str]]]:
    """Titles of the columns, and one row per group, for people."""
    known = any(len(group.values[SHARE.key]) for group in groups)
    measures = (*MEASURES, SHARE) if known else MEASURES
    heads = ["", "runs", *(measure.head for measure in measures)]
    rows = []
    for group in groups:
        found = []
        for measure in measures:
            values = group.values[measure.key]
            text = _cell(values)
            missing = len(group.runs) - len(values)
            found.append(f"{text}{f' ({missing} without)' if missing and len(values) else ''}")
        rows.append([group.label, str(len(group.runs)), *found])
    return heads, rows


def table(groups: Sequence[Group]) -> str:
    """`cells` as plain text."""
    heads, rows = cells(groups)
    made = console.table(heads, rows, right=range(1, len(heads)))
    return f"{made}\n\n{MEANING}"


def verdict(groups: Sequence[Group]) -> str:
    """A plain sentence about the best group and the next one."""
    if len(groups) < 2:
        return (
            "One group: nothing to compare it with. Give runs of another reward too, or two tags."
        )
    first, second = sorted(groups, key=_order)[:2]
    if len(first.tracks | second.tracks) > 1:
        return (
            f"{first.label} and {second.label} drove different tracks, so their lap times say "
            "nothing about each other. Compare runs on one track."
        )
    if min(len(first.runs), len(second.runs)) < 3:
        if _order(first) == _order(second):
            return (
                f"{first.label} and {second.label} did equally well, but fewer than 3 runs of each "
                "say little. Train more: racer train --seeds 10."
            )
        return (
            f"{first.label} looks better than {second.label}, but with fewer than 3 runs of each "
            "it may be noise. Train more: racer train --seeds 10."
        )
    for measure in MEASURES[:2]:
        a, b = first.values[measure.key], second.values[measure.key]
        if not len(a) or not len(b):
            continue
        found = difference(a, b)
        if found.low > 0 or found.high < 0:
            size = f"{_short(abs(found.iqm))} {measure.unit}"
            a_wins = (found.iqm > 0) == measure.more_is_better
            winner, loser = (first, second) if a_wins else (second, first)
            more = "more" if measure.more_is_better else "less"
            ends = sorted((abs(found.low), abs(found.high)))
            return (
                f"{winner.label} is better than {loser.label}: {size} {more} {measure.name} "
                f"(95 % interval {_short(ends[0])} to {_short(ends[1])} {measure.unit}), which is "
                f"more than noise.{_shares(winner, loser)}"
            )
    return (
        f"{first.label} and {second.label} do not differ by more than noise, in completion or in "
        "lap time. More seeds may tell: racer train --seeds N."
    )


def _shares(winner: Group, loser: Group) -> str:
    """Their best laps in percent of optimal; empty where no reference is known."""
    shares = [group.values[SHARE.key] for group in (winner, loser)]
    if not all(len(values) for values in shares):
        return ""
    a, b = (float(iqm(values)) for values in shares)
    return f" Its best laps are {a:.1f} % of optimal, the other's {b:.1f} %."


def picture(groups: Sequence[Group], path: Path) -> None:
    """The verdict, the learning curve of every run, every score with its interval."""
    from racer.render.comparison import Score, Side, comparison_picture

    sides = []
    for group in groups:
        scores = []
        for measure in MEASURES:
            values = group.values[measure.key]
            found = interval(values) if len(values) else Interval(*[math.nan] * 3)
            scores.append(Score(values, found.iqm, found.low, found.high))
        sides.append(Side(group.label, scores, group.curves))
    comparison_picture(sides, [measure.head for measure in MEASURES], verdict(groups), path)


def _counted(tagged: list[Run]) -> list[Run]:
    """The runs of a tag that have a result, and a warning of those that have not."""
    missing = [run for run in tagged if not run.evaluation_file.exists()]
    if len(missing) == len(tagged):
        return tagged  # refused below, with the reason
    for run in missing:
        status = run.manifest().get("status")
        log.warning("not counted: %s has no result (%s).", run.name, status)
    return [run for run in tagged if run not in missing]


def _warn_of_mixture(tag: str, runs: list[Run]) -> None:
    rewards = sorted({*reward_names(runs)})
    if len(rewards) > 1:
        names = printable(", ".join(rewards))
        log.warning("%s holds runs of several rewards (%s).", tag, names)
    tracks = sorted({*road_names(runs)})
    if len(tracks) > 1:
        names = printable("; ".join(tracks))
        log.warning("%s holds runs on several tracks (%s).", tag, names)


def _cell(values: npt.NDArray[np.float64]) -> str:
    """A single number has no interval."""
    if len(values) < 2:
        return _short(float(values[0])) if len(values) else "none"
    return str(interval(values))


def _group(label: str, runs: Sequence[Run]) -> Group:
    unique = tuple({run.folder.resolve(): run for run in runs}.values())
    learned = [_learned(run) for run in unique]
    numbers = [
        _numbers(run) | {"first_lap_steps": first, SHARE.key: share_of(run)}
        for run, (first, _) in zip(unique, learned, strict=True)
    ]
    values = {}
    for measure in (*MEASURES, SHARE):
        column = [n[measure.key] for n in numbers]
        values[measure.key] = np.array([x for x in column if x is not None], np.float64)
    tracks = frozenset(road_of(run) for run in unique)
    return Group(label, unique, values, tracks, tuple(curve for _, curve in learned))


def _numbers(run: Run) -> dict[str, float | None]:
    if not run.evaluation_file.exists():
        status = run.manifest().get("status")
        raise BadRun(
            f"{run.folder} has no result yet (status: {status}). Wait while it is trained, or "
            f"finish it: {command('train', '--resume', run.typed)}"
        )
    result = run.result()
    return {"completion_pct": result["completion_pct"], "lap_time_s": result["mean_lap_s"]}


def _learned(run: Run) -> tuple[float | None, Curve]:
    """Timesteps of the first metrics row that counts a lap; the learning curve, thinned out."""
    first, rows, every = None, [(0.0, 0.0)], 1
    try:
        with run.metrics_file.open(encoding="utf-8", errors="replace") as file:
            for i, row in enumerate(csv.DictReader(file)):
                if first is None and float(row.get("laps") or 0) > 0:
                    first = float(int(row["timesteps"]))
                if i % every == 0:
                    rows.append((float(int(row["timesteps"])), float(row.get("laps_pct") or 0)))
                if len(rows) > _CURVE_ROWS:
                    rows, every = rows[::2], 2 * every
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadRun(f"{run.metrics_file} is damaged: {error}. Copy the run again.") from error
    steps, laps = np.array(rows).T
    if not np.isfinite(laps).all():
        raise BadRun(f"{run.metrics_file} holds a number that is not finite. Copy the run again.")
    return first, (steps, laps)


def _resampled(values: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    """IQM of each bootstrap sample, (RESAMPLES,)."""
    rng = np.random.default_rng(seed)
    return iqm(values[rng.integers(0, len(values), (RESAMPLES, len(values)))])


def _order(group: Group) -> tuple[float, float]:
    """Completion first, then lap time."""
    done, times = (group.values[measure.key] for measure in MEASURES[:2])
    return (-float(iqm(done)), float(iqm(times)) if len(times) else math.inf)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
