"""Who was passed is counted once, across the start line, and not when somebody is placed anew."""

import pytest

from racer.config import Others, RaceConfig, Rules
from racer.evaluation.overtaking import Overtaking
from racer.race import make_race


@pytest.fixture
def race():
    others = Others(race="head_to_bot", bots=1, obstacles=1)
    made = make_race(RaceConfig(track="oval", rules=Rules(start="line"), others=others), 1)
    made.reset()
    return made


@pytest.mark.parametrize(
    ("leads", "count"),
    [
        ([-0.5, 0.1, 0.5], 1),
        ([-0.5, 0.2, -0.2, 0.2, 0.5, 0.2, 0.5], 1),  # side by side
        ([-0.5, 0.0, 0.5, 0.0, -0.5, 0.0, 0.5], 2),  # passed back in between
        ([-0.5, 3.0, 3.1], 0),  # placed anew
        ([1.0, 0.5, -0.5], 0),  # was passed
        ([-8.0, -8.9, 8.5, 8.0], 0),  # half a lap away is neither ahead nor behind
    ],
)
def test_overtakes(race, leads, count):
    bot, at = race.objects[0, 1], 0.2  # m: the line is between the two
    length = race.track.length
    race.cars["s"] = at
    bot["s"] = (at - leads[0]) % length
    found = Overtaking(race)
    for lead in leads[1:]:
        race.objects["s"][0, 1] = (at - lead) % length
        found.look()
    assert found.count == count


def test_boxes_are_not_overtaken(race):
    boxes = Others(race="object_avoidance", obstacles=3)
    assert Overtaking.of(make_race(RaceConfig(track="oval", others=boxes), 1)) is None
    assert Overtaking.of(race) is not None
