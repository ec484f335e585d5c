"""Percent of optimal: the reference's own lap is 100 %, a slower one its share of the time."""

import pytest

from racer import raceline
from racer.config import RaceConfig
from racer.evaluation import evaluate, optimal
from racer.raceline import Setup, store
from racer.sim import jit

RACE = RaceConfig(track="oval", reward="center_line")


class Player:
    """Drives a list of actions."""

    def __init__(self, actions):
        self.actions, self.step = actions, 0

    def act(self, obs):
        self.step += 1
        return self.actions[min(self.step, len(self.actions)) - 1][None]


def played(rule):
    reference = raceline.find(Setup.of(RACE, rule))
    return reference, evaluate(Player(reference.actions), RACE, laps=2)[1]


@pytest.mark.parametrize("rule", ["official", "strict"])
def test_the_reference_itself_is_all_of_optimal(rule):
    reference, trace = played(rule)
    share = optimal.compare(RACE, trace)
    assert share.flying
    assert share.lap_times_s == pytest.approx(reference.lap_times_s, abs=1e-9)
    assert share.pct(rule) == pytest.approx(100.0, abs=1e-6)


def test_a_strict_lap_says_what_is_left_by_the_official_rule():
    strict, trace = played("strict")
    official = raceline.find(Setup.of(RACE))
    share = optimal.compare(RACE, trace)
    assert share.pct("official") == pytest.approx(100.0 * official.flying_s / strict.flying_s)
    about = share.to_json()
    assert about["reference_official_s"] == official.flying_s
    assert len(about["time_lost"]) <= 3
    assert "% of optimal by the official rule" in share.text()


def test_a_lap_that_breaks_the_strict_rule_has_no_share_by_it():
    _, trace = played("official")
    share = optimal.compare(RACE, trace)
    assert share.pct("official") == pytest.approx(100.0)
    assert share.pct("strict") is None
    assert share.to_json()["pct_of_optimal_strict"] is None
    assert share.to_json()["best_lap_steps_off"] == share.steps_off > 0
    assert f"no lap by the strict rule, {share.steps_off} of its steps" in share.text()


def test_one_lap_is_compared_with_a_standing_one():
    reference = raceline.find(Setup.of(RACE))
    _, trace = evaluate(Player(reference.actions), RACE, laps=1)
    share = optimal.compare(RACE, trace)
    assert not share.flying
    assert share.lap_s == pytest.approx(reference.standing_s, abs=1e-9)


def test_no_lap_has_no_share():
    reference = raceline.find(Setup.of(RACE))
    _, trace = evaluate(Player(reference.actions[:20]), RACE, laps=1)
    assert optimal.compare(RACE, trace) is None


def test_a_driven_lap_becomes_the_reference_to_the_bit(tmp_path, monkeypatch):
    official, trace = played("official")
    monkeypatch.setattr(jit, "CACHE_FOLDER", str(tmp_path / "kernels"))
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "none")
    assert optimal.keep(RACE, trace, "run fast") == ["official"]
    setup = Setup.of(RACE)
    known = raceline.find(setup)
    assert known.found_by == "run fast"
    count = len(known.actions)
    assert known.actions.tobytes() == official.actions[:count].tobytes()
    known.drive(setup)
    assert optimal.keep(RACE, trace, "run again") == []


def test_the_picture_of_laps_shows_the_reference_beneath(tmp_path):
    import matplotlib.image

    from racer.render.figures import laps_picture

    _, trace = played("strict")
    share = optimal.compare(RACE, trace)
    laps_picture(trace, tmp_path / "plain.png")
    laps_picture(trace, tmp_path / "best.png", best=share.best, notes=share.text().splitlines())
    plain, best = (matplotlib.image.imread(tmp_path / f"{name}.png") for name in ("plain", "best"))
    assert plain.shape != best.shape or (plain != best).any()
