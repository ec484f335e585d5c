"""What a block of a reward file can raise, so that a kernel's `except` catches just that.

In a kernel every `except` catches everything. One that names a class keeps its body only where the
block can raise nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_ANY = ("Exception", "BaseException")
_PARENTS = {
    "IndexError": "LookupError",
    "KeyError": "LookupError",
    "ZeroDivisionError": "ArithmeticError",
    "OverflowError": "ArithmeticError",
}
_HARMLESS = ("abs", "float", "int", "round", "len", "bool", "range", "print", "enumerate", "zip")


def catches_all(handler: ast.ExceptHandler, body: list[ast.stmt]) -> bool:
    """Whether the handler catches whatever the statements can raise."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {ast.unparse(each).rpartition(".")[2] for each in types}
    if names & set(_ANY):
        return True
    raised = {name for statement in body for name in _raised(statement)}
    return all(name in names or _PARENTS.get(name) in names for name in raised)


def _raised(statement: ast.stmt) -> Iterator[str]:
    """Names of exceptions; "" for one that is not known."""
    for node in ast.walk(statement):
        operator = node.op if isinstance(node, ast.BinOp | ast.AugAssign) else None
        if isinstance(operator, ast.Div | ast.FloorDiv | ast.Mod):
            yield "ZeroDivisionError"
        elif isinstance(operator, ast.Pow):
            yield from ("ZeroDivisionError", "OverflowError")
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)):
                yield "IndexError"
        elif isinstance(node, ast.Call):
            yield from _called(node)
        elif isinstance(node, ast.Raise | ast.Assert):
            yield ""


def _called(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if name in ("min", "max"):
        yield from () if len(node.args) > 1 else ("ValueError",)
    elif name in ("math.sqrt", "math.acos", "math.asin", "math.log", "sqrt", "acos", "asin"):
        yield "ValueError"
    elif name in ("math.atan2", "math.degrees", "math.radians", "math.hypot"):
        return
    elif name in ("math.exp", "exp", "math.cosh", "math.sinh"):
        yield "OverflowError"
    elif name not in _HARMLESS:
        yield ""
