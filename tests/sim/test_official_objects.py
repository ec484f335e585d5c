"""Boxes, bots and crashes as the official simulator has them: values of its own functions."""

import dataclasses
import random

import numpy as np
import pytest

from racer import objects, vehicles
from racer.config import Others, Rules
from racer.race.roads import sim_row
from racer.reward.params import closest, params_of
from racer.sim import contact, frustum, nearby, starts
from racer.sim import objects as moving
from racer.sim.native_call import bind
from racer.sim.params import fill_objects
from racer.sim.progress import lap_progress
from racer.sim.progress import place as place_car
from racer.sim.rng import uniform_of
from racer.sim.termination import judge
from racer.sim.types import (
    BOT,
    BOX,
    CAR,
    CRASHED,
    IN_PROGRESS,
    INNER,
    LAP_COMPLETE,
    OBJECT,
    OFF_TRACK,
    OTHER_CAR,
    OUTER,
    params_type,
)
from racer.tracks import Track
from racer.tracks.lanes import lanes_of

NEAR = {"abs": 1.01e-4}
CAR_BODY = {"half_length": 0.16176, "half_width": 0.09805}
BOX_BODY = {"half_length": 0.25, "half_width": 0.2}
REACH = 0.25 + 0.2  # m, of a box


class Road:
    """A track with its lanes, and worlds on it."""

    def __init__(self, track):
        self.track, self.arrays, self.length = track, track.arrays, track.length
        self.lanes, self.vehicle = lanes_of(track), vehicles.load("deepracer")

    def boxes(self, *places):
        """(1, K) OBJECT: boxes at "share,lane" as DeepRacer's OBJECT_POSITIONS."""
        others = Others(race="object_avoidance", obstacles=len(places))
        plan = objects.plan(others, self.vehicle, "", 1000.0)
        for row, text in zip(plan, places, strict=True):
            share, lane = text.split(",")
            row["start_s"] = float(share) * self.length
            row["lane"] = OUTER if int(lane) == -1 else INNER
        return self.placed(plan, others)

    def placed(self, plan, others, key=0, episode=0):
        cars, mask = np.zeros(1, CAR), np.ones(1, bool)
        cars["key"], cars["episode"] = key, episode
        found = np.zeros((1, len(plan)), OBJECT)
        traffic = objects.traffic(others, from_the_line=False)
        moving.place(cars, mask, found, plan, 1, self.arrays, 0, self.lanes, traffic)
        return found

    def of(self, others, key=0, episode=0):
        plan = objects.plan(
            dataclasses.replace(others, obstacle_gap_shrinks=False), self.vehicle, "", 1000.0
        )
        return self.placed(plan, others, key, episode)

    def car(self, s, n=0.0):
        """A car whose *nose* is on the centre line at arc length `s`."""
        car = np.zeros(1, CAR)
        place_car(car[0], self.arrays, self.vehicle[0], s, 0.0, n)
        return car

    def told(self, found, nose_s):
        """params of a car whose nose projects to `nose_s`."""
        car, row = self.car(nose_s), np.zeros(1, params_type(found.shape[1]))
        car["s"] = row["projection_distance"] = nose_s
        if found.shape[1]:
            fill_objects(car, row, found, 1, True, False, frustum.LENS)
        return params_of(row[0], self.track.waypoints)


@pytest.fixture(scope="module")
def base(reference):
    return Road(Track.load(reference / "tracks" / "reinvent_base.npy"))


@pytest.fixture(scope="module")
def back(base):
    return Road(base.track.reversed())


def pose(row):
    return [float(row[name]) for name in ("x", "y", "yaw")]


@pytest.mark.parametrize(
    ("given", "where", "distance", "aside"),
    [
        ("0.15,1", (5.7162, 0.8748, -0.0003), 2.6564, 0.1905),
        ("0.30,-1", (7.3235, 2.2973, 2.0585), 5.3128, 0.1899),
        ("0.45,1", (4.6472, 2.6523, 2.7473), 7.9692, 0.1898),
        ("0.0,1", (3.0596, 0.8732, 0.0032), 17.7083, None),  # projects to the lap's end
        ("0.0,-1", (3.0591, 0.4922, -0.0036), 0.0, None),
        ("1.0,1", (3.0596, 0.8732, 0.0032), 17.7083, None),
        ("0.5,0", (3.9183, 3.2830, 2.2558), 8.8546, None),  # lane 0 is the inner one
        ("0.999,1", (3.0427, 0.8732, -0.0036), 17.6915, None),
    ],
)
def test_a_given_position_is_where_the_simulator_puts_it(base, given, where, distance, aside):
    box = base.boxes(given)[0, 0]
    assert pose(box) == pytest.approx(where, **NEAR)
    assert box["z"] == 0.1
    assert box["s"] == pytest.approx(distance, **NEAR)
    if aside is not None:
        assert abs(box["n"]) == pytest.approx(aside, **NEAR)


