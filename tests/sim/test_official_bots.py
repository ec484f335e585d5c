"""Bots as the official simulator drives them: values of its own functions."""

import random

import numpy as np
import pytest
from official_road import NEAR, Traffic, bots, pose

from racer.sim import contact
from racer.sim import objects as moving
from racer.sim.rng import uniform_of
from racer.sim.types import (
    CAR,
    OUTER,
)


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
