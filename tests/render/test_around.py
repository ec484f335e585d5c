"""Boxes, bots and other cars in pictures and recordings."""

import dataclasses

import numpy as np
import pytest

from racer.config import Others, RaceConfig
from racer.evaluation import evaluate, protocol, time_trial
from racer.recording.trace import AROUND, Trace
from racer.render import figures, html, scene, video
from racer.sim.types import BOT, BOX
from racer.tracks import Track


class Follows:
    """The centre line, at 1.2 m/s."""

    def act(self, obs):
        angle = np.arctan2(obs[:, 10], obs[:, 9])
        steer = np.clip(2.9 * angle, -1.0, 1.0)
        return np.stack([steer, np.full(len(obs), -0.4)], axis=1).astype(np.float32)


OTHERS = Others(race="head_to_bot", bots=1, bot_speed="0.3", obstacle_positions="0.6,outer")


@pytest.fixture(scope="module")
def driven():
    return evaluate(Follows(), RaceConfig(track="oval", others=OTHERS), laps=1)


def test_a_box_and_a_bot_are_painted_where_they_are():
    track = Track.load("oval")
    view = video.LiveView(track, (640, 400))
    around = np.zeros(2, AROUND)
    places = [track.pose_at(5.0), track.pose_at(12.0)]
    for row, (x, y, yaw) in zip(around, places, strict=True):
        row["x"], row["y"], row["yaw"], row["present"] = x, y, yaw, True
        row["length"], row["width"] = 0.4, 0.3
    around["kind"] = BOX, BOT
    car = np.zeros(
        1, [(name, "f8") for name in scene.Pose._fields] + [("episode", "i8"), ("steps", "i8")]
    )
    before, after = view.frame(car[0]), view.frame(car[0], around=around)
    middle = view._camera.project(np.array([[x, y] for x, y, _ in places])).round().astype(int)
    for column, row in middle:
        assert (before[row, column] != after[row, column]).any()
    changed = np.argwhere((before != after).any(axis=2))[:, ::-1]
    reach = np.abs(changed[:, None] - middle[None]).max(axis=2).min(axis=1)
    assert reach.max() < 0.6 * view._camera.scale + 20  # px; a car is drawn at least 30 px long


def test_a_recording_replays_what_was_around(driven, tmp_path):
    result, trace = driven
    assert trace.objects.shape == (len(trace.rows), 2)
    assert result.laps[0].status == "crashed"
    assert trace.objects["hit"][-1].any()
    assert not trace.objects["hit"][:-1].any()
    assert len(np.unique(trace.objects["x"][:, 1])) > 5  # the bot drives
    path = tmp_path / "laps.npz"
    trace.save(path)
    again = Trace.load(path)
    assert (again.objects == trace.objects).all()
    assert video.frame(again, 3).tobytes() == video.frame(trace, 3).tobytes()


def test_between_two_steps_a_bot_is_between_its_places(driven):
    objects = driven[1].objects
    half = scene.around_at(objects[:2], 0.5)
    assert half["x"] == pytest.approx((objects["x"][0] + objects["x"][1]) / 2)


def test_laps_are_drawn_with_what_was_around(driven, tmp_path):
    path = tmp_path / "laps.png"
    figures.laps_picture(driven[1], path)
    with_boxes = path.read_bytes()
    alone = Trace(driven[1].track, driven[1].rows, driven[1].dt)
    figures.laps_picture(alone, path)
    assert path.read_bytes() != with_boxes


def test_a_crash_costs_its_penalty_and_puts_the_car_before_the_box():
    others = Others(race="object_avoidance", obstacle_positions="0.5,outer")
    rules = protocol("deepracer", laps=1, resets=1)

    class IntoTheBox(Follows):
        def act(self, obs):
            found = super().act(obs)
            beside = obs[:, 3] + 0.4  # half way to the right border
            found[:, 0] = np.clip(found[:, 0] - 1.5 * beside, -1.0, 1.0)
            return found

    result, trace = time_trial(IntoTheBox(), RaceConfig(track="oval", others=others), rules)
    lap = result.laps[0]
    assert (lap.crashes, lap.status) == (2, "crashed")  # the second one is not forgiven
    assert lap.penalty_s == pytest.approx(5.0)
    first, count = trace.meta["pauses"][0]
    assert count == 75  # 5 s of 15 steps
    held = trace.rows[first : first + count]
    assert len(np.unique(held["x"])) == 1
    box = trace.track.nearest(trace.objects["x"][0, 0], trace.objects["y"][0, 0])["s"][0]
    back = trace.track.nearest(held["x"][0], held["y"][0])["s"][0]
    assert box - back == pytest.approx(1.0, abs=0.02)
    assert held["params"]["is_left_of_center"][0]  # the box is in the right lane


def test_mercy_puts_the_car_beyond_the_box_at_the_third_fault():
    others = Others(race="object_avoidance", obstacle_positions="0.25,inner; 0.25,outer")
    rules = protocol("deepracer", laps=1, mercy=3, resets=12, collision_penalty_s=0.0)
    result, _ = time_trial(Follows(), RaceConfig(track="oval", others=others), rules)
    assert result.laps[0].crashes in (3, 4, 5, 6)
    assert result.laps[0].complete


def test_a_page_has_the_boxes_and_bots_of_its_recording(driven):
    _, trace = driven
    about = html.recording(trace)
    assert about["around"] == [
        {"box": [0.4, 0.3], "color": scene.CARDBOARD},
        {"box": None, "color": scene.BOT_BODY},
    ]
    tables = {
        name: (count, {column: scale for column, scale, _ in columns})
        for name, count, columns in about["tables"]
    }
    for k in (0, 1):
        assert tables[f"around{k}"] == (
            len(trace.rows),
            {"x": 1000, "y": 1000, "yaw": 1000, "present": 1, "hit": 1},
        )


@pytest.mark.parametrize(
    "race",
    [7, [1], {"names": 3, "events": {}}, {"names": ["a", "b"], "events": [1, {"time_s": "x"}]}],
)
def test_a_page_of_a_recording_that_lies_about_its_race_shows_its_laps(driven, race):
    _, trace = driven
    about = html.recording(dataclasses.replace(trace, meta={"race": race}))
    assert [lap["name"] for lap in about["laps"]] == ["lap 1"]
    assert about["events"] == []


def test_a_page_of_a_race_names_its_cars_and_tells_what_happened(driven):
    _, trace = driven
    race = {"names": ["hare"], "events": [{"time_s": 1.0, "words": "hare crashes"}]}
    about = html.recording(dataclasses.replace(trace, meta={"race": race}))
    assert [lap["name"] for lap in about["laps"]] == ["hare"]
    assert about["events"] == [(1.0, "hare crashes")]