def test_a_reversed_race_counts_positions_from_the_same_start(back):
    found = back.boxes("0.15,1", "0.30,-1")[0]
    assert pose(found[0]) == pytest.approx((1.2590, 1.8095, 1.7754), **NEAR)
    assert pose(found[1]) == pytest.approx((0.9188, 4.4323, 0.6838), **NEAR)
    assert found["s"] == pytest.approx([2.6564, 5.3128], **NEAR)


def shrinking(percent, count, **more):
    return Others(
        race="object_avoidance",
        obstacles=count,
        obstacle_gap_m=percent,
        obstacle_gap_shrinks=True,
        **more,
    )


def test_boxes_stand_at_equal_distances_on_alternate_lanes(base):
    found = base.of(shrinking(2.0, 6), episode=-1)[0]  # the first placement of all
    even = [0.3542, 3.6252, 6.8962, 10.1672, 13.4382, 16.7092]
    assert found["start_s"] == pytest.approx(even, **NEAR)
    assert found["lane"].tolist() == [INNER, OUTER] * 3
    metres = base.of(Others(race="object_avoidance", obstacles=6))[0]
    assert metres["start_s"] == pytest.approx(np.linspace(2.0, base.length - 1.0, 6))


@pytest.mark.parametrize(
    ("percent", "firsts"),
    [
        (2.0, (0.3542, 0.0627, 0.0111, 0.0020)),
        (20.0, (3.5418, 0.6272, 0.1111)),
        (13.0, (2.3022, 0.4077, 0.0722)),
    ],
)
def test_a_gap_in_percent_shrinks_with_every_placement(base, percent, firsts):
    for number, first in enumerate(firsts):
        found = base.of(shrinking(percent, 6), episode=number - 1)[0]
        assert found["start_s"][0] == pytest.approx(first, **NEAR)
    second = base.of(shrinking(2.0, 6), episode=0)[0]["start_s"]
    assert second == pytest.approx([0.0627, 3.3920, 6.7213, 10.0506, 13.3799, 16.7092], **NEAR)


def test_a_gap_in_percent_on_a_longer_track(reference):
    road = Road(Track.load(reference / "tracks" / "2022_april_open.npy"))
    firsts = [road.of(shrinking(2.0, 6), episode=k - 1)[0]["start_s"][0] for k in range(3)]
    assert firsts == pytest.approx([1.0060, 0.5060, 0.2545], **NEAR)


def test_a_single_box_stands_at_the_gap(base):
    found = base.of(shrinking(2.0, 1), episode=-1)[0]
    assert found["start_s"] == pytest.approx([0.3542], **NEAR)
    assert found["lane"].tolist() == [INNER]


def drawn(seed, count, gap, length):
    """Order, distances and outer lanes as Python's `random` draws them, by our rule of bounds."""
    source, rows = random.Random(seed), np.zeros(count, OBJECT)
    rows["start_s"] = [moving.evenly(i, count, gap, length, 1.0) for i in range(count)]
    order = list(range(count))
    source.shuffle(order)
    for i in order:
        low, high = moving.bounds(rows, 0, count, i, gap, length, 1.0)
        if low < high:
            rows["start_s"][i] = source.uniform(low, high)
    return order, rows["start_s"], [source.choice((False, True)) for _ in range(count)]


@pytest.mark.parametrize(
    ("seed", "count", "gap", "order", "distances", "outer"),
    [
        (0, 3, 3.5418318761669696, [0, 2, 1], [3.6650, 10.0521, 16.6041], [1, 1, 1]),
        (
            0,
            6,
            0.3541831876166970,
            [4, 2, 1, 0, 5, 3],
            [1.4368, 2.9799, 8.5517, 12.1965, 12.8836, 15.2629],
            [0, 1, 0, 0, 1, 0],
        ),
        (1, 1, 0.8854579690417424, [0], [3.0116], [0]),
        (0, 3, 2.0, None, [2.2168, 9.2255, 16.5242], [1, 1, 1]),
        (0, 3, 6.0, None, [6.0, 11.3546, 16.7092], [0, 1, 1]),
        (0, 3, 8.0, None, [8.0, 12.3546, 16.7092], [0, 1, 1]),
        (3, 1, 2.0, None, [5.5003], [0]),
    ],
)
def test_what_is_drawn_lies_between_its_neighbours(base, seed, count, gap, order, distances, outer):
    found = drawn(seed, count, gap, base.length)
    assert order is None or found[0] == order
    assert found[1] == pytest.approx(distances, **NEAR)
    assert found[2] == [bool(one) for one in outer]


