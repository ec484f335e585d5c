"""Classes that keep no state between calls, as plain functions and constants.

Many reward files wrap their functions in a class and make one object of it. When no method assigns
to `self`, `self.limit` is a constant and `self.angle(x)` a function: `Reward__limit` and
`Reward__angle`. Classes that do keep state are left alone, and refused later with the line.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field

from racer.reward.compiler.passes.idle_attributes import drop_idle, drop_unread, named, stores
from racer.reward.compiler.passes.objects import unroll

_CHANGES = {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update"}


@dataclass
class _Class:
    """One class of a file."""

    node: ast.ClassDef
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)
    constants: list[ast.Assign] = field(default_factory=list)
    made: list[ast.Call] = field(default_factory=list)  # calls that make an object
    objects: set[str] = field(default_factory=set)  # names of the object


def flatten(tree: ast.Module) -> dict[str, tuple[int, str]]:
    """Replace every class without state in `tree`.

    Returns:
        Class → line and construct, for those that keep state.
    """
    refused: dict[str, tuple[int, str]] = {}
    unroll(tree)
    for node in list(tree.body):
        if isinstance(node, ast.ClassDef):
            found = _read(node, tree)
            drop_idle(found.methods)
            drop_unread(found.methods, tree)
            problem = _problem(found) or _set_outside(found, tree) or _two_values(found, tree)
            if problem is None:
                _replace(found, tree)
            else:
                refused[node.name] = problem
    return refused


def _read(node: ast.ClassDef, tree: ast.Module) -> _Class:
    found = _Class(node)
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            found.methods[part.name] = part
        elif isinstance(part, ast.Assign):
            found.constants.append(part)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Call) and named(inner.func, {node.name}):
            found.made.append(inner)
        if not isinstance(inner, ast.Assign) or not isinstance(inner.value, ast.Call):
            continue
        if named(inner.value.func, {node.name}):
            found.objects |= {t.id for t in inner.targets if isinstance(t, ast.Name)}
    return found


def _problem(found: _Class) -> tuple[int, str] | None:
    """What stands in the way: line and construct."""
    name, node = found.node.name, found.node
    if node.decorator_list or node.keywords or any(not named(b, {"object"}) for b in node.bases):
        return node.lineno, f"class {name}, which inherits or is decorated"
    if len(found.made) > 1:
        return found.made[1].lineno, f"a second object of class {name}"
    for part in node.body:
        fine = isinstance(part, ast.FunctionDef | ast.Assign | ast.Pass)
        if not (fine or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))):
            return part.lineno, f"class {name}, whose body is more than methods and constants"
    for method in found.methods.values():
        if method.name.startswith("__") and method.name not in ("__init__", "__call__"):
            return method.lineno, f"{name}.{method.name}"
        problem = _state(method, name)
        if problem:
            return problem
    return None


def _set_outside(found: _Class, tree: ast.Module) -> tuple[int, str] | None:
    """An attribute that other code sets: `previous.speed = ...`."""
    own = found.objects | {found.node.name}
    inside = set(map(id, ast.walk(found.node)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
            continue
        if id(node) not in inside and named(node.value, own):
            return node.lineno, f"state in {ast.unparse(node)}"
    return None


def _two_values(found: _Class, tree: ast.Module) -> tuple[int, str] | None:
    """`Class.k` beside an object's own `self.k`: one name here would be two values."""
    init = found.methods.get("__init__")
    own = {name for name, _ in stores(init, init.args.args[0].arg)} if init else set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in own:
            continue
        if named(node.value, {found.node.name}):
            return node.lineno, f"{ast.unparse(node)}, which its objects set for themselves"
    return None


def _state(method: ast.FunctionDef, name: str) -> tuple[int, str] | None:
    static = {d.id for d in method.decorator_list if isinstance(d, ast.Name)}
    if len(static) < len(method.decorator_list) or static - {"staticmethod", "classmethod"}:
        return method.lineno, f"a decorator of {name}.{method.name}"
    own = {name, *(a.arg for a in method.args.args[:1])} - (
        {method.args.args[0].arg} if "staticmethod" in static and method.args.args else set()
    )
    if method.name == "__init__":
        for part in method.body:
            if not _sets_attribute(part, own) and not isinstance(part, ast.Expr | ast.Pass):
                return part.lineno, f"{name}.__init__, which does more than set attributes"
        return None
    attributes = {id(n.value) for n in ast.walk(method) if isinstance(n, ast.Attribute)}
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and named(node.value, own):
            if not isinstance(node.ctx, ast.Load):
                return node.lineno, f"state in {ast.unparse(node)}"
        elif isinstance(base := _changed(node), ast.Attribute) and named(base.value, own):
            return base.lineno, f"state in {ast.unparse(base)}"
        elif named(node, own - {name}) and id(node) not in attributes:
            return method.lineno, f"{name}.{method.name}, which passes the object on"
    return None


