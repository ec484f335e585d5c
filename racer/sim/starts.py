"""Where a car is put on a road that it shares: at a start, on the grid, and back after a fault.

Source: track_geom/track_data.py and reset/utils.py of deepracer-simapp.
"""

from __future__ import annotations

import math

from racer.sim.geometry import point_on
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.lanes import in_lane, on_center
from racer.sim.nearby import first_beyond, first_x
from racer.sim.objects import mirror_car
from racer.sim.progress import advance_progress, put
from racer.sim.step import start_of_episode
from racer.sim.types import BOX, INNER, OUTER

NEAR = 1.0  # m along the road: nearer objects are avoided; the start line is not seen across
ROW = 0.75  # m between the rows of the grid
_MARGIN = 1e-9  # m: a window is never too narrow by rounding
_ROOM, _ON, _TRIES = 0.6, 0.5, 60  # m around a car that starts among others, m to the next try


@inlined
def _put_in_lane(car, track, lanes, vehicle, s, lane):
    j, cx, cy = on_center(track, s)
    if lane == INNER:
        x, y, yaw = in_lane(lanes.inner_line, lanes.inner_reach, j, cx, cy)
    else:
        x, y, yaw = in_lane(lanes.outer_line, lanes.outer_reach, j, cx, cy)
    put(car, track, vehicle, x, y, yaw)


@inlined
def _nearest(world, own, s, boxes_only):
    """Column of the object nearest to arc length `s` if it is near, else -1."""
    best, nearest = -1, NEAR
    for rank in range(first_beyond(world, s - NEAR - _MARGIN), world.size):
        k = world[rank].by_s
        if world[k].s > s + NEAR:
            break
        apart = abs(world[k].s - s)
        asked = k != own and world[k].present and (world[k].kind == BOX or not boxes_only)
        if asked and (apart < nearest or (apart == nearest and k < best)):
            best, nearest = k, apart
    return best


@inlined
def side_of(track, box):
    """The lane that an object is in: both are equally far from the centre line."""
    return INNER if (box.n >= 0.0) == track.head[0].ccw else OUTER


@inlined
def _is_free(car, world, own):
    for rank in range(first_x(world, car.x - _ROOM - _MARGIN), world.size):
        k = world[rank].by_x
        if world[k].x > car.x + _ROOM + _MARGIN:
            break
        dx, dy = world[k].x - car.x, world[k].y - car.y
        if k != own and world[k].present and dx * dx + dy * dy <= _ROOM * _ROOM:
            return False
    return True


@inlined
def _among(car, world, own, track, lanes, vehicle):
    """Move a car that was just started into the other lane where something is near."""
    s = car.start_s
    k = _nearest(world, own, s, False)
    if k < 0:
        return
    lane = OUTER if side_of(track, world[k]) == INNER else INNER
    _put_in_lane(car, track, lanes, vehicle, s, lane)
    tries = 0
    while own >= 0 and tries < _TRIES and not _is_free(car, world, own):
        s += _ON
        lane = OUTER if lane == INNER else INNER
        _put_in_lane(car, track, lanes, vehicle, s, lane)
        tries += 1
    car.start_s = s % track.head[0].length
    car.progress = 0.0
    advance_progress(car, track)


@inlined
def _on_grid(car, place, track, lanes, vehicle):
    """Row `place` of the grid behind the start line; the lap begins at the line."""
    line = lanes.outer_line if place % 2 == 0 else lanes.inner_line
    back = place * ROW
    length = line[line.size - 1].s
    s = length - back if back > 0.0 else 0.0
    j = 0
    while j + 2 < line.size and line[j + 1].s <= s:
        j += 1
    r = (s - line[j].s) / line[j].step if line[j].step > 0.0 else 0.0
    x, y = point_on(line, j, r)
    after = 1 if place == 0 else 0
    put(car, track, vehicle, x, y, math.atan2(line[after].y - y, line[after].x - x))
    car.start_s = 0.0
    car.progress = 0.0
    advance_progress(car, track)


@kernel
def reset_among(cars, mask, objects, per_world, track, direction, lanes, vehicles, sims, traffics):
    """Put the cars in `mask` of this direction where their episode begins, beside what is there."""
    track, lanes, vehicle = borrowed(track), borrowed(lanes), vehicles[0]
    sim, traffic = sims[0], traffics[0]
    for i in range(cars.size):
        car = cars[i]
        if not mask[i] or car.direction != direction:
            continue
        world = objects[i // per_world]
        own = i % per_world if per_world > 1 else -1
        start_of_episode(car, track, vehicle, sim)
        if traffic.grid:
            _on_grid(car, i % per_world, track, lanes, vehicle)
        elif traffic.avoid:
            _among(car, world, own, track, lanes, vehicle)
        if own >= 0:
            world[own].present, world[own].held = True, False
            mirror_car(world, own, car, track, traffic.bots)


@kernel
def put_back(car, world, own, track, lanes, vehicle, s, x, y, behind):
    """Put a car back on the road after a fault, at rest.

    Beside a box that is near, `behind` m before it (beyond it if negative) and in the other lane;
    else at arc length `s`, in the lane that is nearer to (x, y), m.

    Returns:
        column of the box, -1 for none.
    """
    k = _nearest(world, own, s, True)
    if k >= 0:
        lane = OUTER if side_of(track, world[k]) == INNER else INNER
        _put_in_lane(car, track, lanes, vehicle, world[k].s - behind, lane)
        return k
    j, cx, cy = on_center(track, s)
    ix, iy, _ = in_lane(lanes.inner_line, lanes.inner_reach, j, cx, cy)
    ox, oy, _ = in_lane(lanes.outer_line, lanes.outer_reach, j, cx, cy)
    inner = (ix - x) ** 2 + (iy - y) ** 2
    lane = INNER if inner <= (ox - x) ** 2 + (oy - y) ** 2 else OUTER
    _put_in_lane(car, track, lanes, vehicle, s, lane)
    return -1
