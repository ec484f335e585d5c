"""A circuit while it is drawn: every operation, what is valid, and the file it becomes."""

import numpy as np
import pytest

from racer.errors import BadTrack
from racer.tracks import Track
from racer.tracks.sketch import Sketch
from racer.tracks.track import BUILTIN


@pytest.fixture
def sketch():
    return Sketch.new("Mine")


def test_a_new_sketch_is_a_valid_track(sketch, tmp_path):
    assert sketch.problem == ""
    sketch.save(tmp_path / "tracks" / "mine.txt")
    track = Track.load(tmp_path / "tracks" / "mine.txt")
    assert track.length == pytest.approx(sketch.road.length, rel=2e-3)
    again = Sketch.of(tmp_path / "tracks" / "mine.txt")
    assert again.text == sketch.text


@pytest.mark.parametrize("path", sorted(BUILTIN.glob("*.txt")), ids=lambda p: p.stem)
def test_a_built_in_track_taken_apart_is_nearly_the_same_road(path):
    track, sketch = Track.load(path), Sketch.of(path)
    assert sketch.problem == ""
    assert sketch.road.length == pytest.approx(track.length, rel=0.02)
    near = track.nearest(*sketch.road.center.T)
    assert np.abs(near["distance"]).max() < 0.06


def test_points_move_come_and_go_and_nothing_changes_in_place(sketch):
    before = sketch.text
    moved = sketch.moved(2, 5.234, -0.5)
    assert moved.points[2].tolist() == [5.23, -0.5]
    more, k = sketch.inserted(1.2, 0.02)
    assert k == 1
    assert more.points[1] == pytest.approx([1.2, 0.0], abs=0.1)
    assert more.removed(k).text == before
    assert sketch.text == before


def test_a_point_after_the_last_one_goes_to_the_end(sketch):
    x, y = sketch.road.center[-3]
    more, k = sketch.inserted(x, y)
    assert k == len(sketch.points)
    assert len(more.points) == k + 1


def test_start_and_direction(sketch):
    assert sketch.started(3).points[0].tolist() == sketch.points[3].tolist()
    turned = sketch.turned()
    assert turned.points[0].tolist() == sketch.points[0].tolist()
    assert turned.points[1].tolist() == sketch.points[-1].tolist()
    assert turned.turned().text == sketch.text


def test_widths_stay_within_reason(sketch):
    assert sketch.widened(0.1, 2).widths[1:4].tolist() == [0.8, 0.9, 0.8]
    assert sketch.widened(-9.0).widths.max() == 0.3


@pytest.mark.parametrize("width", [0.25, 5.5])
def test_a_road_that_comes_wider_or_narrower_keeps_its_width(tmp_path, width):
    turn = np.linspace(0.0, 2 * np.pi, 200)[:, None]
    ring = [(15.0 + off) * np.hstack([np.cos(turn), np.sin(turn)]) for off in (0.0, -0.5, 0.5)]
    lines = [ring[0] + (side - ring[0]) * width for side in ring]
    np.save(tmp_path / "ring.npy", np.hstack(lines))
    sketch = Sketch.of(tmp_path / "ring.npy")
    sketch.save(tmp_path / "ring.txt")
    assert Track.load(tmp_path / "ring.txt").width == pytest.approx(width, abs=0.02)
    for by in (0.05, -0.05):  # a key never does the opposite
        changed = sketch.widened(by, 0).widths[0] - sketch.widths[0]
        assert changed == 0.0 or np.sign(changed) == np.sign(by)


def test_what_is_no_track_says_why_and_is_not_saved(sketch, tmp_path):
    wide = sketch.widened(3.0)
    assert "too tight for a road" in wide.problem
    with pytest.raises(BadTrack, match="not saved: "):
        wide.save(tmp_path / "wide.txt")
    assert not (tmp_path / "wide.txt").exists()
    t = np.arange(16) * 2 * np.pi / 16
    eight = Sketch(np.stack([6 * np.sin(t), 4 * np.sin(2 * t)], axis=1), np.full(16, 0.8))
    assert "cross" in eight.problem


def test_a_point_upon_another_or_one_too_few_changes_nothing(sketch):
    assert sketch.moved(1, 0.0, 0.01) is sketch
    few = sketch
    for _ in range(4):
        few = few.removed(0)
    assert len(few.points) == 4
    assert few.removed(0) is few
