"""`racer bench references`: seeds of the search side by side; what has no lap is named."""

import math

import pytest

from racer.bench import references
from racer.cli import main
from racer.config import RaceConfig
from racer.raceline import Setup, find
from racer.sim import jit


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", str(tmp_path / "kernels"))


def test_searches_of_several_seeds_are_a_row_and_the_fastest_lap_is_kept(no_cache):
    setup = Setup.of(RaceConfig(track="generated:3", vehicle="deepracer_v4"))
    assert find(setup) is None
    row = references.searched(setup, "deepracer_v4", 2, rounds=0)
    assert find(setup).flying_s == min(row.flying_s)
    assert row.spread_pct == pytest.approx(100 * (max(row.flying_s) / min(row.flying_s) - 1))
    assert row.bound_s < min(row.flying_s)
    report = references.Report({"cpu": "a CPU"}, 2, (row,))
    assert f"{row.flying_s[0]:.3f} {row.flying_s[1]:.3f}" in report.markdown()
    assert report.to_json()["searched"][0]["rule"] == "official"


def test_a_road_without_a_lap_is_a_row_too():
    row = references.Searched("bend", 9.0, "deepracer", "strict", (), (), math.nan, (2.0,), "tight")
    report = references.Report({"cpu": "a CPU"}, 1, (row,))
    assert "no lap found" in report.markdown()
    assert "Seed 0. a CPU." in report.markdown()
    assert report.to_json()["searched"][0]["bound_s"] is None


def test_what_cannot_be_searched_is_refused_before_the_first_search(tmp_path, capsys):
    assert main(["bench", "references", "--rules", "strikt"]) == 2
    assert "Did you mean 'strict'" in capsys.readouterr().err
    assert main(["bench", "references", "--track", str(tmp_path)]) == 3
    assert "holds no track" in capsys.readouterr().err
