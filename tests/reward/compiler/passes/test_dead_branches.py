"""Branches for steps 0 and 1, which no race has."""

import ast

import pytest
from text import dedent, same, unparsed

from racer.reward.compiler.passes.dead_branches import drop


def test_a_branch_for_the_first_two_steps_is_dropped():
    tree = ast.parse(
        dedent("""
        def reward_function(params):
            steps = params["steps"]
            if steps == 1:
                return 0.5
            else:
                r = 2.0
            if params["steps"] == 0:
                r = 3.0
            return r
        """)
    )
    assert drop(tree)
    same(
        unparsed(tree),
        """
        def reward_function(params):
            steps = params["steps"]
            r = 2.0
            pass
            return r
        """,
    )


@pytest.mark.parametrize("test", ["steps == 2", "steps <= 1", "other == 1", "steps != 0"])
def test_any_other_condition_stays(test):
    text = f'def f(params):\n    steps = params["steps"]\n    if {test}:\n        return 1.0'
    tree = ast.parse(text)
    assert not drop(tree)
    same(unparsed(tree), text)


def test_a_name_that_is_set_twice_is_not_trusted():
    text = 'def f(params):\n    s = params["steps"]\n    s = 1\n    if s == 1:\n        return 1.0'
    assert not drop(ast.parse(text))
