"""A wall hides what is behind it, and nothing that stands before it or sticks out above it."""

import dataclasses
import functools

import numpy as np
import pytest

from racer import observations
from racer.config import CameraConfig, RaceConfig, Sensors
from racer.race import make_race
from racer.sim.types import BOX, OBJECT
from racer.tracks import Track
from racer.tracks.scenery import scenery
from tests.observations.ray_tracer import RayTracer
from tests.observations.test_camera import BROWN, GREY, LEVELS, SHARE

SMALL = CameraConfig(width=40, height=30)


@functools.cache
def low_walls(height):
    """An oval whose walls are near and may be low, and its ray tracer."""
    looks = dataclasses.replace(scenery("oval"), wall_distance=0.3, wall_height=height)
    track = dataclasses.replace(Track.load("oval"), looks=looks)
    return track, RayTracer(track, looks)


def drawn(track, cars, boxes, settings=SMALL):
    """(N, H, W) of cars at (N, 3) x, y, yaw, before boxes (N, K) of the world of each."""
    race = make_race(RaceConfig(), len(cars), with_reward=False, tracks=[track])
    race.cars["x"], race.cars["y"], race.cars["yaw"] = np.transpose(cars)
    view = observations.make("camera", race.vehicle, Sensors(settings))
    out = observations.empty(view.space, len(cars))
    view.bind(dataclasses.replace(race.scene, objects=boxes), out)()
    return out[:, 0]


def across_the_walls(track, rng, n, each):
    """Cars that look out at the walls, and boxes before, in and behind the walls there."""
    low = track.outer.min(0) - track.looks.wall_distance
    high = track.outer.max(0) + track.looks.wall_distance
    cars, boxes = np.zeros((n, 3)), np.zeros((n, each), OBJECT)
    boxes["kind"], boxes["present"] = BOX, True
    boxes["length"], boxes["width"], boxes["height"] = 0.4, 0.3, rng.uniform(0.1, 0.4, (n, each))
    boxes["yaw"] = rng.uniform(-3.0, 3.0, (n, each))
    for car, row in zip(cars, boxes, strict=True):
        corner = rng.random() < 0.3
        side, end = rng.integers(2, size=2)  # along x or y; at its low or its high end
        at = rng.uniform(low, high)
        at[side] = (low, high)[end][side]
        if corner:
            at[1 - side] = (low, high)[rng.integers(2)][1 - side]
        inward = np.sign((low + high) / 2 - at) * (1.0 if corner else np.eye(2)[side])
        car[:2] = at + inward * rng.uniform(0.7, 1.5) + rng.normal(0.0, 0.1, 2)
        car[:2] = np.clip(car[:2], low + 0.2, high - 0.2)
        car[2] = np.arctan2(*(at - car[:2])[::-1]) + rng.normal(0.0, 0.2)
        for k, one in enumerate(row):  # apart from each other
            along = (np.eye(2)[1 - side]) * (k - (each - 1) / 2) * 0.6
            one["x"], one["y"] = at + along - inward * rng.uniform(-0.3, 0.6)
    return cars, boxes


@pytest.mark.parametrize(("height", "up"), [(1.0, 0.13), (0.2, 0.13), (0.2, 0.5)])
def test_boxes_at_the_walls_are_seen_as_by_a_ray_tracer(height, up):
    (track, tracer), settings = low_walls(height), dataclasses.replace(SMALL, up_m=up)
    cars, boxes = across_the_walls(track, np.random.default_rng(3), 12, 2)
    within = []
    for car, row, seen in zip(cars, boxes, drawn(track, cars, boxes, settings), strict=True):
        names = ["x", "y", "yaw", "length", "width", "height"]
        around = [(*one[names].item(), BROWN) for one in row]
        expected = tracer.picture(car, settings, around) @ GREY
        within.append(np.abs(seen - expected) <= LEVELS)
    assert np.mean(within) >= SHARE


def test_a_box_behind_a_wall_leaves_the_picture_as_it_is():
    track, _ = low_walls(1.0)
    x = track.outer[:, 0].max() + track.looks.wall_distance
    boxes = np.zeros((1, 1), OBJECT)
    boxes["length"], boxes["width"], boxes["height"], boxes["present"] = 0.4, 0.3, 0.25, True
    boxes["x"], boxes["y"] = x + 0.3, track.outer[:, 1].mean()
    cars = [(x - 0.6, boxes["y"][0, 0], 0.0)]
    nothing = drawn(track, cars, np.zeros((1, 0), OBJECT))
    assert np.array_equal(drawn(track, cars, boxes), nothing)
    boxes["x"] = x - 0.2  # now it stands before the wall
    assert not np.array_equal(drawn(track, cars, boxes), nothing)