def test_random_boxes_keep_their_gap_and_differ_between_episodes(base):
    others = Others(race="object_avoidance", obstacles=6, randomize_obstacles=True)
    episodes = [base.of(others, key=5, episode=k)[0] for k in range(200)]
    places = np.array([found["start_s"] for found in episodes])
    assert len(np.unique(places[:, 0])) == 200
    assert (np.diff(places, axis=1) >= 2.0 - 1e-9).all()  # race.others.obstacle_gap_m
    assert places.min() >= 2.0
    assert places.max() <= base.length - 1.0
    outer = np.mean([found["lane"] for found in episodes])
    assert 0.45 < outer < 0.55  # 1200 throws of a coin: 3.5 standard deviations


# -- what rewards are told

UNSORTED = ("0.70,1", "0.20,-1", "0.45,1")


def test_without_objects_the_lists_are_empty(base):
    params = base.told(np.zeros((1, 0), OBJECT), 1.0)
    assert params["objects_location"] == params["objects_speed"] == []
    assert params["closest_objects"] == [0, 0]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.3, 0.9])
def test_one_object_is_both_the_last_and_the_next(base, share):
    params = base.told(base.boxes("0.30,-1"), share * base.length)
    assert params["closest_objects"] == [0, 0]
    assert params["objects_left_of_center"] == [False]
    assert params["objects_distance"] == pytest.approx([5.312766], abs=1e-6)
    assert params["objects_distance_from_center"] == pytest.approx([0.189855], abs=1e-6)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, [0, 1]),
        (0.1, [0, 1]),
        (0.3, [1, 2]),
        (0.5, [2, 0]),
        (0.69, [2, 0]),
        (0.75, [0, 1]),
        (0.95, [0, 1]),
    ],
)
def test_closest_objects_are_sought_by_distance_and_wrap_round(base, share, expected):
    assert base.told(base.boxes(*UNSORTED), share * base.length)["closest_objects"] == expected


def test_lists_keep_the_order_in_which_objects_are_given(base, back):
    params = base.told(base.boxes(*UNSORTED), 0.0)
    assert params["objects_distance"] == pytest.approx([12.3964, 3.5409, 7.9692], **NEAR)
    aside = params["objects_distance_from_center"]
    assert aside == pytest.approx([0.1900, 0.1889, 0.1898], **NEAR)
    assert params["objects_left_of_center"] == [True, False, True]
    expected = [(1.1589, 4.1378), (6.6558, 0.5724), (4.6472, 2.6523)]
    assert np.allclose(params["objects_location"], expected, atol=1.01e-4)
    params = back.told(back.boxes(*UNSORTED), 0.0)
    assert params["objects_distance"] == pytest.approx([12.3964, 3.5418, 7.9691], **NEAR)
    assert params["objects_left_of_center"] == [False, True, False]
    expected = [(6.9880, 2.1194), (0.7063, 2.5993), (3.3585, 3.9701)]
    assert np.allclose(params["objects_location"], expected, atol=1.01e-4)


def test_objects_side_by_side_are_told_apart_by_their_projections(base):
    found = base.boxes("0.20,-1", "0.20,1", "0.60,1")
    params = base.told(found, 0.1 * base.length)
    assert params["objects_distance"] == pytest.approx([3.540906, 3.539952, 10.623778], abs=1e-6)
    assert params["closest_objects"] == [2, 1]
    assert base.told(found, 0.25 * base.length)["closest_objects"] == [0, 2]


def test_closest_objects_where_distances_are_equal(base):
    twice = base.boxes("0.25,1", "0.25,1")
    assert base.told(twice, 0.1)["closest_objects"] == [1, 0]
    exactly = base.boxes("0.25,1", "0.5,1")
    assert base.told(exactly, float(exactly["s"][0, 0]))["closest_objects"] == [0, 1]
    params = base.told(base.boxes("0.0,1", "0.5,1"), 0.0)
    assert params["closest_objects"] == [0, 1]
    assert params["objects_distance"] == pytest.approx([17.7083, 8.8546], **NEAR)


@pytest.mark.parametrize(
    ("nose", "expected"),
    [(0.5, [2, 0]), (1, [0, 1]), (4.9, [1, 2]), (5, [2, 0]), (6, [2, 0])],
)
def test_an_object_exactly_at_the_nose_counts_as_behind(nose, expected):
    assert closest([1.0, 3.0, 5.0], nose) == expected
    assert closest([3.0, 3.0, 5.0], 3.0) == [1, 2]


# -- the camera flag


