"""Scans are those of shapely, and their forms those of the official simulator."""

import dataclasses

import numpy as np
import pytest

from racer import observations
from racer.config import LidarConfig, RaceConfig, Sensors
from racer.errors import BadConfig
from racer.race import make_race
from racer.sim.lidar import DISCRETIZED, LIDAR, SECTORS, tell_form
from racer.sim.scenery import walls_around
from racer.sim.types import BOX, OBJECT, OTHER_CAR

shapely = pytest.importorskip("shapely")
SMALL_M = 1e-9


def scene_of(rng, cars, boxes):
    """A race whose cars stand anywhere on the road, with boxes and cars around them."""
    race = make_race(RaceConfig(), cars, with_reward=False)
    objects = np.zeros((cars, boxes), OBJECT)
    for car, row in zip(race.cars, objects, strict=True):
        car["x"], car["y"], _ = race.track.pose_at(rng.uniform(0, race.track.length))
        car["yaw"] = rng.uniform(-np.pi, np.pi)
        for k, one in enumerate(row):
            away, where = 0.5 + 0.3 * k, rng.uniform(-np.pi, np.pi)
            one["x"], one["y"] = car["x"] + away * np.cos(where), car["y"] + away * np.sin(where)
            one["yaw"], one["kind"] = rng.uniform(-np.pi, np.pi), BOX if k % 2 else OTHER_CAR
            one["length"], one["width"], one["height"], one["present"] = 0.4, 0.3, 0.25, True
    return race, objects


def expected(race, objects, settings, car, row):
    """Ranges by shapely, m; infinite where a beam meets nothing."""
    walls = walls_around(race.track.arrays.outer, race.scene.scenery[0])
    things = [shapely.box(*walls[:4]).exterior]
    if settings.borders:
        things += [shapely.LineString(race.track.inner), shapely.LineString(race.track.outer)]
    pucks = []
    for one in row:
        c, s = np.cos(one["yaw"]), np.sin(one["yaw"])
        ahead, long, wide = 0.0, one["length"] / 2, one["width"] / 2
        if one["kind"] == OTHER_CAR:
            ahead, long, wide = 0.12, 0.038, 0.042
            pucks.append((one["x"] + c * settings.forward_m, one["y"] + s * settings.forward_m))
        corners = [(ahead + long, wide), (ahead - long, wide), (ahead - long, -wide)]
        corners.append((ahead + long, -wide))
        xy = [(one["x"] + c * a - s * b, one["y"] + s * a + c * b) for a, b in corners]
        things.append(shapely.Polygon(xy).exterior)
    union = shapely.unary_union(things)
    yaw, at = car["yaw"], np.array([car["x"], car["y"]])
    at = at + settings.forward_m * np.array([np.cos(yaw), np.sin(yaw)])
    start = np.radians(settings.facing_deg - settings.fov_deg / 2)
    found = []
    for k in range(settings.beams):
        angle = yaw + start + np.radians(settings.fov_deg) / (settings.beams - 1) * k
        ray = np.array([np.cos(angle), np.sin(angle)])
        beam = shapely.LineString([at, at + 40.0 * ray])
        met = shapely.get_coordinates(beam.intersection(union))
        ranges = np.hypot(*(met - at).T).tolist()
        for puck in pucks:  # a circle is no polygon: by its equation
            to = np.array(puck) - at
            aside = ray[0] * to[1] - ray[1] * to[0]
            if abs(aside) <= 0.035 and to @ ray > 0:
                ranges.append(to @ ray - np.sqrt(0.035**2 - aside**2))
        found.append(min(ranges, default=np.inf))
    return np.array(found)


def scanned(race, objects, settings, name="lidar"):
    view = observations.make(name, race.vehicle, Sensors(lidar=settings))
    out = np.zeros((race.n, *view.space.shape), np.float64)  # to compare below a nanometre
    view.bind(dataclasses.replace(race.scene, objects=objects), out)()
    return out


@pytest.mark.parametrize(
    "settings",
    [
        LidarConfig(near_m=0.0, clip_m=30.0, far_m=30.0),
        LidarConfig(
            near_m=0.0, clip_m=30.0, far_m=30.0, beams=1080, fov_deg=270, facing_deg=0, borders=True
        ),
    ],
    ids=["official", "f1tenth"],
)
def test_ranges_are_those_of_shapely(settings):
    few = settings.beams > 64
    race, objects = scene_of(np.random.default_rng(5), 2 if few else 20, 4)
    out = scanned(race, objects, settings)
    for i in range(race.n):
        wanted = expected(race, objects, settings, race.cars[i], objects[i])
        np.testing.assert_allclose(out[i], np.minimum(wanted, 30.0), atol=SMALL_M, rtol=0)


