"""Read a reward file as constants and plain functions; say what stands in a kernel's way.

What is found here is a flat picture: module constants as values, functions nested in others lifted
to the top with what they capture as leading arguments. State that outlives a call is refused.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from racer.reward.operators import BINARY, OF_SETS, UNARY
from racer.reward.prints import is_print

LONGEST = 20_000  # elements that constant comprehensions may have together
STRONGEST = 4096  # bits of an integer that a constant expression may have
_NUMBERS = ("math.pi", "numpy.pi", "math.e", "numpy.e", "math.tau", "math.inf", "numpy.inf")
_LARGE = ("factorial", "comb", "perm")  # of math: small arguments, endless results


class Unsupported(Exception):
    """A construct that no kernel is made of."""

    def __init__(self, node: ast.AST | int, construct: str) -> None:
        super().__init__(construct)
        self.line = node if isinstance(node, int) else getattr(node, "lineno", 0)
        self.construct = construct


class Array(list[Any]):
    """A constant `np.array`."""


class Deque(list[Any]):
    """A constant `collections.deque` with a length that it keeps."""

    longest = 0


UNSET: Any = object()  # of a variable that no statement of the module sets


@dataclass
class Module:
    """A reward file as a kernel sees it."""

    imports: dict[str, str] = field(default_factory=dict)  # name here → dotted name
    constants: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    refused: dict[str, Unsupported] = field(default_factory=dict)  # only if something uses it

    places: dict[str, str] = field(default_factory=dict)  # variable of an object → `r.last`
    state: dict[str, Any] = field(default_factory=dict)  # variable → value at first, or UNSET
    written: set[str] = field(default_factory=set)  # keys a file adds to params, for prints alone
    budget: list[int] = field(default_factory=lambda: [LONGEST])  # elements of comprehensions

    def dotted(self, node: ast.AST) -> str:
        """`np.linalg.norm` → "numpy.linalg.norm"; "" when it is not a name of an import."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in self.imports:
            return ".".join([self.imports[node.id], *reversed(parts)])
        return ""


def read(
    tree: ast.Module,
    places: dict[str, str] | None = None,
    refused: dict[str, Unsupported] | None = None,
) -> Module:
    """The module's constants and functions.

    Args:
        places: variable that stands for an attribute → how Python says it.
        refused: classes that no kernel is made of, and why.

    Raises:
        Unsupported: a statement at the top level that computes or acts.
    """
    module = Module(places=places or {}, refused=refused or {})
    for node in tree.body:
        _statement(node, module)
    return module


def _statement(node: ast.stmt, module: Module) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module.imports[name] = alias.name if alias.asname else name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name == "*" and node.module == "math":
                module.imports |= {n: f"math.{n}" for n in dir(math) if n[0] != "_"}
            module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    elif isinstance(node, ast.FunctionDef):
        module.functions[node.name] = node
        module.constants.pop(node.name, None)
    elif isinstance(node, ast.ClassDef):
        module.refused.setdefault(node.name, Unsupported(node, f"class {node.name}"))
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        _assignment(node, node.value, module)
    elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        pass  # never the main program
    elif isinstance(node, ast.Pass | ast.Global) or (
        isinstance(node, ast.Expr) and _silent(node.value)
    ):
        pass
    else:
        raise Unsupported(node, f"`{_first_line(node)}` at the top level")


def _assignment(node: ast.Assign | ast.AnnAssign, value: ast.expr, module: Module) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Name) and isinstance(value, ast.Lambda):
            module.functions[target.id] = named(target.id, value)
            continue
        try:
            found = constant(value, module)
        except (Unsupported, ArithmeticError, ValueError, TypeError):
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name):
                    what = f"`{_first_line(node)}`, computed at import"
                    made = value.func if isinstance(value, ast.Call) else value
                    cause = module.refused.get(made.id) if isinstance(made, ast.Name) else None
                    module.refused[inner.id] = cause or Unsupported(node, what)
            continue
        if isinstance(target, ast.Name):
            module.constants[target.id] = found
        elif isinstance(target, ast.Tuple) and isinstance(found, tuple | list):
            for inner, part in zip(target.elts, found, strict=True):
                if isinstance(inner, ast.Name):
                    module.constants[inner.id] = part
        else:
            raise Unsupported(node, f"`{_first_line(node)}` at the top level")


