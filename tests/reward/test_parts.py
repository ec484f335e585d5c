"""Which tests and factors of a reward may decide what a call pays."""

import ast

import pytest

from racer.reward import parts

FOUND = [
    ("if a < 1 and not b:\n    pass", ["a < 1", "b"], True),
    ("while a or b:\n    pass", ["a", "b"], True),
    ("x = a * b * 2", ["a", "b", "2"], False),
    ("x = max(a, min(b, 1))", ["a", "min(b, 1)", "b", "1"], False),
    ("x = float(a + 0.001)", ["a"], False),
]


@pytest.mark.parametrize(("text", "expected", "test"), FOUND)
def test_parts_of_a_statement(text, expected, test):
    found = parts.of(ast.parse(text))
    assert [ast.unparse(part.node) for part in found] == expected
    assert {part.test for part in found} == {test}


def test_a_comparison_has_sides_and_lines():
    (part,) = parts.of(ast.parse("assert (a <\n  2)"))
    assert [ast.unparse(side) for side in part.sides] == ["a", "2"]
    assert (part.first, part.last) == (1, 2)
