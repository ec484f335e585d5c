"""Turn the readable text of a circuit into a centre line and two borders.

A circuit is made of straights and arcs:

    title    Peanut
    width_m  0.8
    straight 1.0
    left 90  radius 1.2
    straight ?

Lengths are metres, turns are degrees, `#` starts a comment. One or two straights may be `?`: they
get the lengths that close the lap. A later `width_m` lets the road widen or narrow evenly over the
next piece. The lap starts at the first piece, at the origin, along +x.

Or it is a smooth curve through points, as the track editor and the generator write it:

    title    Seed 7
    width_m  0.8
    point    0.00 0.00
    point    3.50 0.20

Here a `width_m` is that of the points below it, and the road widens or narrows evenly between
points. The lap starts at the first point and closes by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadTrack
from racer.tracks import points
from racer.tracks.points import CURB

Array: TypeAlias = NDArray[np.float64]

SPACING = 0.15  # m between waypoints, as the official tracks of 2019
CLOSE_M = 0.02  # m, gaps up to this (rounded lengths in the text) are spread over the lap
LENGTH_MAX = 10_000.0  # m
LINES_MAX = 2_000
POINT_MAX = 1_000.0  # m from the origin


@dataclass(frozen=True)
class Piece:
    """A straight (`turn` 0) or an arc; `length` is nan while it is to be solved."""

    line: int
    length: float  # m, along the centre line
    turn: float  # rad, left positive
    width: float  # m, at its end


@dataclass(frozen=True)
class Point:
    """A place that the centre line goes through."""

    line: int
    x: float  # m
    y: float  # m
    width: float  # m, of the road there


@dataclass(frozen=True)
class Plan:
    """A circuit as read: its title, and pieces or points; `width` is the one at the start, m."""

    title: str
    width: float
    pieces: tuple[Piece, ...] = ()
    points: tuple[Point, ...] = ()

    def arrays(self) -> tuple[Array, Array]:
        """Points (K, 2) m and the widths (K,) m at them."""
        table = np.array([(p.x, p.y, p.width) for p in self.points]).reshape(-1, 3)
        return table[:, :2], table[:, 2]


def build(text: str, name: str = "track") -> tuple[Array, Array, Array]:
    """Centre line, inner and outer border of the circuit in `text`, each (M, 2) m and closed.

    Raises:
        BadTrack: a line that is not understood, or a lap that does not close; names the line.
    """
    plan = parse(text, name)
    if plan.points:
        return _through_points(plan, name)
    pieces = _solve(plan.pieces, name)
    return _sample(replace(plan, pieces=pieces), name)


def title(text: str) -> str:
    """The circuit's title, or an empty string."""
    for _, words in _lines(text):
        if words[0] == "title":
            return " ".join(words[1:])
    return ""


def parse(text: str, name: str = "track") -> Plan:
    """Read the text; lengths that are `?` stay nan.

    Raises:
        BadTrack: names the line.
    """
    heading, width, start_width = "", math.nan, math.nan
    pieces: list[Piece] = []
    through: list[Point] = []
    for line, words in _lines(text):
        where = f"{name}: line {line}"
        if line > LINES_MAX:
            raise BadTrack(f"{where}: a circuit has at most {LINES_MAX} lines.")
        match words:
            case ["title", *rest]:
                heading = " ".join(rest)
            case ["width_m", value]:
                width = _number(value, where, 0.2, 100.0, "m")
                start_width = width if math.isnan(start_width) else start_width
            case ["straight", value]:
                length = math.nan if value == "?" else _number(value, where, 0.01, LENGTH_MAX, "m")
                pieces.append(Piece(line, length, 0.0, width))
            case ["left" | "right" as side, degrees, "radius", value]:
                turn = math.radians(_number(degrees, where, 1.0, 359.0, "degrees"))
                radius = _number(value, where, 0.01, LENGTH_MAX, "m")
                sign = 1.0 if side == "left" else -1.0
                pieces.append(Piece(line, radius * turn, sign * turn, width))
            case ["point", x, y]:
                px, py = (_number(v, where, -POINT_MAX, POINT_MAX, "m") for v in (x, y))
                through.append(Point(line, px, py, width))
            case _:
                raise BadTrack(
                    f"{where}: {' '.join(words)[:60]!r} is not understood. Write `title NAME`, "
                    "`width_m 0.8`, `straight 3.0`, `left 90 radius 1.2`, `right 90 radius 1.2` "
                    "or `point 3.5 0.2`."
                )
        if pieces and through:
            raise BadTrack(f"{where}: a circuit is made of pieces or of points, not of both.")
        if (pieces or through) and math.isnan(start_width):
            raise BadTrack(f"{where}: the width is not known yet. Write `width_m 0.8` above it.")
    if through:
        return Plan(heading, start_width, points=tuple(through))
    if not pieces:
        raise BadTrack(f"{name}: there is no straight or arc in it. Write one on each line.")
    _check_widths(pieces, start_width, name)
    return Plan(heading, start_width, tuple(pieces))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for line, raw in enumerate(text.splitlines(), start=1):
        words = raw.split("#", 1)[0].split()
        if words:
            yield line, words


