"""Definite assignment: make a compiled function raise where Python's would, on an unset local.

numba reads garbage from a variable that no path assigned. Every local that cannot be proven
assigned gets a flag, set with it and checked before the statement that reads it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from racer.reward.compiler.scopes import outside_comprehensions, stores


def guard(function: ast.FunctionDef) -> ast.FunctionDef:
    """Insert the flags and checks; the function is changed in place and returned."""
    arguments = {a.arg for a in function.args.posonlyargs + function.args.args}
    stored = {
        n.id
        for s in function.body
        for n in outside_comprehensions(s)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    found = _Doubts(stored - arguments)
    found.block(function.body, frozenset(arguments))
    if not found.doubtful:
        return function
    _Flags(found.doubtful, found.checks).block(function.body)
    _Late(found.late).visit(function)
    start = [_set(name, False) for name in sorted(found.doubtful)]
    function.body[:0] = start
    return function


class _Doubts:
    """Which locals are read where no assignment is certain."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.doubtful: set[str] = set()
        self.checks: dict[ast.stmt, set[str]] = {}
        self.late: set[ast.Name] = set()  # reads that depend on the rest of an expression

    def block(self, body: list[ast.stmt], known: frozenset[str]) -> frozenset[str] | None:
        """Names certain after `body`; None when its end is never reached."""
        after: frozenset[str] | None = known
        for statement in body:
            if after is None:
                return None
            after = self.statement(statement, after)
        return after

    def statement(self, node: ast.stmt, known: frozenset[str]) -> frozenset[str] | None:
        known = self._reads(node, known)
        if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            return None
        if isinstance(node, ast.If):
            return _both(self.block(node.body, known), self.block(node.orelse, known))
        if isinstance(node, ast.For | ast.While):
            inside = known | stores(node.target) if isinstance(node, ast.For) else known
            self.block(node.body, inside)
            self.block(node.orelse, known)
            return known
        if isinstance(node, ast.Try):
            after = self.block(node.body, known)
            if after is not None:
                after = self.block(node.orelse, after)
            for handler in node.handlers:
                after = _both(after, self.block(handler.body, known))
            if node.finalbody:
                self.block(node.finalbody, known)
            return after
        return known | stores(node)

    def _reads(self, node: ast.stmt, known: frozenset[str]) -> frozenset[str]:
        """Check what the statement itself reads, not the blocks inside it."""
        parts: list[ast.AST] = [node]
        if isinstance(node, ast.If | ast.While):
            parts = [node.test]
        elif isinstance(node, ast.For):
            parts = [node.iter]
        elif isinstance(node, ast.Try):
            parts = []
        late = {n for part in parts for n in _read_late(part)}
        read = {
            n.id
            for part in parts
            for n in outside_comprehensions(part)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n not in late
        }
        late = {n for n in late if n.id in self.names - known - read}
        self.doubtful |= {n.id for n in late}
        self.late |= late
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            read.add(node.target.id)
        doubts = (read & self.names) - known
        if doubts:
            self.doubtful |= doubts
            self.checks[node] = doubts
        return known | doubts


class _Flags:
    """Write the flags and checks into the blocks."""

    def __init__(self, doubtful: set[str], checks: dict[ast.stmt, set[str]]) -> None:
        self.doubtful = doubtful
        self.checks = checks

    def block(self, body: list[ast.stmt]) -> None:
        written: list[ast.stmt] = []
        for node in body:
            for name in sorted(self.checks.get(node, ())):
                check = ast.parse(f"_rt.assigned(_set_{name})").body[0]
                written.append(_at(check, node))
            written.append(node)
            for part in ("body", "orelse", "finalbody"):
                if getattr(node, part, None):
                    self.block(getattr(node, part))
            for handler in getattr(node, "handlers", []):
                self.block(handler.body)
            if isinstance(node, ast.For):
                names = sorted(stores(node.target) & self.doubtful)
                node.body[:0] = [_at(_set(name, True), node) for name in names]
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                names = sorted(stores(node) & self.doubtful)
                written += [_at(_set(name, True), node) for name in names]
        body[:] = written


def _read_late(node: ast.AST, late: bool = False) -> Iterator[ast.Name]:
    """Names read only if the rest of their expression says so: after `and`, `or`, `if`, `else`."""
    if isinstance(node, ast.Name):
        if late and isinstance(node.ctx, ast.Load):
            yield node
    elif isinstance(node, ast.BoolOp):
        yield from _read_late(node.values[0], late)
        for value in node.values[1:]:
            yield from _read_late(value, True)
    elif isinstance(node, ast.IfExp):
        yield from _read_late(node.test, late)
        for value in (node.body, node.orelse):
            yield from _read_late(value, True)
    elif not isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _read_late(child, late)


class _Late(ast.NodeTransformer):
    """Check such a name where it is read."""

    def __init__(self, names: set[ast.Name]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node not in self.names:
            return node
        test = ast.parse(f"_rt.assigned(_set_{node.id})", mode="eval").body
        checked = ast.IfExp(test=test, body=node, orelse=node)
        for inner in ast.walk(checked):
            ast.copy_location(inner, node)
        return checked


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _set(name: str, value: bool) -> ast.stmt:
    return ast.parse(f"_set_{name} = {value}").body[0]


def _at(node: ast.stmt, where: ast.stmt) -> ast.stmt:
    for inner in ast.walk(node):
        ast.copy_location(inner, where)
    return node
