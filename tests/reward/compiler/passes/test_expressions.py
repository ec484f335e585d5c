"""Expressions mean what Python means, or leave the row to it."""

import pytest
from text import functions, module_of, refuses, same

from racer.reward import usage
from racer.reward.compiler.passes.expressions import Rewrite
from racer.reward.compiler.passes.expressions.calls import Shared


def _rewritten(text, **options):
    module = module_of(text)
    dicts = usage.params_names({name: [f] for name, f in module.functions.items()})
    shared = Shared(module, set(module.functions), options.get("fresh_only", True))
    for name, function in module.functions.items():
        Rewrite(shared, function, dicts[name]).function()
    return module, shared


def _body(expression, before=""):
    text = f"import math\nimport numpy as np\n{before}\ndef reward_function(params):\n"
    module, _ = _rewritten(text + f"    n = len(params['waypoints'])\n    return {expression}")
    return functions(module).splitlines()[-1].removeprefix("    return ")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("params['speed'] * 2", "params.speed * 2"),
        ("params.get('speed', 1.0)", "params.speed"),
        ("params.get('wheels', 4)", "4"),
        ("'speed' in params", "True"),
        ("n * n", "_rt.mul(_c, n, n)"),
        ("n + 1", "n + 1"),
        ("n ** 2", "_rt.power(_c, n, 2)"),
        ("int(params['speed'])", "_rt.to_int(_c, params.speed)"),
        ("round(params['speed'], 2)", "_rt.round_n(_c, params.speed, 2)"),
        ("math.sqrt(params['x'])", "_rm.MATH_sqrt(params.x)"),
        ("math.pi", "_math.pi"),
        ("math.floor(params['x'])", "_math.floor(_rt.finite(_c, params.x))"),
        ("np.linalg.norm([1.5, params['x']])", "_ra.norm(_ra.array([1.5, params.x]))"),
        ("float('inf')", "_math.inf"),
        (
            "min([n, 3], key=lambda k: k * 0.5)",
            "_rt.best([k for k in [n, 3]], [k * 0.5 for k in [n, 3]], 1)",
        ),
        ("list(map(lambda k: k * 0.5, [n]))", "list([k * 0.5 for k in [n]])"),
        ("sum(k * 0.5 for k in [n])", "_ra.total([k * 0.5 for k in [n]])"),
        ("params['is_offtrack'] is True", "params.is_offtrack == True"),
    ],
)
def test_an_expression(given, expected):
    assert _body(given) == expected


def test_constants_become_tables_and_calls_take_the_context():
    module, shared = _rewritten("""
        LINE = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
        W = {"a": 2.5}
        def half(x):
            return x / 2
        def reward_function(params):
            return half(LINE[0][1]) * W["a"]
    """)
    same(
        functions(module),
        """
        def half(_c, x):
            return x / 2
        def reward_function(_c, params):
            return _rt.mul(_c, f_half(_c, _c.t0[0][1]), 2.5)
        """,
    )
    assert list(shared.tables.builders) == ["t0"]


def test_loops_burn_their_budget():
    module, _ = _rewritten("def reward_function(params):\n    while True:\n        x = 1.0")
    assert "while True:\n        _rt.tick(_c)" in functions(module)


@pytest.mark.parametrize(
    ("expression", "construct"),
    [
        ("eval('1')", "eval()"),
        ("10 ** 400 if n else 1 << n", "<<"),
        ("f'{n}'", "formatted text"),
        ("{k: 1 for k in [n]}", "a dict comprehension"),
        ("2j", "the constant"),
    ],
)
def test_what_has_no_compiled_form_is_named(expression, construct):
    text = f"def reward_function(params):\n    n = 1\n    return {expression}"
    refuses(lambda: _rewritten(text), construct, 3)


@pytest.mark.parametrize("name", ["shapely", "scipy"])
def test_a_module_of_the_simulator_names_the_extra_that_brings_it(name):
    text = f"import {name}\ndef reward_function(params):\n    return {name}.area(1)"
    refuses(lambda: _rewritten(text), "pip install 'racer[rewards]'", 3)