def _number(text: str, where: str, low: float, high: float, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise BadTrack(f"{where}: {text[:40]!r} is not a number from {low:g} to {high:g} {unit}.")
    return value


def _check_widths(pieces: list[Piece], start_width: float, name: str) -> None:
    before = start_width
    for piece in pieces:
        if piece.turn:
            radius = piece.length / abs(piece.turn)
            if radius < max(before, piece.width) / 2 + CURB:
                raise BadTrack(
                    f"{name}: line {piece.line}: radius {radius:g} m is too tight for a road "
                    f"{max(before, piece.width):g} m wide. It must be at least half the width "
                    f"plus {CURB:g} m."
                )
        before = piece.width
    if before != start_width:
        raise BadTrack(
            f"{name}: the road ends {before:g} m wide and starts {start_width:g} m wide. Put "
            f"`width_m {start_width:g}` before the last piece."
        )


def _solve(pieces: tuple[Piece, ...], name: str) -> tuple[Piece, ...]:
    """Give the `?` straights their lengths, and spread what rounding leaves over all straights."""
    turned = math.degrees(sum(p.turn for p in pieces))
    if abs(abs(turned) - 360.0) > 1e-6:
        raise BadTrack(
            f"{name}: the turns add up to {turned:g} degrees (left positive). A lap that does not "
            "cross itself turns by 360 or -360."
        )
    free = [i for i, p in enumerate(pieces) if math.isnan(p.length)]
    if len(free) > 2:
        line = pieces[free[2]].line
        raise BadTrack(f"{name}: line {line}: a third `?`. Two straights can be solved for.")
    known = tuple(replace(p, length=0.0) if i in free else p for i, p in enumerate(pieces))
    fixed = _correct(known, free) if free else known
    gap = math.hypot(*_end(fixed))
    if gap > CLOSE_M:
        hint = "They must point in different directions." if free else "Try `?` as a length."
        raise BadTrack(f"{name}: the lap misses its start by {gap:.2f} m. {hint}")
    for i in free:
        if fixed[i].length < 0.01:
            raise BadTrack(
                f"{name}: line {fixed[i].line}: this straight would need {fixed[i].length:.2f} m "
                "to close the lap. Change the pieces around it."
            )
    straights = [i for i, p in enumerate(fixed) if not p.turn]
    return _correct(fixed, straights)


def _correct(pieces: tuple[Piece, ...], free: list[int]) -> tuple[Piece, ...]:
    """Lengthen the straights `free` by the least that brings the end to the start."""
    yaws = np.cumsum([0.0, *(p.turn for p in pieces)])[free]
    if len(free) == 0:
        return pieces
    directions = np.stack([np.cos(yaws), np.sin(yaws)])  # (2, F)
    # rcond: two straights that are parallel in the text are parallel here, whatever cos rounds to
    more, *_ = np.linalg.lstsq(directions, -np.asarray(_end(pieces)), rcond=1e-9)
    changed = dict(zip(free, more, strict=True))
    return tuple(
        replace(p, length=p.length + float(changed.get(i, 0.0))) for i, p in enumerate(pieces)
    )


def _end(pieces: tuple[Piece, ...]) -> tuple[float, float]:
    x = y = yaw = 0.0
    for piece in pieces:
        dx, dy = _along(piece, piece.length)
        x, y = (
            x + dx * math.cos(yaw) - dy * math.sin(yaw),
            y + dx * math.sin(yaw) + dy * math.cos(yaw),
        )
        yaw += piece.turn
    return x, y


def _along(piece: Piece, s: float) -> tuple[float, float]:
    """Where the piece is after `s` metres, seen from its start."""
    if not piece.turn:
        return s, 0.0
    radius = piece.length / piece.turn  # signed
    angle = s / radius
    return radius * math.sin(angle), radius * (1.0 - math.cos(angle))


def _sample(plan: Plan, name: str) -> tuple[Array, Array, Array]:
    rows: list[tuple[float, float, float, float]] = []  # x, y, yaw, half width
    x = y = yaw = 0.0
    width = plan.width
    total = sum(p.length for p in plan.pieces)
    if total > LENGTH_MAX:
        raise BadTrack(f"{name}: the lap is {total:.0f} m long; at most {LENGTH_MAX:.0f} m.")
    for piece in plan.pieces:
        count = max(1, round(piece.length / SPACING))
        cos, sin = math.cos(yaw), math.sin(yaw)
        for k in range(count):
            part = k / count
            dx, dy = _along(piece, piece.length * part)
            half = (width + (piece.width - width) * part) / 2
            rows.append(
                (x + dx * cos - dy * sin, y + dx * sin + dy * cos, yaw + piece.turn * part, half)
            )
        dx, dy = _along(piece, piece.length)
        x, y, yaw = x + dx * cos - dy * sin, y + dx * sin + dy * cos, yaw + piece.turn
        width = piece.width
    table = np.array(rows)
    normal = np.stack([-np.sin(table[:, 2]), np.cos(table[:, 2])], axis=1)  # points left
    center = table[:, :2]
    return _road(center, center + normal * table[:, 3:], center - normal * table[:, 3:], yaw > 0)


def _through_points(plan: Plan, name: str) -> tuple[Array, Array, Array]:
    places, widths = plan.arrays()
    points.refuse_points(places, [point.line for point in plan.points], name)
    road = points.curve(places, widths, SPACING)
    if road.length > LENGTH_MAX:
        raise BadTrack(f"{name}: the lap is {road.length:.0f} m long; at most {LENGTH_MAX:.0f} m.")
    points.refuse_tight(road, name)
    x, y = road.center.T
    ccw = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) > 0.0
    return _road(road.center, *road.borders(), ccw)


def _road(center: Array, left: Array, right: Array, ccw: bool) -> tuple[Array, Array, Array]:
    """Centre line, inner and outer border, each closed."""
    inner, outer = (left, right) if ccw else (right, left)
    closed = [np.concatenate([line, line[:1]]) for line in (center, inner, outer)]
    return closed[0], closed[1], closed[2]