@pytest.mark.parametrize(
    ("places", "share", "expected"),
    [
        (("0.20,-1", "0.10,1"), 0.05, True),
        (("0.10,1", "0.20,-1"), 0.05, False),  # both in view: the simulator asks for one before
        (("0.10,1",), 0.03, False),
        (("0.10,1",), 0.05, False),
        (("0.10,1",), 0.08, False),
        (("0.10,1", "0.20,-1", "0.30,1"), 0.15, False),
    ],
)
def test_object_in_camera_is_that_of_the_object_before_the_next(base, places, share, expected):
    car, found = base.car(share * base.length), base.boxes(*places)
    row = np.zeros(1, params_type(len(places)))
    fill_objects(car, row, found, 1, False, True, frustum.LENS)
    assert bool(row["object_in_camera"][0]) == expected


def test_object_in_camera_of_two_cars(base):
    cars = np.concatenate([base.car(1.0), base.car(2.0)])
    world = np.zeros((1, 2), OBJECT)
    for name in ("x", "y", "yaw", "s"):
        world[name][0] = cars[name]
    world["kind"], world["present"] = OTHER_CAR, True
    for name, value in CAR_BODY.items():
        world[name] = value
    row = np.zeros(2, params_type(1))
    nearby.arrange_all(world)
    fill_objects(cars, row, world, 2, False, True, frustum.LENS)
    assert row["object_in_camera"].tolist() == [False, False]
    behind = np.concatenate([base.car(2.0), base.car(1.0)])  # racecar_1 behind racecar_0
    for name in ("x", "y", "yaw", "s"):
        world[name][0] = behind[name]
    nearby.arrange_all(world)
    fill_objects(behind, row, world, 2, False, True, frustum.LENS)
    assert row["object_in_camera"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("point", "seen"),
    [
        ((1, 0, 0), True),
        ((0.3, 0, 0), False),
        ((-1, 0, 0), False),
        ((300, 0, 0), True),
        ((5, 0, 0.9), True),
        ((5, 0, 1.1), False),
    ],
)
def test_the_frustum_at_the_origin(point, seen):
    assert (
        bool(frustum.in_view(np.zeros(1, CAR)[0], frustum.LENS, 1.0, 0.0, *map(float, point)))
        == seen
    )


def test_the_limits_of_the_frustum():
    car = np.zeros(1, CAR)[0]

    def in_view(lens, x, y, z):
        return frustum.in_view(car, lens, 1.0, 0.0, x, y, z)

    def edge(inside, low, high):
        """Where `inside` turns true between a point where it is false and one where it is true."""
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if inside(middle) else (middle, high)
        return high

    lens, old = frustum.LENS, frustum.Lens(0.2, 0.164)  # old: of version 2
    for lens_, z, nearest in ((lens, 0.0, 0.3175), (lens, 0.1, 0.3445), (old, 0.0, 0.393)):
        found = edge(lambda x, a=(lens_,), z=z: in_view(*a, x, 0.0, z), 0.2, 0.6)
        assert found == pytest.approx(nearest, abs=1e-3)
    stereo = lens._replace(aside=frustum.STEREO_ASIDE)
    for x, half in ((0.5, 0.238), (1.0, 0.544), (2.0, 1.157), (5.0, 2.994)):
        for lens_ in (lens, stereo):  # of two lenses either one
            found = edge(lambda y, a=(lens_, x): in_view(*a, y, 0.0), 4.0, 0.0)
            assert found == pytest.approx(half + lens_.aside, abs=1e-3)


# -- bots


def bots(count, gap=2.0, speed="0.2", **more):
    return Others(race="head_to_bot", bots=count, bot_gap_m=gap, bot_speed=speed, **more)


class Traffic:
    """A world of bots whose time passes."""

    def __init__(self, road, others, dt=1.0 / 15.0):
        self.road, self.others = road, others
        self.cars, self.world = np.zeros(1, CAR), road.of(others)
        self.rules = objects.traffic(others, from_the_line=False)
        self.sims = sim_row(Rules(control_hz=1.0 / dt), road.length)
        road_ = road.arrays, 0, road.lanes, self.rules, self.sims
        self.move = bind(moving.move, self.cars, self.world, 1, *road_)

    def wait(self, seconds):
        self.sims["control_dt"] = seconds
        self.move()
        return (self.world["start_s"] + self.world["travelled"])[0] % self.road.length


def test_where_bots_begin(base):
    found = base.of(bots(3))[0]
    assert found["start_s"] == pytest.approx([2, 9.3546, 16.7092], **NEAR)
    expected = [(5.0597, 0.8745, 0.0004), (3.8975, 3.9114, 2.2547), (2.0706, 0.8713, -0.0956)]
    assert np.allclose([pose(row) for row in found], expected, atol=1.01e-4)
    assert base.of(bots(1))[0]["start_s"].tolist() == [2.0]
    four = base.of(bots(4, gap=5.0))[0]["start_s"]
    assert four == pytest.approx([5, 8.9031, 12.8061, 16.7092], **NEAR)
    six = base.of(bots(6))[0]["start_s"]
    assert six == pytest.approx([2, 4.9418, 7.8837, 10.8255, 13.7673, 16.7092], **NEAR)


