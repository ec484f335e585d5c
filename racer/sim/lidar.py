"""LIDAR: how far it is to what each beam meets, and the forms that official simulators make of it.

Not every beam is tried against everything: each edge of an object is turned into the beams between
its two ends, and only those are cut with it. What is below or above the beams is not met.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.rng import uniform
from racer.sim.scene import own_column
from racer.sim.trig import sincos
from racer.sim.types import BOX, OTHER_CAR

RANGES, SECTORS, DISCRETIZED = range(3)  # what is written, LIDAR["form"]
HIT = 0.5  # m, a sector is 1 when something in it is nearer

# Of a car a beam only meets what rises above its shell: a hump, and the puck of the LIDAR itself.
_HUMP_AHEAD, _HUMP_LONG, _HUMP_WIDE = 0.12, 0.038, 0.042  # m, middle, half sizes
_PUCK = 0.035  # m, radius

LIDAR = np.dtype(
    [
        ("form", "i8"),
        ("start", "f8"),  # rad, of the first beam, from straight ahead, counter-clockwise positive
        ("step", "f8"),  # rad, between two beams
        ("forward", "f8"),  # m, of the sensor ahead of the car's origin
        ("up", "f8"),  # m
        ("near", "f8"),  # m, what is nearer is not measured
        ("far", "f8"),  # m
        ("clip", "f8"),  # m, RANGES and DISCRETIZED: the largest range that is told
        ("noise", "f8"),  # m, standard deviation
        ("sectors", "i8"),
        ("values", "i8"),  # DISCRETIZED: bins of a sector
    ],
    align=True,
)


class Surroundings(NamedTuple):
    """What beams meet beside objects."""

    walls: np.ndarray  # (5,) x, y of two opposite corners, height, m; a height of 0 for none
    borders: np.ndarray  # (B, 4) m, x, y of both ends of every segment of the track's borders


class Room(NamedTuple):
    """Room to work in, and the direction of every beam."""

    ranges: np.ndarray  # (beams,) m
    beams: np.ndarray  # (beams, 2) unit vectors in the car's frame


def room(row: np.void, beams: int) -> Room:
    """For a LIDAR row."""
    angles = row["start"] + row["step"] * np.arange(beams)
    return Room(np.zeros(beams), np.stack([np.cos(angles), np.sin(angles)], axis=1))


@kernel
def scan(cars, mask, out, direction, lidars, around, objects, per_world, room):
    """What each car of this direction with mask[i] measures, to out[i].

    Args:
        cars: (N,) CAR.
        mask: (N,) bool.
        out: (N, numbers) float32.
        direction: CAR["direction"] of the cars that measure.
        lidars: (1,) LIDAR.
        around: Surroundings.
        objects: (W, K) OBJECT of each world.
        per_world: cars in a world.
        room: Room.
    """
    around, objects, room, out = borrowed(around), borrowed(objects), borrowed(room), borrowed(out)
    lidar = lidars[0]
    for i in range(cars.size):
        if not mask[i] or cars[i].direction != direction:
            continue
        room.ranges[:] = np.inf
        s, c = sincos(cars[i].yaw)
        pose = cars[i].x + c * lidar.forward, cars[i].y + s * lidar.forward, s, c
        if around.walls[4] > lidar.up:
            _meet_walls(room, lidar, pose, around.walls)
        for k in range(around.borders.shape[0]):
            a = around.borders[k]
            _meet(room, lidar, pose, a[0], a[1], a[2], a[3])
        own = own_column(i, per_world)
        for k in range(objects.shape[1]):
            if k != own and objects[i // per_world, k].present:
                _meet_object(room, lidar, pose, objects[i // per_world, k])
        _limit(room.ranges, lidar, cars[i])
        tell_form(room.ranges, lidar, out[i])


@inlined
def _meet(room, lidar, pose, ax, ay, bx, by):
    """Shorten the beams that meet the segment from a to b."""
    x, y, s, c = pose
    ax, ay, bx, by = ax - x, ay - y, bx - x, by - y
    ax, ay, bx, by = c * ax + s * ay, c * ay - s * ax, c * bx + s * by, c * by - s * bx
    cross = ax * by - ay * bx
    if cross < 0.0:  # b is left of a, seen from the sensor
        ax, ay, bx, by, cross = bx, by, ax, ay, -cross
    far2 = lidar.far * lidar.far
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    if cross == 0.0 or cross * cross > far2 * length2:
        return
    turn, last = 2.0 * math.pi, room.ranges.size - 1
    first = (math.atan2(ay, ax) - lidar.start) / turn
    first = (first - math.floor(first)) * turn  # of a, from the first beam
    end = first + math.atan2(cross, ax * bx + ay * by)
    # one beam more on either side, because angles are rounded; `_cut` is exact
    for beam in range(
        max(int(first / lidar.step) - 1, 0), min(int(end / lidar.step) + 1, last) + 1
    ):
        _cut(room, beam, ax, ay, dx, dy, cross)
    for beam in range(min(int((end - turn + lidar.step) / lidar.step), last) + 1):  # once round
        _cut(room, beam, ax, ay, dx, dy, cross)


@inlined
def _cut(room, beam, ax, ay, dx, dy, cross):
    """Shorten one beam if it meets the segment from a along d; cross is a x (a + d)."""
    ux, uy = room.beams[beam]
    across = ux * dy - uy * dx
    along = ux * ay - uy * ax  # of the segment, times -across
    if across > 0.0 and along <= 0.0 and -along <= across:
        room.ranges[beam] = min(room.ranges[beam], cross / across)


@inlined
def _meet_walls(room, lidar, pose, walls):
    _meet(room, lidar, pose, walls[0], walls[1], walls[2], walls[1])
    _meet(room, lidar, pose, walls[2], walls[1], walls[2], walls[3])
    _meet(room, lidar, pose, walls[2], walls[3], walls[0], walls[3])
    _meet(room, lidar, pose, walls[0], walls[3], walls[0], walls[1])


@inlined
def _meet_object(room, lidar, pose, one):
    s, c = sincos(one.yaw)
    ahead, long, wide = 0.0, 0.5 * one.length, 0.5 * one.width
    if one.kind != BOX:
        ahead, long, wide = _HUMP_AHEAD, _HUMP_LONG, _HUMP_WIDE
    elif one.height <= lidar.up:
        return
    x, y = one.x + c * ahead, one.y + s * ahead
    reach = lidar.far + long + wide
    if (x - pose[0]) * (x - pose[0]) + (y - pose[1]) * (y - pose[1]) > reach * reach:
        return
    for k in range(4):
        along, across = (long if k in (0, 3) else -long), (wide if k < 2 else -wide)
        ax, ay = x + c * along - s * across, y + s * along + c * across
        along, across = (long if k in (2, 3) else -long), (wide if k in (0, 3) else -wide)
        bx, by = x + c * along - s * across, y + s * along + c * across
        _meet(room, lidar, pose, ax, ay, bx, by)
    if one.kind == OTHER_CAR:
        _meet_puck(room, lidar, pose, one.x + c * lidar.forward, one.y + s * lidar.forward)


@inlined
def _meet_puck(room, lidar, pose, x, y):
    """Shorten the beams that meet the round body of another car's LIDAR."""
    dx, dy = x - pose[0], y - pose[1]
    px, py = pose[3] * dx + pose[2] * dy, pose[3] * dy - pose[2] * dx
    for beam in range(room.ranges.size):
        ux, uy = room.beams[beam]
        along, aside = ux * px + uy * py, ux * py - uy * px
        if along > 0.0 and aside * aside <= _PUCK * _PUCK:
            at = along - math.sqrt(_PUCK * _PUCK - aside * aside)
            room.ranges[beam] = min(room.ranges[beam], at)


