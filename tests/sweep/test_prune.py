"""Hopeless runs end early, and a configuration is judged over its seeds."""

import pytest

from racer.config import Config
from racer.sweep import search
from racer.sweep.plan import Plan
from racer.sweep.prune import Prune, mean_curve
from racer.sweep.score import Configuration, Row
from racer.sweep.space import Range, Values

pytest.importorskip("optuna", reason="racer[sweep] is not installed")

GOOD = tuple(float(10 * tenth) for tenth in range(1, 11))  # % of a lap at each tenth
BAD = (2.0, 3.0, 4.0)


def ends(kind, mine, siblings=()):
    """At which tenth a run with this curve is ended; 0 for never."""
    listener = Prune(kind, (GOOD,) * 6, tuple(siblings), 1000)
    for tenth, value in enumerate(mine, 1):
        said = listener.on_metrics({"timesteps": 100 * tenth, "progress_pct": value})
        if said:
            assert said.startswith("pruned at ")
            return tenth
    return 0


@pytest.mark.parametrize("kind", ["median", "halving"])
def test_a_hopeless_run_ends_and_a_good_one_goes_on(kind):
    assert ends(kind, BAD) == 2
    assert ends(kind, [value + 1 for value in GOOD]) == 0


def test_one_unlucky_seed_of_a_good_configuration_goes_on():
    better = tuple(value + 30 for value in GOOD)
    assert ends("median", BAD, siblings=[better, better]) == 0


def test_the_curve_of_a_configuration_counts_a_cut_seed_with_its_last_value():
    assert mean_curve([(10.0, 20.0, 30.0), (10.0, 0.0)]) == (10.0, 10.0, 15.0)


def test_tpe_learns_where_the_good_values_are_and_repeats_itself():
    space = {"x": Range(0.0, 1.0), "kind": Values(("a", "b"))}
    plan = Plan(Config(), space, "tpe", 40, (0,), "none", ())

    def run():
        chosen, known = {}, {}
        for number in range(40):
            settings = chosen[number] = search.propose(plan, number, chosen, known)
            done = 100 - 80 * abs(settings["x"] - 0.7) - 10 * (settings["kind"] == "a")
            row = Row("", number, 0, settings, "", done, *[float("nan")] * 3, 1.0)
            known[number] = Configuration(number, settings, (row,))
        return [chosen[number]["x"] for number in range(40)]

    drawn = run()
    assert drawn == run()
    assert sum(abs(x - 0.7) < 0.15 for x in drawn[-20:]) > 12  # of 20; at random it would be 6
