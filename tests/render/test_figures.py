"""Figures: written whole, with the facts in them."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from racer.errors import ResourceError
from racer.render import figures, scene
from racer.sim.types import LAP_COMPLETE, OFF_TRACK
from racer.tracks import Track


def _pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def _count(path, color, within=30):
    return int((np.abs(_pixels(path) - color).max(axis=2) < within).sum())


def test_a_track_picture_marks_the_start(oval, tmp_path):
    figures.track_picture(oval, tmp_path / "t.png")
    assert _count(tmp_path / "t.png", (0xE4, 0x50, 0x2F)) > 100
    assert list(tmp_path.iterdir()) == [tmp_path / "t.png"]


def test_pictures_are_the_same_every_time(oval, tmp_path):
    figures.track_picture(oval, tmp_path / "a.png")
    figures.track_picture(oval, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_every_waypoint_label_is_a_waypoint(oval):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    figures._number_waypoints(axes, oval)
    numbers = [int(text.get_text()) for text in axes.texts]
    assert numbers[0] == 0
    assert numbers == sorted(numbers)
    assert 6 <= len(numbers) <= 20
    assert max(numbers) < len(oval.waypoints)


def test_waypoint_numbers_stand_beside_the_road():
    track = Track.load("hairpins")  # its outer border runs along other pieces of the road
    for point in track.center[::10]:
        edge, away = figures._beside(track, point)
        room = np.hypot(*(track.center - (edge + figures.LABEL_M * away)).T).min()
        assert room > track.width / 2


def test_laps_are_coloured_by_speed(playback, tmp_path):
    figures.laps_picture(playback, tmp_path / "laps.png")
    fast = scene.speed_color(float(playback.rows["v"].max()), scene.speed_scale(playback.rows))
    assert _count(tmp_path / "laps.png", fast) > 200


def test_where_a_car_left_the_road_is_marked(playback, tmp_path):
    """Its second lap ends off the road half way; with that lap completed there is no mark."""
    figures.laps_picture(playback, tmp_path / "off.png")
    rows = playback.rows.copy()
    rows["status"][rows["status"] == OFF_TRACK] = LAP_COMPLETE
    figures.laps_picture(replace(playback, rows=rows), tmp_path / "clean.png")
    red = tuple(int(figures.FAULT[i : i + 2], 16) for i in (1, 3, 5))
    assert _count(tmp_path / "off.png", red) > 20 + _count(tmp_path / "clean.png", red)


@pytest.mark.parametrize("count", [0, 1, 30])
def test_a_curve_is_drawn_from_any_number_of_rows(tmp_path, count):
    steps = np.arange(count) * 1000.0
    metrics = {
        "steps": steps,
        "completion_pct": np.linspace(0, 100, count),
        "lap_time_s": np.full(count, np.nan),  # no lap was completed yet
        "reward": np.sin(steps),
    }
    figures.curve_picture(metrics, tmp_path / "curve.png")
    assert _pixels(tmp_path / "curve.png").shape[1] == 8 * figures.DPI


def test_a_long_track_is_drawn_without_a_hundred_labels(tmp_path):
    figures.track_picture(Track.load("grand_prix"), tmp_path / "t.png")
    assert max(_pixels(tmp_path / "t.png").shape[:2]) <= 11 * figures.DPI


def test_a_missing_folder_is_named(oval, tmp_path):
    with pytest.raises(ResourceError, match="there is no folder"):
        figures.track_picture(oval, tmp_path / "none" / "t.png")


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense"])
def test_a_notebook_s_plotting_backend_is_not_inherited(python, backend, tmp_path):
    """`!racer` in Jupyter and Colab has MPLBACKEND set to a module that is not installed here."""
    path = tmp_path / "t.png"
    code = (
        "from racer.cli import main\n"
        f"assert main(['track', 'show', 'oval', '--no-window', '--png', {str(path)!r}]) == 0\n"
        "import os\n"
        f"assert os.environ['MPLBACKEND'] == {backend!r}\n"
        "import sys\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    python(code, MPLBACKEND=backend)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_matplotlibrc_that_asks_for_latex_changes_nothing(oval, tmp_path):
    import matplotlib

    figures.track_picture(oval, tmp_path / "a.png")
    with matplotlib.rc_context({"text.usetex": True, "axes.facecolor": "red"}):
        figures.track_picture(oval, tmp_path / "b.png")
        assert matplotlib.rcParams["text.usetex"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_matplotlibrc_that_cannot_be_read_is_one_sentence(python, tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(b"backend: \xff\n")
    code = (
        f"import os; os.chdir({str(tmp_path)!r})\n"
        "from racer.cli import main\n"
        "assert main(['track', 'show', 'oval', '--no-window', '--png', 't.png']) == 5\n"
    )
    python(code)
