"""Read one class of a reward file: its methods, its constants, its objects and what they hold."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from racer.reward.compiler.nodes import assign, is_named, load, located


class Refused(Exception):
    """The class stays as it is: line and construct."""


@dataclass
class ObjectOf:
    """One object: `prefix__name` is where its attribute `name` is kept."""

    name: str  # the variable that holds it
    prefix: str
    made: ast.Call
    maker: ast.FunctionDef | None  # the function that makes it, at every call
    fixed: set[str] = field(default_factory=set)  # attributes that only __init__ sets


class Class:
    """One class, and where its objects are made.

    Attributes:
        static: static and class methods → which.
        attributes: what objects hold.
        own: attributes of the class itself that are set later.

    Raises:
        Refused: the class does what no plain functions and variables can stand for.
    """

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree
        (self.node,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
        self.methods: dict[str, ast.FunctionDef] = {}
        self.static: dict[str, str] = {}
        self.constants: dict[str, ast.expr] = {}
        self.objects: list[ObjectOf] = []
        self.attributes: set[str] = set()
        self.own: set[str] = set()

    def read(self) -> None:
        """Find out all of it; unnamed objects in the tree get names."""
        self._read_body()
        _name_unnamed(self.tree, self.name)
        self._find_objects()
        self._find_attributes()

    def _read_body(self) -> None:
        node, name = self.node, self.name
        if (
            node.decorator_list
            or node.keywords
            or any(not is_named(b, {"object"}) for b in node.bases)
        ):
            raise Refused(node.lineno, f"class {name}, which inherits or is decorated")
        for part in node.body:
            if isinstance(part, ast.FunctionDef):
                self._method(part)
            elif isinstance(part, ast.Assign) and all(
                isinstance(t, ast.Name) for t in part.targets
            ):
                for target in part.targets:
                    self.constants[target.id] = part.value  # type: ignore[attr-defined]
            elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                if part.value is not None:
                    self.constants[part.target.id] = part.value
            elif not isinstance(part, ast.Pass | ast.Expr):
                what = f"class {name}, whose body is more than methods and constants"
                raise Refused(part.lineno, what)

    def _method(self, part: ast.FunctionDef) -> None:
        said = [ast.unparse(d) for d in part.decorator_list]
        special = part.name.startswith("__") and part.name not in ("__init__", "__call__")
        if special or said not in ([], ["staticmethod"], ["classmethod"]):
            what = part.name if special else f"a decorator of {self.name}.{part.name}"
            raise Refused(part.lineno, f"{self.name}.{what}" if special else what)
        part.decorator_list = []
        if said:
            self.static[part.name] = said[0]
        if said != ["staticmethod"] and not part.args.args:
            raise Refused(part.lineno, f"{self.name}.{part.name}, a method without self")
        self.methods[part.name] = part

    def _find_objects(self) -> None:
        inside = set(map(id, ast.walk(self.node)))
        makers = [n for n in self.tree.body if isinstance(n, ast.FunctionDef)]
        for where in [None, *makers]:
            nodes = self.tree.body if where is None else list(ast.walk(where))
            for node in nodes:
                if (
                    isinstance(node, ast.Assign)
                    and self.makes(node.value)
                    and len(node.targets) == 1
                ):
                    target = node.targets[0]
                    if isinstance(target, ast.Name):
                        self._add(target.id, node, where)
        known = {id(each.made) for each in self.objects}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and self.makes(node) and id(node) not in known:
                where_ = "its own methods" if id(node) in inside else "an expression"
                raise Refused(node.lineno, f"an object of class {self.name} made in {where_}")

    def _add(self, name: str, node: ast.Assign, where: ast.FunctionDef | None) -> None:
        assert isinstance(node.value, ast.Call)
        stored = [
            n
            for n in ast.walk(where or self.tree)
            if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
        ]
        shared = [n for n in ast.walk(self.tree) if isinstance(n, ast.Global) and name in n.names]
        if where is None:
            stored = [n for n in stored if n in node.targets or shared]
        if len(stored) != 1 or (shared and where is not None):
            raise Refused(node.lineno, f"several objects of class {self.name} under one name")
        prefix = name if where is None else f"{where.name}__{name}"
        self.objects.append(ObjectOf(name, prefix, node.value, where))

    def makes(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and is_named(node.func, {self.name})

    def _find_attributes(self) -> None:
        """What objects hold, and which of it only `__init__` sets."""
        counts: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if is_named(getattr(node, "value", None), {self.name}) and stored_attribute(node):
                self.own.add(node.attr)  # type: ignore[attr-defined]
        for method in self.methods.values():
            kind = self.static.get(method.name)
            if kind == "classmethod":
                self.own |= set(set_in(method, method.args.args[0].arg))
            for name in [] if kind else set_in(method, method.args.args[0].arg):
                counts[name] = counts.get(name, 0) + 1
        for each in self.objects:
            for part in [each.maker] if each.maker else self.tree.body:
                for name in [] if part is self.node else set_in(part, each.name):
                    counts[name] = counts.get(name, 0) + 1
        self.attributes = set(counts) - self.own
        if self.own & counts.keys():
            raise Refused(
                self.node.lineno, f"class {self.name}, which shares names with its objects"
            )
        bad = self.attributes & self.methods.keys()
        if bad:
            raise Refused(self.node.lineno, f"{self.name}.{min(bad)}, a method that is set")
        for name in self.attributes & self.constants.keys():
            fresh = ast.List | ast.Dict | ast.Set | ast.Call | ast.ListComp | ast.Name
            if any(isinstance(n, fresh) for n in ast.walk(self.constants[name])):
                raise Refused(self.node.lineno, f"{self.name}.{name}, shared by class and objects")
        plain = self.init_body()
        once = {t for s in plain or [] for t in set_in(s, self.self_in("__init__"))}
        for each in self.objects:
            if each.maker is not None and plain is not None:
                each.fixed = {n for n in once if counts[n] == 1 and n not in self.constants}

    def self_in(self, method: str) -> str:
        return self.methods[method].args.args[0].arg if method in self.methods else "self"

    def init_body(self) -> list[ast.stmt] | None:
        """The statements of `__init__`, those of methods it calls put in; None if not plain."""
        init = self.methods.get("__init__")
        return [] if init is None else self._plain(init, 0)

    def _plain(self, method: ast.FunctionDef, depth: int) -> list[ast.stmt] | None:
        me, found = method.args.args[0].arg, list[ast.stmt]()
        for part in method.body:
            if isinstance(part, ast.Assign) and all(_of(t, me) for t in part.targets):
                found.append(part)
            elif isinstance(part, ast.AnnAssign) and part.value and _of(part.target, me):
                made = ast.Assign(targets=[part.target], value=part.value)
                found.append(ast.copy_location(made, part))
            elif isinstance(part, ast.Pass) or _is_text(part):
                pass
            elif (name := _own_call(part, me)) in self.methods and depth < 3:
                called = self.methods[name]
                alone = len(called.args.args) == 1 and called.args.args[0].arg == me
                inner = self._plain(called, depth + 1) if alone else None
                found += [part] if inner is None else copy.deepcopy(inner)
            else:
                return None
        return found

    def needs(self, each: ObjectOf) -> dict[str, set[str]]:
        """Method → those of `fixed` that it reads, itself or through the methods it calls."""
        reads, calls = dict[str, set[str]](), dict[str, set[str]]()
        for name, method in self.methods.items():
            if self.static.get(name) == "staticmethod":
                reads[name], calls[name] = set(), set()
                continue
            used = used_in(method, method.args.args[0].arg)
            reads[name], calls[name] = used & each.fixed, used & self.methods.keys()
        for _ in reads:
            for name in reads:
                reads[name] = reads[name].union(*(reads[c] for c in calls[name]))
        return {name: set() if name in self.static else found for name, found in reads.items()}


def _name_unnamed(tree: ast.Module, name: str) -> None:
    """`return Car(params).score()` with a name for the object."""
    for parent in ast.walk(tree):
        for part in ("body", "orelse", "finalbody"):
            block = getattr(parent, part, None)
            if not isinstance(block, list):
                continue
            for node in [b for b in block if isinstance(b, ast.Return | ast.Assign | ast.Expr)]:
                for inner in list(_at_once(node)):
                    made = inner.value if isinstance(inner, ast.Attribute) else None
                    if isinstance(made, ast.Call) and is_named(made.func, {name}):
                        new = f"_{name}_{made.lineno}_{made.col_offset}"
                        block.insert(block.index(node), located(assign(new, made), node))
                        inner.value = ast.copy_location(load(new), node)  # type: ignore[attr-defined]


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Parts of a statement that are evaluated once, whatever the others say."""
    yield node
    if not isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.ListComp | ast.GeneratorExp):
        for child in ast.iter_child_nodes(node):
            yield from _at_once(child)


def set_in(node: ast.AST | None, owner: str) -> list[str]:
    """Attributes of `owner` that a statement or function sets, each time it does."""
    nodes = [n for n in ast.walk(node) if stored_attribute(n)] if node else []
    return [n.attr for n in nodes if is_named(n.value, {owner})]  # type: ignore[attr-defined]


def stored_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)


def used_in(node: ast.AST, owner: str) -> set[str]:
    return {
        n.attr
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and is_named(n.value, {owner})
    }


def _of(target: ast.expr, owner: str) -> bool:
    if isinstance(target, ast.Tuple):
        return all(_of(t, owner) for t in target.elts)
    return isinstance(target, ast.Attribute) and is_named(target.value, {owner})


def _own_call(node: ast.stmt, owner: str) -> str:
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return ""
    return call.func.attr if _of(call.func, owner) and isinstance(call.func, ast.Attribute) else ""


def _is_text(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or (
        isinstance(node.value, ast.Call) and is_named(node.value.func, {"print"})
    )