def _changed(node: ast.AST) -> ast.expr | None:
    """What `x.append(...)`, `x[i] = ...` and their like change: x."""
    if isinstance(node, ast.Attribute) and node.attr in _CHANGES:
        return node.value
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return node.value
    return None


def _sets_attribute(node: ast.stmt, own: set[str]) -> bool:
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return False
    target = node.targets[0]
    return isinstance(target, ast.Attribute) and named(target.value, own)


def _replace(found: _Class, tree: ast.Module) -> None:
    """Put functions and constants where the class was, and rewrite every use."""
    name = found.node.name
    parts: list[ast.stmt] = []
    for constant in found.constants:
        for target in constant.targets:
            if isinstance(target, ast.Name):
                target.id = f"{name}__{target.id}"
        parts.append(constant)
    if found.made:
        parts += _attributes(found)
    users = {name: found.objects}
    for method in found.methods.values():
        static = any(named(d, {"staticmethod"}) for d in method.decorator_list)
        own = set() if static else {a.arg for a in method.args.args[:1]}
        _Uses(name, users[name] | own, found).visit(method)
        method.args.args = method.args.args[0 if static else 1 :]
        method.decorator_list = []
        if method.name != "__init__":
            method.name = f"{name}__{method.name}"
            parts.append(method)
    at = tree.body.index(found.node)
    tree.body[at : at + 1] = parts
    done = set(map(id, parts))
    for statement in tree.body:
        if id(statement) not in done:
            _Uses(name, found.objects, found).visit(statement)
    tree.body[:] = [_alias(s, name) for s in tree.body]


def _attributes(found: _Class) -> list[ast.stmt]:
    """`self.a = b` of __init__ as `Class__a = ...`, its arguments put in."""
    init = found.methods.get("__init__")
    if init is None:
        return []
    names = [a.arg for a in init.args.args[1:]]
    defaults = init.args.defaults
    values = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    values |= dict(zip(names, found.made[0].args, strict=False))
    values |= {k.arg: k.value for k in found.made[0].keywords if k.arg}
    made: list[ast.stmt] = []
    for part in init.body:
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Attribute):
            value = _PutIn(values).visit(copy.deepcopy(part.value))
            target = ast.Name(id=f"{found.node.name}__{part.targets[0].attr}", ctx=ast.Store())
            made.append(ast.copy_location(ast.Assign(targets=[target], value=value), part))
            ast.fix_missing_locations(made[-1])
    return made


class _PutIn(ast.NodeTransformer):
    """Arguments replaced by their values."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.values.get(node.id, node))


class _Uses(ast.NodeTransformer):
    """`object.part` → `Class__part`, `object(x)` → `Class____call__(x)`."""

    def __init__(self, name: str, objects: set[str], found: _Class) -> None:
        self.name, self.objects, self.found = name, objects, found

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if named(base, self.objects | {self.name}) or base in self.found.made:
            new = ast.Name(id=f"{self.name}__{node.attr}", ctx=ast.Load())
            return ast.copy_location(new, node)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        made = self.found.made
        node.body = [s for s in node.body if getattr(s, "value", None) not in made] or node.body
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if named(node.func, self.objects) or node.func in self.found.made:
            new = ast.Name(id=f"{self.name}____call__", ctx=ast.Load())
            node.func = ast.copy_location(new, node.func)
        return self.generic_visit(node)


def _alias(node: ast.stmt, name: str) -> ast.stmt:
    """`reward_function = Class__method`, or `= Class(...)`, as a function; objects vanish."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return node
    called, value = "", node.value
    if isinstance(value, ast.Name) and value.id.startswith(f"{name}__"):
        called = value.id
    elif isinstance(value, ast.Call) and named(value.func, {name}):
        called = f"{name}____call__"
    if not called:
        return node
    if node.targets[0].id != "reward_function":
        return ast.copy_location(ast.Pass(), node)
    text = f"def reward_function(params):\n    return {called}(params)\n"
    function = ast.parse(text).body[0]
    for inner in ast.walk(function):
        ast.copy_location(inner, node)
    return function
