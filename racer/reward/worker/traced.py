"""What one traced call did, as the trainer reads it; and whether a file remembers anything.

What the guarded process wrote is data of a stranger: every field is checked and bounded here.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from racer.errors import printable
from racer.reward.file import RewardFile
from racer.reward.worker.tracing import EVENTS, NAMES, TEXT

_LINES = 10_000_000
_NUMBERS = (ast.Constant, ast.Name, ast.Load, ast.UnaryOp, ast.USub, ast.BinOp, ast.operator)
_CONSTANTS = (*_NUMBERS, ast.Tuple)


class Read(NamedTuple):
    """A test or factor of a line that ran: its index in `parts.of`, and what it came to.

    Attributes:
        value: None where it is no number.
        left, right: sides of a comparison.
    """

    part: int
    value: float | None
    left: float | None
    right: float | None


class Event(NamedTuple):
    """A line that ran.

    Attributes:
        line: of the file.
        depth: 1 in the function that was called.
        function: its name.
        changed: names and values, as text, that this line changed.
        reads: its tests and factors.
    """

    line: int
    depth: int
    function: str
    changed: dict[str, str]
    reads: tuple[Read, ...]


class Traced(NamedTuple):
    """One call.

    Attributes:
        value: the reward; NaN when it failed.
        line, problem: of the failure; 0 and "" when there was none.
        printed: by this call.
        events: every line that ran, in order.
        cut: there were more than are here.
    """

    value: float
    line: int
    problem: str
    printed: str
    events: tuple[Event, ...]
    cut: bool


def read(raw: bytes, value: float, line: int, problem: str, printed: str) -> Traced:
    """What the guarded process noted; what is not as it should be is left out."""
    try:
        found = json.loads(raw)
        events = tuple(_event(one) for one in found["events"][:EVENTS])
        cut = bool(found["cut"])
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError):
        events, cut = (), True
    return Traced(value, line, printable(problem), printed, events, cut)


def _event(found: Any) -> Event:
    line, depth, function, changed, reads = found
    names = {_text(name): _text(text) for name, text in list(changed.items())[: 2 * NAMES]}
    return Event(_whole(line), _whole(depth), _text(function), names, tuple(_reads(reads)))


def _reads(found: Any) -> Iterator[Read]:
    for part, value, left, right in found[:NAMES]:
        yield Read(_whole(part), _number(value), _number(left), _number(right))


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _LINES:
        raise ValueError
    return int(value)


def _number(value: Any) -> float | None:
    good = type(value) in (int, float) and math.isfinite(value)
    return float(value) if good else None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return printable(value[:TEXT])


def remembers(file: RewardFile) -> bool:
    """Whether a call may pay differently because of calls before it.

    False only where the text shows that it cannot: the file holds functions, imports of `math`, and
    names of numbers and texts that no function assigns to.
    """
    if file.modules or file.components_line:
        return True
    return any(map(_may_keep, file.tree.body)) or any(map(_reaches, ast.walk(file.tree)))


def _may_keep(node: ast.stmt) -> bool:
    """Whether a statement of the file itself may make something that calls can change."""
    if isinstance(node, ast.FunctionDef):
        return bool(node.decorator_list) or not all(map(_constant, _defaults(node)))
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is not None and not _constant(node.value)
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not (said or isinstance(node, ast.Import | ast.ImportFrom))


def _defaults(node: ast.FunctionDef) -> list[ast.expr]:
    return [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]


def _constant(node: ast.expr) -> bool:
    return all(isinstance(one, _CONSTANTS) for one in ast.walk(node))


_REACHES = {"globals", "vars", "setattr", "exec", "eval", "open", "hash", "id", "input"}


def _reaches(node: ast.AST) -> bool:
    """Whether it may reach what stays: other modules, global names, attributes that are set."""
    if isinstance(node, ast.Import):
        return any(alias.name != "math" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module != "math"
    if isinstance(node, ast.Global | ast.Nonlocal | ast.ClassDef | ast.Yield | ast.Await):
        return True
    if isinstance(node, ast.Attribute):
        return not isinstance(node.ctx, ast.Load) or node.attr.startswith("__")
    return isinstance(node, ast.Name) and (node.id in _REACHES or node.id.startswith("__"))
