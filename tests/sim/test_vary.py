"""Physics randomisation: another vehicle in every episode of every car, the same for its seed."""

import numpy as np
import pytest

from racer import vehicles
from racer.config import RaceConfig, Rules
from racer.evaluation.drive import from_the_line
from racer.race import make_race
from racer.sim.vary import vary_vehicle

SWERVES = Rules(start="random", alternate_direction=True, max_steps=12)


def varied(n, seed=0, vehicle="deepracer", randomize="physics", rules=SWERVES):
    config = RaceConfig(vehicle=vehicle, randomize=randomize, rules=rules)
    race = make_race(config, n, with_reward=False, seed=seed)
    race.reset()
    return race


def actions(seeds, step):
    turn = np.array([np.sin(seed + step / 3.0) for seed in seeds])
    return np.stack([turn, np.cos(turn)], axis=1).astype(np.float32)


def history(race, seeds, steps=30):
    """Bytes of every car after every step; who is done starts again."""
    rows = []
    for step in range(steps):
        race.step(actions(seeds, step))
        rows.append([race.cars[i].tobytes() for i in range(race.n)])
        if race.done_count:
            race.reset(race.done)
    return rows


def test_every_episode_draws_within_what_is_documented():
    race, base = varied(1, vehicle="f1tenth"), vehicles.load("f1tenth")
    base["delay"] = 0.03
    drawn = np.repeat(base, 400)
    for i in range(len(drawn)):
        race.cars["episode"] = i
        vary_vehicle(race.cars[0], base[0], race.sim[0], drawn[i : i + 1][0])
    for name, low, high, more in (
        ("lateral_grip", 0.8, 1.2, 0.0),
        ("friction", 0.8, 1.2, 0.0),
        ("speed_lag", 0.7, 1.3, 0.030),
        ("steer_lag", 0.7, 1.3, 0.030),
        ("delay", 0.5, 1.5, 0.015),
        ("speed_gain", 0.9, 1.1, 0.0),
        ("effective_wheelbase", 0.9, 1.1, 0.0),
    ):
        low, high = base[name][0] * low, base[name][0] * high + more
        assert low <= drawn[name].min(), name
        assert drawn[name].max() <= high, name
        assert np.ptp(drawn[name]) > 0.8 * (high - low), name  # 400 draws reach most of it
    assert (drawn["length"] == base["length"]).all()
    race.sim["control_dt"] = 0.02
    vary_vehicle(race.cars[0], base[0], race.sim[0], drawn[0])
    assert drawn["delay"][0] <= 0.02  # never longer than a control step


@pytest.mark.parametrize("vehicle", ["deepracer", "f1tenth"])
def test_a_row_equals_a_race_of_one_and_goes_on_from_a_copy(vehicle):
    batch = varied(70, seed=3, vehicle=vehicle)  # more than a block of cars
    first = history(batch, range(70))
    for i in (0, 69):
        one = varied(1, seed=3 + i, vehicle=vehicle)
        assert [rows[0] for rows in history(one, [i])] == [rows[i] for rows in first]
    again = varied(70, seed=99, vehicle=vehicle)
    again.cars[:] = batch.cars
    assert history(again, range(70)) == history(batch, range(70))


def test_cars_with_more_grip_turn_harder():
    free = Rules(start="line", end_off_track=False, end_reversed=False, continuous=True)
    race = varied(200, rules=free)
    for _ in range(25):
        race.step(np.full((200, 2), 1.0, np.float32))
    pulls = np.abs(race.cars["v"] * race.cars["yaw_rate"])
    grip = vehicles.load("deepracer")["lateral_grip"][0]
    assert 0.8 * grip <= pulls.min() < 0.85 * grip  # all slide: full lock at full speed
    assert 1.15 * grip < pulls.max() <= 1.2 * grip * (1 + 1e-9)
    speeds = race.cars["v"] / vehicles.load("deepracer")["speed_gain"][0]
    assert np.ptp(speeds) > 0.15 * speeds.mean()  # 0.9 to 1.1 times


def test_it_is_off_by_default_and_in_evaluations():
    assert not varied(1, randomize="none").varied
    assert not varied(1, randomize="visual").varied
    config = RaceConfig(randomize="visual+physics")
    assert config.sensors.varied
    assert "physics" in config.varied
    assert from_the_line(config, continuous=True) == from_the_line(RaceConfig(), continuous=True)


SCRIPT = """
import hashlib
import numpy as np
from racer import vehicles
from racer.actions import Continuous
from racer.config import Rules
from racer.race import Race
from racer.tracks import Track

a = np.linspace(0, 2 * np.pi, 9)
center = 0.6 * np.stack([np.cos(a), np.sin(a)], axis=1)  # small: plain Python is slow
center[-1] = center[0]
race = Race(
    Track("octagon", center, 0.6 * center, 1.4 * center), 2,
    vehicle=vehicles.load("deepracer"), actions=Continuous(), varied=True, rules=Rules(max_steps=6),
)
race.reset()
digest = hashlib.sha256()
for k in range(10):
    race.step(np.full((2, 2), 0.1 * k, np.float32))
    digest.update(race.cars.tobytes())
    race.reset(race.done)
print(digest.hexdigest())
"""


def test_compiled_equals_plain_python_to_the_bit(python):
    plain = "import warnings; warnings.simplefilter('ignore', RuntimeWarning)\n" + SCRIPT
    assert python(SCRIPT) == python(plain, NUMBA_DISABLE_JIT="1")
