"""A reward compiled by another process: found in the cache, or refused in the same words."""

import time

import pytest

from racer.reward import load, make_engine
from racer.reward.compiler import background
from racer.reward.compiler.background import Ahead
from racer.reward.compiler.engine import NotCompiled, build

RECURSION = "def reward_function(params):\n    return reward_function(params) if params else 1.0\n"
UNTYPED = (
    "def reward_function(params):\n    x = 'a' if params['steps'] else 1\n    return len([x])\n"
)


def _new(value):
    """A reward that no cache holds yet."""
    return f"def reward_function(params):\n    return params['speed'] + {value!r}\n"


def test_what_another_process_compiled_is_loaded_here(write, waypoints, monkeypatch):
    file = load(write(_new(time.time() % 1.0)))
    with Ahead(file) as compiling:
        assert compiling.wait() == ""
        monkeypatch.setattr("numba.core.compiler.compile_extra", None)  # a second compilation fails
        engine = make_engine(file, n=4, waypoints=waypoints, ahead=compiling)
    assert engine.name == "compiled", engine.why_not
    engine.close()


@pytest.mark.parametrize("text", [RECURSION, UNTYPED])
def test_the_reason_is_the_one_of_this_process(write, waypoints, text):
    file = load(write(text))
    with pytest.raises(NotCompiled) as here:
        build(file)
    with Ahead(file) as compiling:
        engine = make_engine(file, n=4, waypoints=waypoints, ahead=compiling)
    assert engine.name == "worker"
    assert engine.why_not == str(here.value)
    engine.close()


def test_a_compiler_is_waited_for_whatever_the_clock_says(write, waypoints, monkeypatch):
    file = load(write(_new(time.time() % 1.0)))
    with Ahead(file) as compiling:
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 1e6)  # a machine that is very busy
        engine = make_engine(file, n=4, waypoints=waypoints, ahead=compiling)
    assert engine.name == "compiled", engine.why_not
    engine.close()


def test_what_the_text_refuses_needs_no_compiler(write):
    file = load(
        write("seen = []\ndef reward_function(params):\n    seen.append(1)\n    return 1.0\n")
    )
    with Ahead(file) as compiling:
        assert compiling._process is None
        assert "state in seen" in compiling.wait()


def test_an_exception_ends_the_compiler(write):
    with pytest.raises(KeyboardInterrupt), Ahead(load(write(_new(1.0)))) as compiling:
        raise KeyboardInterrupt
    assert compiling._process.wait(60) != 0


def test_a_compiler_that_dies_is_a_reason(write, monkeypatch):
    monkeypatch.setattr(background, "_CHILD", "import os; os.abort()")
    with Ahead(load(write(_new(1.0)))) as compiling:
        assert compiling.wait().endswith("mine.py:1: its compiler ended with -6")


def test_without_a_shared_cache_this_process_compiles(write, monkeypatch):
    monkeypatch.setattr(background, "_shares_a_cache", lambda: False)
    with Ahead(load(write(_new(1.0)))) as compiling:
        assert compiling.wait() == ""
