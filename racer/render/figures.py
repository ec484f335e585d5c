"""Figures for a run folder and for the README: a track, the line driven, the learning curve."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import ResourceError
from racer.render import scene
from racer.render.scene import Playback
from racer.render.table import SPEED_COLORS
from racer.sim.types import BOX, IN_PROGRESS, LAP_COMPLETE, STATUS_LABELS
from racer.storage import files
from racer.tracks import Track

Point: TypeAlias = NDArray[np.float64]  # (2,) m

DPI = 130
INK, SOFT, GRID = "#20252b", "#6b7580", "#e3e7ec"
ASPHALT, EDGE, MIDDLE = "#dde1e6", "#7c8793", "#b9902f"
FAULT, FAULT_LABELS = "#c02020", 5
START, CURVES = "#e4502f", ("#2f6f9f", "#3a9d6e", "#c77d1e")
PANELS = (
    ("completion_pct", "completion, %"),
    ("lap_time_s", "lap time, s"),
    ("reward", "episode reward"),
)
LABEL_M = 0.3  # how far from the road a waypoint's number is looked for a free place
LABELS = 12  # numbered waypoints on a track, about


def track_picture(track: Track, path: str | Path) -> None:
    """Write a picture of a track: waypoint numbers, start, direction, length and width."""

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        _road(axes, track)
        center = track.center
        axes.plot(*center.T, ".", color=MIDDLE, markersize=2.2, zorder=3)
        _number_waypoints(axes, track)
        mark_start(axes, track)
        turn = "counter-clockwise" if track.ccw else "clockwise"
        axes.set_title(
            f"{track.name}   {track.length:.2f} m long, {track.width:.2f} m wide, "
            f"{len(center)} waypoints, {turn}",
            color=INK,
            fontsize=11,
            pad=10,
        )

    write(draw, path, _map_size(track))


def laps_picture(
    trace: Playback,
    path: str | Path,
    *,
    best: NDArray[np.void] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write a picture of every lap of a recording, coloured by measured speed.

    Args:
        best: (P,) POINT of the fastest known lap, drawn beneath.
        notes: lines below the picture, such as where time was lost.
    """

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        _road(axes, trace.track)
        mark_start(axes, trace.track)
        if best is not None:
            axes.plot(
                best["x"], best["y"], "--", color=INK, lw=1.4, zorder=3, label="fastest known"
            )
            axes.legend(loc="best", frameon=False, labelcolor=INK, fontsize=9)
        if notes:
            axes.set_xlabel("x, m\n" + "\n".join(notes), color=INK, fontsize=9)
        parts = trace.episodes()
        lines = _driven(trace, 2.4 if len(parts) < 4 else 1.2)
        axes.add_collection(lines)
        _objects(axes, trace)
        _mark_faults(axes, trace)
        bar = figure.colorbar(lines, ax=axes, shrink=0.75, pad=0.02)
        bar.set_label("speed, m/s", color=INK)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=SOFT)
        count = f"{len(parts)} lap{'' if len(parts) == 1 else 's'}"
        title = trace.meta.get("title") or trace.track.name
        axes.set_title(f"{str(title)[:70]}   {count}", color=INK, fontsize=11, pad=10)

    wide, high = _map_size(trace.track)
    write(draw, path, (wide, high + 0.2 * len(notes)))


