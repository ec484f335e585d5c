"""racer line: the known lap at once, files that others read, errors in one sentence."""

import dataclasses
import json
import signal

import matplotlib.image
import numpy as np
import pytest

from racer import cli, raceline
from racer.config import RaceConfig
from racer.raceline import Setup
from racer.sim import jit


def test_a_shipped_lap_is_shown_at_once_with_its_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = ["--png", "l.png", "--csv", "l.csv", "--list", "l.txt", "--json", "l.json"]
    assert cli.main(["line", "oval", *files]) == 0
    shown = capsys.readouterr().out
    assert "flying lap" in shown
    assert "lower bound" in shown
    about = json.loads((tmp_path / "l.json").read_text())
    assert about["flying_lap_s"] == about["reference"]["lap_times_s"][1]
    assert len(about["line"]["rows"]) == len((tmp_path / "l.csv").read_text().splitlines()) - 1
    assert json.loads((tmp_path / "l.txt").read_text())[0][2] > 1.0
    picture = matplotlib.image.imread(tmp_path / "l.png")[..., :3]
    red = np.abs(picture - np.array([209, 36, 47]) / 255).max(axis=2) < 0.02
    assert red.sum() > 100  # the squares where it brakes


def test_json_alone_is_json(capsys):
    assert cli.main(["line", "oval", "--rule", "strict", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["rule"] == "strict"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "TRACK is missing"),
        (["oval", "--rule", "strickt"], "Did you mean 'strict'"),
        (["ovl"], "Did you mean 'oval'"),
        (["oval", "--seconds", "-1"], "more than 0, at most 86400"),
        (["oval", "--seconds", "0"], "more than 0, at most 86400"),
        (["oval", "--seed", "-1"], "allowed is 0 to"),
        (["--improve", "latest", "--vehicle", "deepracer_v4"], "--improve RUN has the run's own"),
    ],
)
def test_errors_are_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["line", *words]) == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--csv", "a", "--list", "a"], "--csv and --list are both a; give each a file"),
        (["--csv", "a", "--list", "./a"], "--csv and --list are both ./a"),
        (["--csv", ""], "--csv has no name"),
    ],
)
def test_files_are_told_apart_before_the_search(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["line", "oval", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_lap_found_so_far(number, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(jit, "CACHE_FOLDER", str(tmp_path / "kernels"))
    setup = Setup.of(RaceConfig(track="oval", vehicle="deepracer_v4"))
    shipped = raceline.find(Setup.of(RaceConfig(track="oval")))
    lap = dataclasses.replace(shipped, key=setup.key)

    def interrupted(*_, report, **__):
        report(0.5, lap)
        signal.raise_signal(number)
        pytest.fail("it went on")

    monkeypatch.setattr("racer.raceline.search", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main(["line", "oval", "--vehicle", "deepracer_v4"])
    assert ended.value.code == 128 + number
    assert raceline.find(setup).lap_times_s == lap.lap_times_s
    assert f"found so far is kept: {lap.flying_s:.3f} s" in capsys.readouterr().err


def test_a_bend_that_goes_round_ends_at_the_last_waypoint(monkeypatch, capsys):
    monkeypatch.setattr(
        "racer.raceline.bends", lambda points: [raceline.Bend(0, len(points) - 1, 5, -1)]
    )
    assert cli.main(["line", "oval", "--json", "-"]) == 0
    (bend,) = json.loads(capsys.readouterr().out)["bends"]
    assert bend["waypoints"][0] == 0
    assert bend["waypoints"][1] > 100


def test_a_place_that_cannot_be_written_is_refused_before_the_search(monkeypatch, capsys):
    monkeypatch.setattr("racer.raceline.search", lambda *_, **__: pytest.fail("searched"))
    assert cli.main(["line", "oval", "--seed", "3", "--png", "no/l.png"]) == 5
    assert "there is no folder no" in capsys.readouterr().err