def constant(node: ast.expr, module: Module) -> Any:
    """Value of an expression made of literals, constants and their arithmetic.

    Raises:
        Unsupported, ArithmeticError, ValueError, TypeError: it is none.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in module.constants:
        return module.constants[node.id]
    if isinstance(node, ast.Name) and module.dotted(node) in _NUMBERS:
        return getattr(math, module.imports[node.id].rpartition(".")[2])
    if isinstance(node, ast.Tuple):
        return tuple(_elements(node.elts, module))
    if isinstance(node, ast.List):
        return _elements(node.elts, module)
    if isinstance(node, ast.Dict) and all(k is not None for k in node.keys):
        keys = [constant(k, module) for k in node.keys if k is not None]
        return dict(zip(keys, (constant(v, module) for v in node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_plain(constant(node.operand, module), node))
    if isinstance(node, ast.Set):
        return {constant(e, module) for e in node.elts}
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        return _listed(node, module)
    if isinstance(node, ast.BinOp) and type(node.op) in OF_SETS:
        left, right = constant(node.left, module), constant(node.right, module)
        if isinstance(left, set) and isinstance(right, set):
            return OF_SETS[type(node.op)](left, right)
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        a, b = constant(node.left, module), constant(node.right, module)
        if isinstance(node.op, ast.Add) and type(a) is type(b) in (list, tuple):
            return a + b
        if isinstance(node.op, ast.Mult) and type(a) in (list, tuple) and type(b) is int:
            if len(a) * b > LONGEST:
                raise Unsupported(node, "a very long list")
            return a * b
        a, b = _plain(a, node), _plain(b, node)
        if isinstance(node.op, ast.Pow) and abs(a) > 1 and abs(b) > STRONGEST / math.log2(abs(a)):
            raise Unsupported(node, "a huge constant")
        return BINARY[type(node.op)](a, b)
    if isinstance(node, ast.Attribute | ast.Call):
        return _library(node, module)
    raise Unsupported(node, "not a constant")


def _elements(nodes: list[ast.expr], module: Module) -> list[Any]:
    """Of a list or tuple, `*range(3)` included."""
    found: list[Any] = []
    for node in nodes:
        if not isinstance(node, ast.Starred):
            found.append(constant(node, module))
            continue
        found += constant(node.value, module)
        if len(found) > LONGEST:
            raise Unsupported(node, "a very long list")
    return found


def _listed(node: ast.ListComp, module: Module) -> list[Any]:
    """A list comprehension over constants."""
    loop, found = node.generators[0], []
    if loop.ifs or not isinstance(loop.target, ast.Name):
        raise Unsupported(node, "not a constant")
    inner = dataclasses.replace(module, constants=dict(module.constants))
    for value in constant(loop.iter, module):
        inner.constants[loop.target.id] = value
        found.append(constant(node.elt, inner))
        module.budget[0] -= 1
        if module.budget[0] < 0:
            raise Unsupported(node, "a very long list")
    return found


def _plain(value: Any, node: ast.AST) -> Any:
    if isinstance(value, int | float) and (
        isinstance(value, float) or value.bit_length() <= STRONGEST
    ):
        return value
    raise Unsupported(node, "arithmetic on a constant that is no number")


def _library(node: ast.Attribute | ast.Call, module: Module) -> Any:
    if isinstance(node, ast.Attribute):
        if module.dotted(node) in _NUMBERS:
            return getattr(math, node.attr)
        raise Unsupported(node, "not a constant")
    name = module.dotted(node.func)
    arguments = [constant(a, module) for a in node.args]
    if node.keywords and name != "collections.deque":
        raise Unsupported(node, "not a constant")
    if isinstance(node.func, ast.Name) and not name:
        if node.func.id in ("set", "frozenset"):
            return set(*arguments)
        if node.func.id in ("min", "max", "sum", "len", "sorted", "round") and arguments:
            return getattr(builtins, node.func.id)(*arguments)
        if node.func.id in ("float", "int", "abs") and len(arguments) == 1:
            functions: dict[str, Any] = {"float": float, "int": int, "abs": abs}
            return functions[node.func.id](arguments[0])
        if node.func.id in ("list", "tuple", "range"):
            if node.func.id == "range" and len(range(*arguments)) > LONGEST:
                raise Unsupported(node, "a long range")
            made = range(*arguments) if node.func.id == "range" else arguments[0]
            return tuple(made) if node.func.id == "tuple" else list(made)
    if name == "collections.deque":
        return _deque(node, arguments, module)
    if name in ("numpy.array", "numpy.asarray") and len(arguments) == 1:
        return Array(arguments[0])
    if name == "numpy.arange" and all(type(a) is int for a in arguments):
        if len(range(*arguments)) > LONGEST:
            raise Unsupported(node, "a long range")
        return Array(range(*arguments))
    small = name.startswith("math.") and name[5:] not in _LARGE
    if small and all(isinstance(a, int | float) for a in arguments):
        return getattr(math, name[5:])(*arguments)
    raise Unsupported(node, "not a constant")


def _deque(node: ast.Call, arguments: list[Any], module: Module) -> Deque:
    given = [constant(k.value, module) for k in node.keywords if k.arg == "maxlen"]
    items, longest = ([*arguments, None, None])[:2]
    made = Deque(items or ())
    made.longest = given[0] if given else longest
    if not isinstance(made.longest, int) or len(made) > made.longest:
        raise Unsupported(node, "a deque without maxlen")
    return made


def _silent(node: ast.expr) -> bool:
    """A docstring, or a call that only prints."""
    return isinstance(node, ast.Constant) or is_print(node)


def _first_line(node: ast.AST) -> str:
    text = ast.unparse(node).split("\n", 1)[0]
    return text if len(text) <= 50 else text[:47] + "..."


def named(name: str, node: ast.Lambda) -> ast.FunctionDef:
    """A lambda as a function of one return."""
    body: list[ast.stmt] = [ast.copy_location(ast.Return(value=node.body), node)]
    function = ast.FunctionDef(name=name, args=node.args, body=body, decorator_list=[])
    return ast.copy_location(function, node)