def _driven(trace: Playback, width: float) -> Any:
    """The lines that were driven, in the colours of their speeds."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    colors = [tuple(c / 255 for c in color) for color in SPEED_COLORS]
    cmap = LinearSegmentedColormap.from_list("speed", colors)
    lines = LineCollection([], cmap=cmap, linewidth=width, zorder=4, capstyle="round")
    links, speeds = _links(trace)
    lines.set_segments(links)
    lines.set_array(speeds)
    lines.set_clim(*scene.speed_scale(trace.rows))
    return lines


def curve_picture(metrics: Mapping[str, NDArray[np.float64]], path: str | Path) -> None:
    """Write the learning curve: completion, lap time and reward against steps.

    Args:
        metrics: `steps` (K,), and any of `completion_pct`, `lap_time_s`, `reward` (K,); NaN where
            there is no value.
    """
    shown = [(key, label) for key, label in PANELS if key in metrics]

    def draw(figure: Any) -> None:
        steps = np.asarray(metrics["steps"], float)
        panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (key, label), color in zip(panels, shown, CURVES, strict=False):
            values = np.asarray(metrics[key], float)
            known = np.isfinite(values)
            alone = known.sum() < 40
            axes.plot(
                steps[known], values[known], "-o" if alone else "-", color=color, ms=3, lw=1.8
            )
            axes.set_ylabel(label, color=INK)
            plain(axes)
            if not known.any():
                axes.text(0.5, 0.5, "none yet", transform=axes.transAxes, color=SOFT, ha="center")
                axes.set_yticks([])
            if key == "completion_pct":
                axes.set_ylim(-3, 105)
        panels[-1].set_xlabel("environment steps", color=INK)
        panels[-1].xaxis.set_major_formatter(thousands)
        if len(steps):
            panels[-1].set_xlim(0, float(steps.max()) * 1.01 or 1.0)

    write(draw, path, (8.0, 1.0 + 2.1 * max(len(shown), 1)))


def write(draw: Callable[[Any], None], path: str | Path, size: tuple[float, float]) -> None:
    """Draw on a figure of its own (no pyplot, no global state) and write it whole or not at all."""
    with own_style():
        figure = new_figure(figsize=size, dpi=DPI, facecolor="white")
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
        draw(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    files.write_output(path, content.getvalue())


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """Draw with matplotlib's defaults: a matplotlibrc here or at home may ask for LaTeX."""
    _load()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def new_figure(**options: Any) -> Any:
    """A matplotlib Figure that is drawn in memory: no pyplot, no window, no backend of others."""
    _load()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


def _load() -> None:
    """Import matplotlib, whatever MPLBACKEND says.

    `!racer` in a notebook inherits it. It names a module that may not exist here, and matplotlib
    refuses to be imported then. One that exists stays chosen for the user's own plots.

    Raises:
        ResourceError: a matplotlibrc that it cannot read.
    """
    first, backend = "matplotlib" not in sys.modules, os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    except ValueError as error:  # it decodes a matplotlibrc as UTF-8
        raise ResourceError(
            f"no picture: matplotlib cannot read its settings ({error}). Look at the file "
            "matplotlibrc in this folder, or in the folder of matplotlib's settings."
        ) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if first and backend is not None:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


def _map_size(track: Track) -> tuple[float, float]:
    x0, y0, x1, y1 = scene.bounds(track)
    wide, high = max(x1 - x0, 1e-6), max(y1 - y0, 1e-6)
    scale = min(10.0 / wide, 7.0 / high)
    return min(max(wide * scale, 6.5) + 0.9, 11.0), min(max(high * scale, 3.0) + 0.9, 8.0)


def _road(axes: Any, track: Track) -> None:
    axes.fill(*track.outer.T, color=ASPHALT, zorder=1)
    axes.fill(*track.inner.T, color="white", zorder=1.1)
    for line in (track.inner, track.outer):
        axes.plot(*line.T, color=EDGE, linewidth=1.3, zorder=2)
    axes.plot(*track.center.T, color=MIDDLE, linewidth=0.7, dashes=(6, 5), zorder=2)
    axes.set_aspect("equal")
    axes.margins(0.05)
    axes.set_xlabel("x, m", color=INK)
    axes.set_ylabel("y, m", color=INK)
    plain(axes)
    axes.grid(False)


def _number_waypoints(axes: Any, track: Track) -> None:
    """Numbers at every so many waypoints, outside the road."""
    count = len(track.center) - 1
    every = next((n for n in (5, 10, 20, 50, 100, 200, 500) if count / n <= LABELS * 1.5), 1000)
    for i in range(0, count, every):
        point = track.center[i]
        edge, away = _beside(track, point)
        axes.plot(*point, "o", color=INK, markersize=3, zorder=5)
        axes.annotate(
            str(i),
            edge,
            xytext=tuple(away * 11),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            color=SOFT,
            zorder=5,
        )


