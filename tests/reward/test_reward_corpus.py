"""Every file of the corpus meets its verdict: good ones agree, wrong ones are explained."""

import re
import warnings

import numpy as np
import pytest
from reward_corpus import CORPUS, MANIFEST, corpus

from racer.errors import BadReward, RewardFailed
from racer.reward import load, make_engine
from racer.reward.compiler.codegen import generate
from racer.reward.compiler.parse import Unsupported
from racer.reward.inprocess import InProcessEngine
from racer.reward.worker.engine import WorkerEngine

QUICK = ["bands", "helpers_take_params", "two_tries", "undefined_local_branch"]
BY_PROOF = ("good/integer_growth.py", "good/list_of_ints.py", "good/kept_big_integer.py")
BY_PROOF += ("good/kept_bound_in_other_branch.py", "good/kept_int_or_float.py")
BY_PROOF += (
    "good/kept_negative_zero.py",
    "good/kept_printed_type.py",
)  # only values show what is wrong


@pytest.mark.parametrize("name", corpus("good"))
def test_worker_equals_plain_python_with_state_of_its_own_per_car(name, waypoints, rows):
    file = load(CORPUS / name)
    plain = InProcessEngine(file, n=8, waypoints=waypoints, seed=3)
    worker = WorkerEngine(file, n=8, waypoints=waypoints, seed=3)
    expected, got = np.zeros(8), np.zeros(8)
    try:
        for start in range(0, len(rows), 8):
            batch = rows[start : start + 8].copy()
            plain.compute(batch, None, expected)
            worker.compute(batch, None, got)
            np.testing.assert_array_equal(got, expected)
    finally:
        worker.close()


@pytest.mark.parametrize("name", corpus("good"))
def test_what_can_be_a_kernel_is_rewritten_and_the_rest_is_refused_with_its_line(name):
    file = load(CORPUS / name)
    if MANIFEST[name]["verdict"] == "compiled":
        text = generate(file).text
        assert "def kernel(rows" in text
        assert "print(" not in text
    elif name not in BY_PROOF:
        with pytest.raises(Unsupported) as caught:
            generate(file)
        assert caught.value.line > 0


def _compiled_as_expected(name, waypoints):
    engine = make_engine(CORPUS / name, n=1, waypoints=waypoints)
    engine.close()
    assert engine.name == MANIFEST[name]["verdict"], engine.why_not
    assert bool(engine.why_not) == (engine.name == "worker")


@pytest.mark.parametrize("name", [f"good/{name}.py" for name in QUICK])
def test_auto_compiles_what_it_can_prove(name, waypoints):
    _compiled_as_expected(name, waypoints)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in corpus("good") if n[5:-3] not in QUICK])
def test_auto_compiles_every_good_file_it_can_prove(name, waypoints):
    _compiled_as_expected(name, waypoints)


def _once(name, kind, waypoints, rows):
    engine = make_engine(CORPUS / name, n=4, waypoints=waypoints, engine=kind)
    try:
        engine.compute(rows[:4].copy(), None, np.zeros(4))
    finally:
        engine.close()


@pytest.mark.parametrize("name", corpus("wrong"))
@pytest.mark.parametrize("kind", ["worker", "inprocess"])
def test_a_wrong_file_is_explained_with_file_and_line(name, kind, waypoints, rows):
    expected = MANIFEST[name]
    error = BadReward if expected["verdict"] == "bad" else RewardFailed
    if kind == "inprocess" and name == "wrong/imports_neighbour.py":
        pytest.skip("plain Python may import neighbours")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        with pytest.raises(error) as caught:
            _once(name, kind, waypoints, rows)
    text = str(caught.value)
    assert re.search(expected["says"], text), text
    assert name in text
    if error is RewardFailed:
        assert "car 0" in text
        assert "racer reward run" in text


def _says_the_same(name, waypoints, rows):
    with pytest.raises(RewardFailed) as caught:
        _once(name, "auto", waypoints, rows)
    assert re.search(MANIFEST[name]["says"], str(caught.value)), str(caught.value)


@pytest.mark.parametrize("name", ["wrong/divides_by_zero.py", "wrong/unset_local.py"])
def test_auto_says_the_same_of_a_wrong_file_as_plain_python(name, waypoints, rows):
    _says_the_same(name, waypoints, rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus("wrong", "fails"))
def test_auto_says_the_same_of_every_wrong_file(name, waypoints, rows):
    _says_the_same(name, waypoints, rows)
