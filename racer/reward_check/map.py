"""A picture of a reward over the road: what the car is paid where, before anything is trained."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import UsageError
from racer.race.drivers import Line
from racer.reward import RewardFile, load, make_engine
from racer.reward.engine import Rows
from racer.sim.types import PARAMS
from racer.storage.files import write_output
from racer.tracks import Track

ALONG_M = 0.08  # m between the points drawn, along the road
ACROSS = 25  # points across it
BEYOND = 1.15  # of half the width; shows the border
HALF_CAR = 0.1  # m
TURNED = 40.0  # deg, of the small pictures
FASTEST = 100.0  # m/s
DPI = 130

Floats = NDArray[np.float64]


def draw(reward: str, track_name: str, path: Path, *, speed: float, heading: str) -> None:
    """Write the picture: one large map, small ones for other headings and speeds.

    Args:
        reward, track_name: names or files.
        path: of the PNG.
        speed: m/s.
        heading: "along", or degrees to the left of the road.

    Raises:
        UsageError: a heading or speed that is no number, or beyond reason.
        RewardFailed: the reward raises somewhere on the road.
    """
    try:
        turn = 0.0 if heading == "along" else float(heading)
    except ValueError:
        raise UsageError(f"--heading {heading!r}; give along, or degrees such as 30.") from None
    if not math.isfinite(turn) or not 0.0 <= speed <= FASTEST:
        raise UsageError(
            f"--speed {speed:g} --heading {turn:g}; give 0 to {FASTEST:g} m/s and finite degrees."
        )
    file, track = load(reward), Track.load(track_name)
    views = [
        (speed, turn),
        (speed, turn + TURNED),
        (speed, turn - TURNED),
        (speed / 2, turn),
        (speed * 1.5, turn),
    ]
    x, y = grid(track)
    values = maps(file, track, views)
    _paint(path, file.name, track, x, y, list(zip(views, values, strict=True)))


def maps(file: RewardFile, track: Track, views: list[tuple[float, float]]) -> list[Floats]:
    """The reward at every point of the grid, (S, ACROSS), for each (speed, turn).

    Every point has a car of its own, anew in each map: a reward that keeps state is in its first
    step everywhere.
    """
    n = grid(track)[0].size
    found: list[Floats] = []
    engine = make_engine(file, n=n, waypoints=track.waypoints)
    try:
        for speed, turn in views:
            if found and engine.name != "compiled":
                engine.close()
                engine = make_engine(file, n=n, waypoints=track.waypoints, engine=engine.name)
            out = np.zeros(n)
            engine.compute(rows_on(track, speed, turn), None, out)
            found.append(out.reshape(-1, ACROSS))
    finally:
        engine.close()
    return found


def _offsets(track: Track) -> tuple[Floats, Floats]:
    """(S,) m along and (ACROSS,) m to the left."""
    count = max(8, int(track.length / ALONG_M))
    half = track.width / 2 * BEYOND
    return np.linspace(0.0, track.length, count), np.linspace(-half, half, ACROSS)


def grid(track: Track) -> tuple[Floats, Floats]:
    """Where the reward is drawn: x and y, (S, ACROSS) m."""
    s, across = _offsets(track)
    line = Line(track.waypoints)
    x, y = line.at(s)
    direction = _direction(line, s)
    return (
        x[:, None] - across * np.sin(direction)[:, None],
        y[:, None] + across * np.cos(direction)[:, None],
    )


def _direction(line: Line, s: Floats) -> Floats:
    (x0, y0), (x1, y1) = line.at(s - 0.05), line.at(s + 0.05)
    return np.arctan2(y1 - y0, x1 - x0)


def rows_on(track: Track, speed: float, turn: float) -> Rows:
    """One PARAMS row per point of the grid, (S * ACROSS,), row-major.

    Args:
        speed: m/s.
        turn: heading, deg to the left of the road.
    """
    s, across = (a.ravel() for a in np.meshgrid(*_offsets(track), indexing="ij"))
    line, half = Line(track.waypoints), track.width / 2
    rows = np.zeros(len(s), PARAMS)
    x, y = grid(track)
    rows["x"], rows["y"] = x.ravel(), y.ravel()
    heading = np.degrees(_direction(line, s)) + turn
    rows["heading"] = 180.0 - (180.0 - heading) % 360.0
    rows["distance_from_center"], rows["is_left_of_center"] = np.abs(across), across > 0.0
    rows["projection_distance"], rows["progress"] = s, 100.0 * s / track.length
    rows["speed"] = speed
    rows["steps"] = np.maximum(2.0, np.round(s / max(speed, 0.1) * 15.0))
    rows["sim_time"] = rows["steps"] / 15.0
    rows["track_width"], rows["track_length"] = track.width, track.length
    following = np.clip(np.searchsorted(line.s, s, side="right"), 1, len(line.s) - 1)
    rows["prev_waypoint"], rows["next_waypoint"] = following - 1, following
    rows["all_wheels_on_track"] = np.abs(across) < half - HALF_CAR
    rows["is_offtrack"] = np.abs(across) > half + HALF_CAR
    return rows


def _paint(path: Path, name: str, track: Track, x: Floats, y: Floats, views: list[Any]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from racer.render.figures import mark_start

    figure = Figure(figsize=(11, 7.2))
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic([["0", "0", "0", "0"], ["1", "2", "3", "4"]], height_ratios=[3, 1])
    low = min(float(values.min()) for _, values in views)
    high = max(float(values.max()) for _, values in views)
    for index, ((speed, turn), values) in enumerate(views):
        one = axes[str(index)]
        mesh = one.pcolormesh(x, y, values, cmap="viridis", vmin=low, vmax=high, shading="gouraud")
        for border in (track.inner, track.outer):
            one.plot(*border.T, color="#20252b", linewidth=0.8)
        one.use_sticky_edges = False  # or the outermost colours are cut off
        one.margins(0.02)
        mark_start(one, track)
        toward = (
            "along the road" if turn == 0 else f"{abs(turn):g}° {'left' if turn > 0 else 'right'}"
        )
        title = f"{speed:g} m/s, heading {toward}"
        one.set_title(f"{name} on {track.name}: {title}" if index == 0 else title, fontsize=9)
        one.set_aspect("equal")
        one.axis("off")
    figure.colorbar(mesh, ax=axes["0"], label="reward", shrink=0.8)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI)
    write_output(path, buffer.getvalue())
