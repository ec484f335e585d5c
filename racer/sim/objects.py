"""Boxes and bot cars: where they are placed at the start of an episode, and how bots drive.

Rules of the official simulator: boxes and bots stand at equal distances along the centre line, on
alternate lanes from the inner one; drawn at random, each is drawn between its neighbours, those
already drawn included. A bot drives along its lane's curve, its speed counted on the centre line.

Source: agent_ctrl/obstacles_agent_ctrl.py and bot_cars_agent_ctrl.py of deepracer-simapp.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import on_road, project
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.lanes import beside, hermite, on_center, on_curve, vertex_before
from racer.sim.nearby import arrange, moved
from racer.sim.rng import uniform_of
from racer.sim.types import INNER, OUTER

# What is drawn, for `uniform_of`: the order of drawing, distances, lanes, speeds, changes of lanes.
_ORDER, _PLACE, _LANE, _SPEED, _CHANGE = 16, 17, 18, 19, 32
_EDGE = 0.02  # m: a vertex so close to the end of a change of lanes is left out
_BEHIND, _AHEAD = 6, 4  # vertices of the lanes that shape the beginning and the end of a change


@inlined
def evenly(i, count, gap, length, end):
    """Where object `i` of `count` stands: from `gap` m to `end` m before the start line."""
    return gap if count == 1 else gap + i * (length - end - gap) / (count - 1)


@inlined
def bounds(objects, first, count, i, gap, length, end):
    """Between which distances object `i` of `count` may be drawn, m; its neighbours stay."""
    low = gap if i == 0 else objects[first + i - 1].start_s + gap
    high = length - end if i == count - 1 else objects[first + i + 1].start_s - gap
    return low, high


@inlined
def _draw(objects, first, count, gap, length, end, key, episode):
    """Draw distances and lanes of `count` objects from column `first` on, in a random order."""
    for i in range(count):  # an inside-out shuffle; `changes` holds the order until it is used
        j = int(uniform_of(key, episode, _ORDER, first + i) * (i + 1))
        objects[first + i].changes = objects[first + j].changes
        objects[first + j].changes = i
    for k in range(count):
        i = objects[first + k].changes
        low, high = bounds(objects, first, count, i, gap, length, end)
        if low < high:
            share = uniform_of(key, episode, _PLACE, first + i)
            objects[first + i].start_s = low + (high - low) * share
    for i in range(count):
        outer = uniform_of(key, episode, _LANE, first + i) < 0.5
        objects[first + i].lane = OUTER if outer else INNER
        objects[first + i].changes = 0


@inlined
def _gap_now(traffic, episode, length):
    """Metres between boxes. A shrinking one is a percent of the lap, taken at each placement."""
    if not traffic.shrinking_gap:
        return traffic.box_gap
    return traffic.box_gap * (length / 100.0) ** (episode + 2)


@inlined
def place_world(objects, plan, key, episode, track, lanes, traffic):
    """Begin an episode of one world: place its boxes and bots.

    Args:
        objects: (K,) OBJECT of the world, out.
        plan: (K,) OBJECT: sizes, speeds, given lanes; a `start_s` below 0 is spaced evenly.
    """
    length, end = track.head[0].length, traffic.end
    box = objects.size - traffic.boxes - traffic.bots  # the columns before are cars
    bot = box + traffic.boxes
    for k in range(box, objects.size):
        boxes = k < bot
        first, count = (box, traffic.boxes) if boxes else (bot, traffic.bots)
        gap = _gap_now(traffic, episode, length) if boxes else traffic.bot_gap
        objects[k] = plan[k]
        if plan[k].start_s < 0.0:
            objects[k].start_s = evenly(k - first, count, gap, length, end)
    if traffic.random_boxes:
        gap = _gap_now(traffic, episode, length)
        _draw(objects, box, traffic.boxes, gap, length, end, key, episode)
    if traffic.random_bots:
        _draw(objects, bot, traffic.bots, traffic.bot_gap, length, end, key, episode)
    for k in range(box, bot):
        _stand(objects[k], track, lanes)
        objects[k].params_heading = objects[k].yaw if traffic.bots > 0 else 0.0
    for k in range(bot, objects.size):
        share = uniform_of(key, episode, _SPEED, k)
        speed = traffic.speed_low + (traffic.speed_high - traffic.speed_low) * share
        objects[k].speed = objects[k].params_speed = speed
        _plan_change(objects[k], k, key, episode, track, lanes, traffic)
        _drive_to(objects[k], track, lanes)


@inlined
def _stand(box, track, lanes):
    """Put a box beside its distance along the centre line, in its lane."""
    j, x, y = on_center(track, box.start_s)
    if box.lane == INNER:
        box.x, box.y, box.yaw = beside(lanes.inner_line, lanes.inner_reach, j, x, y)
    else:
        box.x, box.y, box.yaw = beside(lanes.outer_line, lanes.outer_reach, j, x, y)
    locate_object(box, track)


@inlined
def locate_object(box, track):
    """Where it is on the road, and on which side a reward is told that it is.

    The official simulator asks whether it is between the centre line and the inner border.
    """
    segment, r, s = project(track, box.x, box.y)
    row = track.center[segment]
    ox, oy = box.x - (row.x + r * row.dx), box.y - (row.y + r * row.dy)
    distance = math.sqrt(ox * ox + oy * oy)
    left = row.dx * oy - row.dy * ox >= 0.0
    box.s = s
    box.n = distance if left else -distance
    ccw = track.head[0].ccw
    inside = (left == ccw) & on_road(track, box.x, box.y)
    box.params_left = inside == ccw


@inlined
def hold(low, high, share):
    """Seconds that a bot keeps its lane before a change that begins now, drawn as `share`."""
    return low + (high - low) * share


@inlined
def _plan_change(bot, k, key, episode, track, lanes, traffic):
    """When the next change of lanes begins; the slopes of the curve that it takes."""
    bot.change_from, bot.change_to = math.inf, math.inf
    if traffic.change_m <= 0.0 or bot.speed <= 0.0:
        return
    share = uniform_of(key, episode, _CHANGE + k, bot.changes)
    wait = hold(traffic.change_low, traffic.change_high, share)
    bot.change_from = bot.travelled + bot.speed * wait
    bot.change_to = bot.change_from + traffic.change_m
    bot.changes += 1
    a, b = bot.start_s + bot.change_from, bot.start_s + bot.change_to
    length = track.head[0].length
    if bot.lane == INNER:
        shape_change(bot, lanes.inner, lanes.outer, length, a, b)
    else:
        shape_change(bot, lanes.outer, lanes.inner, length, a, b)


@inlined
def shape_change(bot, leave, join, length, a, b):
    """Slopes at both ends of a change from one curve to the other, between distances a and b, m.

    They are those of the cubic spline through vertices of the lane that is left, the two ends, and
    vertices of the other lane; there is no vertex in between. Solved by elimination towards the
    change from both sides: a vertex five away moves its ends by a thousandth.
    """
    p_x, p_y, _, _ = on_curve(leave, length, a % length)
    q_x, q_y, _, _ = on_curve(join, length, b % length)
    # on each side m[end] = value - factor * m[other end]
    x0, y0, h0 = _towards(leave, length, a, -1, p_x, p_y)
    x1, y1, h1 = _towards(join, length, b, 1, q_x, q_y)
    h = b - a
    s0, s1 = h0 + 2.0 / h, h1 + 2.0 / h
    x = 3.0 * (q_x - p_x) / (h * h)
    y = 3.0 * (q_y - p_y) / (h * h)
    det = s0 * s1 - 1.0 / (h * h)
    bot.from_dx = ((x0 + x) * s1 - (x1 + x) / h) / det
    bot.from_dy = ((y0 + y) * s1 - (y1 + y) / h) / det
    bot.to_dx = ((x1 + x) * s0 - (x0 + x) / h) / det
    bot.to_dy = ((y1 + y) * s0 - (y0 + y) / h) / det


@inlined
def _towards(curve, length, at, way, x, y):
    """What the vertices on one side of distance `at` ask of the slope at (x, y) there.

    Args:
        way: -1 for the side behind `at`, 1 for the side ahead.

    Returns:
        right side x, y and diagonal of the spline's equation there, the other vertices eliminated.
    """
    i = vertex_before(curve, at % length)
    i += 0 if way < 0 else 1
    gap = _gap(curve, length, i, at % length)
    if gap < _EDGE:
        i += way
    count = _BEHIND if way < 0 else _AHEAD
    here = curve[(i + way * (count - 1)) % curve.size]
    mx, my = here.dx, here.dy  # the farthest keeps its slope: m = mx - factor * (nearer slope)
    factor = 0.0
    for k in range(count - 2, -1, -1):
        near, out = curve[(i + way * k) % curve.size], here
        if k == 0:
            inx, iny, h = x, y, _gap(curve, length, i, at % length)
        else:
            inner = curve[(i + way * (k - 1)) % curve.size]
            inx, iny, h = inner.x, inner.y, abs(_wrapped(inner.at - near.at, length))
        g = abs(_wrapped(out.at - near.at, length))
        ax, ay = way * (near.x - inx) / h, way * (near.y - iny) / h
        bx, by = way * (out.x - near.x) / g, way * (out.y - near.y) / g
        scale = 2.0 * (1.0 / g + 1.0 / h) - factor / g
        rx, ry = 3.0 * (ax / h + bx / g) - mx / g, 3.0 * (ay / h + by / g) - my / g
        share = 1.0 / h
        if way > 0 and k == count - 2:  # the last two pieces are one: no vertex beyond is known
            scale = 2.0 / h + 1.0 / g + g / (h * h)
            rx = (3.0 / h + 2.0 * g / (h * h)) * ax + bx / g
            ry = (3.0 / h + 2.0 * g / (h * h)) * ay + by / g
            share += g / (h * h)
        mx, my, factor = rx / scale, ry / scale, share / scale
        here = near
    h = _gap(curve, length, i, at % length)
    rx = 3.0 * way * (here.x - x) / (h * h) - mx / h
    ry = 3.0 * way * (here.y - y) / (h * h) - my / h
    return rx, ry, (2.0 - factor) / h


@inlined
def _wrapped(distance, length):
    return distance - length * np.floor(distance / length + 0.5)


@inlined
def _gap(curve, length, i, at):
    return abs(_wrapped(curve[i % curve.size].at - at, length))


@inlined
def _drive_to(bot, track, lanes):
    """Put a bot where it has come to."""
    length = track.head[0].length
    u = bot.start_s + bot.travelled
    at = u - length * np.floor(u / length)
    a, b = bot.change_from, bot.change_to
    if a < bot.travelled < b:
        x0, y0, x1, y1 = 0.0, 0.0, 0.0, 0.0
        start, end = (bot.start_s + a) % length, (bot.start_s + b) % length
        if bot.lane == INNER:
            x0, y0, _, _ = on_curve(lanes.inner, length, start)
            x1, y1, _, _ = on_curve(lanes.outer, length, end)
        else:
            x0, y0, _, _ = on_curve(lanes.outer, length, start)
            x1, y1, _, _ = on_curve(lanes.inner, length, end)
        h = b - a
        t = (bot.travelled - a) / h
        x, dx = hermite(t, h, x0, bot.from_dx, x1, bot.to_dx)
        y, dy = hermite(t, h, y0, bot.from_dy, y1, bot.to_dy)
    elif bot.lane == INNER:
        x, y, dx, dy = on_curve(lanes.inner, length, at)
    else:
        x, y, dx, dy = on_curve(lanes.outer, length, at)
    bot.x, bot.y, bot.yaw = x, y, math.atan2(dy, dx)
    bot.params_heading = bot.yaw
    bot.v = 0.0 if bot.pause > 0.0 else bot.speed * math.sqrt(dx * dx + dy * dy)
    locate_object(bot, track)


@inlined
def drive_bot(bot, k, dt, key, episode, track, lanes, traffic):
    """One control step of a bot: `pause` passes first, then it goes on."""
    driven = max(dt - bot.pause, 0.0)
    bot.pause = max(bot.pause - dt, 0.0)
    bot.travelled += bot.speed * driven
    if bot.travelled >= bot.change_to:
        bot.lane = OUTER if bot.lane == INNER else INNER
        _plan_change(bot, k, key, episode, track, lanes, traffic)
    _drive_to(bot, track, lanes)


@inlined
def mirror_car(world, j, car, track, bots):
    """What the others see of a car: row `j` among the objects of its world."""
    seen = world[j]
    seen.x, seen.y, seen.yaw, seen.v = car.x, car.y, car.yaw, car.v
    seen.params_heading = car.yaw if bots > 0 else 0.0
    locate_object(seen, track)
    moved(world, j)


@kernel
def place(cars, mask, objects, plan, per_world, track, direction, lanes, traffics):
    """Begin the episode of each world of this direction whose cars are all in `mask`."""
    track, lanes, traffic = borrowed(track), borrowed(lanes), traffics[0]
    for w in range(objects.shape[0]):
        first = cars[w * per_world]
        everyone = first.direction == direction
        for j in range(per_world):
            everyone = everyone and mask[w * per_world + j]
        if everyone:
            world = objects[w]
            place_world(world, plan, first.key, first.episode, track, lanes, traffic)
            if per_world > 1:
                for j in range(per_world):  # not there until it is put on the road
                    world[j] = plan[j]
                    world[j].present = False
            arrange(world)


@kernel
def move(cars, objects, per_world, track, direction, lanes, traffics, sims):
    """Drive the bots of this direction one control step, then look where the cars are."""
    track, lanes, traffic, dt = borrowed(track), borrowed(lanes), traffics[0], sims[0].control_dt
    for w in range(objects.shape[0]):
        first = cars[w * per_world]
        if first.direction != direction:
            continue
        world = objects[w]
        for k in range(world.size - traffic.bots, world.size):
            drive_bot(world[k], k, dt, first.key, first.episode, track, lanes, traffic)
            moved(world, k)
        if per_world > 1:
            for j in range(per_world):
                if world[j].present:
                    mirror_car(world, j, cars[w * per_world + j], track, traffic.bots)


@kernel
def look(cars, mask, objects, per_world, track, direction, traffics):
    """Let the others see where the cars in `mask` are, after they were put somewhere."""
    track, bots = borrowed(track), traffics[0].bots
    if per_world > 1:
        for i in range(cars.size):
            world, j = objects[i // per_world], i % per_world
            if mask[i] and cars[i].direction == direction and world[j].present:
                mirror_car(world, j, cars[i], track, bots)
