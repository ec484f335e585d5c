"""Which lines of a call ran, what changed, and that noting it is bounded."""

import ast
import json

import numpy as np
import pytest

from racer.reward.worker import tracing


def traced(text, params=None):
    """What was noted of one call, and what it returned."""
    tree, scope = ast.parse(text), {}
    exec(compile(tree, "mine.py", "exec"), scope)
    tracer = tracing.Tracer("mine.py", tree)
    value = tracer.run(scope["reward_function"], params or {})
    return tracer, value


def test_lines_depths_changes_and_tests_are_noted():
    tracer, value = traced(
        "def half(x):\n    return x / 2\n"
        "def reward_function(params):\n    a = half(params['speed'])\n"
        "    if a < 3:\n        return 1.0\n    return 0.0\n",
        {"speed": 4.0},
    )
    assert value == 1.0
    found = [(line, depth, name) for line, depth, name, _, _ in tracer.events]
    assert found == [
        (4, 1, "reward_function"),
        (2, 2, "half"),
        (5, 1, "reward_function"),
        (6, 1, "reward_function"),
    ]
    assert tracer.events[0][3] == {"a": "2.0"}
    assert [read[1:] for read in tracer.events[2][4]] == [[1.0, 2.0, 3.0]]  # 2 < 3 is true


def test_a_call_of_many_lines_is_noted_up_to_a_limit():
    text = "def reward_function(params):\n    x = 0\n    for i in range(50000):\n        x += i\n"
    tracer, value = traced(text + "    return 1.0\n")
    assert (value, tracer.cut) == (1.0, True)
    assert 1000 < len(tracer.events) <= tracing.EVENTS
    short = json.loads(tracer.result(5000))
    assert short["cut"]
    assert len(json.dumps(short)) <= 5000


def test_values_are_shown_short_and_by_plain_types_alone():
    class Loud:
        def __repr__(self):
            raise AssertionError("repr of a stranger's object was called")

    assert tracing.shown(Loud()) == "<Loud>"
    assert tracing.shown([Loud()]) == "[<Loud>]"
    assert tracing.shown([1, 2, 3, 4, 5]) == "[1, 2, 3, 4, … 5]"
    assert tracing.shown(10**20) == "a large int"
    assert tracing.shown({"a": 1}) == "dict of 1"
    assert len(tracing.shown("y" * 999)) == tracing.TEXT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(3), "3"),
        (np.float32(1.5), "1.5"),
        (np.bool_(True), "True"),
        (np.arange(6), "[0, 1, 2, 3, … 6]"),
        (np.eye(2), "[[1, 0], [0, 1]]"),
        (np.zeros((2, 2, 2)), "[[<ndarray>, <ndarray>], [<ndarray>, <ndarray>]]"),
        (np.array([object()]), "<ndarray>"),
    ],
)
def test_numbers_of_numpy_are_shown_as_numbers(value, text):
    assert tracing.shown(value) == text


def test_a_test_of_a_numpy_number_is_read():
    text = "import numpy as np\ndef reward_function(params):\n    d = np.hypot(3.0, 4.0)\n"
    tracer, _ = traced(text + "    if d < 6.0:\n        return 1.0\n    return 0.0\n")
    assert [read[1:] for read in tracer.events[1][4]] == [[1.0, 5.0, 6.0]]
