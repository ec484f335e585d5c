"""The picture of a comparison: how each group learned, and what came out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.render.figures import EDGE, INK, SOFT, plain, thousands, write

COLORS = ("#2f6f9f", "#c77d1e", "#3a9d6e", "#a4508b", "#6b7580", "#b3413a")
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """One measure of a group.

    Args:
        values: of each run that has one, (R,).
        middle, low, high: interquartile mean and its interval; NaN without values.
    """

    values: Floats
    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Side:
    """One group of runs.

    Args:
        label: its name.
        scores: one for each measure.
        curves: of each run: steps (K,), laps completed (K,) %.
    """

    label: str
    scores: Sequence[Score]
    curves: Sequence[tuple[Floats, Floats]]


def comparison_picture(
    sides: Sequence[Side], measures: Sequence[str], sentence: str, path: str | Path
) -> None:
    """Write it: a learning curve of every run above, scores with their intervals below.

    Args:
        sides: the groups.
        measures: what the scores are, with their units.
        sentence: the verdict, the title.
    """
    below = 1.2 + 0.45 * len(sides)

    def draw(figure: Any) -> None:
        figure.suptitle(textwrap.fill(sentence, 100), color=INK, fontsize=12)
        grid = figure.add_gridspec(2, len(measures), height_ratios=(2.6, below))
        _curves(figure.add_subplot(grid[0, :]), sides)
        first = None
        for k, name in enumerate(measures):
            axes = first = figure.add_subplot(grid[1, k], sharey=first)
            _scores(axes, [side.scores[k] for side in sides], name)
            axes.tick_params(axis="y", length=0, labelleft=k == 0, labelcolor=INK)
        axes.set_yticks(range(len(sides)), [side.label for side in sides])
        axes.set_ylim(len(sides) - 0.4, -0.6)

    write(draw, path, (11.0, 3.4 + below))


def _curves(axes: Any, sides: Sequence[Side]) -> None:
    """Thin lines for runs, a thick one for the mean of the runs that are still trained."""
    for k, side in enumerate(sides):
        color = COLORS[k % len(COLORS)]
        known = [(steps, laps) for steps, laps in side.curves if len(steps)]
        for steps, laps in known:
            axes.plot(steps, laps, color=color, lw=0.8, alpha=0.35)
        if known:
            grid = np.linspace(0.0, min(steps[-1] for steps, _ in known), 200)
            mean = np.mean([np.interp(grid, steps, laps) for steps, laps in known], axis=0)
            axes.plot(grid, mean, color=color, lw=2.4, label=side.label)
    axes.set_ylim(-3, 105)
    axes.set_xlim(0, None)
    axes.set_ylabel("laps completed, %", color=INK)
    axes.set_xlabel("environment steps, training; thin: a run, thick: their mean", color=SOFT)
    axes.xaxis.set_major_formatter(thousands)
    plain(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", frameon=False, labelcolor=INK)


def _scores(axes: Any, scores: Sequence[Score], name: str) -> None:
    """A line each: runs as dots, the interval as a bar, the interquartile mean as a diamond."""
    for row, score in enumerate(scores):
        color = COLORS[row % len(COLORS)]
        if not len(score.values):
            axes.text(
                0.5, row, "none", color=SOFT, ha="center", transform=axes.get_yaxis_transform()
            )
            continue
        axes.plot(
            [score.low, score.high],
            [row, row],
            color=color,
            lw=7,
            alpha=0.25,
            solid_capstyle="butt",
        )
        axes.plot(score.values, np.full(len(score.values), row), "o", color=EDGE, ms=3.5)
        axes.plot(score.middle, row, "D", color=color, ms=7)
        shown = f"{score.middle:,.0f}" if abs(score.middle) >= 1000 else f"{score.middle:.2f}"
        axes.annotate(
            shown,
            (score.middle, row),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=9,
        )
    axes.set_xlabel(name, color=INK)
    axes.margins(x=0.15)
    if "%" in name:
        axes.set_xlim(-3, 108)
    plain(axes)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    if max((abs(v) for score in scores for v in score.values), default=0.0) >= 1000:
        axes.xaxis.set_major_formatter(thousands)
