"""Progress, laps and faults as the official simulator judges them; wheels against polygons."""

import math

import numpy as np
import pytest
import shapely

from racer import vehicles
from racer.actions import Continuous
from racer.sim.types import IMMOBILIZED, LAP_COMPLETE, OFF_TRACK, REVERSED, TIME_UP

BOTH_WAYS = Continuous((-30.0, 30.0), (-4.0, 4.0))
NEVER = {"end_off_track": False, "end_immobilized": False, "end_reversed": False}


def reversing():
    """A DeepRacer that can stand still and drive backwards."""
    made = vehicles.load("deepracer")
    made["speed_min"] = -4.0
    return made


def until_done(race, driver, limit=5000):
    """Step with `driver` until the first car is done; returns the progress the reward saw."""
    seen = []
    for _ in range(limit):
        race.step(driver(race))
        seen.append(float(race.params["progress"][0]))
        if race.done[0]:
            return seen
    raise AssertionError(f"not done after {limit} steps")


def test_an_episode_starts_a_nose_ahead_of_the_line_and_ends_at_exactly_100(
    race, driver, real_tracks
):
    for track in [t for t in real_tracks if t.name in ("reinvent_base", "Bowtie_track")]:
        r = race(track=track, start="line")
        seen = until_done(r, driver)
        # params are measured 0.14 m ahead of the origin, which stands on the line
        assert seen[0] == pytest.approx(100 * 0.14 / track.length, rel=0.01)
        assert seen[-1] == 100.0
        assert max(seen[:-1]) < 100.0
        assert r.cars["status"][0] == LAP_COMPLETE
        assert r.terminated[0]
        assert not r.truncated[0]
        # no step moves faster than the car: 4 m/s and a tenth for corners of the line
        assert np.diff(seen[:-1]).max() < 110 * 4.0 / 15 / track.length
        assert np.diff(seen).min() > -1e-9


@pytest.mark.parametrize("start", ["line", "round_robin"])
def test_driving_to_and_fro_over_the_start_line_farms_no_laps(race, start):
    r = race(7, vehicle=reversing(), actions=BOTH_WAYS, start=start, max_steps=10_000_000, **NEVER)
    crossings = 0
    highest = np.zeros(7)
    for k in range(4000):
        speed = -1.0 if k % 8 < 4 else 1.0
        before = r.cars["s"][0]
        r.step(np.tile(np.array([[0.0, speed / 4]], np.float32), (7, 1)))
        crossings += abs(r.cars["s"][0] - before) > 5.0
        highest = np.maximum(highest, r.cars["progress"])
    if start == "line":
        assert crossings >= 900
    assert r.cars["laps"].tolist() == [0] * 7
    assert not r.done.any()
    assert highest.max() < 5.0


def test_a_lap_backwards_is_no_lap(race, driver, oval):
    r = race(track=oval, start="line", max_steps=10_000_000, **NEVER)
    r.cars["yaw"] += math.pi
    r.refresh()
    back = oval.reversed()
    other = race(track=back, start="line", max_steps=10_000_000, **NEVER)
    for name in ("x", "y", "yaw"):
        r.cars[name] = other.cars[name]
    for _ in range(300):  # two laps of the driver
        action = driver(other)
        other.step(action)
        if other.done[0]:
            other.reset()
            for name in ("x", "y", "yaw", "v", "steer", "yaw_rate"):
                other.cars[name] = r.cars[name]
            other.refresh()
        r.step(action)
        assert r.cars["progress"][0] < 2.0
    assert r.cars["laps"][0] == 0


def test_a_continuous_race_counts_every_lap_once(race, driver):
    r = race(start="line", continuous=True, max_steps=10_000_000)
    laps, seen = [], []
    for _ in range(600):
        r.step(driver(r))
        seen.append(float(r.params["progress"][0]))
        laps.append(int(r.cars["laps"][0]))
    assert not r.done[0]
    assert laps[-1] >= 3
    assert [k for k, p in enumerate(seen) if p == 100.0] == [
        k for k in range(600) if laps[k] > (laps[k - 1] if k else 0)
    ]
    steps = np.diff([k for k, p in enumerate(seen) if p == 100.0])
    assert steps.max() < 1.1 * steps.min()  # flying laps of one driver


