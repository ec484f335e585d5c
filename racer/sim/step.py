"""The kernels a Race calls each control step; and reset.

begin    count the step, judge s_t, write the DeepRacer params of (s_t, a_t)
advance  physics with a_t, then measure s_{t+1}
finish   add up rewards, say which cars are done
reset    start the next episode of the cars that ended

Cars drive in one of two directions (CAR["direction"]), each with a track of its own; a race that
alternates directions calls every kernel once for each.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.jit import borrowed, inlined, kernel, prefetch
from racer.sim.models.kinematic import BLOCK, COS, SIN, drive, load, portions_of, store
from racer.sim.models.one import drive_one
from racer.sim.models.single_track import drive_single_track
from racer.sim.params import fill
from racer.sim.progress import advance_progress, measure, place, prefetch_cells, prefetch_lines
from racer.sim.rng import uniform
from racer.sim.termination import judge
from racer.sim.trig import sincos
from racer.sim.types import IN_PROGRESS, KINEMATIC, SINGLE_TRACK, START_LINE, START_RANDOM, TIME_UP
from racer.sim.vary import vary_vehicle

_DEG = 180.0 / math.pi
_RANDOM_OFFSET = 0.25  # of the road width, either side of the centre line
_RANDOM_YAW = math.radians(20.0)


@kernel
def begin(cars, commands, rows, terminated, truncated, hits, track, direction, sims, needs_width):
    """Count the step, judge s_t and write params rows, for the cars of this direction.

    Args:
        cars: (N,) CAR.
        commands: (N, 2) steering angle (deg, left positive), speed (m/s).
        rows: (N,) PARAMS, out.
        terminated, truncated: (N,) bool, out.
        hits: (N,) int64 of `contact.touch`; none where nothing is on the road.
        needs_width: does anyone read track_width or is_left_of_center? They cost extra.
    """
    track, sim = borrowed(track), sims[0]
    for i in range(cars.size):
        if i + 1 < cars.size:
            prefetch(track.center, cars[i + 1].segment)
        car = cars[i]
        if car.direction != direction:
            continue
        car.steps += 1
        hit = hits[i] if hits.size > 0 else 0
        judge(car, sim, hit)
        terminated[i] = car.status != IN_PROGRESS and car.status != TIME_UP
        truncated[i] = car.status == TIME_UP
        fill(car, rows[i], track, sim, commands[i, 0], commands[i, 1], hit > 0, needs_width)


@inlined
def _clip(value, low, high):
    return min(max(value, low), high)


@inlined
def _command(steer_deg, speed, vehicle):
    """What the car is told, rad and m/s."""
    steer = _clip(steer_deg / _DEG, -vehicle.steer_max, vehicle.steer_max)
    return steer, _clip(speed, vehicle.speed_min, vehicle.speed_max) * vehicle.speed_gain


@kernel
def advance_kinematic(cars, commands, track, direction, vehicles, sims, block):
    """Drive every car of this direction one control step and measure where it is then."""
    track, block, vehicle, sim = borrowed(track), borrowed(block), vehicles[0], sims[0]
    cut = portions_of(vehicle, sim)
    who = np.empty(BLOCK, np.int64)
    i = 0
    while i < cars.size:
        count = 0
        while i < cars.size and count < BLOCK:
            if cars[i].direction == direction:
                steer, speed = _command(commands[i, 0], commands[i, 1], vehicle)
                load(block, count, cars[i], steer, speed)
                who[count] = i
                count += 1
            i += 1
        drive(block, count, vehicle, cut)
        for k in range(count):
            car = cars[who[k]]
            store(block, k, car)
            prefetch_cells(track, vehicle, car.x, car.y, block[COS + k], block[SIN + k])
        for k in range(count):
            car = cars[who[k]]
            prefetch_lines(track, vehicle, car.x, car.y, block[COS + k], block[SIN + k])
        for k in range(count):
            measure(cars[who[k]], track, vehicle, sim, block[COS + k], block[SIN + k])


@kernel
def advance_single_track(cars, commands, track, direction, vehicles, sims, block):
    """The same for a vehicle of the dynamic single-track model, which needs no `block`."""
    track, vehicle, sim = borrowed(track), vehicles[0], sims[0]
    for i in range(cars.size):
        car = cars[i]
        if car.direction == direction:
            steer, speed = _command(commands[i, 0], commands[i, 1], vehicle)
            drive_single_track(car, steer, speed, vehicle, sim)
            sine, cosine = sincos(car.yaw)
            measure(car, track, vehicle, sim, cosine, sine)


@kernel
def advance_varied(cars, commands, track, direction, vehicles, varied, sims, block):
    """The same for cars of which each has the vehicle that its episode drew; of either model.

    Args:
        vehicles: (1,) VEHICLE, what they are drawn around.
        varied: (1,) VEHICLE, scratch.
    """
    track, vehicle, sim = borrowed(track), vehicles[0], sims[0]
    varied[0] = vehicle
    own = varied[0]
    for i in range(cars.size):
        car = cars[i]
        if car.direction == direction:
            vary_vehicle(car, vehicle, sim, own)
            steer, speed = _command(commands[i, 0], commands[i, 1], own)
            drive_one(car, steer, speed, block, own, sim)
            sine, cosine = sincos(car.yaw)
            measure(car, track, vehicle, sim, cosine, sine)


ADVANCE = {KINEMATIC: advance_kinematic, SINGLE_TRACK: advance_single_track}


@kernel
def finish(cars, rewards, terminated, truncated, done):
    """Add rewards (N,) to the returns, write done (N,) bool; returns how many cars are done."""
    count = 0
    for i in range(cars.size):
        cars[i].episode_return += rewards[i]
        done[i] = terminated[i] or truncated[i]
        if done[i]:
            count += 1
    return count


@inlined
def start_of_episode(car, track, vehicle, sim):
    """Place `car` where episode `car.episode` of car `car.key` begins."""
    s, yaw_offset, n = 0.0, 0.0, 0.0
    if sim.start == START_RANDOM:
        s = uniform(car.key, car.episode, 0) * track.head[0].length
        n = (2.0 * uniform(car.key, car.episode, 1) - 1.0) * _RANDOM_OFFSET * track.table[0].width
        yaw_offset = (2.0 * uniform(car.key, car.episode, 2) - 1.0) * _RANDOM_YAW
    elif sim.start != START_LINE:
        turn = (car.key + car.episode) * sim.start_advance
        s = (turn - math.floor(turn)) * track.head[0].length
    _begin_at(car, track, vehicle, s, yaw_offset, n)


@inlined
def _begin_at(car, track, vehicle, s, yaw_offset, n):
    place(car, track, vehicle, s, yaw_offset, n)
    car.start_s = s
    car.progress = 0.0
    advance_progress(car, track)
    car.steps = 1  # the frame it is held still in counts, as officially
    car.laps = 0
    car.episode_return = 0.0


@kernel
def next_episode(cars, mask, sims):
    """Count the episode of the cars in `mask` up (from -1) and turn them round if the race does."""
    sim = sims[0]
    for i in range(cars.size):
        if mask[i]:
            cars[i].episode += 1
            cars[i].direction = cars[i].episode % 2 if sim.alternate_direction else 0


@kernel
def reset(cars, mask, track, direction, vehicles, sims):
    """Put the cars in `mask` of this direction where their episode begins."""
    track, vehicle, sim = borrowed(track), vehicles[0], sims[0]
    for i in range(cars.size):
        if mask[i] and cars[i].direction == direction:
            start_of_episode(cars[i], track, vehicle, sim)


@kernel
def start_at(cars, mask, track, direction, vehicles, s, n, yaw_offset):
    """Put the cars in `mask` of this direction at arc length `s` (m), `n` m left, turned (rad)."""
    track, vehicle = borrowed(track), vehicles[0]
    for i in range(cars.size):
        if mask[i] and cars[i].direction == direction:
            _begin_at(cars[i], track, vehicle, s, yaw_offset, n)
