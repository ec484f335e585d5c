"""`racer reward run` without saved params: a car on the road, among others."""

import json
import math

from racer import cli
from racer.config import Others
from racer.reward_check.once import params_at
from racer.tracks import Track

REWARD = """
def reward_function(params):
    return params["objects_distance"][params["closest_objects"][1]] - params["projection_distance"]
"""


def test_params_of_a_place_hold_what_is_on_the_road():
    road = Track.load("oval")
    others = Others(race="head_to_bot", bots=1, obstacle_positions="0.5,inner")
    params = params_at(road, others, 0.4)
    x, y, _ = road.pose_at(0.4 * road.length)
    assert math.hypot(params["x"] - x, params["y"] - y) < 0.15  # the nose is 0.14 m ahead
    assert len(params["objects_location"]) == 2
    assert params["objects_speed"] == [0.2, 0.2]
    assert not params["is_crashed"]


def test_a_reward_is_paid_at_a_place_and_again_by_the_saved_params(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gap.py").write_text(REWARD)
    words = ["reward", "run", "gap.py", "--engine", "inprocess"]
    place = ["--race", "object_avoidance", "--obstacle", "0.5,inner", "--at", "0.4"]
    assert cli.main([*words, *place, "--save", "p.json"]) == 0
    first = float(capsys.readouterr().out)
    assert 0.0 < first < 0.15 * Track.load("oval").length
    assert cli.main([*words, "--params", "p.json"]) == 0
    assert float(capsys.readouterr().out) == first
    saved = json.loads((tmp_path / "p.json").read_text())["params"]
    assert len(saved["objects_location"]) == 1
    assert cli.main([*words, "--at", "1.5"]) == 2
    assert "give a part of the lap from 0 to 1" in capsys.readouterr().err