def test_standing_still_for_fifteen_steps_ends_the_episode(race):
    r = race(vehicle=reversing(), actions=BOTH_WAYS)
    for k in range(1, 17):
        r.step(np.zeros((1, 2), np.float32))
        # 15 displacements lie between the states of the first and the sixteenth action
        assert bool(r.terminated[0]) == (k == 16), k
    assert r.cars["status"][0] == IMMOBILIZED


def test_losing_progress_for_fifteen_steps_ends_the_episode(race):
    r = race(vehicle=reversing(), actions=BOTH_WAYS, start="line")
    seen = []
    for k in range(1, 17):
        r.step(np.array([[0.0, -0.1]], np.float32))
        seen.append(float(r.params["progress"][0]))
        assert bool(r.terminated[0]) == (k == 16), k
    assert r.cars["status"][0] == REVERSED
    assert (np.diff(seen) < 0).all()
    assert -2.0 < seen[-1] < 0.0  # backing over the start is slightly negative, not 99 %


def test_faults_can_be_switched_off(race):
    r = race(vehicle=reversing(), actions=BOTH_WAYS, end_immobilized=False, max_steps=0)
    for _ in range(40):
        r.step(np.zeros((1, 2), np.float32))
        assert not r.done[0]


def test_off_track_is_all_four_wheels_and_the_reward_sees_it(race):
    r = race(start="line")
    rows = []
    while not r.done[0]:
        r.step(np.array([[1.0, -0.5]], np.float32))  # a circle, too tight for the oval's straight
        rows.append(r.params[0].copy())
        assert len(rows) < 300
    assert r.cars["status"][0] == OFF_TRACK
    assert rows[-1]["is_offtrack"]
    assert not rows[-1]["all_wheels_on_track"]
    assert not any(row["is_offtrack"] for row in rows[:-1])
    partly = [row for row in rows if not row["all_wheels_on_track"] and not row["is_offtrack"]]
    assert partly  # one to three wheels out: both False, and it goes on


def test_the_step_cap_truncates_and_never_terminates(race):
    r = race(max_steps=10)
    for k in range(1, 11):
        r.step(np.array([[0.0, -0.5]], np.float32))
        assert bool(r.truncated[0]) == (k == 10), k
        assert not r.terminated[0]
    assert r.cars["status"][0] == TIME_UP


def test_the_default_step_cap_lets_the_slowest_lap_finish(race, oval):
    assert race().max_steps == math.ceil(oval.length / 0.3 * 15) + 75


def test_a_lap_on_the_last_step_is_a_lap(race, driver):
    steps = len(until_done(race(start="line"), driver))
    r = race(start="line", max_steps=steps)
    until_done(r, driver)
    assert (bool(r.terminated[0]), bool(r.truncated[0])) == (True, False)
    assert r.cars["status"][0] == LAP_COMPLETE


def test_wheels_off_counts_wheel_centres_outside_the_polygon(race, oval):
    r = race(2048, max_steps=10_000_000, **NEVER)
    rng = np.random.default_rng(0)
    made = r.vehicle[0]
    road = shapely.Polygon(oval.outer, [oval.inner])
    edge = shapely.union(road.exterior, road.interiors[0])
    counts = set()
    for _ in range(30):
        r.step(rng.uniform(-1, 1, (2048, 2)).astype(np.float32))
    for _ in range(10):
        r.step(rng.uniform(-1, 1, (2048, 2)).astype(np.float32))
        off = np.zeros(2048, int)
        clear = np.ones(2048, bool)
        c, s = np.cos(r.cars["yaw"]), np.sin(r.cars["yaw"])
        front, rear = made["wheelbase"] - made["rear_axle"], -made["rear_axle"]
        for along, between in ((front, made["track_front"]), (rear, made["track_rear"])):
            for side in (0.5, -0.5):
                x = r.cars["x"] + along * c - side * between * s
                y = r.cars["y"] + along * s + side * between * c
                off += ~shapely.contains_xy(road, x, y)
                clear &= shapely.distance(edge, shapely.points(x, y)) > 1e-9
        assert (r.cars["wheels_off"] == off)[clear].all()
        counts |= set(off.tolist())
    assert counts == {0, 1, 2, 3, 4}
