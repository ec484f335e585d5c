"""Where boxes stand, as the official simulator places them: values of its own functions."""

import random

import numpy as np
import pytest
from official_road import NEAR, Road, pose

from racer.config import Others
from racer.sim import objects as moving
from racer.sim.types import (
    INNER,
    OBJECT,
    OUTER,
)
from racer.tracks import Track


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
