"""Twenty-one numbers: how the car moves, where it is on the road, and the road ahead.

With others on the road twelve more: the three nearest objects ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from racer.sim.geometry import look_ahead, table_index
from racer.sim.jit import borrowed, inlined, kernel, prefetch
from racer.sim.native_call import bind, chain
from racer.sim.nearby import FEW
from racer.sim.scene import Part, Scene, own_column
from racer.sim.trig import sincos

LOOK_AHEAD_M = (0.4, 0.8, 1.4, 2.2, 3.2)  # along the centre line, from the nose's projection
YAW_RATE_SCALE = 4.0  # rad/s
LIMIT = 4.0  # every feature is clipped to [-4, 4]
_OWN = 6
SIZE = _OWN + 3 * len(LOOK_AHEAD_M)
OBJECTS = 3  # nearest ones ahead
_PER_OBJECT = 4
HORIZON_M, PASSED_M = 8.0, 0.5  # objects from just behind the nose to so far ahead are seen
SPACE_M, WIDTH_M = 2.0, 0.4  # units of distance and of width
_AHEAD = np.array(LOOK_AHEAD_M)
_PER_AHEAD = 1.0 / _AHEAD


class Observation:
    """Features in the car's frame, scaled to about [-1, 1] and clipped to [-4, 4].

    | index | meaning | unit of 1.0 | usual range |
    |---|---|---|---|
    | 0 | speed | the vehicle's top speed | 0 … 1 |
    | 1 | steering angle of the wheels, left positive | the vehicle's full lock | -1 … 1 |
    | 2 | yaw rate, counter-clockwise positive | 4 rad/s | -1.5 … 1.5 |
    | 3 | lateral offset of the nose, left positive | half the road width | -1.3 … 1.3 |
    | 4 | sine of the heading error (heading minus road direction) | 1 | -1 … 1 |
    | 5 | cosine of the heading error | 1 | -1 … 1 |
    | 6 + 3k | centre line d_k m ahead, forward of the nose | d_k m | -1 … 1 |
    | 7 + 3k | the same point, left of the nose | d_k m | -1 … 1 |
    | 8 + 3k | road width there | 1 m | 0.6 … 1.5 |

    k = 0 … 4 with d_k = 0.4, 0.8, 1.4, 2.2, 3.2 m along the centre line.

    With boxes, bots or other cars on the road, the nearest three ahead follow, j = 0 … 2, the
    nearest first. Ahead is from 0.5 m behind the nose to 8 m before it, along the road.

    | index | meaning | unit of 1.0 | usual range |
    |---|---|---|---|
    | 21 + 4j | distance along the road, from the nose to its middle | 2 m | -0.25 … 4 |
    | 22 + 4j | lateral offset of the object, left positive | half the road width | -1 … 1 |
    | 23 + 4j | its speed minus the car's | the vehicle's top speed | -1 … 1 |
    | 24 + 4j | its width, as crashes are measured | 0.4 m | 0.5 … 1; 0 for no object |

    A place without an object holds 4, 0, 0, 0.
    """

    size = SIZE  # numbers of the car and of the road

    def __init__(self, vehicle: np.ndarray, *, among: bool = False) -> None:
        self._objects = OBJECTS if among else 0
        shape = (self.size + _PER_OBJECT * self._objects,)
        self.space = gymnasium.spaces.Box(-LIMIT, LIMIT, shape, np.float32)
        self._vehicle = vehicle

    def among(self) -> Observation:
        """The observation of a race with others on the road."""
        return type(self)(self._vehicle, among=True)

    def of_road(self) -> Any:
        """The kernel that writes those numbers."""
        return observe

    def bind(self, scene: Scene, out: np.ndarray) -> Callable[[], Any]:
        """A call that writes the rows of `out` (N, 21 or 33) float32 where `scene.mask` is set."""
        kernel = self.of_road()

        def of(part: Part) -> Callable[[], Any]:
            where = part.track, part.direction, self._vehicle
            return bind(kernel, part.cars, part.mask, out[part.rows], *where)

        def objects_of(part: Part) -> Callable[[], Any]:
            around = part.objects, part.per_world
            where = part.track, part.direction, self._vehicle
            rows = out[part.rows]
            return bind(observe_objects, part.cars, part.mask, rows, self.size, *around, *where)

        road = scene.each(of)
        return chain(road, scene.each(objects_of)) if self._objects else road


@inlined
def _clipped(value):
    value = LIMIT if value > LIMIT else value
    return np.float32(-LIMIT if value < -LIMIT else value)


@inlined
def observe_car(car, out, track, per_speed, per_steer):
    """What car and road are like, to out[:21]."""
    table = track.table
    i, r = table_index(track, car.s)
    a, b = table[i], table[i + 1 if i + 1 < table.size else 0]
    road_x = a.tangent_x + r * (b.tangent_x - a.tangent_x)
    road_y = a.tangent_y + r * (b.tangent_y - a.tangent_y)
    width = a.width + r * a.dwidth
    s, c = sincos(car.yaw)
    out[0] = _clipped(car.v * per_speed)
    out[1] = _clipped(car.steer * per_steer)
    out[2] = _clipped(car.yaw_rate * (1.0 / YAW_RATE_SCALE))
    out[3] = _clipped(2.0 * car.n / width)
    out[4] = _clipped(s * road_x - c * road_y)
    out[5] = _clipped(c * road_x + s * road_y)
    for k in range(_AHEAD.size):
        at = _OWN + 3 * k
        out[at], out[at + 1], out[at + 2] = road_ahead(car, track, _AHEAD[k], _PER_AHEAD[k], s, c)


@inlined
def road_ahead(car, track, ahead, per_ahead, s, c):
    """The centre line `ahead` m on: forward of the nose, left of it, and the road's width there.

    Args:
        s, c: sine and cosine of the car's yaw.
    """
    x, y, width = look_ahead(track, car.s + ahead)
    dx, dy = x - car.nose_x, y - car.nose_y
    forward, left = (c * dx + s * dy) * per_ahead, (c * dy - s * dx) * per_ahead
    return _clipped(forward), _clipped(left), _clipped(width)


@inlined
def prefetch_rows(car, track):
    """Ask for the rows of the table that `observe_car` will read."""
    i, _ = table_index(track, car.s)
    prefetch(track.table, i)
    prefetch(track.table, i + 1)
    for k in range(_AHEAD.size):
        i, _ = table_index(track, car.s + _AHEAD[k])
        prefetch(track.table, i)


@kernel
def observe(cars, mask, out, track, direction, vehicles):
    """Features of every car of this direction with mask[i], to out[i]; (N, 21) float32."""
    track, out = borrowed(track), borrowed(out)
    per_speed, per_steer = 1.0 / vehicles[0].speed_max, 1.0 / vehicles[0].steer_max
    for i in range(cars.size):
        if i + 1 < cars.size:
            prefetch_rows(cars[i + 1], track)
        if mask[i] and cars[i].direction == direction:
            observe_car(cars[i], out[i], track, per_speed, per_steer)


@inlined
def _ahead(car, box, length):
    """Distance along the road from the nose of `car` to an object, m: -PASSED_M or more."""
    gap = box.s - car.s + PASSED_M
    return gap - length * np.floor(gap / length) - PASSED_M


@inlined
def _turn(car, box, length):
    """The lap that `_ahead` counts an object in: along the road it never falls."""
    return np.floor((box.s - car.s + PASSED_M) / length)


@inlined
def _first_of_turn(car, world, length, turn):
    low, high = 0, world.size
    while low < high:
        middle = (low + high) // 2
        if _turn(car, world[world[middle].by_s], length) < turn:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def _first_ahead(car, world, length):
    """Rank along the road of the object with the smallest distance ahead; -1 for no object.

    From it on, and at the end of the lap on from rank 0, distances never fall.
    """
    if world.size == 0:
        return -1
    last = world[world[world.size - 1].by_s]
    turn = 1.0 if _turn(car, last, length) >= 1.0 else 0.0
    first = _first_of_turn(car, world, length, turn)
    return first if first < world.size else 0


@inlined
def _three_of_few(car, world, own, length):
    """Columns of the nearest three ahead, the nearest first, and their distances, m; -1 for none.

    What `_nearest_after` finds in three walks, in one look at every object.
    """
    a, b, c = -1, -1, -1
    gap_a, gap_b, gap_c = HORIZON_M, HORIZON_M, HORIZON_M
    for k in range(world.size):  # choices, not branches, which nobody could predict
        gap = _ahead(car, world[k], length)
        gap = gap if (k != own) & (world[k].present != 0) else HORIZON_M
        first, second, third = gap < gap_a, gap < gap_b, gap < gap_c
        c, gap_c = (b, gap_b) if second else (k, gap) if third else (c, gap_c)
        b, gap_b = (a, gap_a) if first else (k, gap) if second else (b, gap_b)
        a, gap_a = (k, gap) if first else (a, gap_a)
    return (a, b, c), (gap_a, gap_b, gap_c)


@inlined
def _nearest_after(car, world, own, length, first, last, last_gap):
    """Column of the nearest object beyond the one of the slot before, and its distance, m."""
    best, nearest = -1, HORIZON_M
    rank = first
    for _ in range(world.size):
        k = world[rank].by_s
        rank = rank + 1 if rank + 1 < world.size else 0
        gap = _ahead(car, world[k], length)
        if gap > nearest or gap >= HORIZON_M:
            break
        beyond = gap > last_gap or (gap == last_gap and k > last)
        nearer = gap < nearest or k < best  # of two at one place the lower column is the first
        if beyond and nearer and k != own and world[k].present:
            best, nearest = k, gap
    return best, nearest


@inlined
def _three_of_many(car, world, own, length):
    """The same for worlds of many objects: only those that are near are looked at."""
    first = _first_ahead(car, world, length)
    a, gap_a = _nearest_after(car, world, own, length, first, -1, -math.inf)
    b, gap_b, c, gap_c = -1, HORIZON_M, -1, HORIZON_M
    if a >= 0:
        b, gap_b = _nearest_after(car, world, own, length, first, a, gap_a)
    if b >= 0:
        c, gap_c = _nearest_after(car, world, own, length, first, b, gap_b)
    return (a, b, c), (gap_a, gap_b, gap_c)


@kernel
def observe_objects(cars, mask, out, first, objects, per_world, track, direction, vehicles):
    """The nearest objects ahead of every car of this direction with mask[i], to out[i, first:]."""
    track, out = borrowed(track), borrowed(out)
    per_speed, length = 1.0 / vehicles[0].speed_max, track.head[0].length
    for i in range(cars.size):
        if not (mask[i] and cars[i].direction == direction):
            continue
        car, world, own = cars[i], objects[i // per_world], own_column(i, per_world)
        if world.size <= FEW:
            columns, gaps = _three_of_few(car, world, own, length)
        else:
            columns, gaps = _three_of_many(car, world, own, length)
        for slot in range(OBJECTS):
            at = first + _PER_OBJECT * slot
            if columns[slot] < 0:
                out[i, at] = LIMIT
                out[i, at + 1 : at + _PER_OBJECT] = 0.0
                continue
            box = world[columns[slot]]
            _, _, width = look_ahead(track, box.s)
            out[i, at] = _clipped(gaps[slot] * (1.0 / SPACE_M))
            out[i, at + 1] = _clipped(2.0 * box.n / width)
            out[i, at + 2] = _clipped((box.v - car.v) * per_speed)
            out[i, at + 3] = _clipped(box.half_width * (2.0 / WIDTH_M))
