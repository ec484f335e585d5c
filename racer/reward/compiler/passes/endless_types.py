"""Refuse a list or tuple that a loop puts into itself, `x = [x]`.

It has another type after every turn. numba follows them until Python's stack ends, which takes a
minute and finds nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from racer.reward.compiler.parse import Unsupported

_AS_THEY_ARE = ("list", "tuple", "sorted", "reversed")
_Goes = tuple[str, str, bool]  # into this name, what that name holds, inside a list or tuple?


def refuse(function: ast.FunctionDef) -> None:
    """Nothing is changed.

    Raises:
        Unsupported: names the first such assignment.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.While):
            _refuse_in(node)


def _refuse_in(loop: ast.For | ast.While) -> None:
    assigned = [n for n in ast.walk(loop) if isinstance(n, ast.Assign)]
    goes = [(node, list(_goes(node))) for node in assigned]
    holds: dict[str, set[str]] = {}
    for _, found in goes:
        for into, held, _ in found:
            holds.setdefault(into, set()).add(held)
    for node, found in goes:
        for into, held, inside in found:
            if inside and into in _reached(held, holds):
                raise Unsupported(node, f"`{into}`, which a loop puts into itself")


def _goes(node: ast.Assign) -> Iterator[_Goes]:
    for target in node.targets:
        yield from _into(target, node.value)


def _into(target: ast.expr, value: ast.expr) -> Iterator[_Goes]:
    if isinstance(target, ast.Name):
        for held, inside in _held(value):
            yield target.id, held, inside
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _into(one, its)


def _held(value: ast.expr, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Names whose values are part of this one as they are."""
    if isinstance(value, ast.Name):
        yield value.id, inside
    elif isinstance(value, ast.List | ast.Tuple):
        for one in value.elts:
            yield from _held(one, True)
    elif isinstance(value, ast.ListComp | ast.GeneratorExp):
        yield from _held(value.elt, True)
        for part in value.generators:
            yield from _held(part.iter, inside)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        if value.func.id in _AS_THEY_ARE:
            for one in value.args:
                yield from _held(one, inside)
    elif isinstance(value, ast.IfExp):
        yield from _held(value.body, inside)
        yield from _held(value.orelse, inside)
    elif isinstance(value, ast.BoolOp):
        for one in value.values:
            yield from _held(one, inside)


def _reached(name: str, holds: dict[str, set[str]]) -> set[str]:
    """The name, and all that it may hold."""
    found, left = {name}, [name]
    while left:
        for held in holds.get(left.pop(), set()) - found:
            found.add(held)
            left.append(held)
    return found
