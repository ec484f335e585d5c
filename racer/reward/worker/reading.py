"""Computes a part of a line that only reads, such as `distance <= 0.1 * width`, a second time.

Nothing of the reward is called, so nothing happens twice: names, items, arithmetic, comparisons and
a few built-in functions are all that is computed, of values of plain types alone, because operators
of another object would run the reward's own code.
"""

from __future__ import annotations

import ast
import contextlib
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from racer.reward.operators import BINARY, COMPARE, UNARY

LARGEST = 10**15  # of integers that are computed with
PLAIN = (int, float, bool, str, type(None))
HELD = (dict, list, tuple)
_ALIKE = ("float64", "int64", "bool_")  # NumPy's numbers that calculate as Python's do
_OTHERS = ("float32", "float16", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")
_DEEPEST = 40
_CALLS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (abs, min, max, len, float, int, bool, round)
}

Names = tuple[Mapping[str, Any], Mapping[str, Any]]  # local ones, those of the file


class Unknown(Exception):
    """A part that cannot be computed by reading alone."""


def number_of(node: ast.expr, names: Names) -> float | None:
    """A side of a comparison, if it is a number."""
    try:
        return plain_number(evaluated(node, names))
    except Unknown:
        return None


def plain_number(value: Any) -> float | None:
    """For JSON: a finite number, or None."""
    with contextlib.suppress(OverflowError):
        if is_a(value, (bool, int, float)) and math.isfinite(value):
            return float(value)
    return None


def evaluated(node: ast.expr, names: Names) -> Any:
    """The value of an expression that only reads names, items of params and does arithmetic.

    Raises:
        Unknown: it does anything else, or fails.
    """
    try:
        return _value(node, names, 0)
    except Unknown:
        raise
    except (ArithmeticError, TypeError, ValueError, LookupError, RecursionError):
        raise Unknown from None


def _value(node: ast.expr, names: Names, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Unknown
    below = depth + 1
    if isinstance(node, ast.Constant):
        return _plain(node.value)
    if isinstance(node, ast.Name):
        return _plain(_named(node.id, names))
    if isinstance(node, ast.Subscript):
        return _plain(_item(node, names, below))
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        left, right = (_number(_value(side, names, below)) for side in (node.left, node.right))
        if isinstance(node.op, ast.Pow):  # of integers it may have no end
            left, right = float(left), float(right)
        return _plain(BINARY[type(node.op)](left, right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, names, below)
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_number(_value(node.operand, names, below)))
    if isinstance(node, ast.Compare):
        return _compared(node, names, below)
    if isinstance(node, ast.BoolOp):
        return _joined(node, names, below)
    if isinstance(node, ast.IfExp):
        side = node.body if _value(node.test, names, below) else node.orelse
        return _value(side, names, below)
    if isinstance(node, ast.Call) and not node.keywords:
        return _called(node, names, below)
    raise Unknown


def _plain(value: Any) -> Any:
    value = from_numpy(value)
    if is_a(value, PLAIN):
        return value
    raise Unknown


def _number(value: Any) -> Any:
    if not is_a(value, (int, float, bool)) or (type(value) is int and abs(value) > LARGEST):
        raise Unknown
    return value


def _named(name: str, names: Names) -> Any:
    for known in names:
        if name in known:
            return known[name]
    raise Unknown


def _item(node: ast.Subscript, names: Names, depth: int) -> Any:
    """Of a dict, list or tuple of the built-in kinds; two deep, as in waypoints[i][0]."""
    if isinstance(node.slice, ast.Slice):
        raise Unknown
    return _held(node.value, names, depth)[_value(node.slice, names, depth + 1)]


def _compared(node: ast.Compare, names: Names, depth: int) -> bool:
    left = _value(node.left, names, depth)
    for op, side in zip(node.ops, node.comparators, strict=True):
        right = _value(side, names, depth)
        if type(op) not in COMPARE:
            raise Unknown
        true = COMPARE[type(op)](left, right)
        if not true:
            return False
        left = right
    return True


def _joined(node: ast.BoolOp, names: Names, depth: int) -> Any:
    value: Any = None
    for one in node.values:
        value = _value(one, names, depth)
        if bool(value) == isinstance(node.op, ast.Or):
            break
    return value


def _called(node: ast.Call, names: Names, depth: int) -> Any:
    """A built-in function or one of `math`, as long as its name still means that."""
    function = node.func
    if isinstance(function, ast.Name):
        if function.id not in _CALLS or any(function.id in known for known in names):
            raise Unknown
        called = _CALLS[function.id]
    elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        if _named(function.value.id, names) is not math or function.attr in ("factorial", "comb"):
            raise Unknown
        called = vars(math).get(function.attr)
        if called is None:
            raise Unknown
    else:
        raise Unknown
    if called is len:
        return len(_held(node.args[0], names, depth))
    return called(*[_number(_value(one, names, depth)) for one in node.args])


def _held(node: ast.expr, names: Names, depth: int) -> Any:
    """A list or the like that a name or an item holds."""
    held: Any = None
    if isinstance(node, ast.Subscript) and depth < _DEEPEST:
        held = _item(node, names, depth + 1)
    elif isinstance(node, ast.Name):
        held = _named(node.id, names)
    if not is_a(held, (*HELD, str)):
        raise Unknown
    return held


def is_a(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value is of exactly one of some kinds; asks nothing of a class of the reward."""
    kind = type(value)
    return type(kind) is type and any(kind is one for one in kinds)


def from_numpy(value: Any, *, alike: bool = True) -> Any:
    """A NumPy number as a Python number, only if that calculates alike; all else as it is."""
    names = _ALIKE if alike else _ALIKE + _OTHERS
    return value.item() if is_a(value, _of_numpy(names)) else value


def is_array(value: Any) -> bool:
    """Whether it is a NumPy array of numbers, with one dimension or more."""
    return is_a(value, _of_numpy(("ndarray",))) and value.ndim > 0 and value.dtype.kind in "biuf"


def _of_numpy(names: tuple[str, ...]) -> tuple[type, ...]:
    """Classes of NumPy; none where the reward has not imported it."""
    found = (getattr(sys.modules.get("numpy"), name, None) for name in names)
    return tuple(kind for kind in found if isinstance(kind, type))
