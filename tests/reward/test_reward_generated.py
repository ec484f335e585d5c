"""Generated rewards mean the same compiled, in a worker and in plain Python, errors included."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from racer.errors import RewardFailed
from racer.reward import load
from racer.reward.compiler.engine import TOLERANCE, CompiledEngine, NotCompiled
from racer.reward.inprocess import InProcessEngine
from racer.reward.worker.engine import WorkerEngine

FLOATS = ["x", "y", "heading", "distance_from_center", "progress", "speed", "steering_angle"]
FLOATS += ["steps", "track_width"]
BOOLS = ["all_wheels_on_track", "is_left_of_center", "is_offtrack"]
LOCALS = ["a", "b", "c", "n"]

numbers = st.sampled_from(["0", "1", "2", "7", "0.5", "-1.5", "1e-3", "30.0", "100"])
reads = st.sampled_from([f"params['{key}']" for key in FLOATS + BOOLS] + ["params.get('speed', 1)"])
points = st.sampled_from(
    ["w[i][0]", "w[j][1]", "w[(j + 3) % len(w)][0]", "w[-1][1]", "w[i - 2][0]", "len(w)", "i", "j"]
)


def _combined(inner):
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda p: f"({p[0]} + {p[1]})"),
        two.map(lambda p: f"({p[0]} - {p[1]})"),
        two.map(lambda p: f"({p[0]} * {p[1]})"),
        two.map(lambda p: f"({p[0]} / {p[1]})"),
        two.map(lambda p: f"({p[0]} // {p[1]})"),
        two.map(lambda p: f"({p[0]} % {p[1]})"),
        two.map(lambda p: f"min({p[0]}, {p[1]})"),
        two.map(lambda p: f"max({p[0]}, {p[1]}, 0.25)"),
        two.map(lambda p: f"math.hypot({p[0]}, {p[1]})"),
        two.map(lambda p: f"math.atan2({p[0]}, {p[1]})"),
        two.map(lambda p: f"({p[0]} if {p[1]} > 0.5 else {p[1]})"),
        two.map(lambda p: f"helper({p[0]}, {p[1]})"),
        inner.map(lambda e: f"({e}) ** 2"),
        inner.map(lambda e: f"abs({e})"),
        inner.map(lambda e: f"round({e})"),
        inner.map(lambda e: f"round({e}, 2)"),
        inner.map(lambda e: f"int({e})"),
        inner.map(lambda e: f"float({e})"),
        inner.map(lambda e: f"math.cos({e})"),
        inner.map(lambda e: f"math.sqrt(abs({e}))"),
        inner.map(lambda e: f"math.floor({e})"),
    )


expressions = st.recursive(
    st.one_of(numbers, reads, points, st.sampled_from(LOCALS)), _combined, max_leaves=6
)
statements = st.one_of(
    st.tuples(st.sampled_from(LOCALS), expressions).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(st.sampled_from(["a", "b"]), expressions).map(lambda p: f"{p[0]} += {p[1]}"),
    st.tuples(expressions, expressions).map(lambda p: f"if {p[0]} > {p[1]}:\n        c = {p[1]}"),
    expressions.map(lambda e: f"for k in range(5):\n        a = a * 0.5 + ({e})"),
    expressions.map(lambda e: f"b = sum([q[0] * 0.1 for q in w[:4]]) + ({e})"),
)
programs = st.lists(statements, min_size=3, max_size=8)

TEXT = """
import math

def helper(p, q=2.0):
    if p > q:
        return p - q
    return q

def reward_function(params):
    w = params['waypoints']
    i, j = params['closest_waypoints']
    a = 0.0
    b = 1.0
    n = 3
    if params['speed'] > 1.0:
        c = 2.0
    {body}
    return math.atan(a) + math.atan(b) + math.tanh(c)
