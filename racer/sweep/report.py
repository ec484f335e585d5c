"""What a sweep came to: a table, a CSV, pictures, and a sentence on what mattered."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer import console
from racer.runs import Run
from racer.storage import files
from racer.sweep import effects
from racer.sweep.board import cells, heads, label, names
from racer.sweep.folder import Folder
from racer.sweep.plan import Plan
from racer.sweep.score import Configuration, Row, configurations, row_of, shown
from racer.sweep.space import Range
from racer.training.results import draw

_SHOWN = 20  # configurations in the table; the CSV has all runs
_COLUMNS = ("status", "completion_pct", "lap_s", "best_lap_s", "optimal_pct", "seconds")
_TELLS_PCT = 1.0  # runs that differ by less in completion are coloured by their laps
_NAMES = 4  # rows of the picture of lap times


def rows_of(folder: Folder) -> list[Row]:
    """The finished runs of a sweep."""
    return [row_of(Run(folder.runs / name)) for name in folder.finished()]


def text(folder: Folder, plan: Plan, rows: Sequence[Row]) -> str:
    """Table, what is missing, the best, and what mattered."""
    keys = list(plan.space)
    ranked = configurations(rows)
    lines = [f"{len(rows)} of {plan.runs} runs are finished, {_kinds(rows)}."]
    failures = folder.failures()
    lines += [f"{name} failed: {why.splitlines()[0]}" for name, why in list(failures.items())[:5]]
    if not rows:
        return "\n".join(lines)
    head, count = heads(keys), len(keys)
    table = [cells(one, keys) for one in ranked[:_SHOWN]]
    lines += ["", console.table(head, table, right=range(count, len(head)))]
    if len(ranked) > _SHOWN:
        lines.append(f"and {len(ranked) - _SHOWN} more configurations in results.csv")
    lines += [
        "",
        f"best          {label(ranked[0].settings)}: {ranked[0].text}",
        f"its best run  {folder.runs / _best(ranked).id}",
        _mattered(plan, rows),
    ]
    return "\n".join(lines)


def write(folder: Folder, plan: Plan, rows: Sequence[Row]) -> list[Path]:
    """results.csv, parallel.png, importance.png and laps.png in the sweep's folder.

    The best run gets the pictures that a run of `racer train` has.

    Returns:
        what was written in the sweep's folder; without a finished run only the CSV.
    """
    made = [folder.path / "results.csv"]
    files.write_output(made[0], _csv(plan, rows).encode())
    if rows:
        made += _pictures(folder.path, plan, rows)
        draw(Run(folder.runs / _best(configurations(rows)).id))
    return made


def _best(ranked: Sequence[Configuration]) -> Row:
    """The best run of the best configuration."""
    return max(ranked[0].rows, key=lambda row: row.value)


def _mattered(plan: Plan, rows: Sequence[Row]) -> str:
    return effects.sentence(rows, plan.space, grid=plan.search == "grid")


def _kinds(rows: Sequence[Row]) -> str:
    """How many of them ended in each way."""
    lapped = sum(row.completion_pct >= 100.0 for row in rows)
    parts = [f"{lapped} of them with every lap completed"]
    for status in ("pruned", "diverged"):
        count = sum(row.status == status for row in rows)
        if count:
            parts.append(f"{count} {status}")
    return ", ".join(parts)


def _csv(plan: Plan, rows: Sequence[Row]) -> str:
    """A line for each run; a number that is not known is an empty field."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["run", "configuration", "seed", *plan.space, *_COLUMNS])
    for row in sorted(rows, key=lambda row: (row.number, row.seed)):
        found = [getattr(row, name) for name in _COLUMNS]
        plain = ["" if isinstance(value, float) and math.isnan(value) else value for value in found]
        varied = [_full(row.settings[key]) for key in plan.space]
        writer.writerow([row.id, row.number, row.seed, *varied, *plain])
    return stream.getvalue()


def _full(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _pictures(folder: Path, plan: Plan, rows: Sequence[Row]) -> list[Path]:
    from racer.render import sweep as draw

    paths = [folder / name for name in ("parallel.png", "importance.png", "laps.png")]
    keys = list(plan.space)
    axes = [_axis(plan, rows, key, name) for key, name in zip(keys, names(keys), strict=True)]
    completion = np.array([row.completion_pct for row in rows])
    share = any(not math.isnan(row.optimal_pct) for row in rows)
    lap, unit = _lap_column(rows, share)
    results = [draw.Axis("completion, %", completion)]
    if np.isfinite(lap).any():
        results.insert(0, draw.Axis(unit, lap))
    apart_pct = np.ptp([row.completion_pct for row in effects.compared(rows)])
    by = results[-1] if apart_pct >= _TELLS_PCT else results[0]
    draw.parallel_picture([*axes, *results], by, f"{len(rows)} runs", paths[0])
    found = effects.effects(rows, plan.space, grid=plan.search == "grid")
    bars = [draw.Bar(one.key, 100.0 * one.share, one.real) for one in found]
    note = f"{len(rows)} runs; grey bars: shuffled values explain as much"
    draw.importance_picture(bars, note, paths[1])
    laps, without = [], []
    for name, mine in _groups(plan, rows, found):
        values, _ = _lap_column(mine, share)
        laps.append((name, values[np.isfinite(values)]))
        without.append(int(np.isnan(values).sum()))
    draw.laps_picture(laps, without, unit, paths[2])
    return paths


def _lap_column(rows: Sequence[Row], share: bool) -> tuple[NDArray[np.float64], str]:
    """Best laps, in percent of the best possible or in seconds; and what that is."""
    if share:
        return np.array([row.optimal_pct for row in rows]), "best lap, % of optimal"
    return np.array([row.best_lap_s for row in rows]), "best lap, s"


def _groups(
    plan: Plan, rows: Sequence[Row], found: Sequence[effects.Effect]
) -> list[tuple[str, list[Row]]]:
    """Runs by the value of the setting that mattered most, if its values are few; else together."""
    key = next((one.key for one in found if not isinstance(plan.space[one.key], Range)), None)
    if key is None or len(plan.space[key].ends()) > _NAMES:
        return [("all", list(rows))]
    return [
        (f"{key} = {shown(value)}", mine)
        for value in plan.space[key].ends()
        if (mine := [row for row in rows if row.settings[key] == value])
    ]


def _axis(plan: Plan, rows: Sequence[Row], key: str, name: str) -> Any:
    from racer.render.sweep import Axis

    one = plan.space[key]
    if isinstance(one, Range):
        drawn = np.array([float(row.settings[key]) for row in rows])
        return Axis(name, drawn, log=one.log)
    kinds = [repr(value) for value in one.ends()]
    places = np.array([float(kinds.index(repr(row.settings[key]))) for row in rows])
    return Axis(name, places, [shown(value)[:24] for value in one.ends()])