def test_bots_drive_by_the_distance_along_the_centre_line(base):
    traffic = Traffic(base, bots(3))
    assert traffic.wait(1.0) == pytest.approx([2.2, 9.5546, 16.9092], **NEAR)
    later = traffic.wait(4.0)
    assert later[:2] == pytest.approx([3.0, 10.3546], **NEAR)
    assert min(later[2], base.length - later[2]) == pytest.approx(0.0, **NEAR)
    expected = [(6.0549, 0.8728, -0.0028), (3.1016, 4.6410, 2.7964), (3.0604, 0.8732, 0.0)]
    assert np.allclose([pose(row) for row in traffic.world[0]], expected, atol=1.01e-4)
    assert traffic.wait(83.5458) == pytest.approx([2, 9.3546, 16.7092], **NEAR)  # one lap


def test_a_bot_that_hit_a_car_waits(base):
    traffic = Traffic(base, bots(1))
    traffic.world["pause"] = 2.0
    assert [traffic.wait(1.0)[0] for _ in range(3)] == pytest.approx([2.0, 2.0, 2.2], **NEAR)
    before = Traffic(base, bots(1))
    before.world["pause"] = 10.0  # a pause before the start
    assert [before.wait(9.0)[0], before.wait(2.0)[0]] == pytest.approx([2.0, 2.2], **NEAR)


def test_a_change_of_lanes_is_one_smooth_piece(base):
    traffic = Traffic(base, bots(1, speed="1", lane_changes=True))
    bot = traffic.world[0]
    end = 5.755544  # drawn by Python's random with seed 0
    bot["change_from"], bot["change_to"] = end - 1.0, end
    road = base.lanes.inner, base.lanes.outer, base.length
    moving.shape_change(bot[0], *road, 2.0 + end - 1.0, 2.0 + end)
    offsets = {4.7555: 0.1905, 5.0055: 0.1271, 5.2555: 0.0074, 5.5055: -0.1202, 5.7555: -0.1876}
    for at, offset in offsets.items():
        traffic.wait(at - float(bot["travelled"][0]))
        assert bot["n"][0] == pytest.approx(offset, abs=1.5e-4)
    traffic.wait(0.05)  # the change has ended, and the next one is planned
    assert bot["lane"][0] == OUTER
    assert bot["change_to"][0] - bot["change_from"][0] == pytest.approx(1.0)
    held = float(bot["change_from"][0] - bot["travelled"][0])
    drawn = uniform_of(0, 0, moving._CHANGE, 1)  # the second change of this episode
    assert held == pytest.approx(moving.hold(3.0, 5.0, drawn))
    traffic.wait(0.15)
    assert bot["n"][0] == pytest.approx(-0.1895, abs=2e-3)  # on the way into the next vertices


def test_when_a_change_of_lanes_ends():
    source = random.Random(0)
    for planned, end in ((0.0667, 5.755544), (5.805544, 11.321453)):
        change_s = 1.0  # 1 m at 1 m/s
        found = planned + moving.hold(3.0, 5.0, source.random()) + change_s
        assert found == pytest.approx(end, abs=1e-6)


def test_what_a_car_sees_of_a_bot_step_by_step(base):
    traffic = Traffic(base, bots(1, speed="1"))
    seen = [2.0]  # step 1 holds everything; the first action is step 2
    for _ in range(5):
        seen.append(float((traffic.world["start_s"] + traffic.world["travelled"])[0, 0]))
        traffic.wait(1.0 / 15.0)
    assert seen == pytest.approx([2.0, 2.0, 2.0667, 2.1333, 2.2, 2.2666], **NEAR)


def test_the_place_of_a_bot_is_that_of_its_nose(base):
    world = base.of(bots(1))[0]
    assert world["start_s"][0] == 2.0
    world["x"], world["y"], world["yaw"] = base.track.pose_at(2.0)
    nose = float(base.vehicle["nose"][0])
    share = contact.share_of(world, 0, 0, np.zeros(1, CAR), base.arrays, nose)
    assert share == pytest.approx(12.0841, **NEAR)


# -- contact


def rectangle(x=0.0, y=0.0, yaw=0.0, body=BOX_BODY, kind=BOX):
    row = np.zeros(1, OBJECT)
    row["x"], row["y"], row["yaw"], row["kind"], row["present"] = x, y, yaw, kind, True
    for name, value in body.items():
        row[name] = value
    return row


