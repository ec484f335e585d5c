import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from vehiclemodels.vehicle_dynamics_st import vehicle_dynamics_st
from vehiclemodels.vehicle_parameters import setup_vehicle_parameters

from racer import vehicles
from racer.sim.models.single_track import CRAWL, single_track_derivative, step_single_track
from racer.sim.types import CAR, LAP_COMPLETE, SINGLE_TRACK

derivative = getattr(single_track_derivative, "py_func", single_track_derivative)


def from_commonroad(p):
    row = vehicles.load("f1tenth")
    row["wheelbase"], row["rear_axle"] = p.a + p.b, p.b
    row["mass"], row["inertia"], row["cg_height"] = p.m, p.I_z, p.h_s
    row["friction"] = p.tire.p_dy1
    row["stiffness_front"] = row["stiffness_rear"] = -p.tire.p_ky1 / p.tire.p_dy1
    return row


def without_limits(p):
    """CommonRoad limits the inputs in the derivative; our actuators do before it."""
    p.steering.min, p.steering.max = -1.0, 1.0
    p.steering.v_min, p.steering.v_max = -100.0, 100.0
    p.longitudinal.v_min, p.longitudinal.v_max = -50.0, 50.0
    p.longitudinal.a_max, p.longitudinal.v_switch = 100.0, 100.0
    return p


def f1tenth_in_commonroad():
    """CommonRoad's parameters with the numbers of our preset; one stiffness for both axles."""
    row = vehicles.load("f1tenth")
    row["stiffness_rear"] = row["stiffness_front"]
    p = setup_vehicle_parameters(vehicle_id=1)
    p.b = float(row["rear_axle"][0])
    p.a = float(row["wheelbase"][0]) - p.b
    p.m, p.I_z, p.h_s = (float(row[k][0]) for k in ("mass", "inertia", "cg_height"))
    p.tire.p_dy1 = float(row["friction"][0])
    p.tire.p_ky1 = -float(row["stiffness_front"][0]) * p.tire.p_dy1
    return without_limits(p), row


def cases():
    for k in (1, 2, 3):
        p = without_limits(setup_vehicle_parameters(vehicle_id=k))
        yield pytest.param(p, from_commonroad(p), id=f"vehicle {k}")
    yield pytest.param(*f1tenth_in_commonroad(), id="f1tenth")


@pytest.mark.parametrize(("p", "row"), list(cases()))
def test_derivatives_equal_commonroad(p, row):
    rng = np.random.default_rng(0)
    vehicle = row.view(np.recarray)[0]
    for k in range(2000):
        v = rng.uniform(-CRAWL, CRAWL) if k % 2 else rng.uniform(CRAWL, 20.0)
        yaw, steer, slip = rng.uniform(-3, 3), rng.uniform(-0.4, 0.4), rng.uniform(-0.3, 0.3)
        yaw_rate, steer_rate, accel = rng.uniform(-3, 3), rng.uniform(-0.3, 0.3), rng.uniform(-6, 6)
        f = vehicle_dynamics_st([0, 0, steer, v, yaw, yaw_rate, slip], [steer_rate, accel], p)
        ours = derivative(yaw, v, steer, yaw_rate, slip, steer_rate, accel, vehicle)
        expected = [f[0], f[1], f[4], f[5], f[6]]
        assert ours == pytest.approx(expected, rel=1e-9, abs=1e-9)


def drive(row, car, seconds, steer, speed, substeps=2):
    """Our step, 15 times a second."""
    for _ in range(round(seconds * 15)):
        step_single_track(car[0], steer, speed, row[0], 1 / 15 / substeps, substeps)
    return car[0]


def reference_drive(p, row, state, seconds, steer, speed):
    """CommonRoad's equations under the same lags, integrated finely: x, y, steer, v, yaw, ..."""
    speed_lag, steer_lag, limit = (
        float(row[k][0]) for k in ("speed_lag", "steer_lag", "accel_max")
    )

    def rates(_, x):
        accel = np.clip((speed - x[3]) / speed_lag, -limit, limit)
        return vehicle_dynamics_st(list(x), [(steer - x[2]) / steer_lag, accel], p)

    out = solve_ivp(rates, (0, seconds), state, method="DOP853", rtol=1e-10, atol=1e-12,
                    max_step=0.01)  # fmt: skip
    return out.y[:, -1]


