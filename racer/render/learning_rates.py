"""The lesson on learning rates as a picture: completion and loss of each, and how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.render.figures import INK, SOFT, plain, thousands, write

COLORS = {"too low": "#5b8db8", "good": "#2e9e5b", "too high": "#e0902f", "diverging": "#c02020"}

_ROW = 0.045  # of the height of a panel, for a name


@dataclass(frozen=True)
class Line:
    """A learning rate: kind (a key of COLORS), curves (P,) and completion at the end in %."""

    rate: float
    kind: str
    steps: NDArray[np.float64]
    completion: NDArray[np.float64]
    loss: NDArray[np.float64]
    end: float


def picture(lines: Sequence[Line], title: str, path: Path) -> None:
    """Completion and loss against steps, and completion at the end against the rate."""

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1.25, 1.0))
        losses = [np.where(line.loss > 0, line.loss, np.nan) for line in lines]
        for line, loss in zip(lines, losses, strict=True):
            style = {"color": COLORS[line.kind], "lw": 2.4 if line.kind == "good" else 1.6}
            left.plot(line.steps, line.completion, **style)
            middle.plot(line.steps, loss, **style)
        left.set(ylim=(-3, 105), ylabel="completion of training episodes, %")
        middle.set(yscale="log", ylabel="loss of the value network")
        for axes in (left, middle):
            axes.set_xlabel("environment steps", color=INK)
            axes.xaxis.set_major_formatter(thousands)
            axes.set_xlim(0, 1.18 * max(float(line.steps[-1]) for line in lines))
            plain(axes)
        _names(left, lines, [line.completion for line in lines])
        _names(middle, lines, losses)
        _ends(right, lines)
        figure.suptitle(title, color=INK, fontsize=11)

    write(draw, path, (14.0, 4.6))


def _names(axes: Any, lines: Sequence[Line], curves: Sequence[NDArray[np.float64]]) -> None:
    """Each rate at the end of its curve, moved up where it would cover another."""
    ends = []
    to_axes = axes.transData + axes.transAxes.inverted()
    for line, curve in zip(lines, curves, strict=True):
        known = np.flatnonzero(np.isfinite(curve))
        if len(known):
            step = line.steps[known[-1]]
            ends.append((float(to_axes.transform((step, curve[known[-1]]))[1]), step, line))
    height = -1.0
    for wanted, step, line in sorted(ends, key=lambda end: end[0]):
        height = max(wanted, height + _ROW)
        axes.annotate(
            f"{line.rate:g}",
            (step, height),
            xycoords=axes.get_xaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=COLORS[line.kind],
        )


def _ends(axes: Any, lines: Sequence[Line]) -> None:
    rates, ends = [line.rate for line in lines], [line.end for line in lines]
    axes.plot(rates, ends, color=SOFT, lw=1, zorder=1)
    for kind, color in COLORS.items():
        mine = [line for line in lines if line.kind == kind]
        if mine:
            places = [line.rate for line in mine], [line.end for line in mine]
            axes.scatter(*places, color=color, s=60, zorder=2, label=kind)
    axes.set(xscale="log", ylim=(-3, 105), ylabel="completion at the end, %")
    axes.set_xlabel("learning rate", color=INK)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    plain(axes)
