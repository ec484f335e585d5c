"""What a part of a line comes to, computed again without calling anything of the reward."""

import ast
import math

import pytest

from racer.reward.worker.reading import Unknown, evaluated

LOCAL = {"x": 3, "params": {"speed": 2.5, "waypoints": [(0.0, 1.0), (2.0, 3.0)]}, "none": None}
GLOBAL = {"math": math, "TOP": 4.0, "x": "hidden by the local one"}


def computed(text):
    return evaluated(ast.parse(text, mode="eval").body, (LOCAL, GLOBAL))


SAME_AS_PYTHON = [
    "x + 2 * TOP - x / 2",
    "7 // x % 2 + -x + +x",
    "x ** 2",
    "not x or none",
    "x if x > 2 else TOP",
    "1 < x <= 3 != 4",
    "none is None and none is not x",
    "params['waypoints'][1][0] + params['speed']",
    "min(x, 2) + len(params['waypoints']) + round(2.6) + abs(-1)",
    "math.sqrt(TOP) + math.hypot(3, 4)",
    "True + 1",
]
NOT_READ = [
    "unknown",
    "~x",
    "x @ x",
    "[x]",
    "x.real",
    "print(x)",
    "math.factorial(3)",
    "params['missing']",
    "x / 0",
    "10 ** 400",
    "1000000000 * 10000000 + 1",
    "params['waypoints'][0:1]",
    "x in params",
    "(lambda: 1)()",
]


@pytest.mark.parametrize("text", SAME_AS_PYTHON)
def test_what_is_read_is_what_python_computes(text):
    assert computed(text) == eval(text, GLOBAL, LOCAL)


@pytest.mark.parametrize("text", NOT_READ)
def test_what_may_call_something_or_fails_is_unknown(text):
    with pytest.raises(Unknown):
        computed(text)


def test_a_built_in_name_that_the_file_took_is_not_called():
    with pytest.raises(Unknown):
        evaluated(ast.parse("abs(1)", mode="eval").body, ({"abs": 1}, {}))


def test_operators_of_an_object_of_the_reward_are_not_run():
    class Loud:
        def __gt__(self, other):
            raise AssertionError("its operator was called")

    for value in (Loud(), type("Number", (float,), {})(1.0)):
        with pytest.raises(Unknown):
            evaluated(ast.parse("y > 1", mode="eval").body, ({"y": value}, {}))
