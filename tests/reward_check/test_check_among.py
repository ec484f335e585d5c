"""`racer reward check` where others are on the road."""

import pytest

from racer.config import Others
from racer.reward_check.report import check

BOTS = Others(race="head_to_bot", bots=3, bot_speed="0.3", obstacles=1)
WAITS = """
def reward_function(params):
    ahead = params["closest_objects"][1]
    gap = params["objects_distance"][ahead] - params["projection_distance"]
    gap %= params["track_length"]
    return 5.0 if 0.3 < gap < 1.2 else 0.1
"""


@pytest.fixture
def slow(tmp_path):
    path = tmp_path / "slow.json"
    path.write_text(
        '{"action_space_type": "continuous", "action_space": {"speed": {"low": 0.1, "high": 3.0}, '
        '"steering_angle": {"low": -30, "high": 30}}}'
    )
    return str(path)


def test_drivers_avoid_hit_and_follow_and_waiting_is_found(tmp_path, slow):
    path = tmp_path / "waits.py"
    path.write_text(WAITS)
    report = check(str(path), "oval", actions=slow, others=BOTS)
    drivers = {one.driver: one for one in report.drivers}
    assert drivers["avoid them"].progress_pct == 100.0
    assert drivers["drive into one"].progress_pct < 50.0
    assert drivers["follow for ever"].per_step > drivers["avoid them"].per_step
    said = [finding.message for finding in report.findings if finding.level == "warning"]
    assert any("'follow for ever'" in text for text in said)
    assert report.engine == "compiled"


def test_a_reward_that_never_looks_at_objects_is_warned_of(slow):
    report = check("progress", "oval", actions=slow, others=BOTS)
    (blind,) = [finding for finding in report.findings if finding.code == "blind"]
    assert blind.level == "warning"
    assert "4 objects" in blind.message


def test_who_cannot_follow_is_left_out_with_the_reason(tmp_path):
    boxes = Others(race="object_avoidance", obstacles=2)
    report = check("progress", "oval", others=boxes)
    assert report.not_driven["follow for ever"] == "no bot drives"