def hits(pose_, *rows):
    """Column of what a car of the official size at (x, y, yaw) has hit; -1 for nothing."""
    car, world = np.zeros(1, CAR), np.concatenate(rows)
    car["x"], car["y"], car["yaw"] = pose_
    nearby.arrange_all(world[None])
    return int(contact.first_hit(car[0], world, -1, *CAR_BODY.values(), REACH))


def test_the_size_of_rectangles(base):
    boxes = objects.plan(Others(race="object_avoidance"), base.vehicle, "", 100.0)
    cars = objects.plan(Others(race="multi"), base.vehicle, "", 100.0)
    assert boxes[["half_length", "half_width"]][0].item() == (0.25, 0.2)
    assert cars[["half_length", "half_width"]][0].item() == pytest.approx((0.16176, 0.09805))
    turned = rectangle(yaw=np.pi / 2)
    inside = [(0.199, 0.249), (0.201, 0.0), (0.0, 0.251)]  # ±0.2, ±0.25
    speck = 1e-9, 1e-9
    found = [contact.overlaps(x, y, 0.0, *speck, turned[0]) for x, y in inside]
    assert found == [True, False, False]


@pytest.mark.parametrize(
    ("pose_", "hit"),
    [
        ((-0.41076, 0, 0), True),
        ((-0.41176 - 1e-9, 0, 0), False),
        ((0, 0.298, 0), True),
        ((0, 0.2981, 0), False),
        ((0, 0, 0), True),
        ((0.30, 0.25, -np.pi / 4), False),  # a corner of the box in the side of the car
        ((0.3, 0.25, -0.6), False),
        ((0.3, 0.22, -0.8), False),
    ],
)
def test_a_car_hits_a_box_with_its_corners_alone(pose_, hit):
    assert (hits(pose_, rectangle()) == 0) == hit


@pytest.mark.parametrize(
    ("pose_", "hit"),
    [
        ((-0.32, 0, 0), False),  # dead straight into the car ahead
        ((0, -0.24, np.pi / 2), True),  # nose in its side
        ((0.24, 0, np.pi / 2), False),  # its nose in my side
        ((0, 0, 0), False),
        ((0, 0.186, 0), False),
        ((0, 0, np.pi / 2), False),
        ((0.1, 0.1, 0), True),
    ],
)
def test_a_car_hits_a_car_with_its_corners_alone(pose_, hit):
    assert (hits(pose_, rectangle(body=CAR_BODY, kind=BOT)) == 0) == hit


def test_the_first_object_of_the_list_is_hit_if_it_can_be(base):
    far, near = rectangle(x=0.3), rectangle(x=0.1)
    assert hits((0.2, 0, 0), far, near) == 0
    assert hits((0.2, 0, 0), near, far) == 0
    far["held"] = True  # while it waits for its penalty, others drive through it
    assert hits((0.2, 0, 0), far, near) == 1
    far["held"], far["present"] = False, False
    assert hits((0.2, 0, 0), far, near) == 1


# -- whose fault

BEHIND, AHEAD = 10.0, 12.0


@pytest.mark.parametrize(
    ("own", "other", "kind", "fault"),
    [
        (10, 12, BOT, True),
        (12, 10, BOT, False),
        (12, 12, BOT, False),
        (10, 99, BOX, True),
        (99, 10, BOX, True),
        (99.5, 0.5, BOT, False),  # the start line is not seen
        (0.5, 99.5, BOT, True),
    ],
)
def test_who_is_behind_is_to_blame_and_always_at_a_box(own, other, kind, fault):
    assert bool(contact.at_fault(own, other, kind)) == fault


@pytest.mark.parametrize(
    ("progress", "start", "share"),
    [(50, 0.6, 10), (-1, 0, 99), (100, 0, 0), (99.9, 0.05, 4.9), (99.5, 0, 99.5), (20, 0.9, 10)],
)
def test_the_place_on_the_lap(progress, start, share):
    assert contact.lap_share(float(progress), float(start)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("own", "bot", "paused", "start"),
    [
        (50, 12, True, 0.0),
        (11, 12, False, 0),
        (12, 12, False, 0),
        (99.5, 0.5, True, 0),
        (0.5, 99.5, False, 0),
        (20, 12, False, 0.9),
    ],
)
def test_bots_that_hit_a_car_from_behind_all_stand(base, own, bot, paused, start):
    others = bots(2)
    world = base.of(others)
    rules = objects.traffic(others, from_the_line=False)
    nose = float(base.vehicle["nose"][0])
    x, y, yaw = base.track.pose_at(bot / 100.0 * base.length)
    world["x"][0, 0], world["y"][0, 0] = x - nose * np.cos(yaw), y - nose * np.sin(yaw)
    world["yaw"][0, 0] = yaw
    car, found = np.zeros(1, CAR), np.zeros(1, np.int64)
    car["x"], car["y"] = world["x"][0, 0] + 0.1 * np.cos(yaw), world["y"][0, 0] + 0.1 * np.sin(yaw)
    car["yaw"] = yaw + 0.3
    car["start_s"], car["progress"] = start * base.length, own
    if own == bot:
        share = contact.share_of(world[0], 0, 0, car, base.arrays, nose)
        car["progress"] = share
    contact.touch(car, found, world, 1, base.arrays, 0, base.vehicle, rules)
    assert (world["pause"][0] == 2.0).tolist() == [paused, paused]
    assert found[0] == (-1 if paused or own == bot else 1)


