"""Rewrite the expressions and loops of one function of a reward file for numba."""

from __future__ import annotations

import ast
import copy
import math
from typing import Any, cast

from racer.reward import usage
from racer.reward.compiler.nodes import (
    call,
    expression,
    fraction,
    is_fraction,
    is_small,
    literal,
    read,
    tick,
)
from racer.reward.compiler.parse import Array, Unsupported, constant
from racer.reward.compiler.passes.expressions.calls import WHOLE, Calls, Shared
from racer.reward.compiler.scopes import local_names
from racer.reward.params import KEYS


class Rewrite(Calls):
    """The expressions and loops of one function."""

    def __init__(self, shared: Shared, function: ast.FunctionDef, dicts: set[str]) -> None:
        self.shared, self.module, self.node = shared, shared.module, function
        self.dicts = dicts
        self.locals = local_names(function)
        self.floats: set[str] = set()
        self._find_floats()

    def function(self) -> None:
        body = [self.visit(statement) for statement in self.node.body]
        self.node.body = [s for part in body for s in (part if isinstance(part, list) else [part])]
        self.node.args.args.insert(0, ast.arg(arg="_c"))
        ast.fix_missing_locations(self.node)

    # -- names and constants

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.dicts or node.id in self.locals:
            return node
        if node.id in self.module.constants:
            return self._constant(self.module.constants[node.id], node)
        dotted = self.module.imports.get(node.id)
        if dotted is not None:
            return self._library(dotted, node)
        if node.id in self.shared.functions:
            raise Unsupported(node, f"function {node.id} used as a value")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        dotted = self.module.dotted(node)
        if dotted and not self._shadowed(node):
            return self._library(dotted, node)
        return self.generic_visit(node)

    def _constant(self, value: Any, node: ast.AST) -> ast.AST:
        if isinstance(value, int | float | str | None):
            return literal(value, node)
        if isinstance(value, Array):
            return expression(self.shared.tables.array(value, node), node)
        if isinstance(value, tuple) and not any(isinstance(v, tuple | list) for v in value):
            return ast.copy_location(
                ast.Tuple(elts=[literal(v, node) for v in value], ctx=ast.Load()), node
            )
        name = f"_c.{self.shared.tables.add(value, node)}"
        copied = isinstance(value, list) and not self.shared.fresh_only
        return expression(f"{name}[:]" if copied else name, node)

    def visit_List(self, node: ast.List) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.elts:
            try:
                value = constant(node, self.module)
                reads = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                if not reads & self.locals and (len(value) > 3 or isinstance(value[0], list)):
                    return self._constant(value, node)
            except (Unsupported, ArithmeticError, ValueError, TypeError):
                pass
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """Whole numbers beside fractions become fractions: numba's dicts hold one kind."""
        self.generic_visit(node)
        if any(is_fraction(v) for v in node.values):
            node.values = [fraction(v) for v in node.values]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) is int and abs(node.value) > 2**53:
            raise Unsupported(node, "an integer beyond 2**53")
        if isinstance(node.value, bytes | complex) or node.value is ...:
            raise Unsupported(node, f"the constant {node.value!r}")
        return node

    # -- params

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        key = usage.key_of(node, self.dicts)
        if key is not None:
            return self._key(key, node)
        held = self._held(node)
        if held is not None:
            return self._constant(held, node)
        truth = isinstance(node.slice, ast.Compare) or self._is_bool_key(node.slice)
        self.generic_visit(node)
        if truth:
            node.slice = self._guarded("to_int", [node.slice], node)
        return node

    def _is_bool_key(self, node: ast.expr) -> bool:
        key = usage.key_of(node, self.dicts)
        return key is not None and key in KEYS and KEYS[key].kind == "bool"

    def _held(self, node: ast.expr) -> Any:
        """The value of `CONSTANT["name"]`; None when it is not one."""
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            return None
        base = node.value
        holder: Any = self._held(base)
        if isinstance(base, ast.Name) and base.id not in self.locals | self.dicts:
            holder = self.module.constants.get(base.id)
        name = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return holder.get(name) if isinstance(holder, dict) and isinstance(name, str) else None

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`params.get("waypoints") or []` is the waypoints: there always are some."""
        key = usage.key_of(node.values[0], self.dicts)
        if isinstance(node.op, ast.Or) and key in ("waypoints", "closest_waypoints"):
            return self.visit(node.values[0])  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        key = usage.key_of(node, self.dicts)
        if key is not None:
            return literal((key in KEYS) == isinstance(node.ops[0], ast.In), node)
        for i, (op, side) in enumerate(zip(node.ops, node.comparators, strict=True)):
            truth = isinstance(side, ast.Constant) and isinstance(side.value, bool)
            if truth and isinstance(op, ast.Is | ast.IsNot):
                node.ops[i] = ast.Eq() if isinstance(op, ast.Is) else ast.NotEq()
        return self.generic_visit(node)

    # -- arithmetic

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        certain = self._is_float(node.left) or self._is_float(node.right)
        certain = certain or (is_small(node.left) and is_small(node.right))
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return self._guarded("power", [node.left, node.right], node)
        if isinstance(node.op, ast.MatMult):
            both: list[ast.expr] = [
                call("_ra.array", [side], side) for side in (node.left, node.right)
            ]
            return call("_ra.dot", both, node)
        if certain:
            return node
        if isinstance(node.op, ast.Add) and (is_small(node.left) or is_small(node.right)):
            return node  # fuel ends a loop long before such steps add up to 2**53
        if isinstance(node.op, ast.Mult | ast.Add):
            name = "mul" if isinstance(node.op, ast.Mult) else "add"
            return self._guarded(name, [node.left, node.right], node)
        if isinstance(node.op, ast.LShift):
            raise Unsupported(node, "<<")
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if isinstance(node.target, ast.Subscript):
            whole = ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
            plain = isinstance(node.target.slice, ast.Name | ast.Constant)
            if plain and isinstance(node.target.value, ast.Name):
                held = copy.deepcopy(node.target)
                held.ctx = ast.Load()
                whole.value = ast.copy_location(ast.BinOp(held, node.op, node.value), node)
                return self.visit(whole)  # type: ignore[no-any-return]
        if not isinstance(node.target, ast.Name):
            return self.generic_visit(node)
        read_ = ast.Name(id=node.target.id, ctx=ast.Load())
        value = ast.BinOp(left=read_, op=node.op, right=node.value)
        ast.copy_location(read_, node), ast.copy_location(value, node)
        new = ast.Assign(targets=[node.target], value=cast(ast.expr, self.visit_BinOp(value)))
        return ast.copy_location(new, node)

    def _find_floats(self) -> None:
        """Locals that every assignment makes a float."""
        values: dict[str, list[ast.expr | None]] = {}
        for node in ast.walk(self.node):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                values.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                div = isinstance(node.op, ast.Div)
                values.setdefault(node.target.id, []).append(None if div else node.value)
        stored = [n.id for n in ast.walk(self.node) if isinstance(n, ast.Name) and not read(n)]
        self.floats = {n for n, v in values.items() if len(v) == stored.count(n)}
        self.floats -= {a.arg for a in self.node.args.args}
        while True:
            wrong = {
                name
                for name in self.floats
                if not any(v is not None and self._is_float(v) for v in values[name])
                or not all(v is None or self._is_float(v) for v in values[name])
            }
            if not wrong:
                return
            self.floats -= wrong

    def _is_float(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return type(node.value) is float
        if isinstance(node, ast.Name):
            value = None if node.id in self.locals else self.module.constants.get(node.id)
            return node.id in self.floats or isinstance(value, float)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div):
                return True
            if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
                return self._is_float(node.left) or self._is_float(node.right)
            return False
        if isinstance(node, ast.UnaryOp):
            return self._is_float(node.operand)
        if isinstance(node, ast.IfExp):
            return self._is_float(node.body) and self._is_float(node.orelse)
        key = usage.key_of(node, self.dicts)
        if key is not None and key in KEYS and not isinstance(node, ast.Compare):
            return KEYS[key].kind == "float"
        dotted = self.module.dotted(node.func if isinstance(node, ast.Call) else node)
        if dotted.startswith("math.") and isinstance(node, ast.Call | ast.Attribute):
            return dotted not in WHOLE and hasattr(math, dotted[5:])
        return isinstance(node, ast.Call) and ast.unparse(node.func) == "float"

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """What is stored in a list keeps its kind: a kernel's list of ints has no place for 2.5."""
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                held = copy.deepcopy(target.value)
                for inner in ast.walk(held):
                    if hasattr(inner, "ctx"):
                        inner.ctx = ast.Load()
                node.value = self._guarded("fits", [held, node.value], node)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        if isinstance(node.ctx, ast.Store):
            raise Unsupported(node, "a starred target")
        return self.generic_visit(node)

    # -- loops

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, tick(node))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, tick(node))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        self.generic_visit(node)
        if len(node.generators) > 1:
            node.generators[-1].ifs.append(call("_rt.tick", [expression("_c", node)], node))
        return node

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        listed = ast.ListComp(elt=node.elt, generators=node.generators)
        return call("set", [self.visit(ast.copy_location(listed, node))], node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _REFUSED):
            raise Unsupported(node, _REFUSED_NAMES[type(node)])
        return super().generic_visit(node)


_REFUSED_NAMES: dict[type, str] = {
    ast.With: "with",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Await: "await",
    ast.Delete: "del",
    ast.GeneratorExp: "a generator",
    ast.DictComp: "a dict comprehension",
    ast.JoinedStr: "formatted text",
    ast.Match: "match",
    ast.NamedExpr: ":=",
}
_REFUSED = tuple(_REFUSED_NAMES)