@pytest.mark.parametrize(
    ("v", "speed", "steer"), [(1.0, 3.0, 0.1), (4.0, 2.0, -0.2), (3.0, 3.0, 0.4), (0.5, 6.0, 0.05)]
)
def test_a_drive_equals_a_fine_integration(v, speed, steer):
    p, row = f1tenth_in_commonroad()
    car = np.zeros(1, CAR)
    car["v"] = v
    ours = drive(row, car, 2.0, steer, speed)
    expected = reference_drive(p, row, [0, 0, 0, v, 0, 0, 0], 2.0, steer, speed)
    for name, value in zip(("x", "y", "steer", "v", "yaw", "yaw_rate", "slip"), expected,
                           strict=True):  # fmt: skip
        assert ours[name] == pytest.approx(value, abs=2e-3), name


def test_starting_from_rest_passes_smoothly_to_tyres():
    """Through CRAWL, where the equations change: position to 2 cm after 2 s and 5 m."""
    p, row = f1tenth_in_commonroad()
    car = np.zeros(1, CAR)
    ours = drive(row, car, 2.0, 0.15, 3.0)
    expected = reference_drive(p, row, np.zeros(7), 2.0, 0.15, 3.0)
    assert math.hypot(ours["x"] - expected[0], ours["y"] - expected[1]) < 0.02
    assert ours["yaw_rate"] == pytest.approx(expected[5], abs=0.02)


def test_substeps_converge():
    row = vehicles.load("f1tenth")
    ends = []
    for substeps in (2, 4, 64):
        car = np.zeros(1, CAR)
        car["v"] = 2.0
        ends.append(np.array(drive(row, car, 1.0, 0.3, 4.0, substeps)[["x", "y", "yaw"]].tolist()))
    assert np.abs(ends[0] - ends[2]).max() < 1e-3
    assert np.abs(ends[1] - ends[2]).max() < np.abs(ends[0] - ends[2]).max() + 1e-12


def test_slow_driving_is_kinematic():
    """With little lateral force the car turns as its geometry says."""
    row = vehicles.load("f1tenth")
    car = np.zeros(1, CAR)
    drive(row, car, 5.0, 0.2, 0.3)
    geometric = 0.3 * math.tan(0.2) / row["wheelbase"][0]
    assert car["yaw_rate"][0] == pytest.approx(geometric, rel=0.02)


def test_fast_driving_slips_outwards():
    """Understeer: the rear tyres are stiffer, so the circle widens with speed."""
    row = vehicles.load("f1tenth")
    radii = []
    for speed in (1.0, 3.0, 5.0):
        car = np.zeros(1, CAR)
        drive(row, car, 6.0, 0.1, speed)
        radii.append(car["v"][0] / car["yaw_rate"][0])
    assert radii[0] < radii[1] < radii[2]


def test_a_straight_stays_straight_and_standing_stands():
    row = vehicles.load("f1tenth")
    car = np.zeros(1, CAR)
    drive(row, car, 1.0, 0.0, 0.0)
    assert car["x"][0] == car["y"][0] == car["v"][0] == 0.0
    drive(row, car, 2.0, 0.0, 5.0)
    assert car["y"][0] == car["yaw"][0] == 0.0
    assert car["x"][0] > 5.0


def test_full_commands_never_break_the_numbers():
    row = vehicles.load("f1tenth")
    car, rng = np.zeros(1, CAR), np.random.default_rng(3)
    for _ in range(2000):
        drive(row, car, 1 / 15, rng.uniform(-0.4189, 0.4189), rng.uniform(0.0, 8.0))
        assert all(math.isfinite(car[k][0]) for k in ("x", "y", "yaw", "v", "yaw_rate", "slip"))
        assert -1e-9 <= car["v"][0] <= 8.0
    assert row["model"][0] == SINGLE_TRACK


def test_an_f1tenth_drives_a_lap(race, driver):
    r = race(vehicle="f1tenth", start="line", max_steps=1500)
    while not r.done[0]:
        r.step(driver(r))
    assert r.cars["status"][0] == LAP_COMPLETE
