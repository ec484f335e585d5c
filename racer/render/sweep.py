"""Pictures of a sweep: every run as a line across its settings, what mattered, the lap times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.render.figures import INK, SOFT, plain, write

_SCALE = "viridis"
_NONE = -0.12  # where runs without a value cross an axis
_JITTER = 0.18  # of the distance between two values, so that lines do not cover each other


@dataclass(frozen=True)
class Axis:
    """A setting, or what came out.

    Args:
        name: for people.
        values: (R,) one for each run; places 0, 1, ... where `labels` are given; NaN for none.
        labels: of the places.
        log: draw on a logarithmic scale.
    """

    name: str
    values: NDArray[np.float64]
    labels: Sequence[str] = ()
    log: bool = False


@dataclass(frozen=True)
class Bar:
    """How much a setting explains, in %, and whether that is more than chance."""

    name: str
    share_pct: float
    real: bool


def parallel_picture(axes: Sequence[Axis], by: Axis, title: str, path: Path) -> None:
    """A line for each run through its settings to its result, coloured by the values of `by`."""
    values = np.where(np.isfinite(by.values), by.values, np.nanmin(by.values))

    def draw(figure: Any) -> None:
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        panel = figure.add_subplot()
        rng = np.random.default_rng(0)
        heights = np.array([_heights(axis, rng) for axis in axes])  # (A, R) 0 to 1
        low, high = float(values.min()), float(values.max())
        norm = Normalize(low, high if high > low else low + 1.0)
        order = np.argsort(values, kind="stable")  # the best on top
        places = np.arange(len(axes))
        for run in order:
            color = colormaps[_SCALE](norm(values[run]))
            alpha = min(0.9, 8.0 / math.sqrt(len(values)) / 2 + 0.15)
            panel.plot(places, heights[:, run], color=color, lw=1.1, alpha=alpha)
        for place, axis in enumerate(axes):
            panel.axvline(place, color=INK, lw=1)
            for height, text in _ticks(axis):
                panel.annotate(
                    text,
                    (place, height),
                    xytext=(4, 0),
                    textcoords="offset points",
                    fontsize=8,
                    color=INK,
                    va="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
                )
        panel.set_xticks(places, [axis.name for axis in axes], color=INK, fontsize=9)
        panel.set_yticks([])
        panel.set_xlim(-0.15, len(axes) - 0.55)
        panel.set_ylim(_NONE - 0.04, 1.06)
        for spine in panel.spines.values():
            spine.set_visible(False)
        panel.tick_params(length=0)
        panel.set_title(title, color=INK, fontsize=11, pad=10)
        bar = figure.colorbar(ScalarMappable(norm, _SCALE), ax=panel, shrink=0.8, pad=0.02)
        bar.set_label(by.name, color=INK)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=SOFT)

    write(draw, path, (max(7.5, 1.9 * len(axes) + 2.2), 4.6))


def importance_picture(bars: Sequence[Bar], note: str, path: Path) -> None:
    """A bar for each setting; grey where it explains no more than chance."""

    def draw(figure: Any) -> None:
        panel = figure.add_subplot()
        colors = ["#2f6f9f" if bar.real else "#c3cad2" for bar in bars]
        panel.barh([bar.name for bar in bars], [bar.share_pct for bar in bars], color=colors)
        for row, bar in enumerate(bars):
            text = f"{bar.share_pct:.0f} %" + ("" if bar.real else ", no more than chance")
            panel.annotate(
                text,
                (bar.share_pct, row),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=INK,
            )
        panel.invert_yaxis()
        panel.set_xlim(0, 125)
        panel.set_xticks(range(0, 101, 25))
        panel.set_xlabel(f"explains % of the differences between runs\n{note}", color=INK)
        plain(panel)
        panel.grid(False, axis="y")

    write(draw, path, (8.0, 1.5 + 0.5 * max(len(bars), 1)))


def laps_picture(
    laps: Sequence[tuple[str, NDArray[np.float64]]], failed: Sequence[int], unit: str, path: Path
) -> None:
    """The distribution of lap times over runs, one row for each name.

    Args:
        laps: name → one number for each run that completed a lap.
        failed: for each name, how many runs completed none.
        unit: of the numbers, for people.
    """

    def draw(figure: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        everything = np.concatenate([values for _, values in laps])
        panels = figure.subplots(len(laps), 1, sharex=True, squeeze=False)[:, 0]
        if len(everything):
            bins = np.linspace(everything.min(), everything.max() + 1e-9, 41)
        for panel, (name, values), without in zip(panels, laps, failed, strict=True):
            if len(values):
                panel.hist(values, bins=bins, color="#2f6f9f")
                panel.axvline(float(np.median(values)), color="#c77d1e", lw=1.6)
                panel.annotate(
                    f"median {np.median(values):.2f}",
                    (float(np.median(values)), 1.0),
                    xycoords=("data", "axes fraction"),
                    xytext=(4, -4),
                    textcoords="offset points",
                    va="top",
                    fontsize=8,
                    color="#8a560f",
                    bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1},
                )
            text = f"{name}: {len(values)} runs with a lap, {without} without"
            panel.set_title(text, color=INK, fontsize=9, loc="left")
            panel.set_ylabel("runs", color=INK)
            panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
            if not len(values):
                panel.set_yticks([])
            plain(panel)
        panels[-1].set_xlabel(unit, color=INK)

    write(draw, path, (8.0, 0.9 + 1.5 * len(laps)))


def _heights(axis: Axis, rng: np.random.Generator) -> NDArray[np.float64]:
    """Where each run crosses the axis, 0 to 1; what is missing at the bottom."""
    values = np.asarray(axis.values, float)
    if axis.labels:
        top = max(len(axis.labels) - 1, 1)
        spread = rng.uniform(-_JITTER, _JITTER, len(values)) * (len(axis.labels) > 1)
        places = (values + spread) / top if len(axis.labels) > 1 else np.full(len(values), 0.5)
        return np.asarray(np.clip(places, -0.04, 1.04))
    low, high = _bounds(axis)
    scaled = np.log(values) if axis.log else values
    found = (scaled - low) / (high - low if high > low else 1.0)
    return np.asarray(np.where(np.isfinite(found), found, _NONE))


def _bounds(axis: Axis) -> tuple[float, float]:
    values = axis.values[np.isfinite(axis.values)]
    scaled = np.log(values) if axis.log else values
    return (float(scaled.min()), float(scaled.max())) if len(scaled) else (0.0, 1.0)


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Heights and what stands there."""
    if axis.labels:
        top = len(axis.labels) - 1
        return [(i / top if top else 0.5, label) for i, label in enumerate(axis.labels)]
    low, high = _bounds(axis)
    found = [] if np.isfinite(axis.values).all() else [(_NONE, "none")]
    for height in (0.0, 0.5, 1.0) if high > low else (0.0,):
        value = low + height * (high - low)
        found.append((height, f"{math.exp(value) if axis.log else value:.3g}"))
    return found
