"""Random circuits that a car can drive, each from a seed, as the readable text of a track file.

Points at jittered angles and radii around a middle, squeezed on one axis, become one of two kinds:

- even seeds: a smooth closed curve through them, whose bends tighten and open. Corners that are too
  tight are softened by moving their points towards each other's middle.
- odd seeds: straights between them, joined by arcs (racer.tracks.arcs), as real tracks have them:
  bends are tight for longer, hairpins and chicanes among them, and roads are narrower or wider.

What stays too tight, crosses itself or comes too near to itself is thrown away for the next one.
The lap starts at the straightest place.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.errors import BadConfig, BadTrack
from racer.tracks import arcs
from racer.tracks import points as shape
from racer.tracks.io import circuit
from racer.tracks.points import Curve
from racer.tracks.track import GENERATED, Track

Array: TypeAlias = NDArray[np.float64]

LENGTH_M, WIDTH_M = (8.0, 300.0), (0.4, 3.0)  # what can be asked for
LENGTHS = (15.0, 60.0)  # m, drawn from, where nothing is asked for
WIDTHS = (0.6, 1.5), (0.48, 0.8)  # m, of even and of odd seeds; official roads: 0.6 to 1.45
TRIES = 400
SOFTENED = 60  # times
ROOM = 0.1  # m; the inner border's smallest radius
RADIUS = 0.5  # m; a DeepRacer at full lock turns with 0.44 m
APART = 0.15  # m between two parts of the road
SPACING = 0.15  # m between the samples that are checked
POINTS = 0.6  # m between the points of the text
FLAT = 0.9  # m on either side of the start that should be straight


def text_of(seed: int, *, length: float | None = None, width: float | None = None) -> str:
    """A circuit as the text of a track file; the same seed gives the same text.

    Args:
        seed: any whole number, >= 0.
        length: m, kept to 2 %; drawn from LENGTHS if None.
        width: m; drawn from WIDTHS if None.

    Raises:
        BadConfig: out of range, or no circuit so short is so wide.
    """
    if not 0 <= seed < 2**63:
        raise BadConfig(f"seed {seed}; allowed is 0 to 2^63 - 1.")
    for name, value, (low, high) in (("length", length, LENGTH_M), ("width", width, WIDTH_M)):
        if value is not None and not low <= value <= high:
            raise BadConfig(f"{name} {value:g} m; allowed is {low:g} to {high:g} m.")
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(*LENGTHS), round(rng.uniform(*WIDTHS[seed % 2]), 2)
    goal = drawn[0] if length is None else length
    wide = drawn[1] if width is None else width
    shortest = 2.4 * math.pi * _tightest(wide)  # a circle, and a little to vary
    for attempt in range(TRIES if goal >= shortest else 0):
        # short and wide circuits leave no straights between arcs: then a curve
        angular = seed % 2 == 1 and attempt < TRIES // 2
        places = (_arcs if angular else _curve)(rng, goal, wide)
        places = _start_at_a_straight(places, wide, rng)
        text = shape.written(f"Seed {seed}", places, np.full(len(places), wide))
        if places.size and _drivable(text, goal, wide):
            return text
    longer = math.ceil(max(1.5 * goal, 12.0 * wide))
    raise BadConfig(
        f"no circuit of {goal:g} m with a road {wide:g} m wide was found with seed {seed}. "
        f"Try a longer or a narrower one, for example length {longer}."
    )


def generated(seed: int, *, length: float | None = None, width: float | None = None) -> Track:
    """The circuit of a seed; see `text_of`."""
    return parsed(text_of(seed, length=length, width=width), name_of(seed))


def named(name: str) -> Track:
    """The circuit that a name means, e.g. `generated:7` of the seed 7.

    Raises:
        BadConfig: it has no seed.
    """
    number = name.removeprefix(GENERATED)
    if not (number.isdecimal() and len(number) < 19):
        raise BadConfig(f"track {name!r}; write generated:SEED, for example generated:7.")
    seed = int(number)
    return parsed(text_of(seed), name_of(seed), name)


def parsed(text: str, name: str, source: str = "") -> Track:
    """The track that a text means; `source` is where it came from, for messages."""
    return Track(name, *circuit(text, name), source or name)


def name_of(seed: int) -> str:
    """What its file is called."""
    return f"generated_{seed}"


def _around(rng: np.random.Generator, count: int, inmost: float) -> Array:
    """(count, 2) places around a middle, none nearer to it than `inmost` of the farthest."""
    angles = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * 2.0 * np.pi / count
    radii = rng.uniform(rng.uniform(inmost, 0.5), 1.0, count)
    squeeze = rng.uniform(0.5, 1.0)
    return np.stack([squeeze * radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _arcs(rng: np.random.Generator, length: float, width: float) -> Array:
    """(K, 2) m along straights and arcs; empty if too few corners have room for theirs."""
    count = int(np.clip(rng.normal(length / 2.6, 2.0), 5, max(20.0, length / 2.6)))
    corners = _around(rng, count, 0.1)
    tightest = 1.06 * _tightest(width)  # 6 % for what resampling the arcs changes
    radii = tightest * rng.uniform(1.0, rng.uniform(1.2, 2.5), count)
    return arcs.rounded(corners, radii, tightest, length)


def _curve(rng: np.random.Generator, length: float, width: float) -> Array:
    """(K, 2) m; empty if the corners could not be softened."""
    count = int(np.clip(rng.normal(length / 3.0, 2.0), 6, max(20.0, length / 3.0)))
    places = _around(rng, count, 0.15)
    widths = np.full(count, width)
    for _ in range(SOFTENED):
        places = places * (length / shape.curve(places, widths, length / 200.0).length)
        road = shape.curve(places, widths, SPACING)
        tight = road.center[np.abs(road.curvature) > 1.0 / _tightest(width)]
        if not len(tight):
            return places
        near = np.hypot(*(places[:, None] - tight[None]).transpose(2, 0, 1)).argmin(axis=0)
        bad = np.unique(near)
        middle = 0.5 * (np.roll(places, 1, axis=0) + np.roll(places, -1, axis=0))
        places[bad] += 0.12 * (middle - places)[bad]
    return np.empty((0, 2))


def _tightest(width: float) -> float:
    """Radius of the centre line, m."""
    return max(width / 2.0 + ROOM + 0.03, RADIUS)  # 3 cm for what resampling the points changes


def _start_at_a_straight(places: Array, width: float, rng: np.random.Generator) -> Array:
    """The same curve, in either direction, by points that begin where it is straightest.

    That place is the origin and the road goes along +x there.
    """
    if not places.size:
        return places
    if rng.random() < 0.5:
        places = places[::-1]
    road = shape.curve(places, np.full(len(places), width), SPACING)
    reach = round(FLAT / SPACING)
    bend = np.abs(road.curvature)
    around = sum(np.roll(bend, shift) for shift in range(-reach, reach + 1))
    first = int(np.argmin(around))
    count = max(shape.POINTS_MIN, round(road.length / POINTS))
    rows = (first + np.arange(count) * len(road.center) // count) % len(road.center)
    cos, sin = math.cos(road.yaw[first]), math.sin(road.yaw[first])
    moved: Array = (road.center[rows] - road.center[first]) @ np.array([[cos, -sin], [sin, cos]])
    return moved


def _drivable(text: str, length: float, width: float) -> bool:
    """Is it a track, and one that a car gets round?"""
    try:
        lines = circuit(text, "generated")
        Track("generated", *lines)
    except BadTrack:
        return False
    rows = [line.split()[1:] for line in text.splitlines() if line.startswith("point")]
    places = np.array(rows, float)
    road = shape.curve(places, np.full(len(places), width), SPACING)
    if road.tightest_m < max(width / 2.0 + ROOM, RADIUS - 0.03):
        return False
    return abs(road.length - length) <= 0.02 * length and _apart(road, width)


def _apart(road: Curve, width: float) -> bool:
    """Do parts of the road that are not neighbours keep their distance?"""
    count = len(road.center)
    along = np.abs(np.arange(count)[:, None] - np.arange(count)[None]) * (road.length / count)
    along = np.minimum(along, road.length - along)
    gap = road.center[:, None] - road.center[None]
    far = along > np.pi * (width / 2.0 + ROOM)  # more than a half circle apart
    return bool((np.hypot(gap[..., 0], gap[..., 1])[far] >= width + APART).all())
