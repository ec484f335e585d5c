"""What mattered: a planted effect is found, noise is not."""

import math

import numpy as np
import pytest

from racer.sweep import effects
from racer.sweep.score import Row, configurations
from racer.sweep.space import Range, Values

SPACE = {"train.gamma": Values((0.9, 0.95, 0.99)), "race.reward": Values(("a", "b"))}


def rows_of(completion, seeds=5):
    """A grid whose runs complete `completion(gamma, reward, rng)` %."""
    rng, found = np.random.default_rng(3), []
    pairs = [(g, r) for g in SPACE["train.gamma"].values for r in SPACE["race.reward"].values]
    for number, (gamma, reward) in enumerate(pairs):
        for seed in range(seeds):
            settings = {"train.gamma": gamma, "race.reward": reward}
            share = float(np.clip(completion(gamma, reward, rng), 0, 100))
            rest = (share, math.nan, math.nan, math.nan, 1.0)
            found.append(Row(f"{number:04d}-seed{seed}", number, seed, settings, "finished", *rest))
    return found


def test_a_planted_effect_is_named_and_the_other_setting_is_not():
    rows = rows_of(lambda gamma, _, rng: 300 * (gamma - 0.8) + rng.normal(0, 5))
    said = effects.sentence(rows, SPACE, grid=True)
    assert said.startswith("train.gamma mattered most")
    assert "best 0.99" in said
    assert "worst 0.9 with 29" in said
    assert "race.reward: no more than chance" in said


def test_a_strong_setting_does_not_hide_a_weak_one():
    rows = rows_of(lambda g, reward, rng: 500 * (g - 0.85) + 4 * (reward == "a") + rng.normal(0, 1))
    found = {one.key: one for one in effects.effects(rows, SPACE, grid=True)}
    assert found["race.reward"].share < 0.05
    assert found["race.reward"].real


def test_nothing_that_matters_is_said_to_be_nothing():
    rows = rows_of(lambda *given: given[2].normal(50, 20))
    said = effects.sentence(rows, SPACE, grid=True)
    assert said.startswith("Nothing that varied mattered more than chance")
    assert "Seeds of the same settings differ" in said


def test_seeds_of_one_configuration_are_no_independent_draws():
    """Eight drawn configurations whose 20 seeds agree: 160 runs, and still only 8 draws."""
    rng, rows = np.random.default_rng(1), []
    for number in range(8):
        share, rate = float(rng.uniform(0, 100)), float(rng.uniform(0, 1))
        for seed in range(20):
            rest = (share, math.nan, math.nan, math.nan, 1.0)
            rows.append(Row(f"{number}-{seed}", number, seed, {"x": rate}, "finished", *rest))
    (found,) = effects.effects(rows, {"x": Range(0.0, 1.0)}, grid=False)
    assert not found.real


def test_one_run_that_misses_a_lap_does_not_hide_that_the_others_are_twice_as_fast():
    rows = [
        Row(f"{i}", i % 2, i // 2, {"race.reward": "ab"[i % 2]}, "finished", *rest, 1.0)
        for i in range(60)
        for share in [25.0 + 25.0 * (i % 2) + i / 10]
        for rest in [(52.0, math.nan, math.nan, math.nan) if i == 1 else (100.0, 9.0, 9.0, share)]
    ]
    said = effects.sentence(rows, {"race.reward": SPACE["race.reward"]}, grid=True)
    assert said.startswith("race.reward mattered most")
    assert "Left out: 1 of 60 runs" in said
    assert len(effects.compared(rows[:5])) == 5  # one of five is no exception


def test_few_runs_say_nothing():
    rows = rows_of(lambda *_: 50.0, seeds=1)[:3]
    assert "Too few runs" in effects.sentence(rows, SPACE, grid=True)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"completion_pct": 90.0}, {"completion_pct": 80.0, "lap_s": 1.0, "optimal_pct": 99.0}),
        ({"optimal_pct": 80.0, "lap_s": 9.0}, {"optimal_pct": 70.0, "lap_s": 8.0}),
        ({"lap_s": 9.0}, {"lap_s": 12.0}),
    ],
)
def test_completion_counts_before_laps_and_laps_in_percent_of_the_best_possible(better, worse):
    def value(given):
        plain = {"completion_pct": 100.0, "lap_s": math.nan, "optimal_pct": math.nan}
        return Row(
            "", 0, 0, {}, "finished", best_lap_s=math.nan, seconds=1.0, **plain | given
        ).value

    assert value(better) > value(worse)


def test_a_configuration_is_judged_over_its_seeds():
    """One lucky seed does not win against three good ones."""
    lucky = [Row(f"{i}", 0, i, {}, "", p, 9.0, 9.0, 50.0, 1.0) for i, p in enumerate([100, 30, 30])]
    good = [Row(f"{i}", 1, i, {}, "", 90.0, 9.0, 9.0, 50.0, 1.0) for i in range(3)]
    assert [one.number for one in configurations([*lucky, *good])] == [1, 0]
