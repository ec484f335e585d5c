"""What there is to see, as coloured shapes in metres: no window, no clock, no pixels."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.render.table import DARK, SPEED_COLORS, Color
from racer.sim.types import BOT, BOX, OTHER_CAR
from racer.tracks import Track

Array: TypeAlias = NDArray[np.float64]

GROUND, ROAD, BORDER, CENTER = DARK.ground, DARK.road, DARK.border, DARK.center
BODY = DARK.car
CHECKER: Color = (240, 242, 245)
CABIN: Color = (14, 24, 34)
WHEEL: Color = (12, 13, 16)
STRIPE: Color = (226, 242, 252)
CARDBOARD: Color = (168, 132, 104)
TAPE: Color = (206, 176, 140)
HIT: Color = DARK.warning  # what a car has crashed into
BOT_BODY: Color = (186, 194, 204)
OTHER_BODY: Color = (204, 121, 167)
BODIES = {BOX: CARDBOARD, BOT: BOT_BODY, OTHER_CAR: OTHER_BODY}  # of what is around a car
TAPED = 0.12  # of a box's width

DASH, GAP = 0.25, 0.25  # m, centre line
BORDER_WIDTH, CENTER_WIDTH = 0.035, 0.025  # m

# the DeepRacer's outline about the model origin, m; mesh 0.324 x 0.188, wheel radius 0.036
NOSE, TAIL, HALF_BODY = 0.166, -0.158, 0.062
AXLE_FRONT, AXLE_REAR, HALF_TRACK = 0.082, -0.082, 0.080
WHEEL_RADIUS, HALF_WHEEL = 0.036, 0.019

CAR_PIXELS = 30  # an overview draws the car at least this long
HOLLOW_PIXELS = 2.0  # the line of a hollow car
TRAIL_WIDTH, TRAIL_PIXELS = 0.05, 3.0  # m, px


class Polygon(NamedTuple):
    """A filled area."""

    points: Array  # (K, 2) m
    color: Color


class Stroke(NamedTuple):
    """A line of constant width, never thinner than `pixels`."""

    points: Array  # (K, 2) m
    color: Color
    width: float  # m
    pixels: float


Shape = Polygon | Stroke


class Pose(NamedTuple):
    """Where a car is drawn."""

    x: float  # m, model origin
    y: float
    yaw: float  # rad
    v: float  # m/s
    steer: float  # rad


class Playback(Protocol):
    """What can be played: a Trace, or anything with its fields."""

    @property
    def track(self) -> Track: ...

    @property
    def rows(self) -> NDArray[np.void]: ...

    @property
    def dt(self) -> float: ...

    @property
    def meta(self) -> dict[str, Any]: ...

    @property
    def note(self) -> str: ...

    @property
    def objects(self) -> NDArray[np.void]: ...

    def episodes(self) -> list[slice]: ...


def title_of(playback: Playback) -> str:
    """What a picture of it is called."""
    return str(playback.meta.get("title") or playback.track.name)[:60]


def seconds_of(playback: Playback, part: int, rows: int) -> float:
    """How long an episode took, s: by the recording's own clock, which counts the frame that the
    car was held still in, else from its first to its last row."""
    times = playback.meta.get("lap_times_s")
    if isinstance(times, list) and part < len(times) and isinstance(times[part], float):
        return float(times[part])
    return (rows - 1) * playback.dt


def road(track: Track) -> list[Shape]:
    """The road with its borders, dashed centre line and start, back to front."""
    shapes: list[Shape] = [Polygon(track.outer, ROAD), Polygon(track.inner, GROUND)]
    shapes += [Stroke(dash, CENTER, CENTER_WIDTH, 1.2) for dash in _dashes(track.center)]
    shapes += _start(track)
    shapes += [Stroke(line, BORDER, BORDER_WIDTH, 1.6) for line in (track.inner, track.outer)]
    return shapes


def outline(pose: Pose, grow: float = 1.0, color: Color = BODY) -> list[Shape]:
    """A hollow car: a ghost, which is not there."""
    around = np.concatenate([BODY_OUTLINE, BODY_OUTLINE[:1]])
    placed = around @ (_rotation(pose.yaw).T * grow) + [pose.x, pose.y]
    return [Stroke(placed, color, 0.0, HOLLOW_PIXELS)]


def car(pose: Pose, grow: float = 1.0, body: Color = BODY) -> list[Shape]:
    """A car that turns its front wheels; `grow` enlarges it about its origin."""
    shapes: list[Shape] = []
    for axle, steer in ((AXLE_FRONT, pose.steer), (AXLE_REAR, 0.0)):
        for side in (HALF_TRACK, -HALF_TRACK):
            wheel = _rectangle(WHEEL_RADIUS, HALF_WHEEL) @ _rotation(steer).T
            shapes.append(Polygon(wheel + np.array([axle, side]), WHEEL))
    for points, color in _BODY:
        shapes.append(Polygon(points, body if color == BODY else color))
    turn, origin = _rotation(pose.yaw).T * grow, [pose.x, pose.y]
    return [Polygon(s.points @ turn + origin, s.color) for s in shapes]


def box(around: np.void) -> list[Shape]:
    """A cardboard box from above, to scale; `around` is an AROUND row."""
    half = 0.5 * float(around["length"]), 0.5 * float(around["width"])
    parts = [(_rectangle(*half), HIT if around["hit"] else CARDBOARD)]
    parts.append((_rectangle(half[0], TAPED * half[1]), TAPE))
    turn, middle = _rotation(float(around["yaw"])).T, [float(around["x"]), float(around["y"])]
    return [Polygon(points @ turn + middle, color) for points, color in parts]


def other_cars(around: NDArray[np.void]) -> list[tuple[Pose, Color]]:
    """Bots and other cars among (K,) AROUND, with the colours of their bodies."""
    found = []
    for one in around[around["present"] & (around["kind"] != BOX)]:
        color = HIT if one["hit"] else BODIES[int(one["kind"])]
        pose = Pose(float(one["x"]), float(one["y"]), float(one["yaw"]), 0.0, 0.0)
        found.append((pose, color))
    return found


def around_at(rows: NDArray[np.void], at: float) -> NDArray[np.void]:
    """(K,) AROUND between two rows of an episode (R, K); `at` is a row index with a fraction."""
    i = min(max(int(at), 0), len(rows) - 1)
    now: NDArray[np.void] = rows[i].copy()
    after = rows[min(i + 1, len(rows) - 1)]
    part = at - i
    moved = np.hypot(after["x"] - now["x"], after["y"] - now["y"])
    near = now["present"] & after["present"] & (moved < 1.0)  # further away: placed anew
    for name in ("x", "y"):
        now[name] += np.where(near, part * (after[name] - now[name]), 0.0)
    turn = np.remainder(after["yaw"] - now["yaw"] + np.pi, 2 * np.pi) - np.pi
    now["yaw"] += np.where(near, part * turn, 0.0)
    return now


class Scale(NamedTuple):
    """The speeds that the first and the last of SPEED_COLORS stand for."""

    low: float  # m/s; slower is painted alike
    high: float


ANY_SPEED = Scale(0.0, 4.0)  # what a DeepRacer can do


def speed_color(v: float, scale: Scale) -> Color:
    """Colour of a speed, m/s."""
    part = (v - scale.low) / (scale.high - scale.low)
    at = min(max(part, 0.0), 1.0) * (len(SPEED_COLORS) - 1)
    low = min(int(at), len(SPEED_COLORS) - 2)
    a, b = SPEED_COLORS[low], SPEED_COLORS[low + 1]
    red, green, blue = (round(p + (q - p) * (at - low)) for p, q in zip(a, b, strict=True))
    return red, green, blue


def speed_scale(rows: NDArray[np.void]) -> Scale:
    """The scale for these rows, in steps of 0.5 m/s: all colours are used.

    It ends at the highest speed, give or take 5 cm/s, and begins at the 5th percentile, because the
    first steps from standstill would make the rest of a lap look alike.
    """
    slow, top = (float(v) for v in np.percentile(rows["v"], (5, 100))) if len(rows) else (0.0, 0.0)
    low = max(0.0, math.floor(slow * 2 + 1e-9) / 2)
    return Scale(low, max(low + 0.5, math.ceil(top * 2 - 0.1) / 2))


def pose_at(rows: NDArray[np.void], at: float) -> Pose:
    """The car between two rows of an episode; `at` is a row index with a fraction."""
    i = min(max(int(at), 0), len(rows) - 1)
    j, part = min(i + 1, len(rows) - 1), at - i
    return between(pose_of(rows[i]), pose_of(rows[j]), part)


def pose_of(row: np.void) -> Pose:
    """The pose in a CAR or TRACE row."""
    return Pose(*(float(row[name]) for name in Pose._fields))


def between(a: Pose, b: Pose, part: float) -> Pose:
    """The pose after `part` (0 to 1) of the way from `a` to `b`; yaw turns the short way."""
    turn = math.remainder(b.yaw - a.yaw, 2 * math.pi)
    mixed = (p + (q - p) * part for p, q in zip(a, b, strict=True))
    return Pose(*mixed)._replace(yaw=a.yaw + turn * part)


def bounds(track: Track) -> tuple[float, float, float, float]:
    """x_min, y_min, x_max, y_max of the road, m."""
    low, high = track.outer.min(axis=0), track.outer.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _dashes(line: Array) -> list[Array]:
    steps = np.hypot(*np.diff(line, axis=0).T)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(1, round(s[-1] / (DASH + GAP)))
    period = s[-1] / count
    dashes = []
    for start in np.arange(count) * period + period / 4:
        at = np.linspace(start, start + period / 2, 4)
        dashes.append(np.stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])], 1))
    return dashes


def _start(track: Track) -> list[Shape]:
    """A chequered band across the road at waypoint 0."""
    line = start_line(track)
    half = float(np.hypot(*(line[0] - line[1]))) / 2
    squares = max(4, round(half / 0.06))
    side = 2 * half / squares
    shapes: list[Shape] = []
    turn, middle = _rotation(track.pose_at(0.0)[2]).T, line.mean(axis=0)
    for row in range(2):
        for k in range(squares):
            color = CHECKER if (row + k) % 2 else GROUND
            low = np.array([(row - 1) * side, k * side - half])
            corners = low + side * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
            shapes.append(Polygon(corners @ turn + middle, color))
    return shapes


def start_line(track: Track) -> Array:
    """(2, 2) m: from the left border through waypoint 0 to the right one, square to the road."""
    x, y, yaw = track.pose_at(0.0)
    left = np.array([-math.sin(yaw), math.cos(yaw)])
    reach = [
        min(track.width, *(_distance(line, (x, y), side) for line in (track.inner, track.outer)))
        for side in (left, -left)
    ]
    return np.array([[x, y] + reach[0] * left, [x, y] - reach[1] * left])


def _distance(line: Array, origin: tuple[float, float], direction: Array) -> float:
    """How far a ray from `origin` goes until it crosses a closed line, m; inf when it does not."""
    a, along = line[:-1] - origin, np.diff(line, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = direction[0] * along[:, 1] - direction[1] * along[:, 0]
        t = (a[:, 0] * along[:, 1] - a[:, 1] * along[:, 0]) / turn
        u = (a[:, 0] * direction[1] - a[:, 1] * direction[0]) / turn
    return float(np.min(t[(t > 0.0) & (u >= 0.0) & (u <= 1.0)], initial=np.inf))


def _rectangle(half_length: float, half_width: float) -> Array:
    signs = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    return signs * [half_length, half_width]


def _rotation(angle: float) -> Array:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _mirror(side: list[tuple[float, float]]) -> Array:
    """A closed outline from its left half, nose to tail."""
    left = np.array(side)
    return np.concatenate([left, left[::-1] * [1.0, -1.0]])


BODY_OUTLINE = _mirror(
    [
        (NOSE, 0.030),
        (NOSE - 0.012, 0.044),
        (0.112, 0.052),
        (0.045, 0.046),
        (0.020, HALF_BODY),
        (-0.045, HALF_BODY),
        (-0.065, 0.050),
        (-0.120, 0.054),
        (TAIL + 0.010, 0.050),
        (TAIL, 0.036),
    ]
)
_BODY: tuple[tuple[Array, Color], ...] = (
    (BODY_OUTLINE, BODY),
    (_mirror([(0.150, 0.012), (0.060, 0.012)]), STRIPE),
    (_mirror([(0.048, 0.030), (0.026, 0.040), (-0.030, 0.040), (-0.062, 0.028)]), CABIN),
    (_mirror([(-0.128, 0.078), (-0.150, 0.078)]), BODY),  # rear wing
)
