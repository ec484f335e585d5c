"""`racer bench references`: seeds of the search side by side; what has no lap is named."""

import dataclasses
import math

import pytest

from racer import raceline
from racer.bench import references
from racer.cli import main
from racer.config import RaceConfig
from racer.raceline import Setup, find, passes, rounds
from racer.sim import jit
from racer.storage import files
from racer.tracks import Track


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "STAGES", ((1, 0),))
    monkeypatch.setattr(rounds, "FIELD", dict.fromkeys(rounds.FIELD, 1))
    monkeypatch.setattr(jit, "CACHE_FOLDER", str(tmp_path / "kernels"))


def test_a_table_that_was_interrupted_goes_on_from_its_file(no_cache, tmp_path, monkeypatch):
    file, seeds = tmp_path / "table.json", []
    track = Track.load("generated:3")
    search = raceline.search

    def quick(setup, *, seed):
        seeds.append(seed)
        if len(seeds) == 2:
            raise KeyboardInterrupt
        return search(setup, seed=seed, rounds=0)

    def bench():
        return references.bench(
            [track],
            vehicles=["deepracer_v4"],
            seeds=2,
            before=references.known(file),
            keep=lambda report: files.write_json(file, report.to_json()),
        )

    monkeypatch.setattr(raceline, "search", quick)
    with pytest.raises(KeyboardInterrupt):
        bench()
    (row,) = bench().searched
    assert (row,) == references.known(file) == bench().searched  # the third has nothing to do
    assert seeds == [0, 1, 1]
    setup = Setup.on(track, RaceConfig(vehicle="deepracer_v4"))
    assert find(setup).flying_s == min(row.flying_s)
    assert row.spread_pct == pytest.approx(100 * (max(row.flying_s) / min(row.flying_s) - 1))
    assert row.bound_s < min(row.flying_s)
    report = references.Report({"cpu": "a CPU"}, 2, (row,))
    assert f"{row.flying_s[0]:.3f} {row.flying_s[1]:.3f}" in report.markdown()


def test_a_road_without_a_lap_is_a_row_too(tmp_path):
    row = references.Searched("9f", "bend", 9.0, "deepracer", "strict", math.nan)
    row = dataclasses.replace(row, cpu_s=(2.0,), why_not="tight")
    report = references.Report({"cpu": "a CPU"}, 1, (row,))
    assert "no lap found" in report.markdown()
    assert "Seed 0. a CPU." in report.markdown()
    files.write_json(tmp_path / "table.json", report.to_json())
    (again,) = references.known(tmp_path / "table.json")
    assert repr(again) == repr(row)  # a NaN is no number, so not equal to itself


def test_a_bound_that_a_lap_disproves_is_not_shown():
    row = references.Searched(
        "9f", "bend", 9.0, "deepracer", "official", 4.25, (4.5,), (4.6,), (2.0,)
    )
    assert "4.25" in row.cells()
    assert "4.25" not in dataclasses.replace(row, flying_s=(4.0,)).cells()


def test_the_file_of_another_bench_is_not_gone_on_with(tmp_path, capsys):
    (tmp_path / "table.json").write_text('{"rows": []}')
    assert main(["bench", "references", "--json", str(tmp_path / "table.json")]) == 3
    assert "Give another file to --json" in capsys.readouterr().err


def test_what_cannot_be_searched_is_refused_before_the_first_search(tmp_path, capsys):
    assert main(["bench", "references", "--rules", "strikt"]) == 2
    assert "Did you mean 'strict'" in capsys.readouterr().err
    assert main(["bench", "references", "--track", str(tmp_path)]) == 3
    assert "holds no track" in capsys.readouterr().err