"""


def _results(engine, rows):
    """Value of each row; None where it raised."""
    values = []
    for k in range(len(rows)):
        out = np.zeros(1)
        try:
            engine._compute(rows[k : k + 1], out)
            values.append(float(out[0]))
        except Exception:
            values.append(None)
    return values


def _same(file, waypoints, rows):
    plain = InProcessEngine(file, n=1, waypoints=waypoints)
    expected = _results(plain, rows)
    worker = WorkerEngine(file, n=1, waypoints=waypoints)
    try:
        assert _results(worker, rows) == expected
    finally:
        worker.close()
    try:
        compiled = CompiledEngine(file, waypoints, lambda *_: plain)
    except NotCompiled:
        return
    for got, value in zip(_results(compiled, rows), expected, strict=True):
        assert (got is None) == (value is None)
        if got is not None:
            assert abs(got - value) <= TOLERANCE * max(1.0, abs(value))


def _check(body, write, waypoints, rows):
    file = load(write(TEXT.format(body="\n    ".join(body))))
    _same(file, waypoints, rows[::8].copy())


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@seed(7)
@settings(max_examples=3, suppress_health_check=QUIET, phases=[Phase.generate])
@given(body=programs)
def test_generated_rewards_agree_in_every_engine(body, write, waypoints, rows):
    _check(body, write, waypoints, rows)


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=QUIET, database=None)
@given(body=programs)
def test_many_generated_rewards_agree_in_every_engine(body, write, waypoints, rows):
    _check(body, write, waypoints, rows)


ARITHMETIC = {
    "round(2.675, 2)": 2.67,
    "round(1.115, 2)": 1.11,
    "round(-0.5)": 0.0,
    "round(0.5)": 0.0,
    "round(1.5)": 2.0,
    "-7 // 2": -4.0,
    "-7 % 3": 2.0,
    "5.5 % -2": -0.5,
    "2 ** -1": 0.5,
    "2 ** 10": 1024.0,
    "True + True": 2.0,
    "(2 ** 62) * 4 / 2 ** 60": 16.0,
    "sum([0.1] * 10)": sum([0.1] * 10),  # 1.0 since Python 3.12
    "max([1, 2.5, 2])": 2.5,
    "[4, 5, 6][-2]": 5.0,
    "int(-3.7)": -3.0,
}


def test_arithmetic_is_pythons(write, waypoints, rows):
    lines = ["def reward_function(params):", "    n = params['steps']"]
    for k, text in enumerate(ARITHMETIC):
        lines.append(f"    if n == {k}:\n        return ({text}) + 0 * n")
    file = load(write("\n".join(lines) + "\n    return 0.0\n"))
    plain = InProcessEngine(file, n=1, waypoints=waypoints)
    compiled = CompiledEngine(file, waypoints, lambda *_: plain)
    asked = rows[: len(ARITHMETIC)].copy()
    asked["steps"] = np.arange(len(ARITHMETIC))
    assert _results(plain, asked) == list(ARITHMETIC.values())
    assert _results(compiled, asked) == list(ARITHMETIC.values())


def test_a_row_the_kernel_is_not_sure_of_gets_pythons_answer(write, waypoints, rows):
    text = (
        "def reward_function(params):\n"
        "    n = 3\n"
        "    for _ in range(int(params['steps']) * 10):\n"
        "        n = n * 7 % 2 ** 60 + n // 3\n"
        "    return n % 97\n"
    )
    file = load(write(text))
    plain = InProcessEngine(file, n=1, waypoints=waypoints)
    compiled = CompiledEngine(file, waypoints, lambda *_: plain)
    assert _results(compiled, rows[:20].copy()) == _results(plain, rows[:20])


def test_an_endless_loop_in_a_compiled_reward_is_named_with_its_line(write, waypoints, rows):
    text = (
        "def reward_function(params):\n"
        "    n = 0.0\n"
        "    while params['speed'] > 0:\n"
        "        n += 1.0\n"
        "    return n\n"
    )
    path = write(text)
    file = load(path)
    compiled = CompiledEngine(
        file, waypoints, lambda *_: WorkerEngine(file, n=1, waypoints=waypoints)
    )
    try:
        with pytest.raises(RewardFailed, match=r":[34]: one call took longer"):
            compiled.compute(rows[:4].copy(), None, np.zeros(4))
    finally:
        compiled.close()
