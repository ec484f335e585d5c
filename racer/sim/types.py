"""What crosses a kernel's border: one row per car, constants of a vehicle, arrays of a track.

Inside: SI and radians, float64. Yaw 0 points along +x, counter-clockwise positive; lateral offset
and steering are left positive. Only PARAMS, which is the DeepRacer border, holds degrees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# Why an episode ended, CAR["status"]. Labels are the official simulator's (`episode_status`).
IN_PROGRESS, LAP_COMPLETE, OFF_TRACK, CRASHED, IMMOBILIZED, REVERSED, TIME_UP = range(7)
STATUS_LABELS = (
    "in_progress",
    "lap_complete",
    "off_track",
    "crashed",
    "immobilized",
    "reversed",
    "time_up",  # our step cap: a truncation, never a termination
)

# Equations of motion, VehicleParams.model.
KINEMATIC, SINGLE_TRACK = range(2)

# Where an episode starts, SimParams.start.
START_ROUND_ROBIN, START_LINE, START_RANDOM = range(3)

# What stands or drives on the road, OBJECT["kind"].
BOX, BOT, OTHER_CAR = range(3)

# A lane is half way between the centre line and a border of the track's file, OBJECT["lane"].
INNER, OUTER = range(2)

# What a grid cell holds, Grid.road.
NO_ROAD, ALL_ROAD, BORDER = range(3)

CAR = np.dtype(
    [
        # pose and motion of the model origin (between the axles; the centre of gravity)
        ("x", "f8"),  # m
        ("y", "f8"),  # m
        ("yaw", "f8"),  # rad, (-pi, pi]
        ("v", "f8"),  # m/s, along the car
        ("steer", "f8"),  # rad, at the wheels, left positive
        ("yaw_rate", "f8"),  # rad/s
        ("slip", "f8"),  # rad, angle from heading to velocity; 0 in the kinematic model
        # the last command: it goes on acting for `delay` seconds of the next step
        ("steer_command", "f8"),  # rad
        ("speed_command", "f8"),  # m/s
        # where it is: everything below is measured at the nose, as the official simulator does
        ("nose_x", "f8"),  # m
        ("nose_y", "f8"),  # m
        ("s", "f8"),  # m, arc length of the projection from waypoint 0, driving direction, [0, L]
        ("n", "f8"),  # m, distance from the centre line, left of driving direction positive
        ("segment", "i8"),  # of the centre line, for `s`
        ("wheels_off", "i8"),  # 0..4 wheel centres outside the road
        # the episode
        ("key", "i8"),  # seed + car index: all randomness of this car derives from it
        ("episode", "i8"),  # counts from 0
        ("steps", "i8"),  # 1 after reset (the "prepare" frame), 2 at the first action
        ("start_s", "f8"),  # m, where the episode began
        ("progress", "f8"),  # %, of a lap since start_s, <= 100
        ("progress_before", "f8"),  # %, one step ago
        ("moved", "f8"),  # m, displacement of the nose in the last step
        ("slow_steps", "i8"),  # consecutive steps with moved <= 0.3 mm
        ("backward_steps", "i8"),  # consecutive steps with falling progress
        ("laps", "i8"),  # completed since reset (continuous races go on)
        ("direction", "i8"),  # 0 as the file, 1 reversed: row of the track pack
        ("status", "i8"),  # IN_PROGRESS, ...
        ("episode_return", "f8"),  # sum of rewards
    ],
    align=True,
)

# Whatever else is on the road: boxes, bot cars, and, where several cars share a world, those cars.
# An upright box: `length` along its yaw, `width` across, from the road up to `height`.
OBJECT = np.dtype(
    [
        ("x", "f8"),  # m, its middle; of a car the model origin
        ("y", "f8"),
        ("z", "f8"),  # m, of the pose that the official simulator looks for in the camera
        ("yaw", "f8"),  # rad
        ("v", "f8"),  # m/s along its yaw, now
        ("length", "f8"),  # m, body
        ("width", "f8"),
        ("height", "f8"),
        ("half_length", "f8"),  # m, of the rectangle that a crash is measured by; wider than a box
        ("half_width", "f8"),
        # where it is, by its middle
        ("s", "f8"),  # m, arc length of the projection from waypoint 0, driving direction, [0, L]
        ("n", "f8"),  # m, distance from the centre line, left of driving direction positive
        # what rewards are told, by the rules of the official simulator
        ("params_heading", "f8"),  # rad
        ("params_speed", "f8"),  # m/s
        ("params_left", "i8"),  # 1 or 0
        ("present", "i8"),  # 1 or 0; 0 for one that is neither seen nor hit, e.g. a parked car
        ("held", "i8"),  # 1 or 0; 1 for a car that waits for its penalty: it is seen and not hit
        ("kind", "i8"),  # BOX, BOT or OTHER_CAR
        ("lane", "i8"),  # INNER or OUTER; of a bot that changes lanes the one it leaves
        # how a bot drives
        ("start_s", "f8"),  # m, where it was when it was placed
        ("speed", "f8"),  # m/s along the centre line
        ("travelled", "f8"),  # m of the centre line since it was placed
        ("pause", "f8"),  # s that it still stands after a crash
        ("change_from", "f8"),  # m travelled, where the next change of lanes begins
        ("change_to", "f8"),  # m travelled, where it ends; infinite for a bot that keeps its lane
        ("changes", "i8"),  # planned since it was placed
        ("from_dx", "f8"),  # direction, m per m of centre line, where the change begins and ends
        ("from_dy", "f8"),
        ("to_dx", "f8"),
        ("to_dy", "f8"),
        # of the world, not of this object: which column is so far along, see `nearby`
        ("by_x", "i4"),  # column with the r-th smallest x, in row r
        ("by_s", "i4"),
        ("x_rank", "i4"),  # of this column in those orders
        ("s_rank", "i4"),
    ],
    align=True,
)

# What is on the road of every world, and how it behaves; one row.
TRAFFIC = np.dtype(
    [
        ("boxes", "i8"),  # in each world
        ("bots", "i8"),
        ("random_boxes", "?"),  # drawn anew in each episode
        ("random_bots", "?"),
        ("avoid", "?"),  # a car starts in the other lane if something is near its start
        ("grid", "?"),  # several cars start from a grid behind the line, not spread over the lap
        ("end", "f8"),  # m before the start line, where the last box or bot is placed
        ("reach", "f8"),  # m, the largest half length plus half width of a box or bot
        ("box_gap", "f8"),  # m from the start line to the first, and between neighbours at least
        ("shrinking_gap", "?"),  # box_gap is a percent of the lap, taken again in every episode
        ("bot_gap", "f8"),  # m
        ("speed_low", "f8"),  # m/s along the centre line; each bot draws its own
        ("speed_high", "f8"),
        ("pause", "f8"),  # s that bots stand after one of them hit a car
        ("change_low", "f8"),  # s between two changes of lanes
        ("change_high", "f8"),
        ("change_m", "f8"),  # of the centre line that a change takes; 0 for bots that make none
    ],
    align=True,
)

# What a reward is told of one object: an item of each objects_* list.
TOLD = np.dtype(
    [
        ("x", "f8"),  # m
        ("y", "f8"),
        ("distance", "f8"),  # m from waypoint 0
        ("distance_from_center", "f8"),  # m, >= 0
        ("heading", "f8"),  # rad
        ("speed", "f8"),  # m/s
        ("left_of_center", "f8"),  # 1 or 0
    ],
    align=True,
)

# The scalars of DeepRacer's `params`, one row per car: what rewards read, traces keep and worker
# processes receive. Lists (`waypoints`, `objects_*`) are the same for all cars of a race.
PARAMS = np.dtype(
    [
        ("x", "f8"),  # m, nose of the car
        ("y", "f8"),
        ("heading", "f8"),  # deg, (-180, 180]
        ("distance_from_center", "f8"),  # m, >= 0
        ("projection_distance", "f8"),  # m from waypoint 0
        ("progress", "f8"),  # %
        ("speed", "f8"),  # m/s, commanded
        ("steering_angle", "f8"),  # deg, commanded, left positive
        ("steps", "f8"),  # 2.0 at the first call of an episode
        ("track_width", "f8"),  # m
        ("track_length", "f8"),  # m
        ("sim_time", "f8"),  # s
        ("prev_waypoint", "i8"),  # closest_waypoints[0]
        ("next_waypoint", "i8"),  # closest_waypoints[1]
        ("all_wheels_on_track", "?"),
        ("is_left_of_center", "?"),
        ("is_offtrack", "?"),
        ("is_crashed", "?"),
        ("is_reversed", "?"),
        ("object_in_camera", "?"),
    ],
    align=True,
)

ROOMS = (4, 8, 16, 32, 64)  # objects a row of params may have room for: few kinds to compile


def params_type(objects: int) -> np.dtype[np.void]:
    """PARAMS, followed by room for what a reward is told of so many objects.

    The room is rounded up, for a kernel is compiled anew for each.
    """
    if objects == 0:
        return PARAMS
    room = next(room for room in ROOMS if objects <= room)
    kinds = {name: found[0] for name, found in dict(PARAMS.fields or {}).items()}
    fields: list[Any] = list(kinds.items())
    # A title: numba would else take such a row where a kernel has been compiled for rows without
    # room, and warn that it does.
    fields[0] = ("among objects", "x"), kinds["x"]
    more = [("objects_count", "i8"), ("objects", TOLD, (room,))]
    return np.dtype([*fields, *more], align=True)


def scalars(rows: np.ndarray) -> np.ndarray:
    """(N,) PARAMS of rows with room for objects: those begin with the same bytes."""
    if rows.dtype == PARAMS:
        return rows
    raw = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    return np.ascontiguousarray(raw[:, : PARAMS.itemsize]).view(PARAMS)[:, 0]


VEHICLE = np.dtype(
    [
        ("model", "i8"),  # KINEMATIC or SINGLE_TRACK
        ("wheelbase", "f8"),  # m, front axle to rear axle
        ("rear_axle", "f8"),  # m, from the origin back to the rear axle
        ("nose", "f8"),  # m, from the origin forward to the point params are measured at
        ("effective_wheelbase", "f8"),  # m, turning: yaw rate = v tan(steer) / this
        ("track_front", "f8"),  # m, between the front wheel centres
        ("track_rear", "f8"),  # m, between the rear wheel centres
        ("length", "f8"),  # m, body
        ("width", "f8"),  # m, body
        ("steer_max", "f8"),  # rad
        ("speed_min", "f8"),  # m/s, commands are clipped to it
        ("speed_max", "f8"),  # m/s
        ("speed_lag", "f8"),  # s, first order
        ("steer_lag", "f8"),  # s, first order
        ("accel_max", "f8"),  # m/s2, limit of the speed lag, both signs
        ("lateral_grip", "f8"),  # m/s2, |v * yaw_rate| never exceeds it
        ("delay", "f8"),  # s between a command and its effect, at most one control step
        ("speed_gain", "f8"),  # speed driven / speed commanded, after clipping
        # single track only
        ("mass", "f8"),  # kg
        ("inertia", "f8"),  # kg m2, about the vertical axis
        ("cg_height", "f8"),  # m
        ("friction", "f8"),  # tyre-road coefficient
        ("stiffness_front", "f8"),  # 1/rad, cornering stiffness over load and friction
        ("stiffness_rear", "f8"),  # 1/rad
    ],
    align=True,
)

SIM = np.dtype(
    [
        ("control_dt", "f8"),  # s, 1/15: one action
        ("substeps", "i8"),  # physics steps in one control step
        ("max_steps", "i8"),  # actions until truncation; 0 = never
        ("start", "i8"),  # START_ROUND_ROBIN, START_LINE or START_RANDOM
        ("start_advance", "f8"),  # of a lap, between the starts of consecutive episodes
        ("alternate_direction", "?"),  # odd episodes drive the other way
        ("reverse", "?"),  # even episodes drive against the file's order
        ("end_off_track", "?"),  # which faults end an episode
        ("end_immobilized", "?"),
        ("end_reversed", "?"),
        ("off_track_wheels", "i8"),  # so many off the road are off the track, 4
        ("continuous", "?"),  # go on after a lap
        ("fault_steps", "i8"),  # consecutive steps for immobilized and reversed, 15
        ("still_m", "f8"),  # displacement that counts as standing still, 0.0003
    ],
    align=True,
)


# A track in one driving direction is ten arrays of plain records: few to pass, quick to read.
# A list of segments is two numbers: if also >= 0, the segments first and first + also (one if 0);
# if NAMED, items[first] segments that follow there; if ALL, those of the whole line.

LINE = np.dtype(  # row j of (M,): point j and the segment from it to point j + 1
    [
        ("x", "f8"),  # m
        ("y", "f8"),  # m
        ("s", "f8"),  # m, arc length at the point, summed from the start as GEOS does
        ("dx", "f8"),  # m, to the next point; 0 in the last row
        ("dy", "f8"),
        ("step", "f8"),  # m, length of the segment
        ("inverse", "f8"),  # 1 / step squared, 1/m2; 0 for a duplicate point
        ("end_fraction", "f8"),  # arc length at the next point / length of the line
    ],
    align=True,
)
NAMED, ALL = -1, -2
PIECES = 8  # a centre segment is cut into: row PIECES * j + p of the spans is piece p of segment j
SPAN = np.dtype(  # lists of the segments of a border that can be nearest to a point of the piece
    [("inner_first", "i4"), ("outer_first", "i4"), ("inner_also", "i2"), ("outer_also", "i2")],
    align=True,
)
CELL = np.dtype(  # of (rows * columns,), see `cell_index`: a square of the grid over the track
    [
        ("first", "i4"),  # list of the centre segments that can be nearest to a point of it
        ("also", "i2"),
        ("road", "i2"),  # NO_ROAD, ALL_ROAD or BORDER
        ("clearance", "f4"),  # m, from its middle to the nearest border, rounded down
        ("gate", "i4"),  # of a BORDER cell, row of the gates
    ],
    align=True,
)
GATE = np.dtype(  # fences[outer_first:inner_first] and fences[inner_first:inner_last] of a cell
    [
        ("outer_first", "i4"),
        ("inner_first", "i4"),
        ("inner_last", "i4"),
        ("in_outer", "?"),  # inside the ring, if a ray from the cell crosses none of its fences?
        ("in_inner", "?"),
    ],
    align=True,
)
FENCE = np.dtype(  # a border segment that a ray from some point of a cell crosses, from others not
    [
        ("x", "f8"),  # m
        ("y", "f8"),
        ("dx", "f8"),  # m, to its end
        ("dy", "f8"),
        ("end_y", "f8"),  # m
    ],
    align=True,
)
AHEAD = np.dtype(  # row of (T,): the road at equal steps of arc length
    [
        ("x", "f8"),  # m, centre line
        ("y", "f8"),
        ("width", "f8"),  # m, border to border
        ("dx", "f8"),  # m, to the next row, of the last to the first: one row is all that is read
        ("dy", "f8"),
        ("dwidth", "f8"),
        ("tangent_x", "f8"),  # unit vector along the road, from the neighbouring rows
        ("tangent_y", "f8"),
    ],
    align=True,
)
HEAD = np.dtype(  # one row
    [
        ("length", "f8"),  # m
        ("grid_x", "f8"),  # m, lower left corner
        ("grid_y", "f8"),
        ("cell", "f8"),  # m
        ("per_cell", "f8"),  # 1 / cell
        ("columns", "i8"),
        ("rows", "i8"),
        ("table_ds", "f8"),  # m, spacing of the look-ahead table
        ("per_table_ds", "f8"),  # 1 / table_ds
        ("ccw", "?"),  # the centre line turns counter-clockwise
    ],
    align=True,
)


class TrackArrays(NamedTuple):
    """Everything kernels know of a track, in one driving direction."""

    head: np.ndarray  # (1,) HEAD
    center: np.ndarray  # (M,) LINE; closed: the last point repeats the first
    spans: np.ndarray  # (PIECES * (M - 1),) SPAN
    inner: np.ndarray  # (K,) LINE
    outer: np.ndarray  # (L,) LINE
    cells: np.ndarray  # (rows * columns,) CELL, in the order of `cell_index`
    gates: np.ndarray  # (G,) GATE
    fences: np.ndarray  # (F,) FENCE
    items: np.ndarray  # int32: every longer list of segments after its length, ascending
    table: np.ndarray  # (T,) AHEAD


LANE = np.dtype(  # row of (M,): a vertex of a lane, half way from the centre line to a border
    [
        ("x", "f8"),  # m
        ("y", "f8"),
        ("at", "f8"),  # m of centre line where it projects to: the parameter of the curve
        ("dx", "f8"),  # m per m of centre line: slope of the smooth curve through all vertices
        ("dy", "f8"),
    ],
    align=True,
)


REACH = np.dtype(  # row j of (M - 1,): which segments of a lane may be nearest to centre segment j
    [
        ("back", "i8"),  # segments j - back to j + ahead
        ("ahead", "i8"),
    ],
    align=True,
)


class Lanes(NamedTuple):
    """Both lanes of a track in one driving direction: as lines, and as smooth curves.

    A vertex that projects to where the one before it does is in the line and not in the curve.
    """

    inner_line: np.ndarray  # (M,) LINE; closed
    outer_line: np.ndarray
    inner_reach: np.ndarray  # (M - 1,) REACH
    outer_reach: np.ndarray
    inner: np.ndarray  # (K,) LANE, ascending `at`; the curve goes on from the last to the first
    outer: np.ndarray
