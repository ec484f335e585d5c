import numpy as np
import pytest

from racer import vehicles
from racer.deepracer.logs import check_fidelity, open_logs, read_one
from racer.deepracer.logs.fidelity import time_steps
from racer.deepracer.logs.fit import FREE, fit
from racer.deepracer.logs.log import LOG, Log
from racer.errors import BadLog

PRESET = {"v4_reinvent_base": "deepracer_v4", "v5_a_to_z": "deepracer_v5"}
# fitted on the longest log of each era, with the clock its poses keep: docs/fidelity.md
FITTED_ON = {"v4_reinvent_base": "training-20", "v5_a_to_z": "training-12"}
CLOCK = {"v4_reinvent_base": "fixed", "v5_a_to_z": "log"}


@pytest.mark.parametrize("clock", ["fixed", "log"])
def test_held_out_logs_are_followed_better_than_by_a_simple_fit(era, clock):
    name, logs, _ = era
    held_out = [log for log in logs if FITTED_ON[name] not in log.source]
    found = check_fidelity(held_out, vehicles.load(PRESET[name]), clock)
    assert found.position[-1, 0] < 0.10  # m after 15 steps; a simple fit has 0.13
    assert found.driven[-1] > 1.2  # m


def test_the_presets_are_the_fit(reference):
    """`racer log fit` on the committed choice of logs gives the committed numbers."""
    name = "v5_a_to_z"
    logs = open_logs(reference / "logs" / name / f"{FITTED_ON[name]}.csv")
    preset = vehicles.load(PRESET[name])
    found = fit(logs, preset, CLOCK[name]).vehicle
    errors = [check_fidelity(logs, v, CLOCK[name]).position[-1] for v in (preset, found)]
    assert errors[0] == pytest.approx(errors[1], rel=0.03)


def log_of(race, vehicle, steps=60):
    """A log of our own car under random commands, as the simulator would write it."""
    rng = np.random.default_rng(5)
    rows = np.zeros(steps, LOG)
    rows["steps"] = np.arange(steps) + 2
    rows["tstamp"] = (np.arange(steps) + 1) / 15.0
    for k in range(steps):
        car, action = race.cars[0], rng.uniform([-1, -0.5], [1, 0.2])[None]
        rows["x"][k], rows["y"][k] = car["nose_x"], car["nose_y"]
        rows["yaw_deg"][k] = np.degrees(car["yaw"])
        race.step(action.astype(np.float32))
        rows["steer_deg"][k], rows["speed"][k] = race.commands[0]
    return Log("ours", rows)


@pytest.mark.parametrize("name", ["deepracer_v4", "deepracer_v5"])
def test_our_own_log_is_followed_exactly(race, name):
    log = log_of(race(vehicle=name, end_off_track=False), name)
    found = check_fidelity([log], vehicles.load(name))
    assert found.position.max() < 1e-9
    assert found.heading.max() < 1e-9


def test_a_fit_finds_the_vehicle_that_made_the_log(race):
    truth = vehicles.load("deepracer_v5")
    logs = [log_of(race(vehicle=truth, seed=s, end_off_track=False), truth, 150) for s in (0, 1)]
    begin = vehicles.load("deepracer_v4")
    found = fit(logs, begin, "fixed").vehicle
    for name in ("steer_lag", "effective_wheelbase", "delay", "speed_gain", "lateral_grip"):
        assert found[name][0] == pytest.approx(truth[name][0], rel=0.05), name
    assert (fit(logs, begin, "fixed").vehicle == found).all()  # repeatable
    assert set(FREE) <= set(found.dtype.names)


def test_time_between_poses_is_one_stamp_earlier():
    rows = np.zeros(4, LOG)
    rows["tstamp"] = [1.0, 1.05, 1.13, 9.0]  # the last after a pause
    assert time_steps(rows, "log") == pytest.approx([1 / 15, 0.05, 0.08, 1 / 15])
    assert (time_steps(rows, "fixed") == 1 / 15).all()


def test_a_log_too_short_is_refused(csv_lines):
    log = read_one("\n".join(csv_lines[:10]).encode(), "a.csv")
    with pytest.raises(BadLog, match="no stretch of 19 steps"):
        check_fidelity([log], vehicles.load("deepracer"))
