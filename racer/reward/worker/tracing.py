"""Notes what one call of a reward does: which lines run, what changes, how tests turn out.

It runs inside the guarded process, beside the code that it watches: standard library only, loaded
by its path. Values of plain types alone become text, because `repr` of another object would run the
reward's own code. All is bounded: EVENTS lines, TEXT characters a value, bytes and time.

A part of a line that only reads (`distance <= 0.1 * width`) is computed a second time from the
names that it reads, to say with which numbers a test went which way; calls of the reward's own
functions are not, so nothing happens twice.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import math
import operator
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

EVENTS = 5000  # lines of one call
TEXT = 60  # characters of a value
NAMES = 200  # names of a function that are looked at
ITEMS = 4  # of a list that are shown
_NOTED = 1 << 17  # characters after which nothing more is noted
_SPENT_S = 0.2  # s of processor time, that noting may take
_DIGITS = 10**15

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_CALLS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (abs, min, max, len, float, int, bool, round)
}
_PLAIN = (int, float, bool, str, type(None))
_HELD = (dict, list, tuple)
# Python runs these in frames of their own up to 3.11 and within their function since 3.12.
_INSIDE = {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}


class Unknown(Exception):
    """A part that cannot be computed by reading alone."""


class Part:
    """A test or a factor, with the lines on which it is computed."""

    def __init__(self, node: ast.expr, first: int, last: int, test: bool) -> None:
        self.node, self.first, self.last, self.test = node, first, last, test
        pair = isinstance(node, ast.Compare) and len(node.ops) == 1
        self.sides = (node.left, node.comparators[0]) if pair else ()  # type: ignore[attr-defined]


def parts(tree: ast.AST) -> list[Part]:
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
            yield from pieces(one)


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


class Tracer:
    """Watches calls of functions of one file.

    Args:
        path: what their code says its file is.
        tree: of that file.
    """

    def __init__(self, path: str, tree: ast.AST) -> None:
        self._path = path
        self._by_line: dict[int, list[tuple[int, Part]]] = {}
        for number, part in enumerate(parts(tree)):
            for line in range(part.first, min(part.last, part.first + 50) + 1):
                self._by_line.setdefault(line, []).append((number, part))
        self._kept = {
            name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
        }

    def run(self, function: Callable[[Any], Any], params: Any) -> Any:
        """Call it; what it did is in `events` afterwards, whatever happens."""
        self.events: list[list[Any]] = []
        self.cut = False
        self._frames: dict[int, tuple[dict[str, str], int]] = {}
        self._depth = self._size = 0
        self._spent = 0.0
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return function(params)
        finally:
            sys.settrace(before)

    def result(self, most: int) -> bytes:
        """As JSON of at most so many bytes."""
        events = self.events
        while True:
            raw = json.dumps({"events": events, "cut": self.cut}).encode()
            if len(raw) <= most:
                return raw
            events, self.cut = events[: len(events) // 2], True

    def _enter(self, frame: types.FrameType, event: str, _arg: Any) -> Any:
        code = frame.f_code
        if self.cut or code.co_filename != self._path or code.co_name in _INSIDE:
            return None
        self._depth += 1
        self._frames[id(frame)] = (self._names(frame), -1)
        return self._step

    def _step(self, frame: types.FrameType, event: str, _arg: Any) -> Any:
        if self.cut:
            return None
        began = time.thread_time()
        self._note(frame, event)
        self._spent += time.thread_time() - began
        if len(self.events) >= EVENTS or self._size > _NOTED or self._spent > _SPENT_S:
            self.cut = True
            sys.settrace(None)
        return self._step

    def _note(self, frame: types.FrameType, event: str) -> None:
        known, last = self._frames.get(id(frame), ({}, -1))
        names = self._names(frame)
        if last >= 0:
            changed = {name: text for name, text in names.items() if known.get(name) != text}
            self.events[last][3].update(changed)
            self._size += sum(map(len, changed.values()))
        if event == "line":
            last = len(self.events)
            read = self._read(frame)
            code = frame.f_code.co_name[:TEXT]
            self.events.append([frame.f_lineno, self._depth, code, {}, read])
            self._size += 60 * (1 + len(read))
        self._frames[id(frame)] = names, last
        if event == "return":
            self._depth -= 1
            self._frames.pop(id(frame), None)

    def _names(self, frame: types.FrameType) -> dict[str, str]:
        """Local names, and the file's own that functions assign to, with their values."""
        found = {}
        for name, value in itertools.islice(frame.f_locals.items(), NAMES):
            if not is_a(value, (types.FunctionType, types.ModuleType)):
                found[name[:TEXT]] = shown(value)
        for name in self._kept:
            if name in frame.f_globals:
                found[name[:TEXT]] = shown(frame.f_globals[name])
        return found

    def _read(self, frame: types.FrameType) -> list[list[Any]]:
        """[index, value, left, right] of each part of this line that can be computed."""
        found = []
        for number, part in self._by_line.get(frame.f_lineno, ()):
            with contextlib.suppress(Unknown):
                names = (frame.f_locals, frame.f_globals)
                sides = [number_of(side, names) for side in part.sides]
                whole = plain_number(evaluated(part.node, names))
                found.append([number, whole, *(sides or [None, None])])
        return found


