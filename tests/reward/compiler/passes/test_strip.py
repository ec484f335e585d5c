"""What has no value goes."""

import pytest
from text import functions, module_of, refuses, same

from racer.reward.compiler.passes.strip import Strip


def _stripped(text):
    module = module_of(text)
    for function in module.functions.values():
        Strip(module).function(function)
    return module


def test_prints_docstrings_hints_and_unread_text_go():
    module = _stripped('''
        KEY = "speed"
        def reward_function(params: dict) -> float:
            """Reward."""
            import math
            note: str = "fast"
            label = f"{note}!"
            print(label)
            x: float = params[KEY]
            assert x < 5
            return math.sqrt(x)
    ''')
    same(
        functions(module),
        """
        def reward_function(params):
            x = params["speed"]
            if not x < 5:
                raise ValueError("raised")
            return math.sqrt(x)
        """,
    )
    assert module.imports == {"math": "math"}


@pytest.mark.parametrize(
    ("text", "construct", "line"),
    [
        ("@cache\ndef f(params):\n    return 1", "a decorator", 1),
        ("def f(*a):\n    return 1", "* or ** arguments", 1),
        (
            "def f(p):\n    def g():\n        nonlocal p\n    return 1",
            "by inner functions",
            3,
        ),
        ("def f(p):\n    p.x = 1\n    return 1", "state in p.x", 2),
        ("def f(_rt):\n    return 1", "the name _rt", 1),
    ],
)
def test_what_cannot_be_a_kernel_is_named(text, construct, line):
    refuses(lambda: _stripped(text), construct, line)
