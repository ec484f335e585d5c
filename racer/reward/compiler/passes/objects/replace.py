"""What stands in place of a class: constants, methods as functions, objects as variables."""

from __future__ import annotations

import ast
import copy

from racer.reward.compiler.nodes import assign, load, located
from racer.reward.compiler.passes.objects.classes import Class, ObjectOf, Refused, set_in
from racer.reward.compiler.passes.objects.uses import Uses
from racer.reward.compiler.scopes import local_names


class Replacement:
    """One class being replaced.

    Args:
        places: variable that is made → how Python says it, added to.
    """

    def __init__(self, cls: Class, tree: ast.Module, places: dict[str, str]) -> None:
        self.cls, self.tree, self.places = cls, tree, places

    def put(self) -> None:
        """Replace the class in the tree, in place.

        Raises:
            Refused: an object of it is used as a value.
        """
        self.cls.read()
        parts = self._parts()
        for statement in self.tree.body:
            if statement is not self.cls.node:
                self._uses(statement, {})
        for each in self.cls.objects:
            if each.maker is not None:
                _Replaced(each.made, self._made(each)).visit(each.maker)
        body: list[ast.stmt] = []
        for statement in self.tree.body:
            if statement is self.cls.node:
                body += parts
            else:
                body += self._top(statement)
        self.tree.body[:] = body
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id == self.cls.name:
                raise Refused(node.lineno, f"class {self.cls.name} used as a value")

    def _parts(self) -> list[ast.stmt]:
        """Constants, and every method once for each object."""
        parts: list[ast.stmt] = []
        for name, value in self.cls.constants.items():
            inner = {n: f"{self.cls.name}__{n}" for n in self.cls.constants}
            made = assign(f"{self.cls.name}__{name}", _Names(inner).visit(copy.deepcopy(value)))
            parts.append(located(made, value))
        self.places |= {
            f"{self.cls.name}__{name}": f"{self.cls.name}.{name}" for name in self.cls.constants
        }
        self.places |= {
            f"{self.cls.name}__{name}": f"{self.cls.name}.{name}" for name in self.cls.own
        }
        for name, kind in self.cls.static.items():
            method = copy.deepcopy(self.cls.methods[name])
            owners: dict[str, ObjectOf | None] = (
                {} if kind == "staticmethod" else {method.args.args.pop(0).arg: None}
            )
            method.name = f"{self.cls.name}__{name}"
            self._uses(method, owners)
            parts.append(method)
        for each in self.cls.objects:
            for name in self.cls.attributes - each.fixed:
                place = f"{each.prefix}.{name}" if each.maker is None else ""
                self.places[f"{each.prefix}__{name}"] = place
            parts += self._methods(each)
        return parts

    def _methods(self, each: ObjectOf) -> list[ast.stmt]:
        needs, parts = self.cls.needs(each), list[ast.stmt]()
        for name, method in self.cls.methods.items():
            if name in self.cls.static or (name == "__init__" and self.cls.init_body() is not None):
                continue
            made = copy.deepcopy(method)
            me = made.args.args.pop(0).arg
            made.args.args[:0] = [ast.arg(arg=f"{each.prefix}__{a}") for a in sorted(needs[name])]
            made.name = f"{each.prefix}__{name}"
            self._uses(made, {me: each})
            parts.append(ast.fix_missing_locations(made))
        return parts

    def _uses(self, node: ast.AST, owners: dict[str, ObjectOf | None]) -> None:
        """Rewrite what a statement or function does with objects; `owners`: its names for them."""
        known: dict[str, ObjectOf | None] = {self.cls.name: None, **owners}
        for each in self.cls.objects:
            if each.maker is None and each.prefix not in owners:
                known[each.prefix] = each
            elif each.maker is node:
                known[each.name] = each
        if isinstance(node, ast.FunctionDef):
            mine = {each.name for each in self.cls.objects if each.maker is node}
            hidden = local_names(node) - mine - owners.keys()
            known = {name: each for name, each in known.items() if name not in hidden}
        Uses(self.cls, known).visit(node)

    def _made(self, each: ObjectOf) -> list[ast.stmt]:
        """The statements in place of `car = Car(params)`."""
        init, plain = self.cls.methods.get("__init__"), self.cls.init_body()
        values = _arguments(init, each.made)
        found: list[ast.stmt] = []
        sure = {t for s in plain or [] for t in set_in(s, self.cls.self_in("__init__"))}
        for name in sorted(self.cls.attributes - sure):
            global_ = f"{each.prefix}__{name}"
            if name in self.cls.constants:
                found.append(assign(global_, load(f"{self.cls.name}__{name}")))
            elif each.maker is not None:
                found += ast.parse(f"globals().pop({global_!r}, None)").body
        if init is None:
            return [located(part, each.made) for part in found]
        if plain is None:
            if each.maker is None:
                raise Refused(
                    init.lineno, f"{self.cls.name}.__init__, which does more than set attributes"
                )
            call = ast.Call(load(f"{each.prefix}____init__"), list(values.values()), [])
            return [located(part, each.made) for part in [*found, ast.Expr(call)]]
        for name, value in list(values.items()):
            if each.maker is not None and not isinstance(value, ast.Constant):
                found.append(assign(f"{each.prefix}__given_{name}", value))
                values[name] = load(f"{each.prefix}__given_{name}")
        for part in plain:
            if each.maker is None and isinstance(part, ast.Expr):
                raise Refused(part.lineno, f"{self.cls.name}.__init__, which calls a method")
            part = _PutIn(values).visit(copy.deepcopy(part))
            self._uses(part, {self.cls.self_in("__init__"): each})
            found.append(part)
        return [located(part, each.made) for part in found]

    def _top(self, statement: ast.stmt) -> list[ast.stmt]:
        """A statement of the module: objects vanish, `reward_function` becomes a function."""
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return [statement]
        target, value = statement.targets[0], statement.value
        if not isinstance(target, ast.Name):
            return [statement]
        called = ""
        found: list[ast.stmt] = []
        for each in self.cls.objects:
            if each.made is value:
                found = self._made(each)
                called = f"{each.prefix}____call__"
        if isinstance(value, ast.Name) and value.id.startswith(
            tuple(f"{e.prefix}__" for e in self.cls.objects)
        ):
            called = value.id
        if target.id == "reward_function" and called:
            text = f"def reward_function(params):\n    return {called}(params)\n"
            return [*found, located(ast.parse(text).body[0], statement)]
        return found if called else [statement]


class _Replaced(ast.NodeTransformer):
    """Statements in place of `name = <this call>`."""

    def __init__(self, made: ast.Call, statements: list[ast.stmt]) -> None:
        self.made, self.statements = made, statements

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        return self.statements if node.value is self.made else node


class _PutIn(ast.NodeTransformer):
    """Arguments replaced by their values."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.values.get(node.id, node))


class _Names(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)


def _arguments(init: ast.FunctionDef | None, made: ast.Call) -> dict[str, ast.expr]:
    """Argument of `__init__` → what it is given."""
    names = [a.arg for a in init.args.args[1:]] if init else []
    defaults = init.args.defaults if init else []
    values = dict(zip(names, made.args, strict=False))
    values |= {k.arg: k.value for k in made.keywords if k.arg}
    for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        values.setdefault(name, copy.deepcopy(default))
    starred = any(isinstance(a, ast.Starred) for a in made.args)
    other = init and (init.args.vararg or init.args.kwarg or init.args.kwonlyargs)
    if starred or other or values.keys() != set(names) or len(made.args) > len(names):
        raise Refused(made.lineno, f"`{ast.unparse(made)[:50]}`, whose arguments do not fit")
    return {name: values[name] for name in names}
