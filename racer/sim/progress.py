"""Where a car is on the road and what that means: projection, progress, wheels off the road.

Rules follow the official simulator (`set_reward_and_metrics` and `compute_current_prog` of
deepracer-simapp).
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.geometry import (
    around,
    border_points,
    cell_of,
    on_road,
    point_on,
    project,
    segment_at,
    wrap,
)
from racer.sim.jit import borrowed, inlined, kernel, prefetch
from racer.sim.trig import sincos
from racer.sim.types import ALL_ROAD, BORDER, IN_PROGRESS

# What `Track.nearest` returns for a point.
NEAREST = np.dtype(
    [
        ("s", "f8"),  # m, arc length of the projection from waypoint 0
        ("segment", "i8"),  # of the centre line
        ("distance", "f8"),  # m, to the centre line
        ("width", "f8"),  # m, DeepRacer's track_width
        ("prev_waypoint", "i8"),
        ("next_waypoint", "i8"),
        ("is_left", "?"),  # DeepRacer's is_left_of_center
        ("on_road", "?"),
    ],
    align=True,
)


@inlined
def waypoints_around(track, segment, s):
    """Waypoints before and after arc length `s` (m) on `segment`: DeepRacer's closest_waypoints."""
    center = track.center
    fraction = s / track.head[0].length
    after = segment + 1
    while after < center.size and center[after - 1].end_fraction <= fraction:
        after += 1
    before = after - 1 if after > 0 else center.size - 1
    return before, after if after < center.size else 0


@inlined
def width_and_side(track, segment, r, cx, cy, x, y):
    """Road width at the projection (cx, cy) of (x, y), m, and whether (x, y) is left of centre.

    The projection is at fraction `r` of centre segment `segment`.

    Both as the official simulator: from the border points nearest to the projection.
    """
    ix, iy, ox, oy = border_points(track, segment, r, cx, cy)
    width = math.sqrt((ix - ox) ** 2 + (iy - oy) ** 2)
    to_inner = math.sqrt((ix - x) ** 2 + (iy - y) ** 2)
    to_outer = math.sqrt((ox - x) ** 2 + (oy - y) ** 2)
    return width, (to_inner < to_outer) == track.head[0].ccw


@kernel
def nearest_many(track, xs, ys, out):
    """Fill `out` (K,) NEAREST for the points (xs, ys), m."""
    track = borrowed(track)
    for i in range(xs.size):
        x, y = xs[i], ys[i]
        segment, r, s = project(track, x, y)
        cx, cy = point_on(track.center, segment, r)
        row = out[i]
        row.s = s
        row.segment = segment
        row.distance = math.sqrt((cx - x) ** 2 + (cy - y) ** 2)
        row.width, row.is_left = width_and_side(track, segment, r, cx, cy, x, y)
        row.prev_waypoint, row.next_waypoint = waypoints_around(track, segment, s)
        row.on_road = on_road(track, x, y)


@kernel
def pose_on_center(track, s):
    """Point of the centre line at arc length `s` (m, wrapped), looking at the next waypoint.

    Returns:
        x, y (m), yaw (rad).
    """
    s = s % track.head[0].length
    center = track.center
    j, r = segment_at(center, s)
    x, y = point_on(center, j, r)
    return x, y, math.atan2(center[j + 1].y - y, center[j + 1].x - x)


@inlined
def lap_progress(fraction, start_fraction, before):
    """Progress in % of a lap since the start, given the progress one step ago.

    Source: compute_current_prog in deepracer-simapp.
    """
    progress = 100.0 * (fraction - start_fraction)
    if progress <= 0.0:
        progress += 100.0
    if before > progress + 50.0:
        progress += 100.0
    if progress > before + 50.0:
        progress -= 100.0
    return min(progress, 100.0)


@inlined
def wheel_at(vehicle, wheel, x, y, cosine, sine):
    """The centre of wheel 0 to 3, m, of a car whose origin is at (x, y)."""
    along = vehicle.wheelbase - vehicle.rear_axle if wheel < 2 else -vehicle.rear_axle
    across = 0.5 * (vehicle.track_front if wheel < 2 else vehicle.track_rear)
    if wheel % 2 == 1:
        across = -across
    return x + along * cosine - across * sine, y + along * sine + across * cosine


