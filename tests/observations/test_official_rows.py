"""What the official simulator does with pixels and ranges: measured rows of its reference."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from racer import actions, observations
from racer.config import CameraConfig, Others, RaceConfig, Sensors
from racer.race import make_race, seen
from racer.sim import frustum
from racer.sim.lidar import LIDAR, RANGES, tell_form
from racer.sim.scenery import Scenery
from racer.tracks import Track
from tests.observations.test_camera import official, seen_at

GREYS = [  # rows 87 to 90: colour, level of the mono camera, of the stereo camera
    ((255, 255, 255), 254, 255),
    ((36, 49, 64), 46, 47),
    ((194, 194, 190), 193, 194),
    ((194, 117, 0), 126, 127),
    ((95, 136, 104), 120, 120),
    ((36, 70, 81), 61, 61),
    ((64, 63, 61), 63, 63),
    ((223, 223, 222), 222, 223),
    ((225, 143, 0), 151, 151),
    ((126, 133, 65), 123, 123),
    ((123, 97, 79), 102, 103),
    ((40, 40, 40), 39, 40),
    ((1, 1, 1), 0, 1),
    ((0, 0, 0), 0, 0),
    ((128, 128, 128), 127, 128),
]


def pictures_of(looks, name, settings, n=1):
    """(n, C, H, W) uint8 around the oval, painted as `looks`; of cars that stand on its centre."""
    track = dataclasses.replace(Track.load("oval"), looks=looks)
    race = make_race(RaceConfig(), n, with_reward=False, tracks=[track])
    for car, part in zip(race.cars, np.linspace(0.0, 0.9, n), strict=True):
        car["x"], car["y"], car["yaw"] = track.pose_at(part * track.length)
    view = observations.make(name, race.vehicle, Sensors(settings))
    out = observations.empty(view.space, n)
    view.bind(race.scene, out)()
    return out


@pytest.mark.parametrize("name", ["camera", "stereo"])
def test_a_colour_has_the_official_grey_level(name):
    for color, mono, stereo in GREYS:
        paint = dict.fromkeys(("road", "field", "line", "dash", "sky"), color)
        out = pictures_of(
            Scenery(**paint, wall_distance=-1.0), name, CameraConfig(width=20, height=16)
        )
        assert set(out.ravel().tolist()) == {mono if name == "camera" else stereo}, color


@pytest.mark.parametrize(
    ("x", "row"), [(1.0, 49.39), (2.0, 38.84), (0.5, 74.94), (1e9, 29.46)]
)  # row 84: a car that has settled on its wheels looks less down
def test_points_are_where_a_settled_camera_shows_them(x, row):
    settled = official(pitch=np.radians(15.0 - 1.395), forward=0.1421, up=0.1328)
    assert seen_at((x, 0.0, 0.0), settled)[1] == pytest.approx(row, abs=0.02)


def test_a_wall_that_is_near_fills_the_sky():
    assert seen_at((3.0, 0.0, 1.0), official())[1] == pytest.approx(-18.68, abs=0.006)  # row 85


def resized(row):
    """A row of 640 levels as the official simulator makes it 160 wide."""
    picture = Image.fromarray(np.tile(np.array(row, np.uint8), (4, 1)))
    return np.asarray(picture.resize((160, 1), Image.Resampling.BILINEAR))[0, 76:84].tolist()


@pytest.mark.parametrize(
    ("row", "cells"),
    [  # rows 91 to 93
        ([0] * 320 + [255] * 320, [0, 0, 0, 32, 223, 255, 255, 255]),
        ([0] * 322 + [255] * 318, [0, 0, 0, 0, 128, 255, 255, 255]),
        ([0] * 320 + [255] + [0] * 319, [0, 0, 0, 24, 40, 0, 0, 0]),
        ([0] * 321 + [255] + [0] * 318, [0, 0, 0, 8, 56, 0, 0, 0]),
    ],
)
def test_the_official_resize(row, cells):
    assert resized(row) == cells


def test_the_resize_of_a_car():
    """Row 94: the mean of the two pixels in the middle of every four, so thin lines may be lost."""
    for column, cells in ((320, [0] * 8), (321, [0, 0, 0, 0, 128, 0, 0, 0])):
        row = np.zeros(640)
        row[column] = 255
        found = np.floor(row.reshape(160, 4)[:, 1:3].mean(axis=1) + 0.5)
        assert found[76:84].tolist() == cells


def test_pictures_are_the_official_ones_but_for_their_blur():
    """The official 640 x 480 picture is made small by weights that reach into the next pixels."""
    large = pictures_of(None, "camera", CameraConfig(width=640, height=480, color="rgb"), 3)
    ours = pictures_of(None, "camera", CameraConfig(width=160, height=120), 3)[:, 0].astype(float)
    weights = np.array([0.2989, 0.5870, 0.1140])
    for big, small in zip(large, ours, strict=True):
        colors = Image.fromarray(np.ascontiguousarray(big.transpose(1, 2, 0)))
        theirs = np.asarray(colors.resize((160, 120), Image.Resampling.BILINEAR)) @ weights
        assert np.abs(theirs - small).mean() < 3.0  # of 255
        blocks = (big.transpose(1, 2, 0) @ weights).reshape(120, 4, 160, 4).mean(axis=(1, 3))
        assert np.mean(np.abs(blocks - small) < 3.0) > 0.998  # without that blur: the same picture


def test_ranges_are_clipped_as_the_official_ones():
    row = np.zeros(1, LIDAR)
    row["form"], row["near"], row["clip"] = RANGES, 0.15, 1.0
    out = np.zeros(7)
    scan = np.array([-np.inf, 0.1, 0.15, 0.5, 1.0, 12.0, np.inf])
    tell_form(scan, row.view(np.recarray)[0], out)
    assert out.tolist() == [0.15, 0.15, 0.15, 0.5, 1.0, 1.0, 1.0]  # row 96


@pytest.mark.parametrize(("given", "taken"), [(0.05, 0.15), (20, 12.0)])  # row 103
def test_the_clipping_distance_stays_within_what_the_sensor_measures(tmp_path, given, taken):
    path = tmp_path / "car.json"
    told = {
        "action_space": [{"steering_angle": 0, "speed": 1}],
        "sensor": ["DISCRETIZED_SECTOR_LIDAR"],
        "lidar_config": {"num_sectors": 8, "num_values_per_sector": 8, "clipping_dist": given},
    }
    path.write_text(json.dumps(told))
    assert actions.equipment(str(path)).lidar["discretized_clip_m"] == taken


@pytest.mark.parametrize(
    ("version", "place"),
    [
        ("2", (0.2, 0.164)),
        (1.0, (0.2, 0.164)),
        ("3.0", None),
        ("5", None),
        (None, None),
        ("x", None),
    ],
)
def test_the_camera_of_older_cars_sits_elsewhere(tmp_path, version, place):
    path = tmp_path / "car.json"
    told = {"action_space": [{"steering_angle": 0, "speed": 1}], "sensor": ["STEREO_CAMERAS"]}
    path.write_text(json.dumps(told | ({} if version is None else {"version": version})))
    race = RaceConfig(actions=str(path), observation="sensors")
    usual = CameraConfig()
    camera = seen(race).camera
    assert (camera.forward_m, camera.up_m) == (place or (usual.forward_m, usual.up_m))
    mine = seen(dataclasses.replace(race, camera=CameraConfig(up_m=0.3)))
    assert mine.camera.up_m == 0.3  # what is asked for counts
    others = Others(race="object_avoidance", obstacles=1)
    made = make_race(dataclasses.replace(race, others=others), with_reward=False)
    assert made.among.lens == (*(place or frustum.LENS[:2]), 0.03)


@pytest.mark.parametrize(
    ("action", "command"), [((-1.5, -1), (-30, 1)), ((0, 0), (0, 1.5)), ((0.5, 1), (15, 2))]
)  # row 107
def test_an_action_in_a_range_means_what_it_means_to_the_car(race, action, command):
    one = race(1, actions=actions.Continuous((-30.0, 30.0), (1.0, 2.0)))
    one.step(np.array([action], np.float32))
    assert one.commands[0].tolist() == list(command)
