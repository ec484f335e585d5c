"""Components of a reward: a dict beside the number; they never change the reward."""

from contextlib import closing

import numpy as np
import pytest

from racer.config import RaceConfig
from racer.race import make_race
from racer.reward import load, make_engine
from racer.reward.components import LONGEST, MOST, Tally, checked
from racer.tracks import Track

PARTS = """
components = {}
def reward_function(params):
    components["speed"] = params["speed"] / 4.0
    components["progress"] = params["progress"] / 100.0
    return float(sum(components.values()))
"""
HOSTILE = """
components = {}
class Odd(dict):
    def items(self):
        return [("x", object()), (3, 1.0), ("nan", float("nan")), ("\\x1b[2J", 1.0), ("fine", 2)]
def reward_function(params):
    global components
    components = Odd()
    return 1.0
"""


@pytest.mark.parametrize("engine", ["worker", "inprocess"])
def test_components_are_summed_over_cars_and_calls_and_the_reward_is_the_same(
    engine, write, waypoints, rows
):
    plain = PARTS.replace("components", "parts")
    with (
        closing(make_engine(write(PARTS), n=4, waypoints=waypoints, engine=engine)) as made,
        closing(make_engine(write(plain, "plain.py"), n=4, waypoints=waypoints)) as other,
    ):
        out, expected = np.zeros(4), np.zeros(4)
        for start in (0, 4, 8):
            batch = rows[start : start + 4].copy()
            made.compute(batch, None, out)
            other.compute(batch, None, expected)
            np.testing.assert_array_equal(out, expected)
        sums = made.take_components()
        assert made.take_components() == other.take_components() == {}
    assert made.name == engine
    assert {name: count for name, (_, count) in sums.items()} == {"speed": 12, "progress": 12}
    assert sums["speed"][0] == pytest.approx(rows["speed"][:12].sum() / 4.0)
    assert sums["progress"][0] == pytest.approx(rows["progress"][:12].sum() / 100.0)


def test_what_is_no_component_is_left_out(write, waypoints, rows):
    with closing(make_engine(write(HOSTILE), n=1, waypoints=waypoints)) as made:
        out = np.zeros(1)
        made.compute(rows[:1].copy(), None, out)
        assert made.take_components() == {"fine": (2.0, 1)}
    assert out.tolist() == [1.0]


def test_too_many_and_too_long_names_are_left_out():
    tally = Tally()
    tally.add({"x" * (LONGEST + 1): 1.0} | {f"c{i}": 1.0 for i in range(MOST + 5)})
    assert list(tally.take()) == [f"c{i}" for i in range(MOST)]


@pytest.mark.parametrize(
    "found", [[], {"a": 1.0}, {"a": [1.0, 0]}, {"a": ["1", 1]}, {"a": [float("inf"), 1]}]
)
def test_what_a_worker_says_of_its_sums_is_checked(found):
    assert checked(found) == {}


def test_a_file_without_the_dict_has_none(write):
    assert load(write(PARTS)).components_line == 2
    assert load(write(PARTS.replace("components", "parts"))).components_line == 0
    assert (
        load(write("components = 3\ndef reward_function(p):\n    return 1.0\n")).components_line
        == 0
    )


def test_one_component_can_be_paid_alone(write, waypoints, rows):
    alone = load(write(PARTS)).of_component("speed")
    with closing(make_engine(alone, n=2, waypoints=waypoints)) as made:
        out = np.zeros(2)
        made.compute(rows[:2].copy(), None, out)
    np.testing.assert_array_equal(out, rows["speed"][:2] / 4.0)


def test_a_file_with_components_runs_in_the_worker(write, waypoints):
    with closing(make_engine(write(PARTS), n=2, waypoints=waypoints)) as made:
        assert made.name == "worker"
        assert made.why_not.endswith("mine.py:2: components are read from plain Python")


def test_every_engine_can_be_asked(write):
    with closing(make_race(RaceConfig(), 2, reward=lambda params: 1.0).reward) as function:
        assert function.take_components() == {}
    tracks = [Track.load("oval"), Track.load("s_bends")]
    race = make_race(RaceConfig(reward=str(write(PARTS))), 4, tracks=tracks)
    race.reset()
    race.step(np.zeros((4, 2), np.float32))
    with closing(race.reward) as pack:
        assert pack.take_components()["speed"] == (4 * 2.5 / 4.0, 4)  # the middle of 1 to 4 m/s
