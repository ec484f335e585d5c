"""A picture of a reward over the road: what the car is paid where, before anything is trained."""

from __future__ import annotations

import io
import math
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer import vehicles
from racer.config import Others, RaceConfig
from racer.errors import UnknownName, UsageError
from racer.race.drivers import Line
from racer.reward import RewardFile, load, make_engine
from racer.reward.engine import Rows
from racer.reward_check.around import Around, around, with_others
from racer.sim.replay import measure_poses
from racer.sim.types import CAR, PARAMS
from racer.storage.files import write_output
from racer.tracks import Track

ALONG_M = 0.08  # m between the points drawn, along the road, at most
SLOWEST = 0.3  # m/s
MIN_STEPS = 8
ACROSS = 25  # points across it
BEYOND = 1.15  # of half the width; shows the border
TURNED = 40.0  # deg, of the small pictures
FASTEST = 100.0  # m/s
DPI = 130

Floats: TypeAlias = NDArray[np.float64]


class View(NamedTuple):
    """What one map shows.

    Attributes:
        speed: m/s.
        turn: heading, deg to the left of the road.
    """

    speed: float
    turn: float


def draw(
    reward: str,
    track_name: str,
    path: Path,
    *,
    speed: float,
    heading: str,
    component: str = "",
    others: Others | None = None,
) -> None:
    """Write the picture: one large map, small ones for other headings and speeds.

    Args:
        reward, track_name: names or files.
        path: of the PNG.
        speed: m/s.
        heading: "along", or degrees to the left of the road.
        component: draw this part of the reward alone; the whole reward by default.
        others: what else is on the road, where an episode begins.

    Raises:
        UsageError: a heading or speed that is no number, or beyond reason; no such component.
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
        View(speed, turn),
        View(speed, turn + TURNED),
        View(speed, turn - TURNED),
        View(speed / 2, turn),
        View(speed * 1.5, turn),
    ]
    known = around(track, others or Others())
    name = file.name
    if component:
        _check_component(file, track, component, known)
        file, name = file.of_component(component), f"{file.name}, {component}"
    _paint(path, name, track, views, maps(file, track, views, known), known)


def _check_component(file: RewardFile, track: Track, name: str, known: Around | None) -> None:
    if not file.components_line:
        raise UsageError(
            f"--component {name!r}, but {file.shown} names none. Write `components = {{}}` "
            "above reward_function and set components['speed'] and so on in every call."
        )
    rows, objects = rows_on(track, View(1.0, 0.0), known)[:1], _count(known)
    with closing(make_engine(file, n=1, waypoints=track.waypoints, objects=objects)) as engine:
        engine.compute(rows, None, np.zeros(1))
        names = engine.take_components()
    if name not in names:
        raise UnknownName("component", name, names, f"They are those of {file.shown}.")


def _count(known: Around | None) -> int:
    return 0 if known is None else len(known.world)


def maps(
    file: RewardFile, track: Track, views: list[View], known: Around | None = None
) -> list[Floats]:
    """The reward at every point of the grid of each view, (S, ACROSS).

    Every car drives its lane of the map from the start line, anew in each map, in steps of 1/15 s:
    a reward that keeps state sees what it would see in a training.
    """
    return [_driven(file, track, view, known) for view in views]


def _driven(file: RewardFile, track: Track, view: View, known: Around | None) -> Floats:
    rows, n = rows_on(track, view, known), cars(view) * ACROSS
    out, batch = np.zeros(len(rows)), np.zeros(n, rows.dtype)
    objects = _count(known)
    with closing(make_engine(file, n=n, waypoints=track.waypoints, objects=objects)) as engine:
        paid = np.zeros(n)
        for first in range(0, len(rows), n):
            batch[:] = rows[first : first + n]
            engine.compute(batch, None, paid)
            out[first : first + n] = paid
    return out.reshape(-1, ACROSS)


def cars(view: View) -> int:
    """How many cars drive one lane, one behind the other, so that points lie close together."""
    return max(1, math.ceil(_step_m(view) / ALONG_M))


def _step_m(view: View) -> float:
    """Of a car in 1/15 s; one that hardly moves is drawn as if it did."""
    return max(view.speed, SLOWEST) / 15.0


def _offsets(track: Track, view: View) -> tuple[Floats, Floats]:
    """(S,) m along, each step of every car, and (ACROSS,) m to the left."""
    apart = np.float64(_step_m(view) / cars(view))
    steps = max(MIN_STEPS, math.ceil(track.length / _step_m(view)))
    half = track.width / 2 * BEYOND
    return apart * np.arange(steps * cars(view)), np.linspace(-half, half, ACROSS)


def grid(track: Track, view: View) -> tuple[Floats, Floats]:
    """Where the reward is drawn: x and y, (S, ACROSS) m."""
    s, across = _offsets(track, view)
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


def rows_on(track: Track, view: View, known: Around | None = None) -> Rows:
    """One PARAMS row per point of the grid, (S * ACROSS,), row-major.

    What follows from the place is measured as in a race; steps and progress are those of a lane
    driven from the start line.
    """
    s, _ = (a.ravel() for a in np.meshgrid(*_offsets(track, view), indexing="ij"))
    x, y = grid(track, view)
    heading = np.degrees(_direction(Line(track.waypoints), s)) + view.turn
    noses = np.stack([x.ravel(), y.ravel(), 180.0 - (180.0 - heading) % 360.0], axis=1)
    rows, cars_ = np.zeros(len(s), PARAMS), np.zeros(len(s), CAR)
    first = np.ones(len(s), np.bool_)
    vehicle = vehicles.load(RaceConfig.vehicle)
    measure_poses(cars_, rows, noses, np.zeros(len(s)), first, track.arrays, vehicle)
    step = np.arange(len(s)) // (cars(view) * ACROSS)
    rows["steps"], rows["sim_time"] = 2.0 + step, (2.0 + step) / 15.0
    travelled = _step_m(view) * (1.0 + step)
    rows["progress"] = np.minimum(100.0, 100.0 * travelled / track.length)
    rows["speed"] = view.speed
    return rows if known is None else with_others(cars_, rows, track, known)


def _paint(
    path: Path,
    name: str,
    track: Track,
    views: list[View],
    values: list[Floats],
    known: Around | None,
) -> None:
    from racer.render.figures import new_figure, own_style

    with own_style():
        figure = new_figure(figsize=(11, 7.2))
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        axes = figure.subplot_mosaic(
            [["0", "0", "0", "0"], ["1", "2", "3", "4"]], height_ratios=[3, 1]
        )
        range_ = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
        for index, (view, painted) in enumerate(zip(views, values, strict=True)):
            mesh = _paint_one(axes[str(index)], track, view, painted, range_)
            if known is not None:
                _outline(axes[str(index)], known.world)
            title = _title(view)
            title = f"{name} on {track.name}: {title}" if index == 0 else title
            axes[str(index)].set_title(title, fontsize=9)
        figure.colorbar(mesh, ax=axes["0"], label="reward", shrink=0.8)
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=DPI)
    write_output(path, buffer.getvalue())


def _paint_one(
    axes: Any, track: Track, view: View, values: Floats, range_: tuple[float, float]
) -> Any:
    from racer.render.figures import mark_start

    low, high = range_
    x, y = grid(track, view)
    mesh = axes.pcolormesh(x, y, values, cmap="viridis", vmin=low, vmax=high, shading="gouraud")
    for border in (track.inner, track.outer):
        axes.plot(*border.T, color="#20252b", linewidth=0.8)
    axes.use_sticky_edges = False  # or the outermost colours are cut off
    axes.margins(0.02)
    mark_start(axes, track)
    axes.set_aspect("equal")
    axes.axis("off")
    return mesh


def _outline(axes: Any, world: np.ndarray) -> None:
    """The body of every object."""
    for box in world:
        half = np.array([box["length"], box["width"]]) / 2
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]]) * half
        cos, sin = np.cos(box["yaw"]), np.sin(box["yaw"])
        x, y = (corners @ np.array([[cos, sin], [-sin, cos]]) + [box["x"], box["y"]]).T
        axes.plot(x, y, color="white", linewidth=1.2)


def _title(view: View) -> str:
    side = "left" if view.turn > 0 else "right"
    toward = "along the road" if view.turn == 0 else f"{abs(view.turn):g}° to the {side}"
    return f"{view.speed:g} m/s, heading {toward}"
