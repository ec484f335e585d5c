"""What a refusal suggests."""

import pytest

from racer.errors import did_you_mean
from racer.sim.types import PARAMS


@pytest.mark.parametrize(
    ("given", "suggested"),
    [
        ("speeed", "speed"),
        ("Progress", "progress"),
        ("is_offtrak", "is_offtrack"),
        ("left_of_center", "is_left_of_center"),
        ("on_track", "all_wheels_on_track"),  # is_offtrack is nearer, and its opposite
    ],
)
def test_the_nearest_name_is_suggested(given, suggested):
    assert did_you_mean(given, PARAMS.names or ()) == f" Did you mean {suggested!r}?"


@pytest.mark.parametrize(
    ("given", "opposite"),
    [
        ("is_on_track", "is_offtrack"),
        ("is_right_of_center", "is_left_of_center"),
        ("--window", "--no-window"),
        ("max_speed", "min_speed"),
        ("outer_border", "inner_border"),
    ],
)
def test_an_opposite_is_not_suggested(given, opposite):
    assert did_you_mean(given, [opposite]) == ""
