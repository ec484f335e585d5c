"""The progress line names the best lap's share of the fastest one known, and never searches."""

import types

import pytest

from racer import raceline
from racer.config import Config
from racer.race import make_race
from racer.raceline import Setup
from racer.training.listeners.progress import Progress, best_known_s

NAN = float("nan")


def race_and_config(**settings):
    config = Config().override({"race.track": "oval"} | settings)
    return make_race(config.race, 2, with_reward=False), config


@pytest.mark.parametrize("continuous", [False, True])
def test_laps_are_compared_with_the_reference_that_begins_as_they_do(continuous):
    race, config = race_and_config(**{"race.rules.continuous": continuous})
    known = raceline.find(Setup.of(config.race))
    expected = known.official_s[known.flying_lap if continuous else 0]
    assert best_known_s(config, race) == expected


def test_the_line_says_the_share_of_the_best_lap(capsys):
    race, config = race_and_config()
    shown = Progress(config)
    shown.on_start(types.SimpleNamespace(folder="runs/x", went_on_from=0), race)
    shown._began = 0.0
    row = {"timesteps": 100.0, "progress_pct": NAN, "best_lap_s": 2.0 * shown._best_s}
    assert shown._about(row).endswith("(50 % of optimal)")
    assert "optimal" not in shown._about(row | {"best_lap_s": NAN})


def test_where_laps_go_on_the_line_says_the_share_of_the_evaluated_lap(capsys):
    race, config = race_and_config(**{"race.rules.continuous": True})
    shown = Progress(config)
    shown.on_start(types.SimpleNamespace(folder="runs/x", went_on_from=0), race)
    shown._began = 0.0
    row = {"timesteps": 100.0, "progress_pct": 50.0, "laps_pct": 0.0, "best_lap_s": NAN}
    for best in (None, {"completion_pct": 0.0, "lap_time_s": None}):
        shown.on_checkpoint(types.SimpleNamespace(extra={"keeper": {"best": best}}))
        assert shown._about(row).endswith("progress 50 %")
    best = {"completion_pct": 100.0, "lap_time_s": 2.0 * shown._best_s}
    shown.on_checkpoint(types.SimpleNamespace(extra={"keeper": {"best": best}}))
    assert shown._about(row).endswith("s (50 % of optimal)")


def test_without_a_known_lap_nothing_is_said_or_searched(monkeypatch):
    race, config = race_and_config()
    monkeypatch.setattr("racer.raceline.find", lambda _setup: None)
    monkeypatch.setattr("racer.raceline.search", None)
    assert best_known_s(config, race) == 0.0