def test_a_car_that_waits_for_its_penalty_hits_and_stops_no_bot(base):
    me, far, near = (
        rectangle(x=0.2, body=CAR_BODY, kind=OTHER_CAR),
        rectangle(x=0.3),
        rectangle(x=0.1),
    )
    me["held"] = True
    car, world = np.zeros(1, CAR), np.concatenate([me, far, near])[None]
    car["x"] = 0.2
    nearby.arrange_all(world)
    assert contact.first_hit(car[0], world[0], 0, *CAR_BODY.values(), REACH) == 1
    others = dataclasses.replace(bots(1), cars=2)
    for held in (False, True):
        world = np.concatenate([np.zeros((1, 2), OBJECT), base.of(bots(1))], axis=1)
        cars, found = np.zeros(2, CAR), np.zeros(2, np.int64)
        world["kind"][0, :2] = OTHER_CAR
        world["present"][0, 0], world["held"][0, 0] = True, held
        for name in ("x", "y"):
            cars[name][0] = world[name][0, 2] + 0.1
        cars["yaw"][0], cars["progress"][0] = world["yaw"][0, 2] + 0.3, 50.0
        nearby.arrange_all(world)
        rules = objects.traffic(others, from_the_line=False)
        contact.touch(cars, found, world, 2, base.arrays, 0, base.vehicle, rules)
        assert found[0] == -1 - 2
        assert world["pause"][0, 2] == (0.0 if held else 2.0)


def judged(hit=0, progress=50.0, wheels_off=0, backward=0, continuous=False):
    car, sims = np.zeros(1, CAR), sim_row(Rules(continuous=continuous), 20.0)
    car["progress"], car["wheels_off"], car["backward_steps"] = progress, wheels_off, backward
    judge(car[0], sims[0], hit)
    return int(car["status"][0])


def test_the_order_of_what_ends_an_episode():
    assert judged(hit=1) == CRASHED
    assert judged(hit=-1) == IN_PROGRESS
    assert judged(hit=-1, wheels_off=4) == IN_PROGRESS  # not to blame: other faults are ignored
    assert judged(hit=1, wheels_off=4) == CRASHED
    assert judged(hit=1, progress=100.0) == LAP_COMPLETE
    assert judged(wheels_off=4, backward=15) == OFF_TRACK


@pytest.mark.parametrize(
    ("apart", "before", "progress"),
    [
        (0.0079, 0, 0.79),
        (-0.0417, 0, -4.17),
        (0, 0, 0),
        (0.9999, 99.5, 99.99),
        (0.002, 99.9, 100),
        (0.999, 0.1, -0.1),
        (-0.9, 5, 10),
        (0.6, 5, -40),
    ],
)
def test_progress_over_the_seam(apart, before, progress):
    assert lap_progress(float(apart), 0.0, float(before)) == pytest.approx(progress)


# -- starts


def started(road, share, *places, avoid=True):
    """Pose of a car that starts at a share of the lap beside boxes."""
    others = Others(race="object_avoidance", obstacles=max(1, len(places)))
    world = road.boxes(*places) if places else np.zeros((1, 0), OBJECT)
    car, mask = np.zeros(1, CAR), np.ones(1, bool)
    rules = objects.traffic(others, from_the_line=not avoid)
    sims = sim_row(Rules(start_advance_pct=5.0), road.length)
    car["episode"] = round(share * 20)  # of 5 % each
    starts.reset_among(car, mask, world, 1, road.arrays, 0, road.lanes, road.vehicle, sims, rules)
    return pose(car[0])


