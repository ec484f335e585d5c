"""Painted lines are where other geometry than racer's has them, to a fraction of a pixel."""

import dataclasses

import numpy as np
import pytest

from racer import observations
from racer.config import CameraConfig, RaceConfig, Sensors
from racer.race import make_race
from racer.sim.camera.ground import offset
from racer.tracks import Track
from tests.observations.ray_tracer import placed
from tests.observations.scan_lines import Paint, shapely
from tests.reference_data import find

BLACK = (0.0, 0.0, 0.0)
ONLY_PAINT = {  # border lines in red, the centre line's dashes in green, and nothing else
    **dict.fromkeys(("road", "field", "sky", "wall"), BLACK),
    "line": (255.0, 0.0, 0.0),
    "dash": (0.0, 255.0, 0.0),
}
FAINT = 8.0  # of 255: less is nothing
LEAST = 0.25 * 255.0  # of a band along one row or column: paint that covers a quarter of a pixel
WIDTH = 0.0762  # m, of a border line
AROUND = 3  # px: so far beside a band its paint may be
REAL = sorted(find().glob("tracks/*.npy")) if find() else []
CLOSED = [path for path in REAL if path.stem != "Straight_track"]
TRACKS = [*Track.names(), *CLOSED]


def middles(expected, seen):
    """Px: how far the middle of each band of `seen` is from that of `expected`, along the rows.

    A band is what is lit in `expected` without a gap; its middle is the mean of its columns, each
    weighted by how much of it is painted.
    """
    found = []
    for there, here in zip(expected, seen, strict=True):
        edges = np.flatnonzero(np.diff(there > FAINT, prepend=False, append=False)).reshape(-1, 2)
        ends = [0, *((edges[:-1, 1] + edges[1:, 0] + 1) // 2), len(there)]
        for (start, stop), low, high in zip(edges, ends, ends[1:], strict=False):
            if there[start:stop].sum() >= LEAST:
                near = slice(max(low, start - AROUND), min(high, stop + AROUND))
                found.append(middle(here[near]) - middle(there[near]))
    return found


def middle(levels):
    """Px; far away where nothing is lit."""
    whole = levels.sum()
    return (levels * np.arange(len(levels))).sum() / whole if whole else np.inf


def off_by(name, settings, poses, seed=0):
    """Px, of every band of border lines and dashes in `poses` pictures."""
    track = Track.load(name)
    looks = dataclasses.replace(track.scenery, **ONLY_PAINT)
    track = dataclasses.replace(track, looks=looks)
    race = make_race(RaceConfig(track=str(name)), poses, with_reward=False, tracks=[track])
    placed(race.scene, np.random.default_rng(seed), track)
    view = observations.make("camera", race.vehicle, Sensors(settings))
    out = observations.empty(view.space, poses)
    view.bind(race.scene, out)()
    paint = Paint(track, looks)
    found = {"line": [], "dash": []}
    for car, picture in zip(race.cars, out.astype(float), strict=True):
        expected = 255.0 * paint.picture((car["x"], car["y"], car["yaw"]), settings)
        for plane, what in enumerate(found):
            found[what] += middles(expected[plane], picture[plane])
            found[what] += middles(expected[plane].T, picture[plane].T)
    return {what: np.abs(px) for what, px in found.items()}


def compare(name, poses, seed):
    found = off_by(name, CameraConfig(width=80, height=60, color="rgb"), poses, seed)
    assert len(found["line"]) > 50 * poses
    for what in ("line", "dash")[: 1 + (Track.load(name).scenery.dash_width > 0.0)]:
        assert found[what].max() <= 1.0
        assert np.percentile(found[what], 99) <= 0.15


@pytest.mark.parametrize("name", TRACKS, ids=lambda one: getattr(one, "stem", one))
def test_lines_of_every_track_are_within_a_pixel(name):
    compare(name, 4, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACKS, ids=lambda one: getattr(one, "stem", one))
def test_lines_of_five_hundred_pictures_of_every_track_are_within_a_pixel(name):
    compare(name, 500, seed=1)  # five seconds


@pytest.mark.parametrize("turned", [20, 70, 110, 150, 175])
def test_a_line_goes_round_every_corner_as_shapelys_does(turned):
    """Of a triangle, around the corner that turns by that many degrees."""
    half = np.tan(np.radians(90.0 - turned / 2.0))
    ring = np.array([(0.0, 0.0), (-1.0, half), (-1.0, -half), (0.0, 0.0)])
    near = shapely.Point(0.0, 0.0).buffer(0.3)
    ours = shapely.Polygon(offset(ring, WIDTH)).intersection(near)
    exact = shapely.Polygon(ring).buffer(WIDTH, quad_segs=64).intersection(near)
    assert ours.symmetric_difference(exact).area < 0.06 * WIDTH**2


def test_a_camera_that_looks_two_pixels_aside_is_noticed():
    """Measured along the rows, and along the columns, of a picture turned by that much."""
    levels = np.zeros((2, 20))
    levels[:, 5:8], levels[1, 12:] = 200.0, [20.0] * 8
    assert middles(levels, np.roll(levels, 2, axis=1))[:2] == [2.0, 2.0]
    assert middles(levels, levels * 0.0) == [np.inf] * 3
