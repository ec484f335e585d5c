"""The built-in circuits, and the text they are written in."""

import math

import numpy as np
import pytest
from shapely import LineString

from racer.errors import BadTrack
from racer.tracks import io, layout, validation
from racer.tracks.track import BUILTIN

PATHS = sorted(BUILTIN.glob("*.txt"))
OVAL = "width_m 0.8\nstraight 3\nleft 180 radius 1.5\nstraight 3\nleft 180 radius 1.5\n"


def _length(line):
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def test_there_are_at_least_ten():
    assert len(PATHS) >= 10


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_builtin_has_the_size_of_a_real_track(path):
    center, inner, outer = io.read(path)
    assert 15 <= _length(center) <= 70
    width = np.hypot(*(inner - outer).T)
    assert 0.6 - 1e-9 <= width.min() <= width.max() <= 1.1 + 1e-9
    steps = np.hypot(*np.diff(center, axis=0).T)
    assert 0.05 < steps.min() <= steps.max() < 0.25  # rounding a piece to whole steps


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_builtin_roads_do_not_touch_themselves(path):
    center, inner, outer = (LineString(line) for line in io.read(path))
    assert center.is_simple
    assert inner.is_simple
    assert outer.is_simple
    assert inner.distance(outer) > 0.55  # the narrowest road is 0.6 m wide


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_builtin_can_be_driven_by_a_car_that_turns_in_half_a_metre(path):
    plan = layout.parse(path.read_text())
    assert min(p.length / abs(p.turn) for p in plan.pieces if p.turn) >= 0.55
    assert plan.pieces[0].turn == 0  # the start lies on a straight
    assert layout.title(path.read_text()) == plan.title != ""


def test_oval_has_the_length_and_area_of_its_formula():
    center, inner, outer = layout.build(OVAL)
    # chords of 0.15 m on a radius of 1.5 m are 0.04 % shorter than the arc
    assert _length(center) == pytest.approx(6 + 3 * math.pi, rel=5e-4)
    assert validation.area(inner) == pytest.approx(6.6 + math.pi * 1.1**2, rel=3e-3)
    assert validation.area(outer) == pytest.approx(11.4 + math.pi * 1.9**2, rel=3e-3)


def test_right_turns_make_a_clockwise_lap_with_the_inner_border_on_the_right():
    center, inner, _ = layout.build(OVAL.replace("left", "right"))
    assert center[:, 1].min() == pytest.approx(-3.0, abs=1e-3)
    assert inner[0] == pytest.approx([0.0, -0.4])


def test_question_marks_become_the_lengths_that_close_the_lap():
    text = OVAL.replace("straight 3\nleft", "straight ?\nleft", 1)
    assert _length(layout.build(text)[0]) == pytest.approx(_length(layout.build(OVAL)[0]))


def test_rounded_lengths_are_spread_over_the_straights():
    center, _, _ = layout.build(OVAL.replace("straight 3\n", "straight 3.01\n", 1))
    steps = np.hypot(*np.diff(center, axis=0).T)
    assert steps.max() < 0.16


def test_a_second_width_blends_over_the_next_piece():
    text = "width_m 1.0\nstraight 3\nwidth_m 0.6\nleft 180 radius 1.5\nstraight 3\n"
    center, inner, outer = layout.build(text + "width_m 1.0\nleft 180 radius 1.5\n")
    width = np.hypot(*(inner - outer).T)
    assert width[0] == width[-1] == pytest.approx(1.0)
    middle = int(np.hypot(*(center - [3 + 1.5, 1.5]).T).argmin())
    assert width[middle] == pytest.approx(0.8, abs=0.02)  # half way round the first bend


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no straight or arc"),
        ("straight 3", "line 1: the width is not known"),
        ("width_m 0.8\nstrait 3", "line 2: 'strait 3' is not understood"),
        ("width_m 0.8\nstraight -3", "line 2: '-3' is not a number"),
        ("width_m nan\nstraight 3", "line 1: 'nan' is not a number"),
        ("width_m 0.8\nleft 90 radius 1e9", "line 2: '1e9' is not a number"),
        ("width_m 0.8\nleft 90 radius 0.3", "line 2: radius 0.3 m is too tight"),
        (OVAL.replace("left 180", "left 170", 1), "add up to 350 degrees"),
        (OVAL.replace("straight 3\n", "straight 4\n", 1), "misses its start by 1.00 m"),
        (OVAL.replace("straight 3\n", "straight ?\n") + "straight ?\n", "a third `?`"),
        (OVAL + "straight ?\nstraight 4\n", "need -4.00 m"),
        (OVAL.replace("left", "width_m 0.7\nleft", 1), "ends 0.7 m wide and starts 0.8 m"),
    ],
)
def test_bad_text_is_refused_with_its_line(text, sentence):
    with pytest.raises(BadTrack) as refusal:
        layout.build(text, "mine.txt")
    assert "mine.txt" in str(refusal.value)
    assert sentence in str(refusal.value)


def test_a_lap_that_crosses_itself_is_refused(tmp_path):
    path = tmp_path / "loop.txt"
    path.write_text(
        "width_m 0.8\nstraight 6\nleft 90 radius 1\nstraight 1\nleft 90 radius 1\nstraight 2\n"
        "left 90 radius 1\nstraight 5\nright 90 radius 1\nstraight ?\nright 90 radius 1\n"
        "straight ?\nright 90 radius 1\nstraight 1\nleft 90 radius 1\nleft 90 radius 1\n"
        "left 90 radius 1\n"
    )
    with pytest.raises(BadTrack, match=r"cross|closes|close the lap"):
        io.read(path)
