"""Which function changes which list that is kept, and which only reads the list it is given."""

from __future__ import annotations

import ast

from racer.reward.compiler.cells import GROWS, SHRINKS
from racer.reward.compiler.kinds import state_name

_READS = (
    *("len", "sum", "min", "max", "sorted", "list", "tuple", "set", "any", "all", "abs"),
    *("enumerate", "zip", "reversed", "map", "filter", "range", "float", "int", "round"),
)


def reads(name: str) -> bool:
    """Whether a builtin or a function of a library only reads its arguments."""
    return name in _READS or name.startswith(("math.", "numpy."))


def changers(functions: dict[str, ast.FunctionDef]) -> dict[str, set[str]]:
    """Function → lists that it changes, itself or through what it calls."""
    direct: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for name, function in functions.items():
        direct[name], calls[name] = set(), set()
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in functions:
                calls[name].add(node.id)
            direct[name] |= {changed(node)} - {""}
    for _ in functions:
        for name in functions:
            direct[name] = direct[name].union(*(direct[c] for c in calls[name]))
    return direct


def changed(node: ast.AST) -> str:
    stored = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
    if isinstance(node, ast.Attribute) and (stored or node.attr in (*GROWS, *SHRINKS)):
        return state_name(node) or state_name(node.value)
    return state_name(node.value) if isinstance(node, ast.Subscript) and stored else ""


def only_reads(function: ast.FunctionDef, name: str) -> bool:
    """Whether an argument, a list, is only indexed, iterated and handed to builtins."""
    fine: set[int] = set()
    for node in ast.walk(function):
        inside: list[ast.AST] = []
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            inside = [node.value]
        elif isinstance(node, ast.For | ast.comprehension):
            inside = [node.iter]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _READS
        ):
            inside = list(node.args)
        elif isinstance(node, ast.Compare):
            inside = list(node.comparators)
        elif isinstance(node, ast.UnaryOp | ast.If | ast.While):
            inside = [node.operand if isinstance(node, ast.UnaryOp) else node.test]
        fine |= {id(n) for n in inside}
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    return all(id(n) in fine for n in uses)
