"""The picture of a league: every car's rating with its interval, and who finished before whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from racer.render.figures import INK, SOFT, plain, write

_COLOR = "#2f6f9f"
_LETTERS = 28  # of a name
_SHARES = 24  # cars up to which every share is written in its cell


class Row(NamedTuple):
    """A car, from the best to the worst: its name, and its rating with the 95 % interval."""

    name: str
    points: float
    low: float
    high: float


def league_picture(
    rows: Sequence[Row], wins: NDArray[np.int64], title: str, path: str | Path
) -> None:
    """Write it.

    Args:
        rows: the cars.
        wins: (N, N) how often the car of a row finished before that of a column; same order.
    """
    count = len(rows)

    def draw(figure: Any) -> None:
        figure.suptitle(title, color=INK, fontsize=12)
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
        _ratings(left, rows)
        _shares(right, rows, wins)

    write(draw, path, (11.0, min(2.4 + 0.42 * count, 60.0)))


def _ratings(axes: Any, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows):
        axes.plot(
            [row.low, row.high],
            [place, place],
            color=_COLOR,
            lw=7,
            alpha=0.25,
            solid_capstyle="butt",
        )
        axes.plot(row.points, place, "D", color=_COLOR, ms=6)
        axes.annotate(
            f"{row.points:.0f}",
            (row.points, place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=9,
        )
    axes.set_yticks(range(len(rows)), [_short(row.name) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.margins(x=0.12)
    axes.set_xlabel("rating; bar: 95 % interval. 400 points more win ten of eleven", color=SOFT)
    plain(axes)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def _shares(axes: Any, rows: Sequence[Row], wins: NDArray[np.int64]) -> None:
    """How often the car of a row finished before that of a column, %."""
    met = wins + wins.T
    shares = np.full(met.shape, np.nan)
    np.divide(100.0 * wins, met, out=shares, where=met > 0)
    axes.imshow(shares, cmap="RdYlBu", vmin=0.0, vmax=100.0, aspect="auto")
    if len(rows) <= _SHARES:
        for i, j in np.argwhere(met > 0).tolist():
            dark = abs(shares[i, j] - 50.0) > 35.0
            color = "white" if dark else INK
            axes.text(j, i, f"{shares[i, j]:.0f}", ha="center", va="center", color=color, size=9)
    axes.set_xticks(
        range(len(rows)), [_short(row.name) for row in rows], rotation=35, ha="right", size=8
    )
    axes.set_yticks(range(len(rows)), [str(place) for place in range(1, len(rows) + 1)])
    axes.set_title("finished before, % of their races", color=SOFT, fontsize=10)
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(name: str) -> str:
    plain_text = name.replace("$", r"\$")  # matplotlib reads formulas between two of them
    return plain_text if len(name) <= _LETTERS else f"{plain_text[: _LETTERS - 1]}…"
