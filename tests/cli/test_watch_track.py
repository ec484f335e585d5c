"""racer track and racer watch, as typed."""

import numpy as np
import pytest
from PIL import Image

from racer.cli import main
from racer.recording.trace import TRACE, Trace
from racer.sim.types import LAP_COMPLETE
from racer.tracks import Track


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
