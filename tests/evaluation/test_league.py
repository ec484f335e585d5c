"""Leagues: ratings that can be checked by hand, every race once, and what survives a kill."""

import json
import math
import os
import signal

import numpy as np
import pytest
from made_runs import cruising, made_run

from racer import cli
from racer.config import RaceConfig
from racer.errors import BadConfig, BadInput
from racer.evaluation.book import Book
from racer.evaluation.entrants import Entrant
from racer.evaluation.league import League, Outcome
from racer.evaluation.rating import MEAN, SCALE, SPREAD, Finish, ratings
from racer.tracks import Track
from racer.tracks.lanes import lanes_of
from racer.tracks.start_line import started_at

OUTCOME = Outcome((1, 0), ("finished", "out"), (0, 1), (2, 0))


def test_the_rating_of_two_cars_is_bradley_and_terrys():
    points = [one.points for one in ratings(2, [Finish((0, 1))] * 300 + [Finish((1, 0))] * 100)]
    assert sum(points) == pytest.approx(2 * MEAN)
    assert points[0] - points[1] == pytest.approx(400 * math.log10(3), rel=0.01)  # the prior


def test_the_interval_is_that_of_the_logistic_curve():
    first, _ = ratings(2, [Finish((0, 1)), Finish((1, 0))] * 50)
    spread = 1 / (100 * 0.25 * 2 + 1 / SPREAD**2)  # of the difference over sqrt 2, by hand
    assert first.high - first.low == pytest.approx(
        2 * 1.96 * SCALE * math.sqrt(spread / 2), rel=1e-3
    )


def test_who_wins_every_race_keeps_a_finite_rating_and_more_races_tell_more():
    few, many = (ratings(2, [Finish((0, 1))] * n)[0] for n in (3, 300))
    assert MEAN < few.points < many.points < 3000
    unknown = ratings(2, [])[0]
    assert unknown.points == MEAN
    assert unknown.high - unknown.low > few.high - few.low


def test_a_field_is_rated_in_its_order():
    found = ratings(3, [Finish((2, 0, 1))] * 5)
    assert found[2].points > found[0].points > found[1].points


def entrants():
    speeds = {"slow": -0.6, "fast": -0.1, "middle": -0.35}
    return [Entrant(n, cruising(v), RaceConfig(track="oval")) for n, v in speeds.items()]


@pytest.fixture(scope="module")
def league():
    return League(entrants(), [Track.load("oval")], laps=1, seeds=2)


def test_every_pair_races_in_both_orders(league):
    matches = list(league.matches())
    assert len(matches) == 3 * 2 * 2
    assert len({league.key(match) for match in matches}) == len(matches)
    for first, second in zip(matches[::2], matches[1::2], strict=True):
        assert first.grid == second.grid[::-1]
        assert first.seed == second.seed


def test_the_key_changes_with_what_the_outcome_depends_on(league):
    (match, *_) = league.matches()
    others = [
        League(entrants(), [Track.load("bean")], laps=1, seeds=2),
        League(entrants(), [Track.load("oval")], laps=2, seeds=2),
        League(entrants(), [Track.load("oval")], laps=1, seeds=2, around={"obstacles": 1}),
        League(entrants()[::-1], [Track.load("oval")], laps=1, seeds=2),
    ]
    assert len({one.key(match) for one in [league, *others]}) == 5
    assert League(entrants(), [Track.load("oval")], laps=1, seeds=9).key(match) == league.key(match)


def test_a_line_elsewhere_is_the_same_road():
    road = Track.load("bean")
    moved = started_at(road, 0.4)
    assert moved.length == pytest.approx(road.length)
    assert {tuple(p) for p in moved.center} == {tuple(p) for p in road.center}
    s = float(road.nearest(moved.center[:1, 0], moved.center[:1, 1])["s"][0])
    assert s / road.length == pytest.approx(0.4, abs=0.02)
    before, after = lanes_of(road).inner_line, lanes_of(moved).inner_line
    assert {(p["x"], p["y"]) for p in before} == {(p["x"], p["y"]) for p in after}


def test_more_boxes_than_fit_are_refused_before_the_first_race():
    with pytest.raises(BadConfig, match=r"30 obstacles do not fit on oval"):
        League(entrants(), [Track.load("oval")], laps=1, seeds=1, around={"obstacles": 30})


