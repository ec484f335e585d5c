"""Objects that live for one call, as plain variables.

`car = Car(params)` in a function becomes the variables `car__speed`, `car__heading`, ...; the
method `car.bend()` the function `Car__bend` of those variables it reads, which returns those it
sets. Objects that outlive a call, are passed on or inherit are left alone.
"""

from __future__ import annotations

import ast
import contextlib
import copy

from racer.reward.compiler.nodes import located
from racer.reward.compiler.passes.methods import Method, Refused, analyse, attribute_of, own_parts
from racer.reward.compiler.passes.object_uses import (
    Renamed,
    Uses,
    assign,
    is_stored,
    load,
    require,
    unpacked,
)


def unroll(tree: ast.Module) -> None:
    """Replace, in place, every class whose objects are all made and used inside functions."""
    for name in [node.name for node in tree.body if isinstance(node, ast.ClassDef)]:
        trial = copy.deepcopy(tree)
        with contextlib.suppress(Refused):
            Unrolled(name, trial).replace()
            tree.body[:] = trial.body


class Unrolled:
    """One class being replaced."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree, self.count = name, tree, 0
        (self.node,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
        self.methods: dict[str, Method] = {}
        self.constants: dict[str, ast.expr] = {}
        self.attributes: set[str] = set()
        self.aliases: dict[str, str] = {}  # attribute → argument of __init__ that it holds

    def replace(self) -> None:
        self._read()
        self._find_aliases()
        analyse(self.methods, self.attributes)
        parts = self._parts()
        made = sum(isinstance(n, ast.Call) and self.makes(n) for n in ast.walk(self.tree))
        inside = [s for s in self.tree.body if isinstance(s, ast.FunctionDef)]
        before = self.count
        for function in inside:
            function.body = self._named(function.body)
            owners = self._owners(function)
            self.count += len(owners)
            function.body = _Block(self, owners, None).rewrite(function.body)
        require(made and self.count - before >= made)
        at = self.tree.body.index(self.node)
        self.tree.body[at : at + 1] = parts
        names = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        require(self.name not in names)

    def makes(self, node: ast.AST) -> bool:
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return named and node.func.id == self.name  # type: ignore[attr-defined]

    def _read(self) -> None:
        plain = all(isinstance(b, ast.Name) and b.id == "object" for b in self.node.bases)
        require(plain and not self.node.decorator_list and not self.node.keywords)
        for part in self.node.body:
            if isinstance(part, ast.FunctionDef):
                decorators = [ast.unparse(d) for d in part.decorator_list]
                require(decorators in ([], ["staticmethod"]))
                require(part.name == "__init__" or not part.name.startswith("__"))
                require(decorators or part.args.args)
                require(not part.args.vararg and not part.args.kwarg and not part.args.kwonlyargs)
                part.decorator_list = []
                owner = "" if decorators else part.args.args[0].arg
                self.methods[part.name] = Method(part, owner)
            elif isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                self.constants[part.targets[0].id] = part.value
            else:
                require(isinstance(part, ast.Pass | ast.Expr))
        for method in self.methods.values():
            for node in ast.walk(method.node):
                if is_stored(node):
                    self.attributes |= {attribute_of(node, method.owner)} - {""}
        require(self.attributes and not self.attributes & self.methods.keys())

    def _find_aliases(self) -> None:
        init = self.methods.get("__init__")
        if init is None:
            return
        arguments = {a.arg for a in init.node.args.args[1:]}
        stored = [
            node.attr
            for method in self.methods.values()
            for node in ast.walk(method.node)
            if isinstance(node, ast.Attribute) and is_stored(node)
        ]
        nodes = ast.walk(init.node)
        local = {n.id for n in nodes if isinstance(n, ast.Name) and is_stored(n)}
        for part in list(init.node.body):
            if isinstance(part, ast.Assign) and isinstance(part.value, ast.Name):
                name = attribute_of(part.targets[0], init.owner)
                held = part.value.id
                once = stored.count(name) == 1 and held not in local
                if name and len(part.targets) == 1 and held in arguments and once:
                    self.aliases[name] = held
                    init.node.body.remove(part)
        init.node.body = init.node.body or [located(ast.Pass(), init.node)]
        Renamed(init.owner, self.aliases).visit(init.node)

    def _parts(self) -> list[ast.stmt]:
        """The class as constants and functions."""
        parts: list[ast.stmt] = []
        for name, value in self.constants.items():
            held = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
            require(not held & self.constants.keys())
            target = ast.Name(id=f"{self.name}__{name}", ctx=ast.Store())
            made = ast.Assign(targets=[target], value=value)
            parts.append(ast.fix_missing_locations(ast.copy_location(made, value)))
        for method in self.methods.values():
            node = method.node
            if method.owner:
                extra = [ast.arg(arg=f"self__{name}") for name in sorted(method.inputs)]
                node.args.args = [*extra, *node.args.args[1:]]
            owners = {method.owner: "self"} if method.owner else {}
            node.body = _Block(self, owners, method).rewrite(node.body)
            node.name = f"{self.name}__{node.name}"
            ast.fix_missing_locations(node)
            parts.append(node)
        return parts

    def _owners(self, function: ast.FunctionDef) -> dict[str, str]:
        """Variables of a function that hold an object, each made once."""
        found: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and self.makes(node.value):
                require(len(node.targets) == 1 and isinstance(node.targets[0], ast.Name))
                name = node.targets[0].id  # type: ignore[attr-defined]
                names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
                require(sum(map(is_stored, names)) == 1)
                found[name] = name
        return found

    def _named(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """`return Car(params).score()` with a name for the object."""
        found: list[ast.stmt] = []
        for node in body:
            plain = isinstance(node, ast.Return | ast.Assign | ast.Expr)
            later = ast.BoolOp | ast.IfExp | ast.Lambda | ast.comprehension
            if plain and not any(isinstance(inner, later) for inner in ast.walk(node)):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Attribute) and self.makes(inner.value):
                        name = f"_{self.name}_{len(found)}"
                        found.append(located(assign(name, inner.value), node))
                        inner.value = ast.copy_location(load(name), node)
            found.append(node)
        return found

    def made(self, target: str, node: ast.Call) -> list[ast.stmt]:
        """The statements of `target = Class(...)`."""
        init = self.methods.get("__init__")
        values = _bound(init, node)
        found: list[ast.stmt] = []
        for name, argument in self.aliases.items():
            found.append(assign(f"{target}__{name}", values[argument]))
            values[argument] = load(f"{target}__{name}")
        given = (init.sure if init else set()) | self.aliases.keys()
        for name in sorted((self.attributes & self.constants.keys()) - given):
            found.append(assign(f"{target}__{name}", load(f"{self.name}__{name}")))
        if init and init.writes:
            require(init.inputs <= self.constants.keys() | self.aliases.keys())
            inputs = [load(f"{target}__{name}") for name in sorted(init.inputs)]
            call = ast.Call(
                func=load(f"{self.name}____init__"), args=[*inputs, *values.values()], keywords=[]
            )
            found.append(unpacked(target, init, call, ""))
        return [located(part, node) for part in found]


class _Block:
    """Statements of one function, rewritten."""

    def __init__(self, unrolled: Unrolled, owners: dict[str, str], method: Method | None) -> None:
        self.unrolled, self.owners, self.method = unrolled, owners, method
        self.trying = False  # inside `try`, what a method had set when it raised would be lost

    def rewrite(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for node in body:
            if isinstance(node, ast.Assign) and self.unrolled.makes(node.value):
                assert isinstance(node.value, ast.Call)
                uses = Uses(self.unrolled, self.owners)
                node.value.args = [uses.visit(a) for a in node.value.args]
                for keyword in node.value.keywords:
                    keyword.value = uses.visit(keyword.value)
                target = ast.unparse(node.targets[0])
                found += [*uses.hoisted, *self.unrolled.made(target, node.value)]
            else:
                found += self._statement(node)
        if self.method and self.method.writes and body is self.method.node.body:
            found.append(located(self._return(None), body[-1]))
        return found

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        for part in ("body", "orelse", "finalbody"):
            block = getattr(node, part, None)
            if block and not isinstance(node, ast.FunctionDef):
                before, self.trying = self.trying, self.trying or isinstance(node, ast.Try)
                setattr(node, part, self.rewrite(block))
                self.trying = before
        for handler in getattr(node, "handlers", []):
            handler.body = self.rewrite(handler.body)
        uses = Uses(self.unrolled, self.owners)
        uses.locked = isinstance(node, ast.While | ast.FunctionDef)
        uses.trying = self.trying
        read = uses.read_besides_calls(own_parts(node))
        if isinstance(node, ast.If | ast.While):
            node.test = uses.visit(node.test)
        elif isinstance(node, ast.For):
            node.iter, node.target = uses.visit(node.iter), uses.visit(node.target)
        elif not isinstance(node, ast.Try):
            uses.generic_visit(node)
        require(not read & uses.written)
        if isinstance(node, ast.Return) and self.method and self.method.writes:
            node = located(self._return(node.value), node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Name):
            return uses.hoisted
        return [*uses.hoisted, node]

    def _return(self, value: ast.expr | None) -> ast.Return:
        assert self.method is not None
        parts: list[ast.expr] = [load(f"self__{name}") for name in sorted(self.method.writes)]
        if self.method.valued:
            parts.insert(0, value or ast.Constant(value=None))
        return ast.Return(value=ast.Tuple(elts=parts, ctx=ast.Load()))


def _bound(init: Method | None, node: ast.Call) -> dict[str, ast.expr]:
    """Argument of __init__ → what it is given."""
    if init is None:
        require(not node.args and not node.keywords)
        return {}
    names = [a.arg for a in init.node.args.args if not a.arg.startswith("self__")]
    names = [name for name in names if name != init.owner]
    defaults = init.node.args.defaults
    values: dict[str, ast.expr] = {}
    values |= dict(zip(names, node.args, strict=False))
    values |= {k.arg: k.value for k in node.keywords if k.arg}
    for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        values.setdefault(name, copy.deepcopy(default))
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    require(not starred and values.keys() == set(names) and len(node.args) <= len(names))
    return {name: values[name] for name in names}
