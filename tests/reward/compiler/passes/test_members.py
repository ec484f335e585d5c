"""Attributes of functions and items of dicts become variables."""

import ast

from text import dedent, same, unparsed

from racer.reward.compiler.passes.members import name_members


def test_attributes_of_functions_and_constant_names_of_dicts():
    tree = ast.parse(
        dedent("""
        last = {"speed": 0.0}
        def reward_function(params):
            if hasattr(reward_function, "n"):
                reward_function.n += 1
            else:
                reward_function.n = 0
            last["speed"] = params["speed"]
            return last["speed"]
    """)
    )
    places = name_members(tree)
    same(
        unparsed(tree),
        """
        last__speed = 0.0
        def reward_function(params):
            if "reward_function__n" in globals():
                reward_function__n += 1
            else:
                reward_function__n = 0
            last__speed = params["speed"]
            return last__speed
        """,
    )
    assert places["reward_function__n"] == "reward_function.n"
    assert places["last__speed"] == "last['speed']"


def test_a_dict_that_is_used_as_a_whole_stays():
    text = dedent("""
        last = {"speed": 0.0}
        def reward_function(params):
            last["speed"] = params["speed"]
            return sum(last.values())
    """)
    tree = ast.parse(text)
    assert name_members(tree) == {}
    same(unparsed(tree), text)
