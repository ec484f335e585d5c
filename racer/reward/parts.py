"""The tests and factors of a reward file, found in its tree: what may decide what a call pays."""

from __future__ import annotations

import ast
from collections.abc import Iterator


class Part:
    """A test or a factor, with the lines on which it is computed."""

    def __init__(self, node: ast.expr, first: int, last: int, test: bool) -> None:
        self.node, self.first, self.last, self.test = node, first, last, test
        pair = isinstance(node, ast.Compare) and len(node.ops) == 1
        self.sides = (node.left, node.comparators[0]) if pair else ()  # type: ignore[attr-defined]


def of(tree: ast.AST) -> list[Part]:
    """Every test and factor of a file, in the order of `ast.walk`: their index names them."""
    found: list[Part] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.While | ast.Assert):
            span = node.test.lineno, node.test.end_lineno or node.test.lineno
            found += [Part(one, *span, True) for one in atoms(node.test)]
        elif isinstance(node, ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign):
            if node.value is None:
                continue
            span = node.lineno, node.end_lineno or node.lineno
            found += [Part(one, *span, False) for one in pieces(node.value)]
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.IfExp):
                    found += [Part(one, *span, True) for one in atoms(inner.test)]
    return found


def atoms(test: ast.expr) -> Iterator[ast.expr]:
    """The conditions that `and`, `or` and `not` join."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from atoms(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from atoms(test.operand)
    else:
        yield test


def factors(value: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied, or chosen from by `min` and `max`; the value itself otherwise."""
    value = bare(value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        for side in (value.left, value.right):
            product = isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult)
            yield from factors(side) if product else (side,)
    elif chosen(value):
        yield from value.args  # type: ignore[attr-defined]
    else:
        yield value


def pieces(value: ast.expr) -> Iterator[ast.expr]:
    """Factors, and what they are made of in turn."""
    for one in factors(value):
        yield one
        if one is not bare(value):
            yield from (inner for inner in pieces(one) if inner is not one)


def chosen(value: ast.expr) -> str:
    """`min` or `max` of several arguments; "" for anything else."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and len(value.args) > 1:
        return value.func.id if value.func.id in ("min", "max") else ""
    return ""


def bare(value: ast.expr) -> ast.expr:
    """Without `float(...)` and without a number that is added: neither makes a value small."""
    while True:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            if value.func.id not in ("float", "bool") or len(value.args) != 1 or value.keywords:
                return value
            value = value.args[0]
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            sides = [s for s in (value.left, value.right) if not isinstance(s, ast.Constant)]
            if len(sides) != 1:
                return value
            value = sides[0]
        else:
            return value
