"""How a car moves: circles and straights in closed form, lags against scipy, limits, symmetry."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from racer import vehicles
from racer.actions import Continuous

STEER_DEG, SPEED = 30.0, 4.0  # what an action of 1 means below
FREE = {  # nothing ends an episode: the plane is ours
    "end_off_track": False,
    "end_immobilized": False,
    "end_reversed": False,
    "continuous": True,
    "max_steps": 10_000_000,
    "start": "line",
}


def vehicle(**changes):
    """A DeepRacer that follows commands at once and never slides, with `changes`."""
    made = vehicles.load("deepracer")
    plain = {"delay": 0.0, "speed_lag": 0.0, "steer_lag": 0.0, "speed_gain": 1.0}
    for name, value in {**plain, "lateral_grip": math.inf, "speed_min": -4.0, **changes}.items():
        made[name] = value
    return made


@pytest.fixture
def car(race):
    """A car at the origin of an open plane, looking along +x: `car(vehicle, v=0, **rules)`."""

    def make(made, *, v=0.0, steer=0.0, n=1, **rules):
        r = race(n, vehicle=made, actions=Continuous((-30.0, 30.0), (-4.0, 4.0)), **(FREE | rules))
        for name, value in {"x": 0.0, "y": 0.0, "yaw": 0.0, "v": v, "steer": steer}.items():
            r.cars[name] = value
        r.cars["yaw_rate"] = v * math.tan(steer) / made["effective_wheelbase"]
        return r

    return make


def command(steer_deg, speed):
    return np.array([[steer_deg / STEER_DEG, speed / SPEED]], np.float32)


def test_straight_ahead_drives_speed_times_time(car):
    r = car(vehicle(), v=2.0)
    for _ in range(150):
        r.step(command(0.0, 2.0))
    assert r.cars["x"][0] == pytest.approx(2.0 * 150 / 15, abs=1e-12)
    assert r.cars["y"][0] == 0.0
    assert r.cars["yaw"][0] == 0.0


@pytest.mark.parametrize(("steer_deg", "speed"), [(15.0, 1.0), (-30.0, 2.0), (5.0, 4.0)])
def test_full_steer_drives_a_circle_of_the_expected_radius(car, steer_deg, speed):
    made = vehicle()
    steer = float(np.float32(steer_deg / STEER_DEG)) * math.radians(STEER_DEG)
    r = car(made, v=speed, steer=steer)
    back = float(made["rear_axle"][0])
    radius = float(made["effective_wheelbase"][0]) / math.tan(steer)
    for k in range(1, 151):  # 10 s
        r.step(command(steer_deg, speed))
        turned = speed * k / 15 / radius
        # the rear axle goes round (-back, radius)
        x = -back + radius * math.sin(turned) + back * math.cos(turned)
        y = radius * (1 - math.cos(turned)) + back * math.sin(turned)
        # Simpson's rule on an arc: its relative error is (angle per substep)^4 / 2880.
        bound = 2.01 * abs(radius) * (speed / radius / 30) ** 4 / 2880 + 1e-12
        assert math.hypot(r.cars["x"][0] - x, r.cars["y"][0] - y) < bound
        assert math.remainder(r.cars["yaw"][0] - turned, math.tau) == pytest.approx(0, abs=1e-9)


LAGS = {"speed_lag": 0.264, "steer_lag": 0.136}


def by_scipy(made, seconds, *, steer, speed, v):
    """The same lags and turn, integrated to 1e-12 by another library."""
    m = {name: float(made[name][0]) for name in made.dtype.names}

    def rates(_, state):
        _x, _y, yaw, v_now, steer_now = state
        return (
            v_now * math.cos(yaw),
            v_now * math.sin(yaw),
            v_now * math.tan(steer_now) / m["effective_wheelbase"],
            (speed - v_now) / m["speed_lag"],
            (steer - steer_now) / m["steer_lag"],
        )

    start = (-m["rear_axle"], 0.0, 0.0, v, 0.0)
    end = solve_ivp(rates, (0, seconds), start, rtol=1e-12, atol=1e-13).y[:, -1]
    x, y, yaw = end[:3]
    return x + m["rear_axle"] * math.cos(yaw), y + m["rear_axle"] * math.sin(yaw)


def test_integrator_is_of_fourth_order_and_its_error_is_known(car):
    made = vehicle(**LAGS)
    steer = float(np.float32(20.0 / STEER_DEG)) * math.radians(STEER_DEG)
    expected = by_scipy(made, 2.0, steer=steer, speed=2.0, v=0.0)
    errors = []
    for substeps in (2, 4, 8, 16):
        r = car(made, substeps=substeps)
        for _ in range(30):  # 2 s from standstill: speed and steering both still settle
            r.step(command(20.0, 2.0))
        errors.append(math.hypot(r.cars["x"][0] - expected[0], r.cars["y"][0] - expected[1]))
    assert errors[0] < 1e-6  # m; 2 substeps are the default
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine == pytest.approx(16.0, rel=0.25)


def test_speed_lag_is_exact_and_limited_in_acceleration(car):
    r = car(vehicle(speed_lag=0.3))
    for k in range(1, 31):
        r.step(command(0.0, 2.0))
        assert r.cars["v"][0] == pytest.approx(2.0 * (1 - math.exp(-k / 15 / 0.3)), abs=1e-12)
    r = car(vehicle(speed_lag=0.3, accel_max=3.0))
    speeds = [0.0]
    for _ in range(60):
        r.step(command(0.0, 4.0))
        speeds.append(r.cars["v"][0])
    gains = np.diff(speeds) * 15
    assert gains.max() <= 3.0 + 1e-9
    assert gains[0] == pytest.approx(3.0)  # the limit is reached, not only kept
    assert speeds[-1] == pytest.approx(4.0, abs=0.01)


def test_a_speed_without_lag_changes_within_a_sixth_of_a_substep(car):
    r = car(vehicle(), v=1.0)
    r.step(command(0.0, 3.0))
    # The old speed still weighs 1/6 in Simpson's rule of the first substep, 1/30 s long.
    late = 3.0 / 15 - r.cars["x"][0]
    assert late == pytest.approx((3.0 - 1.0) / 30 / 6)


def test_a_command_acts_after_its_delay(car):
    late = car(vehicle(delay=1 / 15))
    late.step(command(20.0, 2.0))
    assert (late.cars["v"][0], late.cars["x"][0]) == (0.0, 0.0)
    late.step(command(20.0, 2.0))
    prompt = car(vehicle())
    prompt.step(command(20.0, 2.0))
    for name in ("x", "y", "yaw", "v", "steer"):
        assert late.cars[name][0] == pytest.approx(prompt.cars[name][0], abs=1e-12)


@pytest.mark.parametrize("name", ["deepracer", "deepracer_v4"])
def test_sideways_acceleration_never_exceeds_the_grip(race, name):
    made = vehicles.load(name)
    r = race(64, vehicle=made, **FREE)
    rng = np.random.default_rng(0)
    highest = 0.0
    for _ in range(300):
        r.step(rng.uniform(-1, 1, (64, 2)).astype(np.float32).clip(-1, 1) * [[1.0, 1.0]])
        highest = max(highest, float(np.abs(r.cars["v"] * r.cars["yaw_rate"]).max()))
    grip = float(made["lateral_grip"][0])
    assert highest <= grip * (1 + 1e-12)
    assert highest > 0.99 * grip  # 4 m/s at full lock wants five times as much


@pytest.mark.parametrize("name", ["deepracer", "deepracer_v4"])
def test_speed_and_steering_stay_within_the_vehicle(race, name):
    made = vehicles.load(name)
    r = race(2, vehicle=made, actions=Continuous((-80.0, 80.0), (0.0, 11.0)), **FREE)
    for _ in range(150):
        r.step(np.array([[1, 1], [-1, -1]], np.float32))
    top = float(made["speed_max"][0] * made["speed_gain"][0])
    slow = float(made["speed_min"][0] * made["speed_gain"][0])
    lock = float(made["steer_max"][0])
    assert r.cars["v"].tolist() == pytest.approx([top, slow])
    assert r.cars["steer"].tolist() == pytest.approx([lock, -lock])
    assert r.params["steering_angle"].tolist() == [80.0, -80.0]  # commanded, unclipped, as official


def test_left_and_right_are_mirror_images_to_the_bit(car):
    made = vehicles.load("deepracer")
    rng = np.random.default_rng(1)
    left, right = car(made), car(made)
    for _ in range(200):
        action = rng.uniform(-1, 1, (1, 2)).astype(np.float32)
        left.step(action)
        right.step(action * np.array([-1, 1], np.float32))
        for name in ("x", "v"):
            assert left.cars[name][0] == right.cars[name][0]
        for name in ("y", "yaw", "steer", "yaw_rate"):
            assert left.cars[name][0] == -right.cars[name][0]


def test_no_speed_no_motion_whatever_the_wheels_do(car):
    r = car(vehicle(steer_lag=0.136))
    for k in range(60):
        r.step(command(30.0 if k % 2 else -30.0, 0.0))
        assert r.cars[["x", "y", "yaw", "v", "yaw_rate"]][0].tolist() == (0, 0, 0, 0, 0)


def test_coasting_down_gains_no_speed(car):
    r = car(vehicle(**LAGS), v=4.0)
    speeds = []
    for _ in range(60):
        r.step(command(30.0, 0.0))
        speeds.append(r.cars["v"][0])
    assert (np.diff(speeds) < 0).all()
    assert min(speeds) > 0


def test_backwards_retraces_the_way(car):
    r = car(vehicle(), v=1.0, steer=0.3)
    steer = math.degrees(0.3)
    for _ in range(30):
        r.step(command(steer, 1.0))
    r.cars["v"], r.cars["yaw_rate"] = -r.cars["v"], -r.cars["yaw_rate"]
    for _ in range(30):
        r.step(command(steer, -1.0))
    assert r.cars["x"][0] == pytest.approx(0.0, abs=1e-9)
    assert r.cars["y"][0] == pytest.approx(0.0, abs=1e-9)
    assert r.cars["yaw"][0] == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=100, derandomize=True)
@given(
    yaw=st.floats(-math.pi, math.pi),
    v=st.floats(-12, 12),
    steer=st.floats(-0.6, 0.6),
    far=st.floats(-1e6, 1e6),
    action=st.tuples(*[st.floats(width=32, allow_nan=False, allow_infinity=False)] * 2),
)
def test_any_state_and_any_finite_action_stay_finite(plane, yaw, v, steer, far, action):
    car = plane.cars
    car["x"], car["y"], car["yaw"], car["v"], car["steer"] = far, -far, yaw, v, steer
    for _ in range(20):
        plane.step([action])
    for name in car.dtype.names:
        assert np.isfinite(car[name]).all(), name
    assert -math.pi < car["yaw"][0] <= math.pi
    assert abs(plane.obs).max() <= 4.0


@pytest.fixture(scope="module")
def plane(oval):
    from racer.config import Rules
    from racer.race import Race

    race = Race(
        oval, 1, vehicle=vehicles.load("deepracer"), actions=Continuous(), rules=Rules(**FREE)
    )
    race.reset()
    return race