@inlined
def wheels_off_road(track, vehicle, x, y, cosine, sine):
    """How many of the four wheel centres are outside the road, for an origin at (x, y)."""
    front, rear = vehicle.wheelbase - vehicle.rear_axle, vehicle.rear_axle
    longest = max(front, rear)
    widest = 0.5 * max(vehicle.track_front, vehicle.track_rear)
    road, reach = around(track, x, y)
    if reach > 0.0 and reach * reach > longest * longest + widest * widest:
        return 0 if road == ALL_ROAD else 4
    off = 0
    for wheel in range(4):
        wheel_x, wheel_y = wheel_at(vehicle, wheel, x, y, cosine, sine)
        if not on_road(track, wheel_x, wheel_y):
            off += 1
    return off


@inlined
def prefetch_cells(track, vehicle, x, y, cosine, sine):
    """Ask for the cells that `locate` reads: of the origin at (x, y), the nose, and the wheels."""
    head, cells = track.head[0], track.cells
    prefetch(cells, cell_of(head, x, y))
    prefetch(cells, cell_of(head, x + vehicle.nose * cosine, y + vehicle.nose * sine))
    for wheel in range(4):
        wheel_x, wheel_y = wheel_at(vehicle, wheel, x, y, cosine, sine)
        prefetch(cells, cell_of(head, wheel_x, wheel_y))


@inlined
def prefetch_lines(track, vehicle, x, y, cosine, sine):
    """Ask for what those cells name: segments of the centre line, and gates to the borders."""
    head, cells = track.head[0], track.cells
    k = cell_of(head, x + vehicle.nose * cosine, y + vehicle.nose * sine)
    if k >= 0 and cells[k].also >= 0:
        prefetch(track.center, cells[k].first)
        prefetch(track.center, cells[k].first + cells[k].also)
    elif k >= 0:
        prefetch(track.items, cells[k].first)
    for wheel in range(4):
        wheel_x, wheel_y = wheel_at(vehicle, wheel, x, y, cosine, sine)
        k = cell_of(head, wheel_x, wheel_y)
        if k >= 0 and cells[k].road == BORDER:
            prefetch(track.gates, cells[k].gate)


@inlined
def locate(car, track, vehicle, cosine, sine):
    """Measure where `car` is: nose, arc length, lateral offset, wheels off the road.

    Args:
        cosine, sine: of its yaw.
    """
    x, y = car.x + vehicle.nose * cosine, car.y + vehicle.nose * sine
    segment, r, s = project(track, x, y)
    cx, cy = point_on(track.center, segment, r)
    ox, oy = x - cx, y - cy
    distance = math.sqrt(ox * ox + oy * oy)
    left = track.center[segment].dx * oy - track.center[segment].dy * ox >= 0.0
    car.nose_x, car.nose_y = x, y
    car.s = s
    car.n = distance if left else -distance
    car.segment = segment
    car.wheels_off = wheels_off_road(track, vehicle, car.x, car.y, cosine, sine)


@inlined
def advance_progress(car, track):
    """Progress at the arc length of now, from that of a step ago."""
    length = track.head[0].length
    car.progress_before = car.progress if car.progress < 100.0 else 0.0
    car.progress = lap_progress(car.s / length, car.start_s / length, car.progress_before)


@inlined
def measure(car, track, vehicle, sim, cosine, sine):
    """`locate`, then what changed since the last step: progress, standing still, going back."""
    old_x, old_y = car.nose_x, car.nose_y
    locate(car, track, vehicle, cosine, sine)
    car.moved = math.sqrt((car.nose_x - old_x) ** 2 + (car.nose_y - old_y) ** 2)
    advance_progress(car, track)
    car.slow_steps = car.slow_steps + 1 if car.moved <= sim.still_m else 0
    backward = car.progress < car.progress_before
    car.backward_steps = car.backward_steps + 1 if backward else 0


@kernel
def place(car, track, vehicle, s, yaw_offset, n):
    """Put `car` at rest with its origin at arc length `s`, `n` m left of the centre line."""
    x, y, yaw = pose_on_center(track, s)
    sine, cosine = sincos(yaw)
    put(car, track, vehicle, x - n * sine, y + n * cosine, wrap(yaw + yaw_offset))


@inlined
def put(car, track, vehicle, x, y, yaw):
    """Put `car` at rest at (x, y), m, and measure where it is."""
    car.x, car.y, car.yaw = x, y, yaw
    car.v, car.steer, car.yaw_rate, car.slip = 0.0, 0.0, 0.0, 0.0
    car.steer_command, car.speed_command = 0.0, 0.0
    sine, cosine = sincos(car.yaw)
    locate(car, track, vehicle, cosine, sine)
    car.moved, car.slow_steps, car.backward_steps = 0.0, 0, 0
    car.status = IN_PROGRESS