@inlined
def _limit(ranges, lidar, car):
    """Add noise; what is out of range is infinite, as the official sensor says it."""
    for k in range(ranges.size):
        if lidar.noise > 0.0 and ranges[k] < np.inf:
            ranges[k] += lidar.noise * _normal(car, k)
        if ranges[k] > lidar.far:
            ranges[k] = np.inf
        elif ranges[k] < lidar.near:
            ranges[k] = -np.inf


@inlined
def _normal(car, k):
    """A standard normal number of this car, episode, step and beam, by Box and Muller."""
    when = (np.int64(1) << 60) + (car.episode << 28) + (car.steps << 8) + (k >> 3)
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(car.key, when, 2 * (k & 7))))
    return radius * math.cos(2.0 * math.pi * uniform(car.key, when, 2 * (k & 7) + 1))


@kernel
def tell_form(ranges, lidar, out):
    """Write ranges (beams,), m, infinite where out of range, to `out` in the form of `lidar`."""
    if lidar.form == RANGES:
        for k in range(ranges.size):
            out[k] = min(max(ranges[k], lidar.near), lidar.clip)
        return
    per = ranges.size // lidar.sectors
    for sector in range(lidar.sectors):
        nearest = np.inf
        for k in range(sector * per, (sector + 1) * per):
            if np.isnan(ranges[k]) or (not np.isinf(ranges[k]) and ranges[k] < nearest):
                nearest = ranges[k]  # a NaN stays: it counts as near
        if lidar.form == SECTORS:
            out[sector] = 0.0 if nearest >= HIT else 1.0
        else:
            for value in range(lidar.values):
                out[sector * lidar.values + value] = 0.0
            if nearest < lidar.clip:
                out[sector * lidar.values + int(nearest / (lidar.clip / lidar.values))] = 1.0
