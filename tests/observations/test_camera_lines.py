"""Painted lines are where the ray tracer has them, to a fraction of a pixel."""

import dataclasses

import numpy as np
import pytest

from racer import observations
from racer.config import CameraConfig, RaceConfig, Sensors
from racer.race import make_race
from racer.tracks import Track
from tests.observations.ray_tracer import RayTracer, placed
from tests.reference_data import find

BLACK = (0.0, 0.0, 0.0)
ONLY_PAINT = {  # border lines in red, the centre line's dashes in green, and nothing else
    **dict.fromkeys(("road", "field", "sky", "wall"), BLACK),
    "line": (255.0, 0.0, 0.0),
    "dash": (0.0, 255.0, 0.0),
}
FAINT = 2.0  # of 255: less is nothing
LEAST = 0.25 * 255.0  # of a band along one row or column: paint that covers a quarter of a pixel
AROUND = 3  # px: so far beside a band its paint may be
REAL = sorted(find().glob("tracks/*.npy")) if find() else []
CLOSED = [path for path in REAL if path.stem != "Straight_track"]
SOME = [path for path in CLOSED if path.stem in ("reinvent_base", "Oval_track")]


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
    tracer = RayTracer(track, looks)
    found = {"line": [], "dash": []}
    for car, picture in zip(race.cars, out.astype(float), strict=True):
        expected = tracer.picture((car["x"], car["y"], car["yaw"]), settings).transpose(2, 0, 1)
        for plane, what in enumerate(found):
            found[what] += middles(expected[plane], picture[plane])
            found[what] += middles(expected[plane].T, picture[plane].T)
    return {what: np.abs(px) for what, px in found.items()}


@pytest.mark.parametrize("name", ["oval", *SOME], ids=lambda one: getattr(one, "stem", one))
def test_lines_are_within_a_pixel_of_the_ray_tracers(name):
    found = off_by(name, CameraConfig(width=80, height=60, color="rgb"), 12)
    assert min(map(len, found.values())) > 300
    assert max(px.max() for px in found.values()) <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*Track.names(), *CLOSED], ids=lambda one: getattr(one, "stem", one)
)
def test_lines_of_five_hundred_pictures_of_every_track_are_within_a_pixel(name):
    found = off_by(name, CameraConfig(width=80, height=60, color="rgb"), 500, seed=1)
    assert max(px.max() for px in found.values()) <= 1.0  # one or two minutes
    assert np.percentile(found["line"], 99) <= 0.1


def test_a_camera_that_looks_two_pixels_aside_is_noticed():
    """Measured along the rows, and along the columns, of a picture turned by that much."""
    levels = np.zeros((2, 20))
    levels[:, 5:8], levels[1, 12:] = 200.0, [20.0] * 8
    assert middles(levels, np.roll(levels, 2, axis=1))[:2] == [2.0, 2.0]
    assert middles(levels, levels * 0.0) == [np.inf] * 3
