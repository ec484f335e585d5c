"""`racer bench among`: drives among boxes and bots, races of two policies, and their table."""

import json

import numpy as np
import pytest

from racer.bench import among
from racer.bench.drives import Driven, Scripted, drive
from racer.cli import main
from racer.config import Config, RaceConfig
from racer.evaluation.entrants import Entrant

WIDTH = 1.07  # of oval, m


def race_of(task, track="oval"):
    others = {f"race.others.{name}": value for name, value in among.TASKS[task][1].items()}
    return Config().override(others | {"race.track": track}).race


def test_boxes_can_be_passed_by_the_numbers_of_the_observation_alone():
    driven = drive(Scripted(0.8), race_of("6 boxes", "s_bends"), worlds=40)
    assert driven.passed_pct >= 85.0  # it sees them in time to change lanes at 1.5 m/s
    assert 15.0 < driven.lap_s < 22.0  # 27.5 m at 1.5 m/s
    blind = drive(Scripted(0.8, seen=0.0), race_of("6 boxes", "s_bends"), worlds=40)
    assert blind.passed_pct == 0.0
    assert blind.crashed_pct == 100.0


def test_a_drive_among_bots_goes_on_until_all_of_them_are_overtaken():
    race = race_of("3 bots")
    quick = drive(Scripted(WIDTH, throttle=-0.4), race, worlds=10)  # 1.9 m/s
    slow = drive(Scripted(WIDTH, throttle=-1.0), race, worlds=10)  # 1 m/s: no bot of 1.5
    assert quick.passed_pct > slow.passed_pct + 30.0


def test_who_is_faster_and_sees_the_others_is_ahead_from_nearly_every_row(monkeypatch):
    monkeypatch.setattr(among, "RACE_LAPS", 1)
    monkeypatch.setattr(among, "LINES", 1)
    config = Config().override({"race.others.race": "multi"}).race
    slow, fast = (
        Entrant(name, Scripted(WIDTH, throttle, seen), config)
        for name, throttle, seen in (("old", -1.0, 0.0), ("new", -0.4, 2.2))  # 1 and 1.9 m/s
    )
    ahead, crashes = among.race(slow, fast, "oval")
    assert len(ahead) == 6
    assert np.mean(ahead) > 0.7
    assert min(crashes) >= 0


def test_the_interval_is_as_wide_as_trainings_differ():
    same = among.interval([[0.5] * 6] * 3)
    low, high = among.interval([[0.0] * 6, [1.0] * 6, [1.0] * 6])
    assert same == (0.5, 0.5)
    assert (low, high) == (0.0, 1.0)


def test_the_tables_have_a_row_for_each_driver_and_road():
    driven = Driven(97.5, 2.5, 6.6)
    learned = [among.Learned("6 boxes", "oval", seed, 18.0, driven) for seed in (None, 0, 1)]
    races = [among.SelfPlay("oval", seed, (16.0, 17.0), (0.5, 1.0), (3, 1)) for seed in (0, 1)]
    shown = among.Report({"cpu": "a CPU"}, 1_000_000, tuple(learned), tuple(races)).markdown()
    cells = [[cell.strip() for cell in line.split("|")] for line in shown.splitlines()]
    assert ["", "6 boxes", "oval", "scripted", "97.5", "2.5", "6.6", "", ""] in cells
    assert ["", "6 boxes", "oval", "2 seeds", "97.5 97.5", "2.5 2.5", "6.6", "18", ""] in cells
    assert ["", "oval", "2", "75", "50 to 100", "6", "2", "16 + 17", ""] in cells


@pytest.mark.slow
def test_a_short_training_passes_more_boxes_than_the_scripted_driver(tmp_path):
    learned = among.learn("6 boxes", "s_bends", 0, 300_000, tmp_path)
    assert learned.driven.passed_pct > 70.0
    assert learned.driven.lap_s < 12.0


@pytest.mark.slow
def test_the_bench_prints_its_tables(tmp_path, capsys):
    file = tmp_path / "among.json"
    line = f"bench among --track oval --seeds 1 --timesteps 100000 --json {file}"
    assert main(line.split()) == 0
    shown = capsys.readouterr().out
    assert "| on the road |" in shown
    assert "scripted" in shown
    found = json.loads(file.read_text())
    assert [one["task"] for one in found["learned"]] == ["6 boxes"] * 2 + ["3 bots"] * 2
    assert len(found["races"][0]["ahead"]) == 6 * among.LINES


def test_races_that_are_learned_are_those_of_the_lessons():
    assert isinstance(race_of("6 boxes"), RaceConfig)
    assert race_of("6 boxes").others.vary
    assert race_of("3 bots").others.vary
    assert not Config().override({"race.others.race": "object_avoidance"}).race.others.vary
