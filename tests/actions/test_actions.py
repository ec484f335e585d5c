"""Action spaces: every shape of the official model_metadata.json, and what is refused."""

import json

import numpy as np
import pytest

from racer import actions
from racer.actions import Continuous, Discrete
from racer.errors import BadActions, UnknownName
from racer.policy.network import MAX_ACTIONS

LIST = [{"steering_angle": -30, "speed": 1.0, "index": 0}, {"steering_angle": 30.0, "speed": 2}]
RANGES = {"steering_angle": {"low": -20, "high": 25}, "speed": {"low": 0.5, "high": 3}}


def test_what_ships():
    assert isinstance(actions.load("continuous"), Continuous)
    discrete = actions.load("discrete")
    assert isinstance(discrete, Discrete)
    angles = [angle for angle, _ in discrete.choices]
    assert min(angles) == -max(angles)  # it can turn both ways equally well
    assert all(0 < speed <= 4 for _, speed in discrete.choices)


def test_a_discrete_metadata_file(tmp_path):
    path = tmp_path / "model_metadata.json"
    path.write_text(json.dumps({"action_space": LIST, "version": "5", "neural_network": "X"}))
    made = actions.load(str(path))
    assert made == Discrete(((-30.0, 1.0), (30.0, 2.0)))
    assert made.space.n == 2
    assert made.speed_max == 2.0


def test_a_continuous_metadata_file_with_byte_order_mark(tmp_path):
    path = tmp_path / "mine.json"
    text = json.dumps({"action_space": RANGES, "action_space_type": "continuous"})
    path.write_text(text, encoding="utf-8-sig")
    made = actions.load(str(path))
    assert made == Continuous((-20.0, 25.0), (0.5, 3.0))
    assert made.space.shape == (2,)


def test_the_bare_list_of_version_one_and_numbers_as_text():
    made = actions.parse([{"steering_angle": "-15", "speed": "0.8"}], "old.json")
    assert made == Discrete(((-15.0, 0.8),))


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({}, "no 'action_space'"),
        ("text", "no 'action_space'"),
        ({"action_space": []}, "at least one action"),
        ({"action_space": RANGES, "action_space_type": "discrete"}, "at least one action"),
        ({"action_space": LIST * (MAX_ACTIONS // 2 + 1)}, "among at most 256"),
        ({"action_space": LIST, "action_space_type": "continuous"}, "has ranges"),
        ({"action_space": LIST, "action_space_type": "fuzzy"}, "'fuzzy'"),
        ({"action_space": LIST, "training_algorithm": "sac"}, "SAC needs"),
        ({"action_space": LIST, "training_algorithm": "dqn"}, "'dqn'; the simulator knows"),
        ({"action_space": [{"steering_angle": 10**400, "speed": 1}]}, "a number is needed"),
        ({"action_space": [{"steering_angle": 0}]}, "action 0: 'speed' is None"),
        ({"action_space": [*LIST, {"steering_angle": "l", "speed": 1}]}, "action 2"),
        ({"action_space": [{"steering_angle": float("nan"), "speed": 1}]}, "-90 to 90"),
        ({"action_space": [{"steering_angle": 300, "speed": 1}]}, "-90 to 90"),
        ({"action_space": [{"steering_angle": 0, "speed": 50}]}, "-12 to 12"),
        ({"action_space": [{"steering_angle": 0, "speed": -1}]}, "does not drive backwards"),
        ({"action_space": [{"steering_angle": 0, "speed": True}]}, "True"),
        ({"action_space": {"speed": {"low": 1, "high": 2}}}, "steering_angle"),
        ({"action_space": RANGES | {"speed": {"low": 2, "high": 1}}}, "must be below"),
    ],
)
def test_what_is_no_action_space_is_refused_with_the_reason(metadata, sentence):
    with pytest.raises(BadActions, match=sentence):
        actions.parse(metadata, "mine.json")


@pytest.mark.parametrize("content", ["", "{", "[" * 5000, "\x00", "NaN,"])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(BadActions, match="is not a JSON file"):
        actions.load(str(path))


def test_as_many_actions_as_a_policy_file_may_have_are_allowed():
    space = actions.parse({"action_space": LIST[:1] * MAX_ACTIONS}, "mine.json")
    assert len(space.choices) == MAX_ACTIONS


def test_unknown_names_are_told_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'discrete'"):
        actions.load("discreet")


def test_discrete_indices_become_the_listed_commands(race):
    r = race(3, actions=Discrete(((-20.0, 1.0), (0.0, 3.0), (20.0, 2.0))))
    r.step(np.array([2, 0, 1]))
    assert r.commands.tolist() == [[20.0, 2.0], [-20.0, 1.0], [0.0, 3.0]]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        ({"version": "5", "training_algorithm": "clipped_ppo"}, []),
        ({"batch_size": 64, "colour": 1}, ["batch_size: hyper-parameters", "colour: not used"]),
        ({"sensor": ["FRONT_FACING_CAMERA"]}, ["sensor: not used, since the policy sees features"]),
        ({"sensor": "LIDAR", "lidar_config": {"num_sectors": 8}}, ["sensor, lidar_config: not"]),
    ],
)
def test_what_a_training_leaves_out_of_a_file_is_said(more, said, tmp_path):
    path = tmp_path / "model_metadata.json"
    path.write_text(json.dumps({"action_space": LIST, **more}))
    found = actions.unused(path, "features")
    assert len(found) == len(said)
    assert all(one in text for one, text in zip(said, found, strict=True))
    assert "sensor" not in " ".join(actions.unused(path, "sensors"))


def test_what_an_action_has_too_much_is_said_once(tmp_path):
    path = tmp_path / "model_metadata.json"
    space = [{**LIST[0], "index": 1, "brake": True}, {**LIST[1], "index": 7, "brake": True}]
    path.write_text(json.dumps(space))
    found = actions.unused(path, "features")
    assert len(found) == 2
    assert "brake: an action is" in found[0]
    assert "action 0 has index 1; the order" in found[1]
    for name in ("continuous", "discrete"):
        assert actions.unused(name, "features") == []
