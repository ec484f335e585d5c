"""Crashes, whose fault they are, and the end of an episode, as the official simulator has them."""

import dataclasses

import numpy as np
import pytest
from official_road import BOX_BODY, CAR_BODY, REACH, bots

from racer import objects
from racer.config import Others, Rules
from racer.race.roads import sim_row
from racer.sim import contact, nearby
from racer.sim.progress import lap_progress
from racer.sim.termination import judge
from racer.sim.types import (
    BOT,
    BOX,
    CAR,
    CRASHED,
    IN_PROGRESS,
    LAP_COMPLETE,
    OBJECT,
    OFF_TRACK,
    OTHER_CAR,
)


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
