"""The camera sees what a ray tracer that shares no code with it sees, the same in any batch."""

import dataclasses

import numpy as np
import pytest

from racer import observations, vehicles
from racer.config import CameraConfig, RaceConfig, Rules, Sensors
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig, BadInput
from racer.race import make_race
from racer.sim import camera
from racer.sim.camera.lens import project
from racer.sim.types import BOT, BOX, OBJECT
from racer.tracks import Track
from racer.tracks.scenery import scenery
from tests.observations.ray_tracer import RayTracer, placed
from tests.reference_data import find

GREY = np.array([0.2989, 0.5870, 0.1140])
BROWN, SHELL = (123.0, 97.0, 79.0), (13.0, 14.0, 11.0)
LEVELS = 8  # of 255; a pixel of the ray tracer is off by as much at most, from finite rays
SHARE = 0.99  # of the pixels
REAL = sorted((find() or "").glob("tracks/*.npy")) if find() else []
CLOSED = [path for path in REAL if path.stem != "Straight_track"]


def boxes_before(scene, rng, per_car):
    """(N, per_car) OBJECT, apart from each other, ahead of every car."""
    objects = np.zeros((len(scene.cars), per_car), OBJECT)
    for car, row in zip(scene.cars, objects, strict=True):
        for k, one in enumerate(row):
            away, aside = 0.7 + 0.6 * k, rng.normal(0.0, 0.25)
            one["x"] = car["x"] + away * np.cos(car["yaw"]) - aside * np.sin(car["yaw"])
            one["y"] = car["y"] + away * np.sin(car["yaw"]) + aside * np.cos(car["yaw"])
            one["yaw"], one["kind"], one["present"] = rng.uniform(-3, 3), k % 2, True
            one["length"], one["width"] = (0.4, 0.3) if k % 2 == BOX else (0.324, 0.188)
            one["height"] = (0.25, 0.1)[k % 2]
    return objects


def compare(name, settings, poses, seed=0):
    """Share of pixels within LEVELS of the ray tracer's, over `poses` pictures."""
    track = Track.load(name)
    race = make_race(RaceConfig(track=str(name)), poses, with_reward=False, tracks=[track])
    rng = np.random.default_rng(seed)
    placed(race.scene, rng, track)
    objects = boxes_before(race.scene, rng, 3)
    scene = dataclasses.replace(race.scene, objects=objects)
    view = observations.make("camera", race.vehicle, Sensors(settings))
    out = observations.empty(view.space, poses)
    view.bind(scene, out)()
    tracer = RayTracer(track, scenery(track.name))
    within = []
    for i, car in enumerate(race.cars):
        around = [
            (*one.tolist(), BROWN if kind == BOX else SHELL)
            for one, kind in zip(
                objects[i][["x", "y", "yaw", "length", "width", "height"]],
                objects[i]["kind"],
                strict=True,
            )
        ]
        expected = tracer.picture((car["x"], car["y"], car["yaw"]), settings, around) @ GREY
        within.append(np.abs(out[i, 0] - expected) <= LEVELS)
    return np.mean(within)


@pytest.mark.parametrize("name", ["oval", *(p for p in CLOSED if p.stem == "reinvent_base")])
def test_pictures_are_those_of_a_ray_tracer(name):
    assert compare(name, CameraConfig(width=40, height=30), 50) >= SHARE


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*Track.names(), *CLOSED], ids=lambda one: getattr(one, "stem", one)
)
def test_five_hundred_pictures_of_every_track_are_those_of_a_ray_tracer(name):
    assert compare(name, CameraConfig(width=40, height=30), 500, seed=1) >= SHARE  # half a minute


def official(width=160, height=120, **changes):
    settings = CameraConfig(width=width, height=height)
    pose = {"pitch": 0.2618, "forward": settings.forward_m, "left": 0.0, "up": settings.up_m}
    return camera.view(width, height, channels=1, fov=1.13, rounding=0.0, **(pose | changes))


def seen_at(point, view):
    """Column and row, px, of a point of the car's frame."""
    x, y, z = point
    row = view[0]
    eye = (0.0, 0.0, row["up"], 0.0, 1.0, np.sin(row["pitch"]), np.cos(row["pitch"]), row["focal"])
    return project(eye, row, x - row["forward"], y - row["left"], z)


