"""Reference laps: what the search finds can be driven, and drives the same again, to the bit."""

import dataclasses
import itertools
import json
import os
import sys
from statistics import NormalDist

import numpy as np
import pytest

from racer import raceline
from racer.actions import Discrete
from racer.config import RaceConfig, Rules
from racer.errors import BadConfig, BadInput, BadTrack
from racer.evaluation import evaluate
from racer.raceline import Setup, kernels, rounds, store
from racer.raceline.drive import WHOLE, replay
from racer.raceline.reference import Reference
from racer.raceline.refine import GUESSES, SCALES, SETS, normal_sets
from racer.raceline.rollouts import Rollouts
from racer.sim import jit

ROUNDS = 2


def rollouts(setup, n=1):
    return Rollouts(setup, n)


@pytest.fixture(scope="module", autouse=True)
def one_first_drive():
    """As many are not needed here; one test has more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "FIELD", dict.fromkeys(rounds.FIELD, 1))
        yield


@pytest.fixture(scope="module")
def official():
    return Setup.of(RaceConfig(track="oval"))


@pytest.fixture(scope="module")
def found(official):
    return raceline.search(official, rounds=ROUNDS)


def test_a_found_lap_drives_the_same_again_in_a_race(official, found):
    line = found.drive(official)
    drive = replay(rollouts(official), found.actions)
    for name in ("x", "y", "yaw", "v", "steer", "n", "wheels_off"):
        assert (line[name] == drive.cars[name]).all(), name
    assert np.allclose(line["place"], drive.places, rtol=0, atol=1e-9)


def test_rounds_only_improve(official, found):
    first = raceline.search(official, rounds=0)
    assert sum(found.lap_times_s) < sum(first.lap_times_s)


def test_the_fastest_lap_of_all_improved_drives_is_the_answer(official, monkeypatch):
    monkeypatch.setattr(rounds, "FIELD", dict.fromkeys(rounds.FIELD, 3))
    monkeypatch.setattr(rounds, "STEPS", 150)  # two laps of the oval
    after, ended = rounds.Rounds._after, []

    def recorded(self, drive, numbered):
        ended.append(after(self, drive, numbered))
        return ended[-1]

    monkeypatch.setattr(rounds.Rounds, "_after", recorded)
    found = raceline.search(official, rounds=2)
    first, second = (one.lap_steps(official.track.length)[1:].min() for one in ended)
    assert first != second
    assert found.flying_s == pytest.approx(min(first, second) / official.control_hz, abs=1e-12)


def test_noise_is_normal_and_tries_more_of_the_range_than_chance():
    rng, each = np.random.default_rng(0), GUESSES // len(SCALES)
    noise = normal_sets(rng, GUESSES)
    assert noise.shape == (SETS, GUESSES, 2)
    assert (noise[:, 0] == 0.0).all()
    by_scale = noise.reshape(SETS, each, len(SCALES), 2)
    for k, scale in enumerate(SCALES):
        drawn = by_scale[:, 1:, k].ravel() / scale
        shares = np.linspace(0.02, 0.98, 25)
        expected = [NormalDist().inv_cdf(share) for share in shares]
        np.testing.assert_allclose(np.quantile(drawn, shares), expected, atol=0.1)
        gaps = by_scale[:, 1:, None, k] - by_scale[:, None, 1:, k]
        gaps = np.hypot(*np.moveaxis(gaps, -1, 0)) / scale + 9.0 * np.eye(each - 1)
        chance = rng.standard_normal((SETS, each - 1, 2))
        beside = np.hypot(*np.moveaxis(chance[:, :, None] - chance[:, None], -1, 0))
        beside += 9.0 * np.eye(each - 1)
        assert gaps.min(axis=2).mean() > 1.3 * beside.min(axis=2).mean()


def test_plans_are_varied_by_lines_between_knots_from_some_step_on():
    rng, horizon = np.random.default_rng(0), 11
    plan, since = rng.uniform(-1.0, 1.0, (horizon, 2)), np.array([11, 0, 4, -3])
    knots, at = rng.standard_normal((4, horizon // kernels.KNOT + 3, 2)), np.array([0, 1, 4, 2])
    varied = np.empty((4, horizon, 2))
    kernels.vary(plan, knots, at, since, varied)
    steps = np.arange(horizon)
    for i in range(4):
        where, here = (steps + at[i]) / kernels.KNOT, steps >= since[i]
        noise = [np.interp(where, np.arange(len(knots[i])), knots[i, :, c]) for c in (0, 1)]
        expected = np.clip(plan + here[:, None] * np.transpose(noise), -1.0, 1.0)
        np.testing.assert_allclose(varied[i], expected, atol=1e-14)
    assert (varied[0] == plan).all()


def test_a_car_that_left_the_road_is_driven_no_further(official):
    cars = rollouts(official, 2)
    cars.begin(2, np.array([cars.start["s"][0]] * 2))
    guesses = np.array([[1.0, 1.0], [0.0, 0.0]])  # a full turn, and straight on
    for _ in range(60):
        if not cars.step(guesses)[1][0]:
            break
    off, on = cars.cars.copy()
    cars.step(guesses)
    assert cars.cars[0] == off
    assert cars.cars[1] != on


def test_the_same_seed_finds_the_same_lap(official, found):
    again = raceline.search(official, rounds=ROUNDS)
    assert again.to_json() == found.to_json()


def test_strict_keeps_all_wheels_on_the_road(official):
    setup = official.with_rule("strict")
    found = raceline.search(setup, rounds=0)
    assert found.drive(setup)["wheels_off"].max() == 0


def test_a_list_of_actions_has_its_own_reference():
    setup = Setup.of(RaceConfig(track="oval", actions="discrete"))
    found = raceline.search(setup, rounds=1)
    assert isinstance(setup.actions, Discrete)
    assert set(found.actions) <= set(range(len(setup.actions.choices)))
    found.drive(setup)


def test_official_times_are_those_that_evaluation_counts(official, found):
    class Player:
        step = -1

        def act(self, obs):
            self.step += 1
            return found.actions[self.step : self.step + 1]

    config = RaceConfig(track="oval", reward="center_line")
    result, _ = evaluate(Player(), config, laps=3)
    assert result.lap_times_s == pytest.approx(found.official_s, abs=1e-9)
    # the clock counts whole steps, the reference parts of them; standing laps one frame more
    assert 0 <= found.official_s[0] - found.standing_s - 1 / 15 <= 2 / 15
    assert abs(found.official_s[1] - found.lap_times_s[1]) < 1 / 15


@pytest.mark.parametrize("fastest", [0, 1, 2])
def test_a_folded_table_shows_the_fastest_lap_again_and_again(
    official, found, fastest, monkeypatch
):
    cars = rollouts(official)
    drive, length = replay(cars, found.actions), official.track.length
    assert len(drive.lap_steps(length)) == 3
    steps = np.full(3, 80.0) - 5.0 * (np.arange(3) == fastest)
    monkeypatch.setattr(type(drive), "lap_steps", lambda self, length: steps)
    own, folded = drive.table(cars), drive.table(cars, laps=2.15)
    assert (np.diff(folded[:, 0]) > 0.0).all()

    def offset(table, lap):
        places = np.linspace(3.0, length - 1.0, 50)  # the metres after a line are its own
        return np.interp(places + lap * length, table[:, 0], table[:, 1])

    for lap in range(3):
        np.testing.assert_allclose(offset(folded, lap), offset(own, fastest), atol=1e-9)
    assert np.abs(offset(own, 0) - offset(own, 2)).max() > 1e-3
    assert np.array_equal(folded[:5], own[:5])  # from standstill


def test_a_given_drive_of_two_laps_is_driven_on(official, found):
    drive = replay(rollouts(official), found.actions)
    two = int(np.argmax(drive.places > 2.0 * official.track.length)) + 1
    better = raceline.search(official, start=found.actions[:two], rounds=1)
    assert len(better.lap_times_s) == WHOLE


def test_progress_is_reported_and_grows(official):
    seen = []
    raceline.search(official, rounds=1, report=lambda done, best: seen.append((done, best)))
    shares = [done for done, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen[-1][1] is not None


def test_a_search_can_begin_with_a_given_lap(official, found):
    better = raceline.search(official, start=found.actions, rounds=2, seed=1)
    assert sum(better.lap_times_s[:2]) <= sum(found.lap_times_s[:2])


@pytest.fixture
def a_second_a_look(monkeypatch):
    """A clock that goes on by a second whenever somebody looks at it."""
    ticks = itertools.count()
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    return ticks


def test_the_seconds_given_bound_the_first_drive_too(official, a_second_a_look):
    with pytest.raises(BadConfig, match="over before a first lap of oval"):
        raceline.search(official, seconds=5.0)
    assert next(a_second_a_look) < 10


def test_seconds_bound_a_search_with_a_list_of_actions():
    setup = Setup.of(RaceConfig(track="oval", actions="discrete"))
    assert raceline.search(setup, seconds=3600.0, rounds=0).flying_s > 0.0


def test_before_the_seconds_begin_a_first_decision_is_compiled(official, monkeypatch):
    search = sys.modules["racer.raceline.search"]
    decided, first_drive = [], search.first_drive

    def recorded(rollouts, *args, **options):
        found = first_drive(rollouts, *args, **options)
        decided.append(len(found.actions))
        return found

    monkeypatch.setattr(search, "first_drive", recorded)
    raceline.search(official, seconds=3600.0, rounds=0)
    assert 0 < decided[0] < 20 < decided[1]


def test_compiling_does_not_count_among_the_seconds(official, monkeypatch):
    clock = [0.0]

    def compiled_at_first(*args, **options):
        clock[0] += 60.0 if not clock[0] else 0.0
        return first_drive(*args, **options)

    search = sys.modules["racer.raceline.search"]  # the function has its name
    first_drive = search.first_drive
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr(search, "first_drive", compiled_at_first)
    assert raceline.search(official, seconds=5.0, rounds=1).flying_s < 6.0


def test_when_the_seconds_are_over_the_best_drive_so_far_is_the_answer(
    official, found, a_second_a_look
):
    same = raceline.search(official, start=found.actions, seconds=5.0)
    assert same.lap_times_s == found.lap_times_s
    assert next(a_second_a_look) < 10


def test_a_lap_that_leaves_the_road_is_no_start(official):
    with pytest.raises(BadTrack, match="does not complete two laps"):
        raceline.search(official, start=np.ones((200, 2), np.float32))


def test_a_lap_that_cuts_a_bend_is_no_start_and_the_reason_is_said(official, found, monkeypatch):
    monkeypatch.setattr("racer.raceline.rollouts.GAIN_MAX", 0.5)
    with pytest.raises(BadTrack, match=r"one step gains 0\.\d\d m .* at most 0\.14 m"):
        raceline.search(official, start=found.actions)


def test_a_road_too_tight_for_the_car_is_named(official):
    stiff = official.vehicle.copy()
    stiff["steer_max"] = np.radians(3.0)  # a radius of 4.8 m; the oval's bends have 1.5 m
    setup = dataclasses.replace(official, vehicle=stiff)
    with pytest.raises(BadTrack, match="may be too tight for this vehicle"):
        raceline.search(setup, rounds=0)


def test_an_unknown_rule_is_refused():
    with pytest.raises(BadConfig, match="Did you mean 'strict'"):
        Setup.of(RaceConfig(), "strikt")


def test_another_setup_has_another_key(official):
    others = [
        official.with_rule("strict"),
        Setup.of(RaceConfig(track="oval", vehicle="deepracer_v4")),
        Setup.of(RaceConfig(track="oval", actions="discrete")),
        Setup.of(RaceConfig(track="oval", rules=Rules(reverse=True))),
        Setup.of(RaceConfig(track="oval", rules=Rules(control_hz=30.0))),
    ]
    assert len({official.key, *(one.key for one in others)}) == 6


def test_files_keep_every_bit(found):
    again = Reference.of_json(json.loads(json.dumps(found.to_json())), "here")
    assert again.to_json() == found.to_json()
    assert again.actions.tobytes() == found.actions.tobytes()


def test_a_reference_of_another_setup_is_refused(official, found):
    with pytest.raises(BadInput, match="another setup"):
        found.drive(official.with_rule("strict"))


def test_percent_of_optimal_is_the_share_of_the_time(found):
    assert found.pct(2.0 * found.flying_s) == pytest.approx(50.0)
    assert found.pct(found.standing_s, flying=False) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("times", "lap"), [((5.0, 4.9, 4.8), 2), ((5.0, 5.1), 0), ((5.0, 5.0), 1)], ids=str
)
def test_the_lap_at_speed_is_never_behind_the_one_from_standstill(found, times, lap):
    reference = dataclasses.replace(found, lap_times_s=times)
    assert reference.flying_lap == lap
    assert reference.flying_s == times[lap] <= reference.standing_s


def test_a_faster_lap_replaces_the_known_one(official, found, tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", str(tmp_path / "kernels"))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "none")
    assert store.find(official) is None
    assert store.offer(official, found)
    assert not store.offer(official, found)
    assert store.find(official).to_json() == found.to_json()
    (file,) = (tmp_path / "references").iterdir()
    file.write_text(file.read_text()[:100])  # a damaged file is no reference, and is replaced
    assert store.find(official) is None
    assert store.offer(official, found)
    about = json.loads(file.read_text())
    about["lap_times_s"][1] -= 1.0  # one digit of a file that is whole otherwise
    file.write_text(json.dumps(about))
    assert store.find(official) is None
    assert store.offer(official, found)
    if hasattr(os, "getuid"):
        file.parent.chmod(0o777)  # anyone may have put a lap there
        assert store.find(official) is None


SHIPPED = sorted(store.SHIPPED.glob("*.json"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_references_drive_bit_for_bit(path, monkeypatch):
    monkeypatch.setattr(store, "folder", lambda: None)  # this machine may know a faster one
    name, rule = path.stem.rsplit(".", 1)
    setup = Setup.of(RaceConfig(track=name), rule)
    reference = raceline.find(setup)
    line = reference.drive(setup)
    drive = replay(rollouts(setup), reference.actions)
    # a road's length is computed, and sines differ in the last bit between platforms
    times = Reference.of(setup, drive, "").lap_times_s
    assert times == pytest.approx(reference.lap_times_s, rel=0, abs=1e-9)
    assert line["wheels_off"].max() <= setup.wheels_off
    assert reference.flying_lap > 0  # found at speed, not lent by the lap from standstill