def test_a_book_keeps_races_and_leaves_out_a_torn_line(tmp_path):
    book = Book(tmp_path / "book")
    book.write("a", ["x", "y"], OUTCOME)
    with open(book.path, "ab") as file:
        file.write(b'{"key": "b", "ord')  # killed here
    again = Book(book.path)
    assert again.outcome("a", 2) == OUTCOME
    assert again.outcome("b", 2) is None
    again.write("c", ["x", "y"], OUTCOME)
    assert Book(book.path).outcome("c", 2) == OUTCOME


@pytest.mark.parametrize(
    "change",
    [
        {"order": [0, 0]},
        {"order": [0]},
        {"order": [True, False]},
        {"status": ["won", "out"]},
        {"status": [[], "out"]},
        {"crashes": [-1, 0]},
        {"overtakes": "01"},
    ],
)
def test_an_outcome_that_cannot_be_is_driven_again(change):
    assert Outcome.of(OUTCOME.to_json() | change, 2) is None
    assert Outcome.of(json.loads(json.dumps(OUTCOME.to_json())), 2) == OUTCOME


def test_another_file_is_no_book(tmp_path):
    (tmp_path / "notes.txt").write_text("buy milk\n[1]\n")
    with pytest.raises(BadInput, match="none of its lines is a race"):
        Book(tmp_path / "notes.txt")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for one in entrants():
        made_run(tmp_path / "runs", one.driver, name=one.name, track="oval").record(tags=["test"])
    return tmp_path


def test_a_league_from_the_command_line_drives_each_race_once(folder, capsys):
    words = ["league", "--tag", "test", "--laps", "1", "--seeds", "1"]
    assert cli.main([*words, "--json", "league.json"]) == 0
    told = capsys.readouterr()
    rows = [line.split() for line in told.out.splitlines()[1:]]
    assert "6 of 6" in told.err
    assert (folder / "league.png").read_bytes().startswith(b"\x89PNG")
    about = json.loads((folder / "league.json").read_text())
    assert [row["name"] for row in about["ratings"]] == [row[1] for row in rows]
    points = [row["rating"] for row in about["ratings"]]
    assert points == sorted(points, reverse=True)
    assert all(row["low"] < row["rating"] < row["high"] for row in about["ratings"])
    won = about["finished_before"]
    assert all(won[a][b] + won[b][a] == 2 for a in won for b in won[a])  # both orders of the grid
    assert len(about["races"]) == 6
    book = (folder / "league.jsonl").read_bytes()
    assert cli.main([*words, "--json", "-"]) == 0
    told = capsys.readouterr()
    assert "6 known" in told.err
    assert json.loads(told.out) == about
    assert (folder / "league.jsonl").read_bytes() == book


def test_ctrl_c_keeps_what_was_driven(folder, capsys, monkeypatch):
    drive, driven = League.drive, []

    def interrupted(self, match, goes_on):
        driven.append(match)
        if len(driven) == 3:
            signal.raise_signal(signal.SIGINT)
        return drive(self, match, goes_on)

    monkeypatch.setattr(League, "drive", interrupted)
    words = ["league", "--tag", "test", "--laps", "1", "--seeds", "1"]
    assert cli.main(words) == 130
    told = capsys.readouterr()
    assert "stopped with 4 races left; the same command goes on" in told.err
    assert told.out == ""
    assert len((folder / "league.jsonl").read_bytes().splitlines()) == 2
    assert cli.main(words) == 0
    assert len(driven) == 3 + 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "a league needs runs"),
        ("slow", "1 different run; a league has 2 to 200"),
        ("slow slow", "1 different run"),
        ("--tag tset", "no tag 'tset'. Did you mean 'test'?"),
        ("--tag test --laps 0", "--laps 0; allowed is 1 to 1000"),
        ("--tag test --obstacle 0.95,inner", "stands on the grid of oval"),
        (f"--tag test --results {os.devnull}", f"{os.devnull} is not a file: results are kept"),
    ],
)
def test_what_is_no_league_is_refused_in_one_sentence(folder, capsys, words, says):
    runs = {path.name[11:]: path.name for path in (folder / "runs").iterdir()}
    assert cli.main(["league", *(runs.get(word, word) for word in words.split())]) in (2, 3)
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not (folder / "league.jsonl").exists()


def test_the_whole_field_races_at_once(folder, capsys):
    assert cli.main(["league", "--tag", "test", "--field", "--seeds", "1", "--laps", "1"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert sorted(row[1] for row in rows) == ["fast", "middle", "slow"]
    assert np.isfinite(float(rows[0][2]))
