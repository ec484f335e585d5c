"""DeepRacer's settings of a race become race.others."""

import pytest

from racer.config import Config
from racer.deepracer.race_settings import read
from racer.errors import BadConfig, BadInput

RUN_ENV = """
# run.env of deepracer-for-cloud
DR_WORLD_NAME=reInvent2019_track
DR_RACE_TYPE=OBJECT_AVOIDANCE
DR_OA_NUMBER_OF_OBSTACLES=4
DR_OA_MIN_DISTANCE_BETWEEN_OBSTACLES=1.5
DR_OA_RANDOMIZE_OBSTACLE_LOCATIONS=True
DR_OA_IS_OBSTACLE_BOT_CAR=False
DR_OA_OBJECT_POSITIONS=
DR_H2B_NUMBER_OF_BOT_CARS=3
DR_H2B_BOT_CAR_SPEED=0.2
"""
BOTS = """
RACE_TYPE: "HEAD_TO_BOT"
NUMBER_OF_BOT_CARS: "4"
BOT_CAR_SPEED: "0.5"   # m/s
IS_LANE_CHANGE: "True"
LOWER_LANE_CHANGE_TIME: "2"
LANE_CHANGE_DISTANCE: "1.5"
PENALTY_SECONDS: "5.0"
"""
GIVEN = """
NUMBER_OF_OBSTACLES: "6"
RANDOMIZE_OBSTACLE_LOCATIONS: "true"
OBJECT_POSITIONS:
- "0.23, -1"
- "0.46,1"
"""


def others(tmp_path, text):
    path = tmp_path / "settings"
    path.write_text(text)
    found = read(path)
    return Config().override(found.settings).race.others, found


def test_obstacles_of_a_run_env(tmp_path):
    made, found = others(tmp_path, RUN_ENV)
    assert (made.race, made.boxes, made.bot_cars) == ("object_avoidance", 4, 0)
    assert (made.obstacle_gap_m, made.randomize_obstacles) == (1.5, True)
    assert "race.others.obstacles = 4" in found.table()


def test_bots_of_a_yaml_file(tmp_path):
    made, _ = others(tmp_path, BOTS)
    assert (made.race, made.bot_cars, made.speeds) == ("head_to_bot", 4, (0.5, 0.5))
    assert (made.lane_changes, made.change_times, made.lane_change_m) == (True, (2.0, 5.0), 1.5)
    assert made.bot_pause_s == 5.0


def test_given_positions_count_instead_of_a_number(tmp_path):
    made, _ = others(tmp_path, GIVEN)
    assert made.positions == [(0.23, 1), (0.46, 0)]  # -1 is the outer lane
    assert made.boxes == 2
    in_one_line = others(tmp_path, 'OBJECT_POSITIONS: ["0.23,-1", "0.46,1"]')[0]
    assert in_one_line.positions == made.positions
    of_an_env = others(tmp_path, 'DR_OA_OBJECT_POSITIONS="0.23,-1;0.46,1"')[0]
    assert of_an_env.positions == made.positions


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("A=1\n", BadInput, "no setting of a race"),
        ("NUMBER_OF_OBSTACLES=many", BadConfig, "NUMBER_OF_OBSTACLES is 'many'"),
        ("RACE_TYPE=F1", BadConfig, "allowed is TIME_TRIAL"),
        ("DR_OA_OBJECT_POSITIONS=0.3", BadConfig, "a part of the lap and a lane"),
        ("IS_LANE_CHANGE=perhaps", BadConfig, "True or False"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        others(tmp_path, text)


def test_a_key_that_is_nearly_right_is_named_and_other_keys_are_left_alone(tmp_path):
    path = tmp_path / "run.env"
    path.write_text("DR_RACE_TYPE=OBJECT_AVOIDANCE\nDR_OA_NUMBER_OF_OBSTACLE=3\nDR_CAR_NAME=me\n")
    found = read(path)
    assert "race.others.obstacles" not in found.settings
    assert [row.became for row in found.rows][1:] == ["not read: did you mean NUMBER_OF_OBSTACLES?"]