Names = tuple[Mapping[str, Any], Mapping[str, Any]]


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
    if depth > 40:
        raise Unknown
    below = depth + 1
    if isinstance(node, ast.Constant):
        return _plain(node.value)
    if isinstance(node, ast.Name):
        return _plain(_named(node.id, names))
    if isinstance(node, ast.Subscript):
        return _plain(_item(node, names, below))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = (_number(_value(side, names, below)) for side in (node.left, node.right))
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        left, right = (float(_number(_value(s, names, below))) for s in (node.left, node.right))
        return _plain(left**right)
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, names, below)
        if isinstance(node.op, ast.Not):
            return not inner
        return -_number(inner) if isinstance(node.op, ast.USub) else _number(inner)
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
    if is_a(value, _PLAIN):
        return value
    raise Unknown


def _number(value: Any) -> Any:
    if not is_a(value, (int, float, bool)) or (type(value) is int and abs(value) > _DIGITS):
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
    inner = node.value
    held: Any = None
    if isinstance(inner, ast.Subscript) and depth < 40:
        held = _item(inner, names, depth + 1)
    elif isinstance(inner, ast.Name):
        held = _named(inner.id, names)
    if not is_a(held, _HELD):
        raise Unknown
    return held[_value(node.slice, names, depth + 1)]


def _compared(node: ast.Compare, names: Names, depth: int) -> bool:
    left = _value(node.left, names, depth)
    for op, side in zip(node.ops, node.comparators, strict=True):
        right = _value(side, names, depth)
        if type(op) in _COMPARE:
            true = _COMPARE[type(op)](left, right)
        elif isinstance(op, ast.Is | ast.IsNot):
            true = (left is right) == isinstance(op, ast.Is)
        else:
            raise Unknown
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
        return len(_held(node.args[0], names))
    return called(*[_number(_value(one, names, depth)) for one in node.args])


def _held(node: ast.expr, names: Names) -> Any:
    """A list or the like that a name holds."""
    held = _named(node.id, names) if isinstance(node, ast.Name) else None
    if not is_a(held, (*_HELD, str)):
        raise Unknown
    return held


def is_a(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value is of exactly one of some kinds; asks nothing of a class of the reward."""
    kind = type(value)
    return type(kind) is type and any(kind is one for one in kinds)


def shown(value: Any, depth: int = 0) -> str:
    """A value as text; of other objects than numbers, texts and lists only their kind."""
    kind = type(value)
    if kind is str:
        return repr(value[:TEXT])[:TEXT]
    if kind is int and abs(value) > _DIGITS:
        return "a large int"
    if kind is float and depth:
        return f"{value:.6g}"
    if is_a(value, _PLAIN):
        return repr(value)
    if is_a(value, (list, tuple)) and depth < 2:
        first = [shown(one, depth + 1) for one in value[:ITEMS]]
        more = f", … {len(value)}" if len(value) > ITEMS else ""
        ends = "[]" if kind is list else "()"
        text = f"{ends[0]}{', '.join(first)}{more}{ends[1]}"
        return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"
    if is_a(value, (*_HELD, set)):
        return f"{kind.__name__} of {len(value)}"
    name = type.__dict__["__name__"].__get__(kind)
    return f"<{name}>"[:TEXT]