@pytest.mark.parametrize(
    ("point", "pixel"),
    [  # measured in the official simulator: reference rows 82 and 83
        ((1.0, 0.0, 0.0), (80.0, 46.00)),
        ((1e9, 0.0, 0.0), (80.0, 26.186)),  # the horizon
        ((2.0, 0.0, 0.0), (80.0, 35.51)),
        ((0.5, 0.0, 0.0), (80.0, 71.43)),
        ((1.0, 0.381, 0.0), (24.05, 46.00)),
        ((2.0, -0.381, 0.0), (106.34, 35.51)),
        ((1.0, 0.2, 0.25), (48.24, 6.51)),
        ((5.5, 0.0, 1.0), (80.0, 3.22)),
    ],
)
def test_points_are_where_the_official_camera_shows_them(point, pixel):
    assert seen_at(point, official()) == pytest.approx(pixel, abs=0.006)


@pytest.mark.parametrize(("x", "px"), [(0.5, 20.12), (1.0, 8.81), (2.0, 4.15), (5.0, 1.60)])
def test_stereo_disparity(x, px):
    left, right = (seen_at((x, 0.0, 0.0), official(left=y))[0] for y in (0.03, -0.03))
    assert left - right == pytest.approx(px, abs=0.006)


@pytest.mark.parametrize("name", ["camera", "stereo", "camera+features"])
def test_a_row_of_a_batch_is_a_race_of_one_byte_for_byte(name):
    config = RaceConfig(observation=name, camera=CameraConfig(width=40, height=30, stack=2))
    actions = np.random.default_rng(0).uniform(-1, 1, (4, 5, 2)).astype(np.float32)
    race = make_race(config, 5, with_reward=False, seed=3)
    race.reset()
    for a in actions:
        race.step(a)
    for i in range(5):
        one = make_race(config, 1, with_reward=False, seed=3 + i)
        one.reset()
        for a in actions:
            one.step(a[i])
        np.testing.assert_equal(observations.take(one.obs, 0), observations.take(race.obs, i))


def test_a_lens_to_the_left_sees_the_middle_line_farther_right():
    config = RaceConfig(observation="stereo", camera=CameraConfig(baseline_m=0.2))
    race = make_race(config, 1, with_reward=False)
    left, right = race.reset()[0].astype(float)
    dash = np.array(scenery("oval").dash) @ GREY
    columns = [np.nonzero(np.abs(one[30:] - dash) < 20.0)[1] for one in (left, right)]
    assert columns[0].mean() > columns[1].mean() + 5.0


def test_what_is_nearer_hides_what_is_behind_it():
    race = make_race(RaceConfig(), 1, with_reward=False)
    race.cars["yaw"] = 0.0
    x, y = race.cars["x"][0], race.cars["y"][0]
    objects = np.zeros((1, 2), OBJECT)
    objects["length"], objects["width"], objects["height"] = 0.4, 0.3, 0.25
    objects["present"], objects["y"] = True, y
    objects["kind"] = [[BOX, BOT]]
    view = observations.make("camera", race.vehicle, Sensors())
    middle = {}
    for near, far in ((0, 1), (1, 0)):
        objects["x"][0, near], objects["x"][0, far] = x + 0.8, x + 1.6
        out = np.zeros((1, *view.space.shape), np.uint8)
        view.bind(dataclasses.replace(race.scene, objects=objects), out)()
        middle[near] = out[0, 0, 20, 40]
    assert middle[0] > middle[1] + 20  # brown, then the dark shell
    objects["present"] = False
    view.bind(dataclasses.replace(race.scene, objects=objects), out)()
    assert out[0, 0, 20, 40] not in middle.values()


