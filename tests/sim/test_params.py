"""The params a reward sees equal an independent computation in shapely, row by row."""

import bisect
import math

import numpy as np
import pytest
import shapely

from racer.sim.params import fill_places
from racer.sim.progress import place
from racer.sim.types import PARAMS

NOSE = 0.14  # m, official: params are measured this far ahead of the model origin
DT = 1 / 15


class Official:
    """The formulas of deepracer-simapp (`set_reward_and_metrics`, `track_data`), one car."""

    def __init__(self, track, vehicle):
        self.center = shapely.LinearRing(track.center)
        self.inner, self.outer = shapely.LinearRing(track.inner), shapely.LinearRing(track.outer)
        self.road = shapely.Polygon(self.outer, [self.inner])
        self.vehicle = vehicle
        points = list(self.center.coords)
        self.fractions = [
            self.center.project(shapely.Point(p), normalized=True) for p in points[:-1]
        ] + [1.0]

    def start(self, s):
        self.start_fraction, self.before, self.steps = s / self.center.length, 0.0, 1

    def params(self, x, y, yaw, steer_deg, speed):
        self.steps += 1
        nose = shapely.Point(x + NOSE * math.cos(yaw), y + NOSE * math.sin(yaw))
        fraction = self.center.project(nose, normalized=True)
        on_center = self.center.interpolate(fraction, normalized=True)
        on_inner = self.inner.interpolate(self.inner.project(on_center))
        on_outer = self.outer.interpolate(self.outer.project(on_center))
        after = bisect.bisect_right(self.fractions, fraction)
        wheels = [self.road.contains(p) for p in self._wheels(x, y, yaw)]
        return {
            "x": nose.x,
            "y": nose.y,
            "heading": math.degrees(yaw),
            "distance_from_center": on_center.distance(nose),
            "projection_distance": fraction * self.center.length,
            "progress": self._progress(fraction),
            "speed": speed,
            "steering_angle": steer_deg,
            "steps": float(self.steps),
            "track_width": on_inner.distance(on_outer),
            "track_length": self.center.length,
            "sim_time": self.steps * DT,
            "prev_waypoint": after - 1 if after else len(self.fractions) - 1,
            "next_waypoint": 0 if after == len(self.fractions) else after,
            "all_wheels_on_track": all(wheels),
            "is_offtrack": not any(wheels),
            "is_left_of_center": (on_inner.distance(nose) < on_outer.distance(nose))
            != (not self.center.is_ccw),
            "is_crashed": False,
        }

    def _progress(self, fraction):
        now = 100.0 * (fraction - self.start_fraction)
        if now <= 0.0:
            now += 100.0
        if self.before > now + 50.0:
            now += 100.0
        if now > self.before + 50.0:
            now -= 100.0
        now = min(now, 100.0)
        self.before = now if now < 100.0 else 0.0
        return now

    def _wheels(self, x, y, yaw):
        v = self.vehicle
        for along, between in (
            (v["wheelbase"] - v["rear_axle"], v["track_front"]),
            (-v["rear_axle"], v["track_rear"]),
        ):
            for side in (0.5 * between, -0.5 * between):
                yield shapely.Point(
                    x + along * math.cos(yaw) - side * math.sin(yaw),
                    y + along * math.sin(yaw) + side * math.cos(yaw),
                )


def assert_rows_agree(race, driver, tracks, steps):
    """Drive, and compare every row of params with `Official` on the state before the step."""
    rng = np.random.default_rng(0)
    judges = [[Official(track, race.vehicle[0]) for track in tracks] for _ in range(race.n)]
    now = []
    for i in range(race.n):
        now.append(judges[i][race.cars["direction"][i]])
        now[i].start(race.cars["start_s"][i])
    for _ in range(steps):
        before = race.cars.copy()
        action = driver(race) + rng.normal(0, 0.5, (race.n, 2)).astype(np.float32)
        race.step(action)
        for i in range(race.n):
            steer, speed = race.commands[i]
            expected = now[i].params(*before[["x", "y", "yaw"]][i].tolist(), steer, speed)
            row = race.params[i]
            for key, value in expected.items():
                tolerance = 0 if isinstance(value, bool | int) else 1e-9
                assert row[key] == pytest.approx(value, abs=tolerance), (key, i)
            assert row["is_reversed"] == (race.cars["direction"][i] == 1)
        if race.done_count:
            done = np.flatnonzero(race.done)
            race.reset(race.done)
            for i in done:
                now[i] = judges[i][race.cars["direction"][i]]
                now[i].start(race.cars["start_s"][i])


@pytest.mark.parametrize("name", ["reinvent_base", "2022_april_pro_cw"])
def test_params_equal_the_official_formulas(race, driver, real_tracks, name):
    track = next(t for t in real_tracks if t.name == name)
    r = race(12, track=track, max_steps=100)
    assert_rows_agree(r, driver, [track], 250)
    assert r.cars["episode"].min() >= 2


def test_params_equal_the_official_formulas_in_both_directions(race, driver, oval):
    r = race(8, alternate_direction=True, max_steps=60)
    assert_rows_agree(r, driver, [oval, oval.reversed()], 250)
    assert set(r.cars["direction"].tolist()) <= {0, 1}
    assert r.cars["episode"].min() >= 3


def test_the_first_call_of_an_episode_has_two_steps(race, driver):
    r = race(5)
    for _ in range(3):
        r.step(driver(r))
        assert (r.params["steps"] == 2.0).all()
        assert (r.params["sim_time"] == 2 * r.dt).all()
        r.reset()


def test_speed_and_steering_are_what_was_commanded_not_what_the_car_does(race):
    r = race(2)
    r.step(np.array([[1.0, 1.0], [-0.5, 0.0]], np.float32))
    assert r.params["steering_angle"].tolist() == [30.0, -15.0]
    assert r.params["speed"].tolist() == [4.0, 2.0]


def test_params_are_of_the_state_the_action_was_chosen_in(race):
    r = race()
    pose = r.cars[["nose_x", "nose_y"]][0].tolist()
    r.step(np.array([[0.0, 1.0]], np.float32))
    assert (r.params["x"][0], r.params["y"][0]) == pose
    assert r.cars["nose_x"][0] != pose[0]


def test_a_car_that_was_placed_has_the_params_of_a_car_that_steps(race):
    one = race(1)
    place(one.cars[0], one.track.arrays, one.vehicle[0], 3.0, 0.1, 0.2)
    placed = np.zeros(1, PARAMS)
    fill_places(one.cars, placed, one.track.arrays)
    one.step(np.zeros((1, 2), np.float32))  # its params are those of the state before the physics
    told = {"speed", "steering_angle", "steps", "sim_time"}  # by the step, not by the place
    for name in set(PARAMS.names) - told:
        assert placed[name] == one.params[name], name
    assert not any(placed[name][0] for name in told)
