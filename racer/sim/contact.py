"""Crashes: which object a car has hit, and who is at fault.

A car has hit an object if one of the four corners of its own rectangle is strictly inside that of
the object. So a corner of the object in the side of the car, two rectangles that cross, and equal
poses are no hit: the official simulator's rule, and rewards were trained on it.

Source: track_geom/track_data.py and reset/rules of deepracer-simapp.
"""

from __future__ import annotations

from racer.sim.geometry import project
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.nearby import FEW, first_x
from racer.sim.trig import sincos
from racer.sim.types import BOT, BOX, OTHER_CAR

# Rectangle of a crash over body of the official car.
LONGER, WIDER = 0.32352 / 0.324, 0.1961 / 0.188


@inlined
def overlaps(x, y, yaw, half_length, half_width, box):
    """Is a corner of the rectangle at (x, y), turned by `yaw`, inside that of `box`?"""
    dx, dy = x - box.x, y - box.y
    reach = half_length + half_width + box.half_length + box.half_width  # more than both diagonals
    if dx * dx + dy * dy > reach * reach:
        return False
    sine, cosine = sincos(yaw)
    s, c = sincos(box.yaw)
    inside = False
    for corner in range(4):
        along = half_length if corner < 2 else -half_length
        across = half_width if corner % 2 == 0 else -half_width
        px = dx + along * cosine - across * sine
        py = dy + along * sine + across * cosine
        inside |= (abs(px * c + py * s) < box.half_length) & (abs(py * c - px * s) < box.half_width)
    return inside


@inlined
def first_hit(car, world, own, half_length, half_width, reach):
    """Column of the first object that `car` has hit; -1 for none.

    Args:
        reach: m, the largest half length plus half width of a box or bot.
    """
    own_reach = half_length + half_width  # of every car
    reach = own_reach + max(reach, own_reach)
    if world.size <= FEW:
        return _first_of_few(car, world, own, half_length, half_width, reach)
    found = -1
    for rank in range(first_x(world, car.x - reach), world.size):
        k = world[rank].by_x
        if world[k].x > car.x + reach:
            break
        if (k < found or found < 0) and _hits(car, world, k, own, half_length, half_width):
            found = k
    return found


@inlined
def _hits(car, world, k, own, half_length, half_width):
    return (
        k != own
        and world[k].present
        and not world[k].held
        and overlaps(car.x, car.y, car.yaw, half_length, half_width, world[k])
    )


@inlined
def _first_of_few(car, world, own, half_length, half_width, reach):
    """The same by looking at every object: first which are near, without a branch."""
    near = 0
    for k in range(world.size):
        dx, dy = car.x - world[k].x, car.y - world[k].y
        near |= (dx * dx + dy * dy <= reach * reach) << k
    k = 0
    while near >> k:
        if near >> k & 1 and _hits(car, world, k, own, half_length, half_width):
            return k
        k += 1
    return -1


@inlined
def lap_share(progress, start):
    """Place on the lap, %: progress since a start at `start` of a lap. There is no wrap at 100."""
    return (progress + 100.0 * start) % 100.0


@inlined
def share_of(world, k, first, cars, track, nose):
    """Place on the lap, %, of the bot or car in column `k`; `first` is the world's first car."""
    length = track.head[0].length
    if world[k].kind == OTHER_CAR:
        other = cars[first + k]
        return lap_share(other.progress, other.start_s / length)
    sine, cosine = sincos(world[k].yaw)
    _, _, s = project(track, world[k].x + nose * cosine, world[k].y + nose * sine)
    return lap_share(100.0 * s / length, 0.0)


@inlined
def at_fault(own, other, kind):
    """Is a car at place `own` (%) to blame for hitting an object at place `other`?"""
    return kind == BOX or own < other


@inlined
def pause_bots(world, seconds):
    """All bots of a world stand for a while; those that stand already do so no longer than that."""
    for k in range(world.size):
        if world[k].kind == BOT and world[k].pause <= 0.0:
            world[k].pause = seconds


@kernel
def touch(cars, hits, objects, per_world, track, direction, vehicles, traffics):
    """Find what each car of this direction has hit.

    Args:
        hits: (N,) int64, out: 0 for nothing; 1 + column if the car is at fault, -1 - column if
            the other is. Bots that hit a car from behind then stand for a while, all of them.
    """
    track, vehicle, traffic = borrowed(track), vehicles[0], traffics[0]
    half_length, half_width = 0.5 * LONGER * vehicle.length, 0.5 * WIDER * vehicle.width
    length = track.head[0].length
    for i in range(cars.size):
        car = cars[i]
        if car.direction != direction:
            continue
        hits[i] = 0
        world = objects[i // per_world]
        own = i % per_world if per_world > 1 else -1
        if own >= 0 and not world[own].present:
            continue
        k = first_hit(car, world, own, half_length, half_width, traffic.reach)
        if k < 0:
            continue
        first = i - i % per_world
        if world[k].kind == BOX:
            hits[i] = 1 + k
            continue
        mine = lap_share(car.progress, car.start_s / length)
        other = share_of(world, k, first, cars, track, vehicle.nose)
        hits[i] = 1 + k if at_fault(mine, other, world[k].kind) else -1 - k
        waits = own >= 0 and world[own].held  # a car that is held for its penalty stops no bot
        if world[k].kind == BOT and mine > other and not waits:
            pause_bots(world, traffic.pause)
