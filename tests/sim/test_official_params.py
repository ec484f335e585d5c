"""What rewards are told of objects, the camera flag included, as the official simulator has it."""

import numpy as np
import pytest
from official_road import CAR_BODY, NEAR

from racer.reward.params import closest
from racer.sim import frustum, nearby
from racer.sim.params import fill_objects
from racer.sim.types import (
    CAR,
    OBJECT,
    OTHER_CAR,
    params_type,
)

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
