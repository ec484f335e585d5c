"""A list or tuple that a loop puts into itself is refused, and nothing else is."""

import ast

import pytest
from text import dedent, refuses

from racer.reward.compiler.passes.endless_types import refuse
from racer.reward.compiler.rewrite import rewrite


def _refuse(body):
    lines = dedent(body).replace("\n", "\n        ")
    refuse(ast.parse(f"def f(x, y, z):\n    for i in range(3):\n        {lines}").body[0])


@pytest.mark.parametrize(
    ("body", "name", "line"),
    [
        ("x = [x]", "x", 3),
        ("x = (1, [x, 2])", "x", 3),
        ("x = z = (x,)", "x", 3),
        ("y = x\nx = [y]", "x", 4),
        ("x = [y]\ny = z\nz = x if i else 0", "x", 3),
        ("x, y = [y], [x]", "x", 3),
        ("x = x or [x]", "x", 3),
        ("x = [x for k in range(2)]", "x", 3),
        ("x = [v for v in (x, x)]", "x", 3),
        ("x = list((x,))", "x", 3),
        ("if i:\n    while x:\n        x = [x] if y else [1.0]", "x", 5),
    ],
)
def test_what_a_loop_puts_into_itself_is_named(body, name, line):
    refuses(lambda: _refuse(body), f"`{name}`, which a loop puts into itself", line)


@pytest.mark.parametrize(
    "body",
    [
        "x = [x[0], x[1]]",
        "x, y = y, x",
        "x = [y]\nz = [x]",
        "x = [y, z]\ny = x[0]",
        "x = x if i else y",
        "x = [len(x), max(x)]",
        "x[0] = [y]",
        "x += [y]",
        "x = [v for v in x]",
        "x = sorted(x)",
        "x = [x[k] for k in range(2)]",
        "x = list(max(x, y))",
    ],
)
def test_a_type_that_stays_is_left_alone(body):
    _refuse(body)


def test_a_list_in_itself_once_is_left_alone():
    refuse(ast.parse("def f(x):\n    x = [x]\n    return x").body[0])


def test_a_reward_is_asked_before_it_is_compiled():
    text = """
    def reward_function(params):
        x = 1.0
        for i in range(9):
            x = [x]
        return 1.0
    """
    refuses(lambda: rewrite(ast.parse(dedent(text))), "`x`, which a loop puts into itself", 4)