def test_beams_point_where_the_official_ones_do():
    race, objects = scene_of(np.random.default_rng(0), 1, 1)
    race.cars["yaw"] = 0.0
    ahead = {0: 30.0, 7: 63.333, 8: 68.095, 55: -68.095, 56: -63.333, 63: -30.0}
    bearings = ahead | {31: 177.619, 32: -177.619}
    for beam, degrees in bearings.items():  # reference row 95
        angle = np.radians(degrees)
        objects["x"] = race.cars["x"] + 0.0291 + 0.6 * np.cos(angle)
        objects["y"] = race.cars["y"] + 0.6 * np.sin(angle)
        objects["kind"], objects["length"], objects["width"] = BOX, 0.02, 0.02
        near = np.flatnonzero(scanned(race, objects, LidarConfig())[0] < 0.7)
        assert near.tolist() == [beam]


def told(ranges, form, sectors=8, values=8, clip=2.0):
    row = np.zeros(1, LIDAR)
    row["form"], row["sectors"], row["values"], row["clip"] = form, sectors, values, clip
    row["near"] = 0.15
    scan = np.full(64, np.inf)
    for beam, value in ranges.items():
        scan[beam] = value
    out = np.zeros(sectors * (values if form == DISCRETIZED else 1))
    tell_form(scan, row.view(np.recarray)[0], out)
    return out


@pytest.mark.parametrize(
    ("ranges", "bits"),
    [  # reference rows 97 to 99
        ({}, "00000000"),
        ({0: 0.3}, "10000000"),
        ({63: 0.3}, "00000001"),
        ({8: 0.5}, "00000000"),
        ({8: 0.4999}, "01000000"),
        ({7: 0.49, 8: 0.49}, "11000000"),
        ({20: -np.inf}, "00000000"),
        ({20: 0.1}, "00100000"),
        ({0: np.nan, 1: 3.0}, "10000000"),
        (dict.fromkeys(range(64), 12.0), "00000000"),
    ],
)
def test_sectors(ranges, bits):
    assert "".join(str(int(one)) for one in told(ranges, SECTORS)) == bits


@pytest.mark.parametrize(
    ("ranges", "shape", "ones"),
    [  # reference rows 100 to 102
        ({0: 0.15}, (8, 8, 2.0), {0}),
        ({0: 0.25}, (8, 8, 2.0), {1}),
        ({0: 1.9999}, (8, 8, 2.0), {7}),
        ({0: 2.0}, (8, 8, 2.0), set()),
        ({}, (8, 8, 2.0), set()),
        ({0: 0.7, 3: 0.6, 60: 1.0}, (8, 8, 2.0), {2, 60}),
        ({0: 0.7, 3: 0.6, 60: 1.0}, (4, 2, 1.0), {1}),
    ],
)
def test_discretized(ranges, shape, ones):
    sectors, values, clip = shape
    out = told(ranges, DISCRETIZED, sectors, values, clip)
    assert set(np.flatnonzero(out).tolist()) == ones
    assert out.sum() == len(ones)


@pytest.mark.parametrize("name", ["lidar", "sector_lidar", "discretized_lidar", "camera+lidar"])
def test_scans_stay_in_their_space_and_know_no_batch(name):
    config = RaceConfig(observation=name, lidar=LidarConfig(noise_m=0.05))
    race = make_race(config, 3, with_reward=False, seed=2)
    race.reset()
    race.step(np.ones((3, 2), np.float32))
    one = make_race(config, 1, with_reward=False, seed=4)
    one.reset()
    one.step(np.ones((1, 2), np.float32))
    last = observations.take(race.obs, 2)
    assert race.observation_space.contains(last)
    np.testing.assert_equal(observations.take(one.obs, 0), last)


def test_noise_has_the_deviation_that_was_asked_for_and_is_new_in_every_step():
    race, objects = scene_of(np.random.default_rng(1), 200, 0)
    wide = LidarConfig(clip_m=12.0)
    clean = scanned(race, objects, wide)
    noisy = scanned(race, objects, dataclasses.replace(wide, noise_m=0.05))
    off = (noisy - clean)[(clean > 0.5) & (clean < 11.5)]
    assert abs(off.std() - 0.05) < 0.002  # of some 12,000 numbers: six standard errors
    assert abs(off.mean()) < 0.003
    race.cars["steps"] += 1
    assert (scanned(race, objects, dataclasses.replace(wide, noise_m=0.05)) != noisy).any()


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(BadConfig, match="sectors = 7 does not divide 64 beams"):
        LidarConfig(sectors=7)
    with pytest.raises(BadConfig, match="near_m"):
        LidarConfig(near_m=2.0)
