"""Roads with boxes and bots on them, for the tests of what the official simulator does."""

import dataclasses

import numpy as np

from racer import objects, vehicles
from racer.config import Others, Rules
from racer.race.roads import sim_row
from racer.reward.params import params_of
from racer.sim import frustum
from racer.sim import objects as moving
from racer.sim.native_call import bind
from racer.sim.params import fill_objects
from racer.sim.progress import place as place_car
from racer.sim.types import (
    CAR,
    INNER,
    OBJECT,
    OUTER,
    params_type,
)
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


def pose(row):
    return [float(row[name]) for name in ("x", "y", "yaw")]


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
