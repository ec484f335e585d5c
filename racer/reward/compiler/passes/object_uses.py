"""Attributes and method calls of objects that live for one call, statement by statement."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from racer.reward.compiler.nodes import located
from racer.reward.compiler.passes.methods import Method, Refused, attribute_of

if TYPE_CHECKING:
    from racer.reward.compiler.passes.objects import Unrolled


def require(condition: object) -> None:
    if not condition:
        raise Refused


class Uses(ast.NodeTransformer):
    """Attributes and method calls of objects in one statement."""

    def __init__(self, unrolled: Unrolled, owners: dict[str, str]) -> None:
        self.unrolled, self.owners = unrolled, owners
        self.hoisted: list[ast.stmt] = []
        self.written: set[str] = set()
        self.locked = False  # calls cannot be moved before the statement
        self.trying = False

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        whole = self.unrolled
        if base not in self.owners and base != whole.name:
            return self.generic_visit(node)
        if base in self.owners and node.attr in whole.attributes:
            require(isinstance(node.ctx, ast.Load) or not self.locked)
            new = ast.Name(id=f"{self.owners[base]}__{node.attr}", ctx=node.ctx)
        else:
            require(node.attr in whole.constants.keys() - whole.attributes)
            new = ast.Name(id=f"{whole.name}__{node.attr}", ctx=ast.Load())
        return ast.copy_location(new, node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        require(node.id not in self.owners and node.id != self.unrolled.name)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        base = function.value if isinstance(function, ast.Attribute) else None
        known = isinstance(base, ast.Name) and (
            base.id in self.owners or base.id == self.unrolled.name
        )
        name = function.attr if known and isinstance(function, ast.Attribute) else ""
        method = self.unrolled.methods.get(name)
        if method is None:
            return self.generic_visit(node)
        assert isinstance(base, ast.Name)
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        node.func = ast.copy_location(load(f"{self.unrolled.name}__{name}"), node)
        if not method.owner:
            return node
        prefix = self.owners.get(base.id, "")
        require(prefix)
        node.args[:0] = [load(f"{prefix}__{a}") for a in sorted(method.inputs)]
        ast.fix_missing_locations(node)
        return self._hoist(node, prefix, method) if method.writes else node

    def _hoist(self, node: ast.Call, prefix: str, method: Method) -> ast.AST:
        """Call before the statement; what it returned stands in for the call."""
        require(not self.locked and not self.trying)
        self.unrolled.count += 1
        held = f"_{prefix}_{self.unrolled.count}"
        self.hoisted.append(located(unpacked(prefix, method, node, held), node))
        self.written |= method.writes
        value = load(held) if method.valued else ast.Constant(value=None)
        return ast.copy_location(value, node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        first = self.visit(node.values[0])
        return self._later(node, "values", [first], node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test = self.visit(node.test)
        before, self.locked = self.locked, True
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        self.locked = before
        return node

    def _later(self, node: ast.BoolOp, part: str, first: list[Any], rest: list[Any]) -> ast.AST:
        before, self.locked = self.locked, True
        setattr(node, part, first + [self.visit(value) for value in rest])
        self.locked = before
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        before, self.locked = self.locked, True
        self.generic_visit(node)
        self.locked = before
        return node

    visit_GeneratorExp = visit_SetComp = visit_DictComp = visit_Lambda = visit_ListComp  # type: ignore[assignment]

    def read_besides_calls(self, parts: list[ast.AST]) -> set[str]:
        """Attributes that a statement reads itself, not through a method that sets some."""
        found: set[str] = set()
        targets = [part.target for part in parts if isinstance(part, ast.AugAssign)]
        found |= {attribute_of(t, owner) for t in targets for owner in self.owners}
        stack = list(parts)
        while stack:
            node = stack.pop()
            for owner in self.owners:
                name = attribute_of(node, owner)
                method = self.unrolled.methods.get(name)
                if method is not None and not method.writes:
                    found |= method.inputs
                elif isinstance(node, ast.Attribute) and name and not is_stored(node):
                    found |= {name} & self.unrolled.attributes
            stack += ast.iter_child_nodes(node)
        return found


class Renamed(ast.NodeTransformer):
    """`self.x` as the argument it holds."""

    def __init__(self, owner: str, names: dict[str, str]) -> None:
        self.owner, self.names = owner, names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = self.names.get(attribute_of(node, self.owner))
        return ast.copy_location(load(name), node) if name else self.generic_visit(node)


def unpacked(prefix: str, method: Method, call: ast.Call, held: str) -> ast.stmt:
    """`held, car__a, car__b = Car__method(...)`."""
    names = [f"{prefix}__{name}" for name in sorted(method.writes)]
    names = [held or f"_{prefix}_none", *names] if method.valued else names
    parts: list[ast.expr] = [ast.Name(id=name, ctx=ast.Store()) for name in names]
    return ast.Assign(targets=[ast.Tuple(elts=parts, ctx=ast.Store())], value=call)


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value)


def load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