@pytest.mark.parametrize(
    ("share", "places", "expected"),
    [
        (0.0, (), (3.0597, 0.6827, 0.0032)),
        (0.05, (), (3.9452, 0.6836, 0.0003)),
        (0.05, ("0.05,1",), (3.9453, 0.4931, 0.0003)),
        (0.05, ("0.05,-1",), (3.9451, 0.8741, 0.0003)),
        (0.05, ("0.10,1",), (3.9453, 0.4931, 0.0003)),  # 0.885 m ahead
        (0.05, ("0.11,1",), (3.9452, 0.6836, 0.0003)),  # 1.063 m ahead
        (0.05, ("0.02,1",), (3.9453, 0.4931, 0.0003)),  # 0.531 m behind
        (0.0, ("0.99,1",), (3.0597, 0.6827, 0.0032)),  # across the start line: not seen
        (0.0, ("0.02,-1",), (3.0596, 0.8732, 0.0032)),
        (0.05, ("0.03,1", "0.06,-1"), (3.9451, 0.8741, 0.0003)),
    ],
)
def test_a_training_start_avoids_what_is_near(base, share, places, expected):
    assert started(base, share, *places) == pytest.approx(expected, **NEAR)


def test_an_evaluation_starts_on_the_centre_line_whatever_is_there(base):
    assert started(base, 0.0, "0.0,1", avoid=False) == pytest.approx(
        (3.0597, 0.6827, 0.0032), **NEAR
    )
    assert started(base, 0.05, "0.05,1", avoid=False) == pytest.approx(
        (3.9452, 0.6836, 0.0003), **NEAR
    )


@pytest.mark.parametrize(
    ("at", "hit"),
    [(0.0627, True), (0.30, True), (0.354, True), (0.40, True), (0.42, False), (0.50, False)],
)
def test_a_box_at_the_start_line_is_hit_at_once(base, at, hit):
    box = base.boxes(f"{at / base.length},1")[0]
    car = base.car(0.0)
    assert (contact.first_hit(car[0], box, -1, *CAR_BODY.values(), REACH) == 0) == hit


def put(road, s, *places, outer=False, behind=1.0):
    """Pose of a car that is put back at `s`, and where it projects to."""
    world = road.boxes(*places)[0] if places else np.zeros(0, OBJECT)
    car = road.car(s)
    x, y, yaw = road.track.pose_at(s)
    aside = -0.1 if outer else 0.1  # a counter-clockwise track: the inner border is left
    at = x - aside * np.sin(yaw), y + aside * np.cos(yaw)
    lanes = road.arrays, road.lanes, road.vehicle[0]
    starts.put_back(car[0], world, -1, *lanes, s, *at, behind)
    origin = road.track.nearest(car["x"], car["y"])["s"][0]
    return (*pose(car[0]), float(origin))


@pytest.mark.parametrize(
    ("s", "places", "options", "expected"),
    [
        (5.0, (), {}, (7.0691, 1.8731, 1.7837, 5.0)),
        (5.0, (), {"outer": True}, (7.4409, 1.9534, 1.7836, 5.0)),
        (5.0, ("0.30,1",), {}, (7.3236, 1.1575, 1.0637, 4.3127)),
        (5.0, ("0.30,-1",), {}, (6.9911, 1.3422, 1.0640, 4.3127)),
        (6.0, ("0.30,1",), {}, (None, None, None, 4.3127)),
        (4.30, ("0.30,1",), {}, (6.9849, 1.3310, 1.0640, 4.3)),  # 1.01 m before it
        (5.0, ("0.30,1",), {"behind": 0.5}, (7.4708, 1.7504, 1.6881, 4.8122)),
        (0.3, ("0.02,1",), {}, (2.4207, 0.4841, 0.0348, 17.0633)),
        (0.1, ("0.99,1",), {}, (None, None, None, 0.1)),
        (5.6, ("0.30,1", "0.32,-1"), {}, (7.0853, 1.6014, 1.4950, 4.6713)),
        (5.0, ("0.30,1",), {"behind": -1.0}, (6.3825, 2.9502, 3.0715, 6.3125)),  # mercy
    ],
)
def test_where_a_car_is_put_back(base, s, places, options, expected):
    found = put(base, s, *places, **options)
    for value, wanted in zip(found, expected, strict=True):
        assert wanted is None or value == pytest.approx(wanted, abs=1.1e-4)


def test_the_grid(base):
    others = Others(race="multi", cars=4)
    rules = objects.traffic(others, from_the_line=True)
    cars, mask = np.zeros(4, CAR), np.ones(4, bool)
    world = objects.plan(others, base.vehicle, "", base.length)[None]
    sims = sim_row(Rules(start="line"), base.length)
    starts.reset_among(cars, mask, world, 4, base.arrays, 0, base.lanes, base.vehicle, sims, rules)
    expected = [
        (3.0599, 0.4922, 0.0032),
        (2.3097, 0.8614, 0.0157),
        (1.5711, 0.5862, -0.0631),
        (1.2889, 1.6657, -0.4209),
    ]
    assert np.allclose([pose(car) for car in cars], expected, atol=1.1e-4)
    along = base.track.nearest(cars["x"], cars["y"])["s"]
    assert along == pytest.approx([0.0, 16.9657, 16.2711, 15.2001], abs=1.1e-4)
    assert world["present"].all()
