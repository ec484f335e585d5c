"""Why a step was paid what it was paid: which line returned it, and which test decided that.

The answer is found in the lines that ran (`Traced`) and in the file's tree: from the `return` back
over the assignments of what it returns, to the tests around them. With the numbers on both sides of
a comparison it can also be said at which number the test would have gone the other way.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from racer.reward import parts
from racer.reward.worker.traced import Event, Read, Traced

STEPS = 6  # assignments that are followed back
SHOWN = 80  # characters of a piece of source
_SMALL = 1e-2  # of the other factors' size: what makes a product small
_OTHER = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "=="}
_SAME = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Reason(NamedTuple):
    """One sentence and the line that it is about; 0 for none."""

    line: int
    text: str


def why(tree: ast.Module, traced: Traced) -> list[Reason]:
    """From what was returned, back to what decided it."""
    if traced.problem:
        return [Reason(traced.line, f"the call failed: {traced.problem}")]
    known = _Known(tree, traced)
    last = next((i for i in reversed(range(len(traced.events))) if _returns(known, i)), None)
    if traced.cut or not traced.events:
        return [Reason(0, f"it returned {number(traced.value)}; too many lines ran to say why")]
    if last is None:
        return known.last(traced.value)
    statement = known.statement(last)
    assert statement is not None
    line = traced.events[last].line
    found = [Reason(line, f"returned {number(traced.value)}: `{source(statement)}`")]
    return found + _dedupe(known.reasons(last, STEPS))


def _returns(known: _Known, i: int) -> bool:
    event = known.events[i]
    return event.depth == 1 and isinstance(known.statement(i), ast.Return)


def _dedupe(reasons: Iterator[Reason]) -> list[Reason]:
    return list(dict.fromkeys(reasons))


class _Known:
    """The tree and the lines that ran, by each other."""

    def __init__(self, tree: ast.Module, traced: Traced) -> None:
        self.events = traced.events
        self._parts = parts.of(tree)
        self._number = {id(part.node): i for i, part in enumerate(self._parts)}
        self._parent = {id(c): p for p in ast.walk(tree) for c in ast.iter_child_nodes(p)}
        self._by_line: dict[int, ast.stmt] = {}
        for node in ast.walk(tree):  # outer ones first
            if isinstance(node, ast.stmt):
                first, end = node.lineno, node.end_lineno or node.lineno
                for line in range(first, min(end, first + 5000) + 1):
                    self._by_line[line] = node

    def statement(self, i: int) -> ast.stmt | None:
        """The innermost statement at the line of an event."""
        return self._by_line.get(self.events[i].line)

    def read(self, node: ast.expr, i: int) -> Read | None:
        """What a part came to when the line of event `i` ran."""
        wanted = self._number.get(id(node))
        return next((one for one in self.events[i].reads if one.part == wanted), None)

    def last(self, value: float) -> list[Reason]:
        """Of a call without a `return`: of a lambda, or one that reached its end."""
        i = max(k for k, event in enumerate(self.events) if event.depth == 1)
        statement, line = self.statement(i), self.events[i].line
        found = [Reason(line, f"returned {number(value)} here")]
        for node in ast.walk(statement) if statement is not None else ():
            if isinstance(node, ast.Lambda):
                found += self._value(node.body, i, STEPS)
        return _dedupe(iter(found))

    def reasons(self, i: int, left: int) -> Iterator[Reason]:
        """Why the statement of event `i` ran, and what it computed."""
        statement = self.statement(i)
        if statement is None or not left:
            return
        value = getattr(statement, "value", None)
        if isinstance(value, ast.expr):
            yield from self._value(value, i, left)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            yield from self._name(statement.target.id, i, left)
        yield from self._decided(statement, i)

    def _value(self, value: ast.expr, i: int, left: int) -> Iterator[Reason]:
        value = parts.bare(value)
        if isinstance(value, ast.Name):
            yield from self._name(value.id, i, left)
        elif isinstance(value, ast.IfExp):
            yield from self._test(value.test, i)
        elif parts.chosen(value):
            yield from self._choice(value, i, left)
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
            yield from self._product(value, i, left)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            yield from self._call(value.func.id, i, left)

    def _numbers(self, value: ast.expr, i: int) -> list[tuple[ast.expr, float]]:
        """Factors or arguments whose number is known."""
        reads = [(node, self.read(node, i)) for node in parts.factors(value)]
        return [(n, r.value) for n, r in reads if r is not None and r.value is not None]

    def _choice(self, value: ast.expr, i: int, left: int) -> Iterator[Reason]:
        """What `min` or `max` chose, and beside what."""
        known, picks = self._numbers(value, i), parts.chosen(value)
        if len(known) < 2:
            return
        node, size = (max if picks == "max" else min)(known, key=lambda one: one[1])
        rest = [(other, one) for other, one in known if other is not node]
        others = ", ".join(f"`{source(other)}` is {number(one)}" for other, one in rest)
        yield Reason(self.events[i].line, f"`{picks}` chose {number(size)}: {others}")
        yield from self._value(rest[0][0] if isinstance(node, ast.Constant) else node, i, left)

    def _product(self, value: ast.expr, i: int, left: int) -> Iterator[Reason]:
        """The factor that makes a product small."""
        known = self._numbers(value, i)
        node, size = min(known, key=lambda one: abs(one[1]), default=(value, 1.0))
        rest = [abs(one) for other, one in known if other is not node]
        if size and (not rest or abs(size) > _SMALL * max(rest)):
            return
        yield Reason(
            self.events[i].line, f"`{source(node)}` is {number(size)}, which makes it small"
        )
        yield from self._value(node, i, left)

    def _call(self, name: str, i: int, left: int) -> Iterator[Reason]:
        """Where a function of the file, called by event `i`, returned."""
        depth, last = self.events[i].depth, None
        for k in range(i + 1, len(self.events)):
            event = self.events[k]
            if event.depth <= depth:
                break
            if event.depth == depth + 1 and event.function == name:
                last = k if isinstance(self.statement(k), ast.Return) else last
        if last is not None:
            statement = self.statement(last)
            assert statement is not None
            yield Reason(self.events[last].line, f"`{name}` returned here: `{source(statement)}`")
            yield from self.reasons(last, left - 1)

    def _name(self, name: str, i: int, left: int) -> Iterator[Reason]:
        """Where a name got its value, before event `i`."""
        depth = self.events[i].depth
        for k in reversed(range(i)):
            event, statement = self.events[k], self.statement(k)
            if event.depth < depth:
                return
            if event.depth == depth and statement is not None and _sets(statement, name):
                text = event.changed.get(name)
                so = f", which is {text}" if text else ""
                yield Reason(event.line, f"`{name}` was set here: `{source(statement)}`{so}")
                yield from self.reasons(k, left - 1)
                return

    def _decided(self, statement: ast.stmt, i: int) -> Iterator[Reason]:
        """The tests around a statement, the innermost first, and those that could have left."""
        child: ast.AST = statement
        parent = self._parent.get(id(statement))
        while parent is not None:
            yield from self._passed(parent, child, i)
            if isinstance(parent, ast.FunctionDef | ast.Lambda):
                return
            if isinstance(parent, ast.If | ast.While):
                at = self._ran(parent, i)
                if at is not None:
                    yield from self._test(parent.test, at, went=child in parent.body)
            child, parent = parent, self._parent.get(id(parent))

    def _passed(self, parent: ast.AST, child: ast.AST, i: int) -> Iterator[Reason]:
        """The last test before a statement that would have returned, had it gone the other way."""
        for name in ("body", "orelse"):
            body = getattr(parent, name, None)
            if not isinstance(body, list) or child not in body:
                continue
            for one in reversed(body[: body.index(child)]):
                if isinstance(one, ast.If) and any(
                    isinstance(n, ast.Return) for n in ast.walk(one)
                ):
                    at = self._ran(one, i)
                    if at is not None:
                        yield from self._test(one.test, at)
                    return

    def _ran(self, test: ast.If | ast.While, i: int) -> int | None:
        """The last time before event `i` that a test was computed."""
        first, end = test.test.lineno, test.test.end_lineno or test.test.lineno
        return next((k for k in reversed(range(i)) if first <= self.events[k].line <= end), None)

    def _test(self, test: ast.expr, i: int, went: bool | None = None) -> Iterator[Reason]:
        line = self.events[i].line
        reads = [(node, read) for node in parts.atoms(test) if (read := self.read(node, i))]
        if not reads:
            if went is not None:
                yield Reason(line, f"`{source(test)}` was {went}")
            return
        for node, read in reads:
            yield Reason(line, _condition(node, read))


def _sets(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, ast.Assign):
        targets: Sequence[ast.expr] = statement.targets
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.For):
        targets = [statement.target]
    else:
        return False
    return any(isinstance(n, ast.Name) and n.id == name for t in targets for n in ast.walk(t))


def _condition(node: ast.expr, read: Read) -> str:
    """A test, its numbers, and at which number it would go the other way."""
    true = bool(read.value)
    text = f"`{source(node)}` was {true}"
    compared = isinstance(node, ast.Compare) and len(node.ops) == 1
    if not compared or read.left is None or read.right is None:
        return text
    assert isinstance(node, ast.Compare)
    op = type(node.ops[0])
    if op not in _SAME:
        return text
    left, right = node.left, node.comparators[0]
    other = (_OTHER if true else _SAME)[op]
    if isinstance(left, ast.Constant):  # 3 < speed
        changed, limit, other = right, read.left, _MIRROR[other]
    else:
        changed, limit = left, read.right
    numbers = f"{number(read.left)} {_SAME[op]} {number(read.right)}"
    turn = f"`{source(changed)}` {other} {number(limit)}"
    return f"{text} ({numbers}); it would be {not true} with {turn}"


def source(node: ast.AST) -> str:
    """A piece of the file on one short line."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def number(value: float) -> str:
    """For people: six digits."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def annotated(text: str, tree: ast.Module, traced: Traced) -> list[tuple[int, str, str]]:
    """(line, its text, what happened there) of every line that ran, in order, once each."""
    notes: dict[int, list[str]] = {}
    known = parts.of(tree)
    for event in traced.events:
        notes.setdefault(event.line, [])
        notes[event.line] = [*note(event, known)] or notes[event.line]
    lines = text.split("\n")
    return [
        (line, lines[line - 1] if line <= len(lines) else "", "  ".join(said))
        for line, said in sorted(notes.items())
    ]


def note(event: Event, known: Sequence[parts.Part]) -> Iterator[str]:
    """What one line did: names that changed, tests and their numbers."""
    for name, text in event.changed.items():
        yield f"{name} = {text}"
    for read in event.reads:
        if read.part >= len(known) or not known[read.part].test or read.value is None:
            continue
        node = known[read.part].node
        op = type(node.ops[0]) if isinstance(node, ast.Compare) else None
        if op in _SAME and read.left is not None and read.right is not None:
            yield f"{bool(read.value)}: {number(read.left)} {_SAME[op]} {number(read.right)}"
        else:
            yield str(bool(read.value))
