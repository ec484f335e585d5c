"""racer track and racer watch, as typed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from made_runs import made_run
from PIL import Image

from racer.cli import main
from racer.config import RaceConfig
from racer.raceline import Setup
from racer.recording.trace import TRACE, Trace
from racer.sim.types import LAP_COMPLETE
from racer.tracks import Track, packs
from racer.training.roads import recorded


@pytest.fixture
def recording(tmp_path):
    rows = np.zeros(8, TRACE)
    rows["time"], rows["x"], rows["v"] = np.arange(8) / 15, np.arange(8) * 0.1, 1.5
    rows["params"]["steps"] = np.arange(8) + 2
    rows["status"][-1] = LAP_COMPLETE
    path = tmp_path / "laps.npz"
    Trace(Track.load("oval"), rows, 1 / 15).save(path)
    return path


def test_track_list_names_every_track_and_refused_ones(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "broken.csv").write_text("1,2,3,4\n")
    assert main(["track", "list"]) == 0
    out = capsys.readouterr().out
    for name in Track.names():
        assert name in out
    assert "broken" in out
    assert "refused:" in out


def test_track_show_writes_the_picture_and_says_there_is_no_window(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    png = tmp_path / "o.png"
    assert main(["track", "show", "oval", "--png", str(png)]) == 0
    out = capsys.readouterr().out
    assert f"picture: {png}" in out
    assert "no window: there is no display." in out
    with Image.open(png) as image:
        assert image.width > 600


def test_an_unknown_track_is_corrected(capsys):
    assert main(["track", "show", "ovl"]) == 2
    assert "Did you mean 'oval'?" in capsys.readouterr().err


def test_watch_without_a_display_points_to_video(recording, monkeypatch, capsys):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert main(["watch", str(recording)]) == 5
    assert "--video out.mp4" in capsys.readouterr().err


def test_watch_writes_a_film_without_a_display(recording, tmp_path, capsys):
    assert main(["watch", str(recording), "--video", str(tmp_path / "a.gif")]) == 0
    assert "1 lap," in capsys.readouterr().out
    assert (tmp_path / "a.gif").stat().st_size > 1000


def test_a_recording_that_was_cut_short_is_refused_with_what_to_do(recording, tmp_path, capsys):
    recording.write_bytes(recording.read_bytes()[:-100])
    assert main(["watch", str(recording), "--video", str(tmp_path / "a.gif")]) == 3
    assert "cut short or damaged. Copy it again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nowhere"], 2, "no run 'nowhere'"),
        (["log.csv"], 2, "Say where it was driven: --track T"),
        (["missing.npz"], 3, "missing.npz is missing"),
        (["latest", "--speed", "0"], 2, "--speed 0"),
    ],
)
def test_what_cannot_be_watched_is_named(tmp_path, capsys, words, code, sentence):
    assert main(["watch", *words, "--runs-dir", str(tmp_path)]) == code
    assert sentence in capsys.readouterr().err


def test_a_border_that_crosses_itself_is_said(tmp_path, capsys):
    """A loop of 0.1 m in the outer border: one can drive there, but hardly meant it."""
    oval = Track.load("oval")
    words = ["track", "show", "--no-window", "--png", str(tmp_path / "t.png")]
    table = np.hstack([oval.center, oval.inner, oval.outer])
    np.save(tmp_path / "plain.npy", table)
    assert main([*words, str(tmp_path / "plain.npy")]) == 0
    assert "crosses itself" not in capsys.readouterr().err
    table[[20, 24], 4:] = table[[24, 20], 4:]
    np.save(tmp_path / "looped.npy", table)
    assert main([*words, str(tmp_path / "looped.npy")]) == 0
    error = capsys.readouterr().err
    assert "warning: " in error
    assert "border crosses itself between its points" in error


def test_the_reference_is_a_ghost_where_one_is_known(recording, tmp_path, monkeypatch, capsys):
    film = ["watch", str(recording), "--video", str(tmp_path / "a.gif"), "--ghost", "reference"]
    assert main(film) == 0
    monkeypatch.setattr("racer.raceline.find", lambda _setup: None)
    assert main(film) == 2
    said = capsys.readouterr().err
    assert "no fastest lap of oval is known" in said
    assert "racer line oval" in said


@pytest.mark.parametrize("where", ["generated:1", "roads/mine.npy"])
def test_the_advice_to_find_a_lap_names_the_road_as_it_can_be_typed(
    where, recording, tmp_path, monkeypatch, capsys
):
    """Of several tracks the one that is shown: its name is the stem of a file elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roads").mkdir()
    oval = Track.load("oval")
    np.save("roads/mine.npy", np.hstack([oval.center, oval.inner, oval.outer]) * 1.5)
    run = made_run(tmp_path / "runs", tracks="generated:2,roads", actions="discrete")
    pack = packs.load("generated:2,roads").tracks
    run.record(**recorded(run.config().race, pack))
    shown = next(one for one in pack if Path(one.source) == Path(where))
    dataclasses.replace(Trace.load(recording), track=shown).save(run.laps_file)
    assert main(["watch", run.folder.name, "--ghost", "reference", "--video", "a.gif"]) == 2
    advice = capsys.readouterr().err.rpartition("Find it: ")[2].split()
    assert advice[-4:] == ["line", str(Path(where)), "--actions", "discrete"]
    asked = RaceConfig(track=advice[-3], actions="discrete")
    assert Setup.of(asked).key == Setup.on(Trace.load(run.laps_file).track, asked).key


def test_a_road_that_has_no_name_here_is_asked_for(recording, tmp_path, capsys):
    trace = Trace.load(recording)
    road = dataclasses.replace(trace.track, name="elsewhere")
    wide = {name: getattr(road, name) * 1.5 for name in ("center", "inner", "outer")}
    Trace(dataclasses.replace(road, **wide), trace.rows, trace.dt).save(recording)
    film = ["watch", str(recording), "--video", str(tmp_path / "a.gif"), "--ghost", "reference"]
    assert main(film) == 2
    said = capsys.readouterr().err
    assert "Find it with the track's own file, or from a run that laps this road: " in said
    assert "line elsewhere" not in said
