"""The one place where a PARAMS row is filled: by a step, from a log, after a car was placed.

PARAMS is the DeepRacer border: degrees here, radians in CAR.
"""

from __future__ import annotations

import math

from racer.sim.frustum import object_in_camera
from racer.sim.geometry import point_on
from racer.sim.jit import inlined, kernel
from racer.sim.progress import waypoints_around, width_and_side

_DEG = 180.0 / math.pi


@inlined
def fill(car, row, track, sim, steer_deg, speed, is_crashed, needs_width):
    """All of `row` for a located `car` and its command; two columns cost extra: `needs_width`."""
    fill_place(car, row, track, car.nose_x, car.nose_y, car.yaw * _DEG, needs_width)
    row.speed = speed
    row.steering_angle = steer_deg
    row.steps = float(car.steps)
    row.sim_time = car.steps * sim.control_dt
    row.is_crashed = is_crashed
    row.is_reversed = (car.direction == 1) != sim.reverse
    row.object_in_camera = False


@inlined
def fill_place(car, row, track, x, y, heading_deg, needs_width):
    """What of `row` follows from where a located `car` is; its nose is at x, y (m)."""
    row.x = x
    row.y = y
    row.heading = heading_deg
    row.distance_from_center = abs(car.n)
    row.projection_distance = car.s
    row.progress = car.progress
    row.track_length = track.head[0].length
    row.prev_waypoint, row.next_waypoint = waypoints_around(track, car.segment, car.s)
    row.all_wheels_on_track = car.wheels_off == 0
    row.is_offtrack = car.wheels_off == 4
    if needs_width:
        segment = track.center[car.segment]
        r = (car.s - segment.s) / segment.step if segment.step > 0.0 else 0.0
        cx, cy = point_on(track.center, car.segment, r)
        row.track_width, row.is_left_of_center = width_and_side(track, car.segment, r, cx, cy, x, y)


@kernel
def fill_places(cars, rows, track):
    """`fill_place` of every located car (N,) CAR; commands, steps and time stay untouched."""
    for i in range(cars.size):
        car = cars[i]
        fill_place(car, rows[i], track, car.nose_x, car.nose_y, car.yaw * _DEG, True)


@kernel
def fill_objects(cars, rows, objects, per_world, lists, camera, lens):
    """Fill what is around each car into its row: the lists `objects_*` and `object_in_camera`.

    Args:
        rows: (N,) PARAMS with room for objects, out.
        lists, camera: does anyone read the lists, or the flag? Each costs extra.
        lens: Lens of every car.
    """
    for i in range(cars.size):
        row, world = rows[i], objects[i // per_world]
        own = i % per_world if per_world > 1 else -1
        if camera:
            row.object_in_camera = object_in_camera(cars[i], lens, world, own)
        if lists:
            place = 0
            for k in range(world.size):
                if k == own:
                    continue
                item, of = row.objects[place], world[k]
                item.x, item.y, item.distance = of.x, of.y, of.s
                item.distance_from_center = abs(of.n)
                item.heading, item.speed = of.params_heading, of.params_speed
                item.left_of_center = 1.0 if of.params_left else 0.0
                place += 1
            row.objects_count = place
