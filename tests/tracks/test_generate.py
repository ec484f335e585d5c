"""Generated circuits: valid and drivable for every seed, varied, the same for the same seed."""

import numpy as np
import pytest

from racer import cli
from racer.errors import BadConfig
from racer.tracks import Track, generate
from racer.tracks.points import curve

FEW = 25


def check(seed):
    """What every generated track keeps, measured on the track itself."""
    track = generate.generated(seed)
    width = np.hypot(*(track.outer - track.inner).T)
    low, high = generate.WIDTHS[seed % 2]
    assert low - 0.01 <= width.min() <= width.max() <= high + 0.01, seed
    assert np.ptp(width) < 1e-6, seed
    # a car at full lock (0.44 m) gets round, and the inner border does not fold
    center = track.center[:-1]
    ahead, behind = np.roll(center, -1, 0) - center, center - np.roll(center, 1, 0)
    turn = np.arctan2(
        behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0], (behind * ahead).sum(1)
    )
    assert abs(abs(turn.sum()) - 2.0 * np.pi) < 1e-6, seed
    step = np.hypot(*ahead.T)
    assert 14.7 <= step.sum() <= 61.2, seed
    radius = step / np.maximum(np.abs(turn), 1e-9)
    assert radius.min() > max(width[0] / 2, 0.42), seed
    # the lap starts on a straight: no sharper than 2 m of radius
    assert radius[:3].min() > 2.0, seed


@pytest.mark.parametrize("seed", range(FEW))
def test_a_generated_track_is_valid(seed):
    check(seed)


@pytest.mark.slow
def test_a_thousand_generated_tracks_are_valid():
    for seed in range(FEW, 1000):
        check(seed)


def test_the_same_seed_gives_the_same_text_and_another_seed_another():
    texts = [generate.text_of(seed) for seed in range(6)]
    assert texts == [generate.text_of(seed) for seed in range(6)]
    assert len(set(texts)) == 6


def test_tracks_vary_in_shape_direction_and_size():
    tracks = [generate.generated(seed) for seed in range(FEW)]
    assert 0.2 < np.mean([track.ccw for track in tracks]) < 0.8
    assert np.std([track.length for track in tracks]) > 8.0  # uniform from 15 to 60: 13
    boxes = np.array([np.ptp(track.center, axis=0) for track in tracks])
    assert np.std(boxes[:, 0] / boxes[:, 1]) > 0.2


@pytest.mark.parametrize(("length", "width"), [(40.0, 0.8), (10.0, 0.6), (120.0, 1.5)])
def test_length_and_width_are_those_asked_for(length, width):
    track = generate.generated(7, length=length, width=width)
    assert track.length == pytest.approx(length, rel=0.02)
    assert track.width == pytest.approx(width, rel=0.02)


def test_the_text_is_points_of_a_smooth_curve():
    text = generate.text_of(7, length=20.0, width=0.8)
    assert text.startswith("title    Seed 7\nwidth_m  0.8\npoint    0.00 0.00\n")
    rows = np.array([line.split()[1:] for line in text.splitlines()[2:]], float)
    road = curve(rows, np.full(len(rows), 0.8), 0.15)
    assert np.abs(np.diff(road.curvature)).max() < 1.0  # 1/m from sample to sample: no kinks


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"length": 9.0, "width": 3.0}, "Try a longer or a narrower one, for example length 36"),
        ({"length": 3.0}, "length 3 m; allowed is 8 to 300 m"),
        ({"width": 9.0}, "width 9 m; allowed is 0.4 to 3 m"),
        ({"seed": -1}, "seed -1; allowed is 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(given, sentence):
    with pytest.raises(BadConfig, match=sentence):
        generate.text_of(given.pop("seed", 1), **given)


def test_the_command_writes_tracks_that_load_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--seed", "7", "--length", "20", "--width", "0.8"]
    assert cli.main(["track", "generate", *options, "--count", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    track = Track.load("generated_8")
    assert track.width == pytest.approx(0.8, rel=0.02)
    assert cli.main(["track", "generate", *options, "--format", "npy", "--out", "routes"]) == 0
    route = Track.load(tmp_path / "routes" / "generated_7.npy")
    assert np.array_equal(route.center, Track.load("generated_7").center)


def test_the_command_says_what_is_wrong(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["track", "generate", "--count", "0"]) == 2
    assert "--count 0; allowed is 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--length", "10", "--width", "3"], "no circuit of 10 m"),
        (["--seed", f"{2**63 - 1}", "--count", "3"], "0 to 2^63 - 3 for --count 3"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["track", "generate", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_edited_track_is_not_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    same = ["track", "generate", "--seed", "7"]
    assert cli.main(same) == 0
    assert cli.main(same) == 0  # the same text again
    path = tmp_path / "tracks" / "generated_7.txt"
    path.write_text(path.read_text() + "# mine\n")
    assert cli.main(same) == 2
    assert "was edited" in capsys.readouterr().err
    assert path.read_text().endswith("# mine\n")
