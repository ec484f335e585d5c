"""Objects become functions and variables."""

import ast

import pytest
from text import dedent, same, unparsed

from racer.reward.compiler.passes.objects import flatten
from racer.reward.compiler.scopes import declare_globals


def _flat(text):
    tree = ast.parse(dedent(text))
    found = flatten(tree)
    declare_globals(tree, found.places)
    return found, tree


def test_an_object_of_the_module_becomes_globals():
    found, tree = _flat("""
        class Reward:
            TOP = 4.0
            def __init__(self, scale=2.0):
                self.scale = scale
                self.reset()
            def reset(self):
                self.last = None
            def pay(self, params):
                self.last = params["speed"]
                return self.last / self.TOP * self.scale
        r = Reward(3.0)
        def reward_function(params):
            return r.pay(params)
    """)
    same(
        unparsed(tree),
        """
        Reward__TOP = 4.0
        def r__reset():
            global r__last
            r__last = None
        def r__pay(params):
            global r__last
            r__last = params["speed"]
            return r__last / Reward__TOP * r__scale
        r__scale = 3.0
        r__last = None
        def reward_function(params):
            return r__pay(params)
        """,
    )
    assert found.places["r__last"] == "r.last"


def test_two_objects_of_a_class_have_values_of_their_own():
    _, tree = _flat("""
        class Count:
            n = 0
            def step(self):
                self.n += 1
        a = Count()
        b = Count()
        def reward_function(params):
            a.step()
            return a.n - b.n
    """)
    text = unparsed(tree)
    assert "a__n = Count__n" in text
    assert "b__n = Count__n" in text
    assert "return a__n - b__n" in text


def test_an_object_of_one_call_is_variables_and_what_changes_is_forgotten():
    found, tree = _flat("""
        class Car:
            def __init__(self, params):
                self.params = params
                self.total = 0.0
            def add(self, x):
                self.total += x * self.params["speed"]
                self.seen = True
        def reward_function(params):
            car = Car(params)
            car.add(2.0)
            return car.total
    """)
    p = "reward_function__car"
    same(
        unparsed(tree),
        f"""
        def {p}__add({p}__params, x):
            global {p}__seen, {p}__total
            {p}__total += x * {p}__params["speed"]
            {p}__seen = True
        def reward_function(params):
            global {p}__total
            globals().pop("{p}__seen", None)
            {p}__given_params = params
            {p}__params = {p}__given_params
            {p}__total = 0.0
            {p}__add({p}__params, 2.0)
            return {p}__total
        """,
    )
    assert found.places[f"{p}__total"] == ""


def test_an_object_that_is_called_or_whose_method_is_the_reward():
    for text in (
        "class R:\n    def __call__(self, params):\n        return 1.0\nreward_function = R()",
        "class R:\n    def pay(self, params):\n        return 1.0\nr = R()\n"
        "reward_function = r.pay",
    ):
        _, tree = _flat(text)
        assert "def reward_function(params):\n    return r" in unparsed(tree)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("class A(B):\n    pass", "inherits"),
        ("class A:\n    def f(self): return g(self)\na = A()", "passed on"),
        ("class A:\n    v = 0.0\na = A()\nb = a", "passed on"),
        ("class A:\n    v = 0.0\ndef f():\n    return [A(), A()]", "made in an expression"),
        (
            "class A:\n    v = []\n    def f(self): self.v = 1\na = A()",
            "shared by class",
        ),
        ("class A:\n    @property\n    def v(self): return 1.0", "a decorator of A.v"),
        (
            "class A:\n    def __init__(self):\n        for k in range(3): self.v = k\na = A()",
            "does more than set attributes",
        ),
    ],
)
def test_other_uses_leave_the_class_alone_with_the_reason(body, says):
    found, tree = _flat(body)
    assert says in found.refused["A"][1]
    assert found.refused["A"][0] > 0
    same(unparsed(tree), body)
