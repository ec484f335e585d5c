import math

import numpy as np
import pytest

from racer import vehicles
from racer.errors import BadConfig, UnknownName
from racer.sim.types import SINGLE_TRACK, VEHICLE


@pytest.mark.parametrize("name", vehicles.names())
def test_every_preset_is_one_whole_row(name):
    row = vehicles.load(name)
    assert row.shape == (1,)
    assert row.dtype == VEHICLE
    assert row["speed_min"][0] < row["speed_max"][0]
    assert 0.0 < row["steer_max"][0] < math.pi / 2


def test_the_default_is_the_simulator_of_today():
    assert (vehicles.load("deepracer") == vehicles.load("deepracer_v5")).all()


def test_eras_differ_where_real_logs_do():
    old, new = vehicles.load("deepracer_v4"), vehicles.load("deepracer_v5")
    assert old["speed_lag"][0] > 0.2 > 0.02 > new["speed_lag"][0]  # s: slow powertrain, instant
    assert old["steer_lag"][0] > 2 * new["steer_lag"][0]
    assert old["lateral_grip"][0] < 3.0 < new["lateral_grip"][0]  # m/s2


@pytest.mark.parametrize("name", ["deepracer_v4", "deepracer_v5"])
def test_full_lock_turns_within_the_road(race, name):
    """Slow at full lock: a circle of wheelbase / tan, 0.4 m, which the tightest bends need."""
    r = race(vehicle=name, end_off_track=False, end_reversed=False, max_steps=1000)
    for _ in range(60):
        r.step(np.array([[1.0, -0.75]], np.float32))
    car = r.cars[0]
    radius = car["v"] / car["yaw_rate"]
    assert radius == pytest.approx(
        r.vehicle["effective_wheelbase"][0] / math.tan(math.radians(30)), rel=1e-3
    )
    assert radius < 0.45


def test_loading_gives_a_copy():
    vehicles.load("deepracer")["speed_max"] = 1.0
    assert vehicles.load("deepracer")["speed_max"][0] == 4.0


def test_f1tenth_has_tyres():
    assert vehicles.load("f1tenth")["model"][0] == SINGLE_TRACK


def test_wrong_numbers_are_refused_by_name():
    good = {k: vehicles.load("deepracer")[k][0] for k in VEHICLE.names}
    with pytest.raises(BadConfig, match="speeed"):
        vehicles.vehicle(**good, speeed=1.0)
    with pytest.raises(BadConfig, match="'wheelbase'"):
        vehicles.vehicle(**{k: v for k, v in good.items() if k != "wheelbase"})
    with pytest.raises(BadConfig, match="wheelbase = nan"):
        vehicles.vehicle(**{**good, "wheelbase": math.nan})
    with pytest.raises(UnknownName, match="Did you mean 'f1tenth'"):
        vehicles.load("f1tent")