def test_cars_of_one_world_see_each_other_and_not_themselves():
    race = make_race(RaceConfig(), 2, with_reward=False)
    race.cars["yaw"] = [0.0, np.pi]
    race.cars["x"], race.cars["y"] = [0.0, 1.0], 0.0
    objects = np.zeros((1, 2), OBJECT)
    objects["x"], objects["yaw"], objects["present"] = race.cars["x"], race.cars["yaw"], True
    objects["length"], objects["width"], objects["height"], objects["kind"] = 0.32, 0.19, 0.2, BOT
    view = observations.make("camera", race.vehicle, Sensors())
    out = np.zeros((2, *view.space.shape), np.uint8)
    view.bind(dataclasses.replace(race.scene, objects=objects), out)()
    assert (out[:, 0, 15, 40] < 20).all()
    assert (out[:, 0, 59, 40] > 20).all()


def test_a_stack_holds_the_last_pictures_and_begins_anew_with_an_episode():
    config = RaceConfig(
        observation="camera", camera=CameraConfig(stack=3), rules=Rules(max_steps=4)
    )
    race = make_race(config, 1, with_reward=False)
    first = race.reset()[0].copy()
    assert (first == first[2]).all()
    seen = [first[2]]
    for _ in range(3):
        seen.append(race.step(np.array([[0.2, 0.0]], np.float32))[0, 2].copy())
        np.testing.assert_equal(race.obs[0, 0], seen[max(0, len(seen) - 3)])
    assert len({one.tobytes() for one in seen}) == 4
    before = race.obs.copy()
    np.testing.assert_equal(race.refresh(), before)  # looking again is no step
    race.reset()
    assert (race.obs[0] == race.obs[0, 2]).all()


def test_a_stack_goes_on_from_a_saved_state():
    env = RacerVecEnv(
        make_race(
            RaceConfig(observation="camera+features", camera=CameraConfig(stack=2)),
            3,
            with_reward=False,
        )
    )
    env.reset()
    ahead = np.full((3, 2), 0.1, np.float32)
    env.step(ahead)
    state = env.get_state()
    then = [env.step(ahead)[0] for _ in range(2)]
    again = RacerVecEnv(
        make_race(
            RaceConfig(observation="camera+features", camera=CameraConfig(stack=2)),
            3,
            with_reward=False,
        )
    )
    again.reset()
    again.set_state(state)
    np.testing.assert_equal([again.step(ahead)[0] for _ in range(2)], then)


def test_colours_are_in_the_planes_red_green_blue():
    config = RaceConfig(observation="camera", camera=CameraConfig(color="rgb"))
    race = make_race(config, 1, with_reward=False)
    below = race.reset()[0, :, 59, 10].tolist()
    assert below in (
        [round(c) for c in scenery("oval").road],
        [round(c) for c in scenery("oval").line],
    )


def test_no_picture_is_drawn_of_a_car_that_nobody_asks_for():
    race = make_race(RaceConfig(observation="camera"), 2, with_reward=False)
    race.reset()
    race.obs[:] = 7
    race.reset(np.array([False, True]))
    assert (race.obs[0] == 7).all()
    assert (race.obs[1] != 7).any()


def test_settings_outside_their_bounds_and_names_given_twice_are_refused():
    with pytest.raises(BadConfig, match=r"race.camera.width = 8; allowed is 16 to 640 px"):
        CameraConfig(width=8)
    with pytest.raises(BadConfig, match=r"race.camera.color = 'gray'; allowed is grey, rgb"):
        CameraConfig(color="gray")
    with pytest.raises(BadInput, match="names one twice"):
        observations.make("camera+camera", vehicles.load("deepracer"))


def test_a_line_far_away_does_not_flicker():
    """A car that creeps ahead: from frame to frame no pixel near the horizon jumps."""
    race = make_race(RaceConfig(observation="camera"), 200, with_reward=False)
    x, y, yaw = race.track.pose_at(0.0)
    race.cars["x"] = x + np.cos(yaw) * np.linspace(0.0, 0.1, 200)
    race.cars["y"] = y + np.sin(yaw) * np.linspace(0.0, 0.1, 200)
    race.cars["yaw"] = yaw
    view = observations.make("camera", race.vehicle, Sensors())
    out = np.zeros((200, *view.space.shape), np.uint8)
    view.bind(race.scene, out)()
    far = out[:, 0, 10:20].astype(int)
    assert np.abs(np.diff(far, axis=0)).max() <= 6  # of 255, for half a millimetre
