"""Rewards over lists of objects: compiled, guarded and in plain Python they pay the same."""

import numpy as np
import pytest

from racer.config import Others, RaceConfig
from racer.race import make_race

# As in the public documentation of DeepRacer's object avoidance.
AVOIDANCE = """
import math

def reward_function(params):
    reward = 1e-3
    distance_from_center = params["distance_from_center"]
    objects_location = params["objects_location"]
    _, next_object_index = params["closest_objects"]
    objects_left_of_center = params["objects_left_of_center"]
    track_width = params["track_width"]
    if params["all_wheels_on_track"] and (0.5 * track_width - distance_from_center) >= 0.05:
        reward_lane = 1.0
    else:
        reward_lane = 1e-3
    reward_avoid = 1.0
    next_object_loc = objects_location[next_object_index]
    distance_closest_object = math.sqrt(
        (params["x"] - next_object_loc[0]) ** 2 + (params["y"] - next_object_loc[1]) ** 2
    )
    is_same_lane = objects_left_of_center[next_object_index] == params["is_left_of_center"]
    if is_same_lane:
        if 0.5 <= distance_closest_object < 0.8:
            reward_avoid *= 0.5
        elif 0.3 <= distance_closest_object < 0.5:
            reward_avoid *= 0.2
        elif distance_closest_object < 0.3:
            reward_avoid = 1e-3
    reward += 1.0 * reward_lane + 4.0 * reward_avoid
    return reward
"""

HEAD_TO_HEAD = """
def reward_function(params):
    behind, ahead = params["closest_objects"]
    gaps = [(d - params["projection_distance"]) % params["track_length"]
            for d in params["objects_distance"]]
    speeds = params["objects_speed"]
    reward = params["speed"] - speeds[ahead]
    for i, (gap, left) in enumerate(zip(gaps, params["objects_left_of_center"])):
        if gap < 1.0 and left == params["is_left_of_center"]:
            reward -= 0.1 * (i + 1)
    nearest = min(range(len(gaps)), key=lambda i: gaps[i])
    if nearest == ahead and behind != ahead:
        reward += 0.25
    if any(gap < 0.3 for gap in gaps) or params["object_in_camera"]:
        reward *= 0.5
    if params["is_crashed"]:
        reward = -1.0
    headings = params["objects_heading"]
    return float(reward + sorted(gaps)[0] + sum(speeds) / len(speeds) + max(headings))
"""

FORGETFUL = """
def reward_function(params):
    locations = params["objects_location"]
    distances = params["objects_distance"]
    distances.append(99.0)
    distances.sort()
    locations.pop()
    return distances[0] + len(distances) + len(locations)
"""

BOXES = Others(race="object_avoidance", obstacles=6, randomize_obstacles=True)
EVERYTHING = Others(race="multi", cars=2, bots=2, obstacles=1)


def paid(path, engine, others, steps=80):
    config = RaceConfig(track="oval", reward=str(path), others=others, reward_engine=engine)
    race, rng = make_race(config, 4), np.random.default_rng(0)
    try:
        race.reset()
        found = []
        for _ in range(steps):
            race.step((rng.uniform(-1, 1, (4, 2)) * [0.5, 0.4]).astype(np.float32))
            found.append(race.rewards.copy())
            if race.done_count:
                race.reset(race.done)
        return np.array(found), race.reward.name
    finally:
        race.reward.close()


@pytest.mark.parametrize(
    ("text", "others"),
    [(AVOIDANCE, BOXES), (HEAD_TO_HEAD, EVERYTHING), (FORGETFUL, BOXES)],
    ids=["avoidance", "head to head", "changes its lists"],
)
def test_every_engine_pays_the_same(text, others, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text)
    plain, _ = paid(path, "inprocess", others)
    compiled, name = paid(path, "auto", others)
    guarded, _ = paid(path, "worker", others)
    assert name == "compiled"
    assert (compiled == plain).all()
    assert (guarded == plain).all()
    assert len(np.unique(plain)) > 5  # of the example's six cases


def test_what_is_told_is_what_is_there(tmp_path):
    race = make_race(
        RaceConfig(track="oval", others=EVERYTHING), 4, with_reward=False, all_params=True
    )
    race.reset()
    race.step(np.zeros((4, 2), np.float32))
    from racer.reward.params import params_of

    for car in range(4):
        params = params_of(race.params[car], race.track.waypoints)
        world = np.delete(race.objects[car // 2], car % 2)  # without itself; bots have moved on
        assert len(params["objects_location"]) == 4
        assert params["objects_location"][1] == [world["x"][1], world["y"][1]]  # the box
        assert params["objects_left_of_center"][1] == world["params_left"][1]
        assert params["objects_distance"][1] == world["s"][1]


def test_a_failed_call_keeps_its_objects_for_repeating_it(tmp_path):
    import json

    from racer.errors import RewardFailed
    from racer.reward import load
    from racer.reward.failure import read_params
    from racer.reward_check.once import once

    path = tmp_path / "breaks.py"
    path.write_text(
        "def reward_function(params):\n"
        "    distance = params['objects_distance'][0]\n"
        "    return 1 / (distance - distance)\n"
    )
    race = make_race(
        RaceConfig(track="oval", reward=str(path), others=BOXES, reward_engine="worker"), 1
    )
    race.reward.failure_folder = tmp_path
    race.reset()
    with pytest.raises(RewardFailed, match="ZeroDivisionError"):
        race.step(np.zeros((1, 2), np.float32))
    race.reward.close()
    saved = tmp_path / "reward_failed_breaks.json"
    assert len(json.loads(saved.read_text())["params"]["objects_distance"]) == 6
    mine = tmp_path / "mine.py"
    mine.write_text("def reward_function(params):\n    return params['objects_distance'][2]\n")
    params = read_params(saved)
    assert once(load(mine), params, "worker")[0] == params["objects_distance"][2]
