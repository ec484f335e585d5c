"""What the methods of a class read and set of their object, for objects that live for one call."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


class Refused(Exception):
    """The class is not made of variables; somebody else says why."""


@dataclass
class Method:
    """One method.

    Attributes:
        owner: what it calls its object; "" when it is static.
        inputs: attributes it needs: read before it sets them, or not set on every way out.
        writes: attributes it may set.
        sure: attributes it sets on every way out.
        valued: it returns something.
    """

    node: ast.FunctionDef
    owner: str
    inputs: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    valued: bool = False


def analyse(methods: dict[str, Method], attributes: set[str]) -> None:
    """Fill in what every method reads and sets.

    Raises:
        Refused: methods that call each other in a circle.
    """
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise Refused
        if name in done:
            return
        method = methods[name]
        for node in ast.walk(method.node):
            called = attribute_of(node.func, method.owner) if isinstance(node, ast.Call) else ""
            if called in methods:
                visit(called, (*path, name))
        _Reach(method, methods, attributes).run()
        done.add(name)

    for name in methods:
        visit(name, ())


def attribute_of(node: ast.AST, owner: str) -> str:
    """`speed` of `self.speed`; "" of anything else."""
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if is_own and node.value.id == owner else ""  # type: ignore[attr-defined]


class _Reach:
    """Definite assignment of attributes through one method."""

    def __init__(self, method: Method, methods: dict[str, Method], attributes: set[str]) -> None:
        self.method, self.methods, self.attributes = method, methods, attributes
        self.needed: set[str] = set()
        self.exits: list[set[str]] = []

    def run(self) -> None:
        method = self.method
        end = self._block(method.node.body, set())
        if end is not None:
            self.exits.append(end)
        method.valued = any(
            isinstance(node, ast.Return) and node.value is not None
            for node in ast.walk(method.node)
        )
        method.sure = set.intersection(*self.exits) if self.exits else set()
        method.inputs = self.needed | (method.writes - method.sure)

    def _block(self, body: list[ast.stmt], known: set[str]) -> set[str] | None:
        after: set[str] | None = known
        for statement in body:
            if after is None:
                return None
            after = self._statement(statement, after)
        return after

    def _statement(self, node: ast.stmt, known: set[str]) -> set[str] | None:
        for part in own_parts(node):
            known = self._expression(part, known)
        if isinstance(node, ast.Return):
            self.exits.append(known)
            return None
        if isinstance(node, ast.Raise | ast.Break | ast.Continue):
            return None
        if isinstance(node, ast.If):
            return _both(self._block(node.body, known), self._block(node.orelse, known))
        if isinstance(node, ast.For | ast.While):
            self._block(node.body, known)
            self._block(node.orelse, known)
            endless = isinstance(node, ast.While) and ast.unparse(node.test) in ("True", "1")
            return None if endless and not _breaks(node) else known
        if isinstance(node, ast.Try):
            after = self._block([*node.body, *node.orelse], known)
            for handler in node.handlers:
                after = _both(after, self._block(handler.body, known))
            self._block(node.finalbody, known)
            return after
        return known

    def _expression(self, node: ast.AST, known: set[str]) -> set[str]:
        stored: set[str] = set()
        for inner in ast.walk(node):
            name = attribute_of(inner, self.method.owner)
            if name in self.methods:
                called = self.methods[name]
                self.needed |= called.inputs - known
                self.method.writes |= called.writes
                stored |= called.sure
            elif name in self.attributes and isinstance(inner, ast.Attribute):
                if isinstance(inner.ctx, ast.Load) or isinstance(node, ast.AugAssign):
                    self.needed |= {name} - known
                if isinstance(inner.ctx, ast.Store):
                    stored.add(name)
                    self.method.writes.add(name)
        return known | stored


def own_parts(node: ast.stmt) -> list[ast.AST]:
    """What a statement evaluates itself, without the blocks in it."""
    if isinstance(node, ast.If | ast.While):
        return [node.test]
    if isinstance(node, ast.For):
        return [node.iter, node.target]
    return [] if isinstance(node, ast.Try) else [node]


def _breaks(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Break) for inner in ast.walk(node))


def _both(a: set[str] | None, b: set[str] | None) -> set[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b
