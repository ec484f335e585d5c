"""The picture of a race line: coloured by speed, with apexes and braking points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.raceline import Bend
from racer.render.figures import INK, SOFT, _map_size, _road, mark_start, write
from racer.render.table import SPEED_COLORS
from racer.tracks import Track

APEX, BRAKE = "#20252b", "#d1242f"


def line_picture(
    track: Track, points: NDArray[np.void], bends: Sequence[Bend], title: str, path: str | Path
) -> None:
    """Write it.

    Args:
        points: (P,) POINT of one lap.
        bends: of that lap.
    """

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        _road(axes, track)
        mark_start(axes, track)
        lines = _speed_line(points)
        axes.add_collection(lines)
        _marks(axes, points, bends)
        bar = figure.colorbar(lines, ax=axes, shrink=0.75, pad=0.02)
        bar.set_label("speed, m/s", color=INK)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=SOFT)
        axes.set_title(title, color=INK, fontsize=11, pad=10)

    write(draw, path, _map_size(track))


def _speed_line(points: NDArray[np.void]) -> Any:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    colors = [tuple(c / 255 for c in color) for color in SPEED_COLORS]
    places = np.stack([points["x"], points["y"]], axis=1)
    lines = LineCollection(
        list(np.stack([places[:-1], places[1:]], axis=1)),
        cmap=LinearSegmentedColormap.from_list("speed", colors),
        linewidth=3.0,
        zorder=4,
        capstyle="round",
    )
    lines.set_array(0.5 * (points["v"][:-1] + points["v"][1:]))
    low, high = float(points["v"].min()), float(points["v"].max())
    lines.set_clim(low, max(high, low + 0.1))
    return lines


def _marks(axes: Any, points: NDArray[np.void], bends: Sequence[Bend]) -> None:
    apexes = points[[bend.apex for bend in bends]]
    brakes = points[[bend.braking for bend in bends if bend.braking >= 0]]
    marks = (("apex", apexes, "o", APEX), ("braking", brakes, "s", BRAKE))
    for label, rows, marker, color in marks:
        if len(rows):
            axes.plot(
                rows["x"], rows["y"], marker, color=color, mec="white", ms=7, zorder=7, label=label
            )
    for row in apexes:
        axes.annotate(
            f"{row['v']:.1f}",
            (row["x"], row["y"]),
            xytext=(8, 5),
            textcoords="offset points",
            fontsize=8,
            color=INK,
            zorder=8,
        )
    if len(apexes) or len(brakes):
        axes.legend(loc="best", frameon=False, labelcolor=INK, fontsize=9)
