"""Rewrite the calls of one function of a reward file for numba."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field

from racer.reward import usage
from racer.reward.compiler.nodes import call, expression, fraction, is_small, literal, located
from racer.reward.compiler.parse import Module, Unsupported
from racer.reward.compiler.runtime.maths import MATH
from racer.reward.compiler.tables import Tables
from racer.reward.params import KEYS, LISTS

_REFUSED = (
    "eval",
    "exec",
    "locals",
    "vars",
    "globals",
    "getattr",
    "hasattr",
    "open",
    "iter",
    "next",
)
_RENAMED = {
    "any": "_rt.any_of",
    "all": "_rt.all_of",
    "float": "_rt.to_float",
    "reversed": "_ra.backwards",
}
WHOLE = ("math.floor", "math.ceil", "math.trunc")
EXTRAS = {"scipy": "rewards", "shapely": "rewards"}  # what brings modules that the simulator has
_SUMS = ("sum", "min", "max", "any", "all", "sorted", "list", "tuple", "set", "len")
_ARRAY_NAMES = (
    "mean sum min max amin amax std var median argmin argmax diff cumsum prod argsort average sort"
)
_OF_ARRAYS = {f"numpy.{name}" for name in _ARRAY_NAMES.split()}
_ELEMENT_NAMES = (
    "add subtract multiply divide abs absolute exp sqrt cross roll append hypot arctan2"
)
_ELEMENTWISE = {f"numpy.{name}" for name in _ELEMENT_NAMES.split()}


@dataclass
class Shared:
    """What rewriting one function needs to know of the file."""

    module: Module
    functions: set[str]
    fresh_only: bool  # every list that is changed was made in the same call
    tables: Tables = field(default_factory=Tables)
    keys: set[str] = field(default_factory=set)


class Calls(ast.NodeTransformer):
    """The calls; names, params and arithmetic are the subclass's."""

    shared: Shared
    module: Module
    dicts: set[str]
    locals: set[str]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        key = usage.key_of(node, self.dicts)
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
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "dot" and len(node.args) == 1:
            both: list[ast.expr] = [
                call("_ra.array", [a], a) for a in (node.func.value, node.args[0])
            ]
            return call("_ra.dot", both, node)
        return node

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
        if dotted in ("numpy.array", "numpy.asarray") and node.args:
            _one_kind(node.args[0])
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if top == "math" and (name in MATH or name in ("dist", "isclose")):
            node.func = expression(f"_rm.MATH_{name}" if name in MATH else f"_rm.{name}", node)
        elif dotted == "math.log" and len(node.args) == 1:
            node.func = expression("_rm.log", node)
        elif dotted in ("numpy.linalg.norm", "numpy.dot", "numpy.clip") and not node.keywords:
            node.args = [call("_ra.array", [a], a) for a in node.args]
            node.func = expression(f"_ra.{name.rpartition('.')[2]}", node)
        elif dotted == "numpy.linalg.norm" and _is_axis_1(node.keywords):
            return call("_ra.norm_rows", node.args[:1], node)
        elif dotted in ("numpy.random", "numpy.linalg") or top not in ("math", "numpy"):
            raise Unsupported(node, foreign(dotted, "()"))
        else:
            node.func = self._library(dotted, node.func)  # type: ignore[assignment]
            if dotted in _OF_ARRAYS and node.args:
                node.args[0] = call("_np.asarray", [node.args[0]], node)  # lists too
            elif dotted in _ELEMENTWISE:
                node.args = [call("_ra.array", [a], a) for a in node.args]
        if dotted in WHOLE:
            node.args = [self._guarded("finite", [a], node) for a in node.args]
        return node

    def _guarded(self, name: str, arguments: list[ast.expr], node: ast.AST) -> ast.Call:
        """A call of the runtime that may leave the answer to plain Python."""
        return call(f"_rt.{name}", [expression("_c", node), *arguments], node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.locals = self.locals | {a.arg for a in node.args.args}
        return self.generic_visit(node)

    def _builtin(self, name: str, node: ast.Call) -> ast.AST:
        if name in _REFUSED:
            raise Unsupported(node, f"{name}()")
        if name in _SUMS and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            g = node.args[0]
            node.args[0] = ast.copy_location(ast.ListComp(elt=g.elt, generators=g.generators), g)
        text = node.args[0] if len(node.args) == 1 else None
        if name == "float" and isinstance(text, ast.Constant) and isinstance(text.value, str):
            return literal(float(text.value), node)
        if name in ("min", "max") and node.keywords:
            return self._best(name, node)
        if name == "sorted" and any(k.arg == "key" for k in node.keywords):
            return self._sorted(node)
        if name in ("map", "filter") and len(node.args) == 2:
            return self._mapped(name, node)
        self.generic_visit(node)
        if name in ("int", "pow", "round") and not node.keywords:
            guarded = {"int": "to_int", "pow": "power"}.get(
                name, f"round_{'0n'[len(node.args) > 1]}"
            )
            return self._guarded(guarded, node.args, node)
        if name in _RENAMED and not node.keywords and len(node.args) == 1:
            return call(_RENAMED[name], node.args, node)
        if name == "sum":
            node.func = expression("_ra.total", node)
        if name == "range":
            node.args = [
                a if isinstance(a, ast.Constant) else self._guarded("cap", [a], a)
                for a in node.args
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
        if len(node.args) != 1 or len(node.keywords) != 1 or node.keywords[0].arg != "key":
            raise Unsupported(node, f"{name} with several arguments and a key")
        items, keys = self._keyed(name, node.args[0], node.keywords[0].value, node)
        sign = literal(1 if name == "min" else -1, node)
        return call("_rt.best", [items, keys, sign], node)

    def _sorted(self, node: ast.Call) -> ast.AST:
        """sorted with a key: the keys as a second list."""
        options = {k.arg: k.value for k in node.keywords}
        reverse = options.pop("reverse", literal(False, node))
        if len(node.args) != 1 or list(options) != ["key"] or not isinstance(reverse, ast.Constant):
            raise Unsupported(node, "sorted with these arguments")
        items, keys = self._keyed("sorted", node.args[0], options["key"], node)
        return call("_ra.sorted_by", [items, keys, literal(bool(reverse.value), node)], node)

    def _keyed(
        self, name: str, argument: ast.expr, key: ast.expr, node: ast.AST
    ) -> tuple[ast.expr, ast.expr]:
        """The items as a list, and their keys."""
        items = self.visit(argument)
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
        return listed, keys

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
        raise Unsupported(node, foreign(dotted, ""))

    def _key(self, key: str, node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Subscript | ast.Call)
        base = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
        self.shared.keys.add(key)
        field_ = ast.copy_location(ast.Attribute(value=base, attr=key, ctx=ast.Load()), node)
        if key in LISTS and not key.startswith("closest") and not self.shared.fresh_only:
            return ast.copy_location(ast.Subscript(field_, ast.Slice(), ast.Load()), node)
        return field_


def foreign(dotted: str, called: str) -> str:
    """How a reason names what comes from a module that kernels cannot use."""
    top, _, name = dotted.partition(".")
    said = f"{dotted}{called}" if name else f"module {top}"
    if top in EXTRAS:
        said += (
            f" (in a kernel only math and NumPy; pip install 'racer[{EXTRAS[top]}]' brings {top})"
        )
    return said


def _is_axis_1(keywords: list[ast.keyword]) -> bool:
    return [(k.arg, ast.unparse(k.value)) for k in keywords] == [("axis", "1")]


def _one_kind(table: ast.expr) -> None:
    """Rows of whole numbers beside rows of others become fractions, as NumPy makes them."""
    rows = [r for r in getattr(table, "elts", []) if isinstance(r, ast.List)]
    whole = [r for r in rows if all(is_small(e) for e in r.elts)]
    if len(whole) < len(rows):
        for row in whole:
            row.elts = [fraction(e) for e in row.elts]
