"""Searches for a vehicle whose wheels turn slowly: passes along known drives."""

import dataclasses
import sys

import numpy as np
import pytest

from racer import raceline
from racer.config import RaceConfig
from racer.raceline import Setup, along, feedback, kernels, passes
from racer.raceline.drive import WHOLE, Drive, replay
from racer.raceline.driver import PLANS, first_drive
from racer.raceline.rollouts import Rollouts
from racer.sim.native_call import bind
from racer.sim.types import CAR


@pytest.fixture(scope="module")
def slow():
    return Setup.of(RaceConfig(track="oval", vehicle="deepracer_v4"))


@pytest.fixture(scope="module")
def first(slow):
    """A drive to begin with."""
    return first_drive(Rollouts(slow, PLANS), 3.15, np.random.default_rng(0), tries=1)


@pytest.fixture(scope="module", autouse=True)
def short():
    """A search of some seconds; the tables in the docs are made by the whole one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "STAGES", ((2, 10), (1, 10)))
        yield


@pytest.fixture(scope="module")
def found(slow):
    return raceline.search(slow, rounds=3)


def never():
    return False


def nothing(done, best):
    pass


def test_what_is_found_drives_the_same_in_a_race(slow, found):
    line = found.drive(slow)
    drive = replay(Rollouts(slow, 1), found.actions)
    for name in ("x", "y", "yaw", "v", "steer", "n", "wheels_off"):
        assert (line[name] == drive.cars[name]).all(), name
    assert len(found.lap_times_s) == WHOLE


def test_the_same_seed_finds_the_same_lap(slow, found):
    assert raceline.search(slow, rounds=3).to_json() == found.to_json()
    assert raceline.search(slow, rounds=1, seed=1).to_json() != found.to_json()


def test_passes_make_laps_faster(slow, found):
    begun = raceline.search(slow, rounds=0)
    assert max(found.lap_times_s[1:]) < max(begun.lap_times_s[1:])


def test_strict_keeps_all_wheels_on_the_road(slow):
    setup = slow.with_rule("strict")
    assert raceline.search(setup, rounds=1).drive(setup)["wheels_off"].max() == 0


def test_which_vehicles_are_searched_by_passes(slow):
    turns_slowly = sys.modules["racer.raceline.search"]._turns_slowly
    assert turns_slowly(slow)
    for config in (
        RaceConfig(track="oval"),
        RaceConfig(track="oval", vehicle="f1tenth"),
        RaceConfig(track="oval", vehicle="deepracer_v4", actions="discrete"),
    ):
        assert not turns_slowly(Setup.of(config))


def test_a_given_drive_of_two_laps_is_driven_on(slow, found):
    drive = replay(Rollouts(slow, 1), found.actions)
    two = int(np.argmax(drive.places > 2.0 * slow.track.length)) + 1
    better = raceline.search(slow, start=found.actions[:two], rounds=3)
    assert len(better.lap_times_s) == WHOLE


def test_a_given_lap_is_never_made_worse(slow, found):
    seen = []
    better = raceline.search(
        slow, start=found.actions, rounds=1, report=lambda done, best: seen.append(done)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    before, after = found.lap_times_s, better.lap_times_s
    assert sum(after) + 0.5 * min(after) <= sum(before) + 0.5 * min(before) + 1e-9
    assert better.flying_s <= found.flying_s


def test_the_best_of_the_first_drives_is_reported_after_each(slow):
    seen = []
    raceline.search(slow, rounds=0, report=lambda done, best: seen.append((done, best)))
    laps = [(done, best.flying_s) for done, best in seen if best is not None]
    assert [done for done, _ in laps] == [passes.Passes.share / 2, passes.Passes.share, 1.0]
    assert laps[2][1] <= min(laps[0][1], laps[1][1])


def test_a_search_stops_between_two_decisions(slow, first):
    looks = iter(range(100))
    rollouts = Rollouts(slow, along.PLANS)
    rng = np.random.default_rng(0)
    found = along.passed_along(rollouts, first, rng, size=1.0, stop=lambda: next(looks) == 7)
    assert found is None
    assert next(looks) == 8


def test_feedback_brings_cars_back_to_the_drive(slow, first):
    """Cars that start 4 cm beside a drive, with gains and without; on the road or off it."""
    rollouts = Rollouts(slow, along.PLANS)
    rollouts.limits[1] = 4
    gains = feedback.gains(rollouts, first)
    begins, steps = np.arange(60, 240, 15), 40
    beside = first.cars[begins].copy()
    for axis, share in zip("xy", (-np.sin(beside["yaw"]), np.cos(beside["yaw"])), strict=True):
        beside[axis] += 0.04 * share
        beside[f"nose_{axis}"] += 0.04 * share

    def off_after(gains):
        table, count = first.table(rollouts, beside=gains), len(begins)
        rollouts.cars[:count] = beside
        rollouts.begin(count, first.places[begins])
        places, alive = rollouts.taking_part(count)
        at, begun = np.zeros(1, int), np.zeros(count, int)
        plans, guesses = np.zeros((count, steps, 2)), np.zeros((steps, count, 2))
        ways = table, plans, at, guesses, rollouts.actions, begun
        rollouts.steps(bind(kernels.follow, rollouts.cars, alive, places, *ways), steps)()
        known = np.interp(places, first.places, first.cars["n"])
        return np.abs(rollouts.cars["n"][:count] - known).mean()

    assert off_after(gains) < 0.01
    assert off_after(np.zeros_like(gains)) > 0.03


def test_the_price_of_a_car_off_the_drive(slow, first):
    """5 cm beside the drive costs 1, and so does 0.3 m/s; on it and behind its end nothing."""
    rollouts = Rollouts(slow, 1)
    table, cars = first.table(rollouts), first.cars[[60, 60, 60, -1]].copy()
    cars["n"][[1, 3]] += 0.05
    cars["v"][2] -= 0.3
    places = first.places[[60, 60, 60, -1]] + [0.0, 0.0, 0.0, 0.5]
    prices = feedback.price(table, cars, places)
    np.testing.assert_allclose(prices, [0.0, 1.0, 1.0, 0.0], atol=1e-6)


def test_of_two_plans_the_one_that_ends_near_the_drive_is_better(slow, first, monkeypatch):
    rollouts, rng = Rollouts(slow, along.PLANS), np.random.default_rng(0)
    table = first.table(rollouts, beside=feedback.gains(rollouts, first))
    one = along._Pass(rollouts, first, table, rng, 1.0)
    one._vary()
    for near in (7, 30):
        prices = np.where(np.arange(along.PLANS) == near, 0.0, 1e6)
        monkeypatch.setattr(feedback, "price", lambda *args, prices=prices: prices)
        assert one._rolled()[0] == near


def test_gains_are_the_best_ones_for_the_drive_as_it_was_linearised(slow, first, monkeypatch):
    """No other gains cost less, from any state: every one of them is changed a little."""
    rollouts = Rollouts(slow, along.PLANS)
    seen = {}
    linearised = feedback._linearised

    def spied(*args):
        seen["a"], seen["b"] = linearised(*args)
        return seen["a"], seen["b"]

    monkeypatch.setattr(feedback, "_linearised", spied)
    last = slice(len(first.actions) - 20, len(first.actions))
    gains = feedback.gains(rollouts, first).reshape(-1, 2, 4)[last]
    a, b = seen["a"][last], seen["b"][last]

    def cost(gains, state):
        total = 0.0
        for k in range(20):
            action = gains[k] @ state
            total += (action**2).sum() / feedback._ALLOWED_ACTION**2
            total += ((state / feedback._ALLOWED) ** 2).sum()
            state = a[k] @ state + b[k] @ action
        return total + ((state / feedback._ALLOWED) ** 2).sum()

    rng = np.random.default_rng(0)
    for _ in range(50):
        state = rng.standard_normal(4) * feedback._ALLOWED
        other = gains * (1.0 + 0.05 * rng.standard_normal(gains.shape))
        assert cost(gains, state) <= cost(other, state)


def test_bumps_are_lines_up_and_down_again():
    rng, horizon = np.random.default_rng(0), 12
    plan, begins = rng.uniform(-1.0, 1.0, (horizon, 2)), rng.uniform(-4.0, 10.0, (5, 2))
    lengths, heights = rng.uniform(2.0, 8.0, (5, 2)), rng.standard_normal((5, 2))
    out = np.empty((5, horizon, 2))
    kernels.bump(plan, begins, lengths, heights, out)
    for i in range(5):
        for c in range(2):
            knots = begins[i, c] + lengths[i, c] * np.array([0.0, 0.5, 1.0])
            bump = np.interp(np.arange(horizon), knots, [0.0, heights[i, c], 0.0])
            np.testing.assert_allclose(out[i, :, c], plan[:, c] + bump, atol=1e-14)


def test_a_car_does_its_plan_and_what_feedback_adds():
    table = np.zeros((3, kernels.COLUMNS + 8))
    table[:, kernels.PLACE] = 0.0, 1.0, 2.0
    table[:, kernels.OFFSET] = 0.0, 0.2, 0.4
    table[:, kernels.YAW] = 3.1, 3.2, 3.3
    table[:, kernels.FIRST], table[:, kernels.SECOND] = (0.1, 0.3, 0.5), 0.4
    table[1, kernels.GAINS :] = -1.0, -0.5, 0.25, 0.0, 0.0, 0.0, 0.0, -9.0
    cars = np.zeros(2, CAR)
    cars["n"], cars["yaw"], cars["steer"], cars["v"] = 0.35, 3.23 - 2.0 * np.pi, 0.08, 1.0
    plans, guesses, begun = np.full((2, 4, 2), 0.05), np.full((4, 2, 2), 7.0), np.zeros(2, int)
    alive, at, actions = np.array([True, False]), np.array([2]), np.full((2, 2), 7.0, np.float32)
    places = np.array([1.25, 1.25])
    kernels.follow(cars, alive, places, table, plans, at, guesses, actions, begun)
    # off by 0.1 m, 0.005 rad, 0.08 rad, 1 m/s; the speed's action is clipped
    expected = [0.35 + 0.05 - 0.1 - 0.0025 + 0.02, -1.0]
    np.testing.assert_allclose(guesses[2, 0], expected, atol=1e-12)
    assert (actions[0] == guesses[2, 0].astype(np.float32)).all()
    assert (guesses[2, 1] == 7.0).all()
    assert (guesses[[0, 1, 3]] == 7.0).all()
    assert (actions[1] == 7.0).all()
    assert at.tolist() == [3]
    assert begun.tolist() == [1, 0]


@pytest.mark.parametrize("lap", [0, 1, 2])
def test_a_table_can_show_any_lap_again_and_again(slow, first, lap):
    rollouts = Rollouts(slow, 1)
    length, beside = slow.track.length, np.arange(len(first.cars), dtype=float)[:, None]
    table = first.table(rollouts, laps=3.15, lap=lap, beside=beside)
    own = first.table(rollouts)
    places = np.linspace(3.0, length - 1.0, 50)  # the metres after a line are its own
    shown = np.interp(places + lap * length, own[:, 0], own[:, 1])
    for k in range(3):
        offsets = np.interp(places + k * length, table[:, 0], table[:, 1])
        np.testing.assert_allclose(offsets, shown, atol=1e-9)
        rows = table[(table[:, 0] > k * length + 3.0) & (table[:, 0] < k * length + 4.0)]
        of_lap = np.interp(rows[:, -1], np.arange(len(first.cars)), first.places) // length
        assert (of_lap == lap).all()


def test_a_car_that_falls_behind_goes_back_and_the_second_time_farther(slow, first, monkeypatch):
    rollouts = Rollouts(slow, along.PLANS)
    table = first.table(rollouts, beside=feedback.gains(rollouts, first))
    one = along._Pass(rollouts, first, table, np.random.default_rng(0), 1.0)
    monkeypatch.setattr(one, "_lead", lambda place, steps: 0.0)
    places = []
    for _ in range(12):
        places.append(one.place)
        assert one.goes_on()
    far = one.place
    monkeypatch.setattr(one, "_lead", lambda place, steps: one.peak - 2.0)
    for driven in (12 - along.BACK, 0):
        assert one.goes_on()
        assert len(one.driven) == len(one.marks) == driven
        assert one.place == places[driven]
        assert one.calm_until == far
    assert one.goes_on()  # what is lost here twice is lost
    assert len(one.driven) == 1
    assert one.returns == 2


def test_a_pass_that_falls_far_behind_is_given_up(slow, first, monkeypatch):
    monkeypatch.setattr(along._Pass, "_lead", lambda self, place, steps: -4.5)
    rollouts = Rollouts(slow, along.PLANS)
    assert along.passed_along(rollouts, first, np.random.default_rng(0), size=1.0) is None


def test_a_drive_that_stands_still_is_given_up(slow, first, monkeypatch):
    """The given drive ends early, and beyond its end nobody counts how far behind a car is."""
    monkeypatch.setattr(along._Pass, "_lead", lambda self, place, steps: 0.0)
    monkeypatch.setattr(along, "SLOWEST", 0.1)
    rollouts = Rollouts(slow, along.PLANS)
    assert along.passed_along(rollouts, first, np.random.default_rng(0), size=1.0) is None


def test_all_laps_count_and_the_fastest_one_most(slow, first):
    one = passes.Passes(slow, np.random.default_rng(0), never, nothing)
    laps = first.lap_steps(slow.track.length)
    assert len(laps) == WHOLE
    assert one.score(first) == pytest.approx(sum(laps) + 0.5 * min(laps))
    longer = dataclasses.replace(first)
    object.__setattr__(longer, "lap_steps", lambda length: np.concatenate([laps, laps]))
    assert one.score(longer) == pytest.approx(one.score(first))
    half = Drive(first.actions[:99], first.cars[:100], first.places[:100])
    assert one.score(half) == float("inf")


def test_the_best_of_the_field_go_on(slow, first, monkeypatch):
    monkeypatch.setattr(passes, "STAGES", ((3, 2), (2, 4)))
    drives = [first] + [dataclasses.replace(first) for _ in range(2)]
    scores = dict(zip(map(id, drives), (30.0, 10.0, 20.0), strict=True))
    tried, told = [], []
    one = passes.Passes(slow, np.random.default_rng(0), never, lambda done, _: told.append(done))
    monkeypatch.setattr(one, "score", lambda drive: scores[id(drive)])
    monkeypatch.setattr(one, "lap", lambda drive: -scores[id(drive)])

    def better(drive, number):
        tried.append((id(drive), number))
        return drive

    monkeypatch.setattr(one, "_better", better)
    assert one.best_of(drives, 3) is drives[2]  # of the last two the one with the faster lap
    a, b, c = map(id, drives)
    assert tried[:6] == [(b, 0), (b, 1), (c, 0), (c, 1), (a, 0), (a, 1)]
    assert tried[6:] == [(b, 2), (b, 3), (b, 4), (c, 2), (c, 3), (c, 4)]
    assert told == pytest.approx(np.arange(12) / 12)


def test_a_given_drive_is_the_answer_where_no_lap_is_faster(slow, first, monkeypatch):
    monkeypatch.setattr(passes, "ALONE", 3)
    one = passes.Passes(slow, np.random.default_rng(0), never, nothing)
    other, calls = dataclasses.replace(first), []
    monkeypatch.setattr(one, "_better", lambda drive, number: calls.append(number) or other)
    for lap in (90.0, 95.0):
        monkeypatch.setattr(one, "lap", lambda drive, lap=lap: 92.0 if drive is first else lap)
        assert one.best_of([first], 9) is (other if lap < 92.0 else first)
    assert calls == [0, 1, 2] * 2


def test_the_fastest_lap_is_asked_for(slow, first):
    one = passes.Passes(slow, np.random.default_rng(0), never, nothing)
    assert one.lap(first) == first.lap_steps(slow.track.length).min()
