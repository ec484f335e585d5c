"""Rewrite the expressions and loops of one function of a reward file for numba."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import Any, cast

from racer.reward import uses
from racer.reward.nodes import call, expression, is_small, literal, located, read, tick
from racer.reward.params import KEYS, LISTS
from racer.reward.runtime import MATH
from racer.reward.subset import Array, Module, Unsupported, constant, local_names
from racer.reward.tables import Tables

_WHOLE = ("math.floor", "math.ceil", "math.trunc")
_SUMS = ("sum", "min", "max", "any", "all", "sorted", "list", "tuple", "set", "len")
_ARRAY_NAMES = (
    "mean sum min max amin amax std var median argmin argmax diff cumsum prod argsort average sort"
)
_OF_ARRAYS = {f"numpy.{name}" for name in _ARRAY_NAMES.split()}


@dataclass
class Shared:
    """What rewriting one function needs to know of the file."""

    module: Module
    functions: set[str]
    fresh_only: bool  # every list that is changed was made in the same call
    tables: Tables = field(default_factory=Tables)
    keys: set[str] = field(default_factory=set)


class Rewrite(ast.NodeTransformer):
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

    def _shadowed(self, node: ast.AST) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.locals

    def _library(self, dotted: str, node: ast.AST) -> ast.AST:
        top, _, name = dotted.partition(".")
        if top == "math" and isinstance(getattr(math, name, None), float):
            return expression(f"_math.{name}", node)
        if top == "numpy" and not name.startswith("random"):
            return expression(f"_np.{name}", node)
        if top == "math" and name in dir(math):
            return expression(f"_math.{name}", node)
        raise Unsupported(node, f"module {top}" if name == "" else dotted)

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

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) is int and abs(node.value) > 2**53:
            raise Unsupported(node, "an integer beyond 2**53")
        if isinstance(node.value, bytes | complex) or node.value is ...:
            raise Unsupported(node, f"the constant {node.value!r}")
        return node

    # -- params

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        key = uses.key_of(node, self.dicts)
        if key is not None:
            return self._key(key, node)
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        key = uses.key_of(node, self.dicts)
        if key is not None:
            return literal((key in KEYS) == isinstance(node.ops[0], ast.In), node)
        for i, (op, side) in enumerate(zip(node.ops, node.comparators, strict=True)):
            truth = isinstance(side, ast.Constant) and isinstance(side.value, bool)
            if truth and isinstance(op, ast.Is | ast.IsNot):
                node.ops[i] = ast.Eq() if isinstance(op, ast.Is) else ast.NotEq()
        return self.generic_visit(node)

    def _key(self, key: str, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Subscript | ast.Call)
        base = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
        self.shared.keys.add(key)
        field_ = ast.copy_location(ast.Attribute(value=base, attr=key, ctx=ast.Load()), node)
        if key in LISTS and not key.startswith("closest") and not self.shared.fresh_only:
            return ast.copy_location(ast.Subscript(field_, ast.Slice(), ast.Load()), node)
        return field_

    # -- calls

    def visit_Call(self, node: ast.Call) -> ast.AST:
        key = uses.key_of(node, self.dicts)
        if key is not None:
            if key in KEYS:
                return self._key(key, node)
            default = node.args[1] if len(node.args) > 1 else literal(None, node)
            return self.visit(default)  # type: ignore[no-any-return]
        own = self.shared.functions - self.locals
        if isinstance(node.func, ast.Name) and node.func.id in own:
            return self._own_call(node)
        dotted = "" if self._shadowed(node.func) else self.module.dotted(node.func)
        if dotted:
            return self._library_call(dotted, node)
        if isinstance(node.func, ast.Name) and node.func.id not in self.locals:
            return self._builtin(node.func.id, node)
        return self.generic_visit(node)

    def _own_call(self, node: ast.Call) -> ast.AST:
        assert isinstance(node.func, ast.Name)
        node.args = [self.visit(a) for a in node.args]
        node.args.insert(0, expression("_c", node))
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        node.func.id = f"f_{node.func.id}"
        return node

    def _library_call(self, dotted: str, node: ast.Call) -> ast.AST:
        top, _, name = dotted.partition(".")
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if top == "math" and (name in MATH or name == "dist"):
            node.func = expression(f"_rt.MATH_{name}" if name in MATH else "_rt.dist", node)
        elif dotted == "math.log" and len(node.args) == 1:
            node.func = expression("_rt.log", node)
        elif dotted in ("numpy.linalg.norm", "numpy.dot", "numpy.clip") and not node.keywords:
            node.func = expression(f"_rt.{name.rpartition('.')[2]}", node)
        elif dotted in ("numpy.random", "numpy.linalg") or top not in ("math", "numpy"):
            raise Unsupported(node, f"{dotted}()")
        else:
            node.func = self._library(dotted, node.func)  # type: ignore[assignment]
            if dotted in _OF_ARRAYS and node.args:
                node.args[0] = call("_np.asarray", [node.args[0]], node)  # lists too
        if dotted in _WHOLE:
            node.args = [call("_rt.finite", [a], node) for a in node.args]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.locals = self.locals | {a.arg for a in node.args.args}
        return self.generic_visit(node)

    def _builtin(self, name: str, node: ast.Call) -> ast.AST:
        if name in _SUMS and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            g = node.args[0]
            node.args[0] = ast.copy_location(ast.ListComp(elt=g.elt, generators=g.generators), g)
        text = node.args[0] if len(node.args) == 1 else None
        if name == "float" and isinstance(text, ast.Constant) and isinstance(text.value, str):
            return literal(float(text.value), node)
        if name in ("min", "max") and node.keywords:
            return self._best(name, node)
        if name in ("map", "filter") and len(node.args) == 2:
            return self._mapped(name, node)
        self.generic_visit(node)
        renamed = {"int": "to_int", "pow": "power", "any": "any_of", "all": "all_of"}.get(name)
        if name == "round":
            renamed = "round_0" if len(node.args) == 1 else "round_n"
        if renamed and not node.keywords:
            return call(f"_rt.{renamed}", node.args, node)
        if name == "range":
            node.args = [
                a if isinstance(a, ast.Constant) else call("_rt.cap", [a], a) for a in node.args
            ]
        if name == "tuple":
            node.func = expression("list", node)
        return node

    def _mapped(self, name: str, node: ast.Call) -> ast.AST:
        """map and filter of a lambda, as the list comprehension they are."""
        function, items = node.args
        if not isinstance(function, ast.Lambda) or len(function.args.args) != 1:
            return self.generic_visit(node)
        variable = function.args.args[0].arg
        self.locals = self.locals | {variable}
        listed = ast.parse(f"[{variable} for {variable} in x]", mode="eval").body
        assert isinstance(listed, ast.ListComp)
        located(listed, node)
        listed.generators[0].iter = items
        if name == "map":
            listed.elt = function.body
        else:
            listed.generators[0].ifs = [function.body]
        return self.visit(listed)  # type: ignore[no-any-return]

    def _best(self, name: str, node: ast.Call) -> ast.AST:
        """min or max with a key: the keys as a second list."""
        key = node.keywords[0].value
        if len(node.args) != 1 or len(node.keywords) != 1 or node.keywords[0].arg != "key":
            raise Unsupported(node, f"{name} with several arguments and a key")
        items = self.visit(node.args[0])
        if isinstance(key, ast.Lambda) and len(key.args.args) == 1:
            variable = key.args.args[0].arg
            self.locals = self.locals | {variable}
            value = self.visit(key.body)
        elif isinstance(key, ast.Name) and key.id in self.shared.functions:
            variable = "_item"
            keyed = ast.Call(func=key, args=[ast.Name("_item", ast.Load())], keywords=[])
            value = self._own_call(located(keyed, node))
        else:
            raise Unsupported(node, f"{name} with this key")
        listed = ast.parse(f"[{variable} for {variable} in x]", mode="eval").body
        keys = ast.parse(f"[0 for {variable} in x]", mode="eval").body
        assert isinstance(listed, ast.ListComp)
        assert isinstance(keys, ast.ListComp)
        located(listed, node), located(keys, node)
        listed.generators[0].iter = items
        keys.generators[0].iter, keys.elt = items, value
        sign = literal(1 if name == "min" else -1, node)
        return call("_rt.best", [listed, keys, sign], node)

    # -- arithmetic

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        certain = self._is_float(node.left) or self._is_float(node.right)
        certain = certain or (is_small(node.left) and is_small(node.right))
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return call("_rt.power", [node.left, node.right], node)
        if certain:
            return node
        if isinstance(node.op, ast.Add) and (is_small(node.left) or is_small(node.right)):
            return node  # fuel ends a loop long before such steps add up to 2**53
        if isinstance(node.op, ast.Mult | ast.Add):
            name = "mul" if isinstance(node.op, ast.Mult) else "add"
            return call(f"_rt.{name}", [node.left, node.right], node)
        if isinstance(node.op, ast.LShift):
            raise Unsupported(node, "<<")
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
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
        key = uses.key_of(node, self.dicts)
        if key is not None and key in KEYS and not isinstance(node, ast.Compare):
            return KEYS[key].kind == "float"
        dotted = self.module.dotted(node.func if isinstance(node, ast.Call) else node)
        if dotted.startswith("math.") and isinstance(node, ast.Call | ast.Attribute):
            return dotted not in _WHOLE and hasattr(math, dotted[5:])
        return isinstance(node, ast.Call) and ast.unparse(node.func) == "float"

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
