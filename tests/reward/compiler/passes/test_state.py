"""Globals that a function changes get a name of their own kind."""

import pytest
from text import functions, module_of, refuses, same

from racer.reward.compiler.parse import UNSET
from racer.reward.compiler.passes.state import name_state


def _named(text):
    module = module_of(text)
    name_state(module)
    return module


def test_a_global_that_is_set_becomes_state():
    module = _named("""
        last = 0.0
        LIMIT = 3.0
        def reward_function(params):
            global last, LIMIT, new
            d = params["speed"] - last
            last = new = params["speed"]
            return d * LIMIT + new
    """)
    same(
        functions(module),
        """
        def reward_function(params):
            global LIMIT
            d = params["speed"] - _state.last
            _held_1 = params["speed"]
            _state.last = _held_1
            _state.new = _held_1
            return d * LIMIT + _state.new
        """,
    )
    assert module.state == {"last": 0.0, "new": UNSET}


def test_a_choice_becomes_two_statements_and_a_swap_goes_through_variables():
    module = _named("""
        a = 1.0
        b = None
        def f(x):
            global a, b
            a = x if x > 1 else None
            a, b = b, a
    """)
    same(
        functions(module),
        """
        def f(x):
            pass
            if x > 1:
                _state.a = x
            else:
                _state.a = None
            _held_1 = _state.b
            _held_2 = _state.a
            _state.a = _held_1
            _state.b = _held_2
        """,
    )


def test_a_list_that_is_changed_is_state_and_one_that_is_read_is_not():
    module = _named("""
        h = []
        T = [1, 2]
        def f(x):
            h.append(x)
            del h[0]
            del h[:2]
            return T[0]
    """)
    same(
        functions(module),
        """
        def f(x):
            _state.h.append(x)
            _state.h.pop(0)
            _state.h = _state.h[2:]
            return T[0]
        """,
    )
    assert module.state == {"h": []}


def test_what_nobody_reads_is_not_kept():
    module = _named("""
        seen = 0
        def f(x):
            global seen
            seen = x
    """)
    same(functions(module), "def f(x):\n    pass\n    x")


def test_asking_whether_a_global_exists():
    module = _named("""
        def f(x):
            global v
            if "v" not in globals():
                v = x
            return v
    """)
    same(
        functions(module),
        """
        def f(x):
            pass
            if not _state.v.is_set:
                _state.v = x
            return _state.v
        """,
    )


def test_locals_of_the_same_name_stay_locals():
    module = _named("""
        last = 0.0
        def f(last):
            return last + (lambda x: x + last)(1)
        def g():
            global last
            last = 1.0
            def inner(last):
                return last
            return inner(2.0)
    """)
    same(
        functions(module),
        """
        def f(last):
            return last + (lambda x: x + last)(1)
        def g():
            pass
            _state.last = 1.0
            def inner(last):
                return last
            return inner(2.0)
        """,
    )


@pytest.mark.parametrize(
    ("text", "construct", "line"),
    [
        ("h = []\ndef f(x):\n    g = h\n    g.append(x)", "changed as g", 4),
        ("h = []\ndef f(x):\n    for g in [h]:\n        g.append(x)", "changed as g", 4),
        ("h = []\ndef g():\n    return h\ndef f(x):\n    a = g()\n    a[0] = x", "changed as a", 6),
        ("h = []\ndef g(v):\n    v.append(1)\ndef f(x):\n    g(h)", "changed by a function", 5),
        ("h = [0]\ng = h\ndef f(x):\n    g[0] = x", "a list that is also h", 3),
        (
            "a = 0\ndef f(x):\n    global a\n    for a in [1]: pass\n    return a",
            "by a loop",
            4,
        ),
        ("def f(_state):\n    return _state", "the name _state", 2),
    ],
)
def test_what_is_changed_under_another_name_is_refused(text, construct, line):
    refuses(lambda: _named(text), construct, line)
