"""Where cars start and are put back among objects, as the official simulator does it."""

import numpy as np
import pytest
from official_road import CAR_BODY, NEAR, REACH, pose

from racer import objects
from racer.config import Others, Rules
from racer.race.roads import sim_row
from racer.sim import contact, starts
from racer.sim.types import (
    CAR,
    OBJECT,
)


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