def _beside(track: Track, point: Point) -> tuple[Point, Point]:
    """The border and the direction away from the road, where no other piece of road is near."""
    found = []
    for line in (track.outer, track.inner):
        edge = line[np.argmin(np.hypot(*(line - point).T))]
        away = (edge - point) / max(float(np.hypot(*(edge - point))), 1e-9)
        room = np.hypot(*(track.center - (edge + LABEL_M * away)).T).min()
        found.append((float(min(room, 0.5 * track.width + LABEL_M - 0.05)), edge, away))
    _, edge, away = max(found, key=lambda one: one[0])  # the outer one where both have room
    return edge, away


def mark_start(axes: Any, track: Track) -> None:
    """A line across the road at waypoint 0 and an arrow in driving direction."""
    x, y, yaw = track.pose_at(0.0)
    axes.plot(*scene.start_line(track).T, color=START, linewidth=3, zorder=6, solid_capstyle="butt")
    length = 0.9 * track.width
    axes.annotate(
        "",
        (x + length * np.cos(yaw), y + length * np.sin(yaw)),
        xytext=(x, y),
        arrowprops={"arrowstyle": "-|>", "color": START, "lw": 2, "shrinkA": 0, "shrinkB": 0},
        zorder=6,
    )


def _links(trace: Playback) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Two-point lines between consecutive states, and the speed at the first of each."""
    links: list[NDArray[np.float64]] = []
    speeds: list[float] = []
    for part in trace.episodes():
        rows = trace.rows[part]
        points = np.stack([rows["x"], rows["y"]], axis=1)
        links += list(np.stack([points[:-1], points[1:]], axis=1))  # (R - 1, 2, 2)
        speeds += rows["v"][:-1].tolist()
    return links, np.array(speeds)


def _objects(axes: Any, trace: Playback) -> None:
    """Boxes where they stood in each lap; bots and other cars where they were when it began."""
    from matplotlib.collections import PolyCollection

    if not trace.objects.shape[1]:
        return
    parts = trace.episodes()
    first = np.concatenate([trace.objects[part.start] for part in parts])
    first = np.unique(first[first["present"]])
    polygons, faces = [], []
    for one in first:
        half = np.array([one["length"], one["width"]]) / 2
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * half
        cos, sin = np.cos(one["yaw"]), np.sin(one["yaw"])
        polygons.append(corners @ np.array([[cos, sin], [-sin, cos]]) + [one["x"], one["y"]])
        color = scene.CARDBOARD if one["kind"] == BOX else scene.BOT_BODY
        faces.append([c / 255 for c in color])
    shown = 1.0 if len(first) <= 2 * trace.objects.shape[1] else 0.45
    axes.add_collection(
        PolyCollection(
            polygons, facecolors=faces, edgecolors="black", lw=0.5, alpha=shown, zorder=5
        )
    )


def _mark_faults(axes: Any, trace: Playback) -> None:
    """A cross where a lap ended before its finish, with the reason beside it."""
    ends = [trace.rows[part.stop - 1] for part in trace.episodes()]
    faults = [row for row in ends if row["status"] not in (IN_PROGRESS, LAP_COMPLETE)]
    for row in faults:
        axes.plot(row["x"], row["y"], "x", color=FAULT, ms=9, mew=2.4, zorder=7)
    for row in faults[:FAULT_LABELS]:  # more would cover each other
        axes.annotate(
            STATUS_LABELS[row["status"]].replace("_", " "),
            (row["x"], row["y"]),
            xytext=(7, 7),
            textcoords="offset points",
            color=FAULT,
            fontsize=8,
            zorder=7,
        )


def plain(axes: Any) -> None:
    """A light grid and no more frame than needed."""
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=9)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(EDGE)


def thousands(value: float, _: int) -> str:
    """A number of an axis: 20 k, 1.5 M."""
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 1e3 else f"{value:g}"
