"""Which kinds of numbers a name or an expression of a reward file can have, whatever is driven.

A kind is "f" float, "i" int, "b" bool, "n" None, "[f]" a list or tuple of floats, "[[f]]" one of
those, "?" anything else. Sets grow until nothing changes: `x = 0` and `x = 0.5` make {"i", "f"}.
State between calls needs this because 1 and 1.0 are not the same to Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from racer.reward import usage
from racer.reward.compiler.parse import UNSET, Module
from racer.reward.params import KEYS

Found = frozenset[str]
UNKNOWN: Found = frozenset("?")
NUMBERS: Found = frozenset("fib")
_INT, _FLOAT, _BOOL = frozenset("i"), frozenset("f"), frozenset("b")
_WHOLE = ("floor", "ceil", "trunc", "factorial", "gcd", "comb", "perm", "isqrt", "lcm")
_TRUTHS = ("isnan", "isinf", "isfinite", "isclose")
_SAME = ("sorted", "list", "tuple", "reversed")
_ADDS = ("append", "insert", "appendleft")


class Kinds:
    """Kinds in all functions of a file together.

    Args:
        functions: name → definition.
        dicts: function → names that are the params dict.
    """

    def __init__(
        self, module: Module, functions: dict[str, ast.FunctionDef], dicts: dict[str, set[str]]
    ) -> None:
        self.module, self.functions, self.dicts = module, functions, dicts
        self.names: dict[tuple[str, str], Found] = {}
        self.returns: dict[str, Found] = {}
        self.state = {n: kinds_of(v) for n, v in module.state.items() if v is not UNSET}
        self._grown = True
        while self._grown:
            self._grown = False
            for name, function in functions.items():
                self._function(name, function)

    def of(self, node: ast.AST, where: str) -> Found:
        """Kinds of an expression in the function `where`; empty when it is never evaluated."""
        made = getattr(self, f"_{type(node).__name__}", None)
        found: Found = UNKNOWN if made is None else made(node, where)
        return frozenset("?" if len(kind) > 7 else kind for kind in found)

    # -- what a function does to names

    def _function(self, name: str, function: ast.FunctionDef) -> None:
        ends = not isinstance(function.body[-1], ast.Return)
        self._add(self.returns, name, frozenset("n") if ends else frozenset())
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._store(target, node.value, self.of(node.value, name), name)
            elif isinstance(node, ast.AugAssign):
                both = ast.BinOp(node.target, node.op, node.value)
                self._store(node.target, both, self.of(both, name), name)
            elif isinstance(node, ast.For | ast.comprehension):
                self._loop(node.target, node.iter, name)
            elif isinstance(node, ast.Return):
                found = self.of(node.value, name) if node.value else frozenset("n")
                self._add(self.returns, name, found)
            elif isinstance(node, ast.Call):
                self._called(node, name)

    def _store(self, target: ast.AST, value: ast.AST | None, found: Found, where: str) -> None:
        if isinstance(target, ast.Name):
            self._add(self.names, (where, target.id), found)
        elif name := state_name(target):
            self._add(self.state, name, found)
        elif isinstance(target, ast.Subscript) and (name := state_name(target.value)):
            self._add(self.state, name, listed(found))
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._add(self.names, (where, target.value.id), listed(found))
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            for i, part in enumerate(target.elts):
                fits = len(parts) == len(target.elts)
                self._store(
                    part, None, self.of(parts[i], where) if fits else elements(found), where
                )

    def _loop(self, target: ast.expr, over: ast.expr, where: str) -> None:
        called = (
            over.func.id if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) else ""
        )
        if called in ("enumerate", "zip") and isinstance(target, ast.Tuple):
            assert isinstance(over, ast.Call)
            inner = [elements(self.of(a, where)) for a in over.args[: len(target.elts)]]
            inner = [_INT, *inner[:1]] if called == "enumerate" else inner
            for part, found in zip(target.elts, inner, strict=False):
                self._store(part, None, found, where)
        else:
            self._store(target, None, elements(self.of(over, where)), where)

    def _called(self, node: ast.Call, where: str) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in self.functions:
            a = self.functions[node.func.id].args
            names = [x.arg for x in a.posonlyargs + a.args]
            given = dict(zip(names, node.args, strict=False))
            given |= {k.arg: k.value for k in node.keywords if k.arg}
            for name, default in zip(
                names[len(names) - len(a.defaults) :], a.defaults, strict=True
            ):
                given.setdefault(name, default)
            for name, value in given.items():
                self._add(self.names, (node.func.id, name), self.of(value, where))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _ADDS and node.args:
            item = ast.Subscript(node.func.value, ast.Constant(0), ast.Store())
            self._store(item, None, self.of(node.args[-1], where), where)

    def _add(self, where: Any, key: Any, found: Found) -> None:
        before = where.get(key, frozenset())
        if not found <= before:
            where[key], self._grown = before | found, True

    # -- expressions

    def _Constant(self, node: ast.Constant, where: str) -> Found:
        return kinds_of(node.value)

    def _Name(self, node: ast.Name, where: str) -> Found:
        if (where, node.id) in self.names:
            return self.names[where, node.id]
        if node.id in self.module.constants:
            return kinds_of(self.module.constants[node.id])
        return frozenset() if node.id.startswith("_set_") else self._unset(node.id, where)

    def _unset(self, name: str, where: str) -> Found:
        for node in ast.walk(self.functions[where]):
            stored = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            if (stored and node.id == name) or (isinstance(node, ast.arg) and node.arg == name):  # type: ignore[attr-defined]
                return frozenset()
        return UNKNOWN

    def _Attribute(self, node: ast.Attribute, where: str) -> Found:
        if name := state_name(node):
            return self.state.get(name, frozenset())
        if state_name(node.value):
            return _BOOL  # _state.last.is_set
        dotted = self.module.dotted(node)
        return (
            _FLOAT
            if dotted in ("math.pi", "math.e", "math.tau", "math.inf", "numpy.pi")
            else UNKNOWN
        )

    def _Subscript(self, node: ast.Subscript, where: str) -> Found:
        key = usage.key_of(node, self.dicts[where])
        if key is not None:
            return _of_key(key)
        found = self.of(node.value, where)
        return found if isinstance(node.slice, ast.Slice) else elements(found)

    def _BinOp(self, node: ast.BinOp, where: str) -> Found:
        a, b = self.of(node.left, where), self.of(node.right, where)
        if not a or not b:
            return frozenset()
        if isinstance(node.op, ast.Add) and _lists(a) and _lists(b):
            return a | b
        if isinstance(node.op, ast.Mult) and _lists(a):
            return a
        a, b = a - {"n"}, b - {"n"}  # None raises
        if not (a <= NUMBERS and b <= NUMBERS):
            return UNKNOWN
        whole = (
            _INT
            if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod)
            else _FLOAT
        )
        if isinstance(node.op, ast.Pow):
            whole = frozenset("if")
        elif not isinstance(
            node.op, ast.Div | ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod
        ):
            return UNKNOWN if "f" in a | b else _INT
        pairs = {frozenset((x, y)) for x in a for y in b}
        return frozenset().union(*(_FLOAT if "f" in pair else whole for pair in pairs))

    def _UnaryOp(self, node: ast.UnaryOp, where: str) -> Found:
        found = self.of(node.operand, where)
        if isinstance(node.op, ast.Not):
            return _BOOL
        return _arithmetic(found)

    def _BoolOp(self, node: ast.BoolOp, where: str) -> Found:
        return frozenset().union(*(self.of(value, where) for value in node.values))

    def _IfExp(self, node: ast.IfExp, where: str) -> Found:
        return self.of(node.body, where) | self.of(node.orelse, where)

    def _Compare(self, node: ast.Compare, where: str) -> Found:
        sides = [self.of(n, where) for n in [node.left, *node.comparators]]
        arrays = any("?" in side for side in sides) and "numpy" in str(self.module.imports.values())
        return UNKNOWN if arrays else _BOOL

    def _List(self, node: ast.List | ast.Tuple, where: str) -> Found:
        found = frozenset().union(*(self.of(e, where) for e in node.elts))
        return listed(found) if node.elts else frozenset({"[]"})

    _Tuple = _List

    def _ListComp(self, node: ast.ListComp, where: str) -> Found:
        return listed(self.of(node.elt, where)) | {"[]"}

    _GeneratorExp = _ListComp

    def _Call(self, node: ast.Call, where: str) -> Found:
        key = usage.key_of(node, self.dicts[where])
        if key is not None:
            return _of_key(key)
        dotted = self.module.dotted(node.func)
        if dotted.startswith("math."):
            name = dotted[5:]
            return _INT if name in _WHOLE else _BOOL if name in _TRUTHS else _FLOAT
        if isinstance(node.func, ast.Attribute) and state_name(node.func.value):
            return (
                elements(self.of(node.func.value, where))
                if "pop" in node.func.attr
                else frozenset("n")
            )
        if isinstance(node.func, ast.Attribute) and not dotted:
            if node.func.attr == "copy":
                return self.of(node.func.value, where)
            return _INT if node.func.attr in ("index", "count") else UNKNOWN
        if not isinstance(node.func, ast.Name) or dotted:
            return UNKNOWN
        return self._builtin(node.func.id, node, where)

    def _builtin(self, name: str, node: ast.Call, where: str) -> Found:
        if name in self.functions:
            return self.returns.get(name, frozenset())
        given = [self.of(a, where) for a in node.args]
        if name in ("int", "len", "ord") or (name == "round" and len(given) == 1):
            return _INT
        if name in ("float", "bool"):
            return _FLOAT if name == "float" else _BOOL
        if name in ("any", "all", "isinstance", "hasattr"):
            return _BOOL
        if name in ("min", "max") and given:
            return frozenset().union(*given) if len(given) > 1 else elements(given[0])
        if name == "sum" and given:
            return _arithmetic(elements(given[0])) | _INT  # of nothing: 0
        if name in ("abs", "round") and given:
            return _arithmetic(given[0])
        if name in _SAME and len(given) == 1:
            return given[0]
        if name == "range":
            return frozenset({"[i]"})
        return UNKNOWN


def state_name(node: ast.AST) -> str:
    """`last` of `_state.last`; "" of anything else."""
    plain = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if plain and node.value.id == "_state" else ""  # type: ignore[attr-defined]


def kinds_of(value: Any) -> Found:
    """Of a value."""
    if value is None:
        return frozenset("n")
    if isinstance(value, list | tuple):
        found = frozenset().union(*map(kinds_of, value))
        return (
            frozenset("?" if len(k) > 7 else k for k in listed(found))
            if value
            else frozenset({"[]"})
        )
    return {bool: _BOOL, int: _INT, float: _FLOAT}.get(type(value), UNKNOWN)


def listed(found: Iterable[str]) -> Found:
    return frozenset(f"[{kind}]" for kind in found)


def elements(found: Found) -> Found:
    """Kinds of the parts of lists."""
    return frozenset(
        "?" if kind[0] != "[" else kind[1:-1] for kind in found if kind not in ("[]", "n")
    )


def _lists(found: Found) -> bool:
    return all(kind[0] == "[" for kind in found)


def _arithmetic(found: Found) -> Found:
    return frozenset({"b": "i"}.get(kind, kind) for kind in found)


def _of_key(key: str) -> Found:
    if key not in KEYS:
        return UNKNOWN
    kinds = {"float": "f", "bool": "b", "[int, int]": "[i]", "list of (x, y)": "[[f]]"}
    return frozenset({kinds.get(KEYS[key].kind, "?")})
