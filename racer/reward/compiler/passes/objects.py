"""Objects that can be named from the text, as plain functions and variables.

    class Reward:                         r__last = None
        def __init__(self):               def r__pay(params):
            self.last = None       →          global r__last
        def pay(self, params):                r__last = params["speed"]
            self.last = params["speed"]
    r = Reward()

Attributes of classes become globals, too. An object made inside a function lives for one call:
what only its `__init__` sets becomes variables there, handed to its methods; the rest becomes
globals that are forgotten when it is made. A class whose objects are passed on, kept in lists or
inherit is left alone and refused where it is used.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from racer.reward.compiler.nodes import assign, is_named, is_there, load, located
from racer.reward.compiler.scopes import local_names


class _Refused(Exception):
    """The class stays as it is: line and construct."""


@dataclass
class Objects:
    """What became of a file's objects.

    Attributes:
        refused: name → line and construct, of what was left alone.
        places: global that a pass has made → how Python says it, `r.last`; "" if for one call.
    """

    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


@dataclass
class _Object:
    """One object: `prefix__name` is where its attribute `name` is kept."""

    name: str  # the variable that holds it
    prefix: str
    made: ast.Call
    maker: ast.FunctionDef | None  # the function that makes it, at every call
    fixed: set[str] = field(default_factory=set)  # attributes that only __init__ sets


def flatten(tree: ast.Module) -> Objects:
    """Replace objects in `tree`, in place, wherever all uses of them are plain."""
    found = Objects()
    for node in [n for n in tree.body if isinstance(n, ast.ClassDef)]:
        trial, places = copy.deepcopy(tree), dict[str, str]()
        try:
            _Class(node.name, trial, places).replace()
        except _Refused as why:
            found.refused[node.name] = why.args
        else:
            tree.body[:] = trial.body
            found.places |= places
    return found


class _Class:
    """One class being replaced."""

    def __init__(self, name: str, tree: ast.Module, places: dict[str, str]) -> None:
        self.name, self.tree, self.places = name, tree, places
        (self.node,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
        self.methods: dict[str, ast.FunctionDef] = {}
        self.static: dict[str, str] = {}  # static and class methods → which
        self.constants: dict[str, ast.expr] = {}
        self.objects: list[_Object] = []
        self.attributes: set[str] = set()
        self.own: set[str] = set()  # attributes of the class itself that are set later

    def replace(self) -> None:
        self._read()
        _name_unnamed(self.tree, self.name)
        self._find_objects()
        self._find_attributes()
        parts = self._parts()
        for statement in self.tree.body:
            if statement is not self.node:
                self._uses(statement, {})
        for each in self.objects:
            if each.maker is not None:
                _Replaced(each.made, self._made(each)).visit(each.maker)
        body: list[ast.stmt] = []
        for statement in self.tree.body:
            if statement is self.node:
                body += parts
            else:
                body += self._top(statement)
        self.tree.body[:] = body
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id == self.name:
                raise _Refused(node.lineno, f"class {self.name} used as a value")

    def _read(self) -> None:
        node, name = self.node, self.name
        if (
            node.decorator_list
            or node.keywords
            or any(not is_named(b, {"object"}) for b in node.bases)
        ):
            raise _Refused(node.lineno, f"class {name}, which inherits or is decorated")
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
                raise _Refused(part.lineno, what)

    def _method(self, part: ast.FunctionDef) -> None:
        said = [ast.unparse(d) for d in part.decorator_list]
        special = part.name.startswith("__") and part.name not in ("__init__", "__call__")
        if special or said not in ([], ["staticmethod"], ["classmethod"]):
            what = part.name if special else f"a decorator of {self.name}.{part.name}"
            raise _Refused(part.lineno, f"{self.name}.{what}" if special else what)
        part.decorator_list = []
        if said:
            self.static[part.name] = said[0]
        if said != ["staticmethod"] and not part.args.args:
            raise _Refused(part.lineno, f"{self.name}.{part.name}, a method without self")
        self.methods[part.name] = part

    def _find_objects(self) -> None:
        inside = set(map(id, ast.walk(self.node)))
        makers = [n for n in self.tree.body if isinstance(n, ast.FunctionDef)]
        for where in [None, *makers]:
            nodes = self.tree.body if where is None else list(ast.walk(where))
            for node in nodes:
                if (
                    isinstance(node, ast.Assign)
                    and self._makes(node.value)
                    and len(node.targets) == 1
                ):
                    target = node.targets[0]
                    if isinstance(target, ast.Name):
                        self._add(target.id, node, where)
        known = {id(each.made) for each in self.objects}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and self._makes(node) and id(node) not in known:
                where_ = "its own methods" if id(node) in inside else "an expression"
                raise _Refused(node.lineno, f"an object of class {self.name} made in {where_}")

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
            raise _Refused(node.lineno, f"several objects of class {self.name} under one name")
        prefix = name if where is None else f"{where.name}__{name}"
        self.objects.append(_Object(name, prefix, node.value, where))

    def _makes(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and is_named(node.func, {self.name})

    def _find_attributes(self) -> None:
        """What objects hold, and which of it only `__init__` sets."""
        counts: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if is_named(getattr(node, "value", None), {self.name}) and _stored_attribute(node):
                self.own.add(node.attr)  # type: ignore[attr-defined]
        for method in self.methods.values():
            kind = self.static.get(method.name)
            if kind == "classmethod":
                self.own |= set(_set(method, method.args.args[0].arg))
            for name in [] if kind else _set(method, method.args.args[0].arg):
                counts[name] = counts.get(name, 0) + 1
        for each in self.objects:
            for part in [each.maker] if each.maker else self.tree.body:
                for name in [] if part is self.node else _set(part, each.name):
                    counts[name] = counts.get(name, 0) + 1
        self.attributes = set(counts) - self.own
        if self.own & counts.keys():
            raise _Refused(
                self.node.lineno, f"class {self.name}, which shares names with its objects"
            )
        bad = self.attributes & self.methods.keys()
        if bad:
            raise _Refused(self.node.lineno, f"{self.name}.{min(bad)}, a method that is set")
        for name in self.attributes & self.constants.keys():
            fresh = ast.List | ast.Dict | ast.Set | ast.Call | ast.ListComp | ast.Name
            if any(isinstance(n, fresh) for n in ast.walk(self.constants[name])):
                raise _Refused(self.node.lineno, f"{self.name}.{name}, shared by class and objects")
        plain = self._init_body()
        once = {t for s in plain or [] for t in _set(s, self._self("__init__"))}
        for each in self.objects:
            if each.maker is not None and plain is not None:
                each.fixed = {n for n in once if counts[n] == 1 and n not in self.constants}

    def _self(self, method: str) -> str:
        return self.methods[method].args.args[0].arg if method in self.methods else "self"

    def _init_body(self) -> list[ast.stmt] | None:
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

    # -- what stands there instead

    def _parts(self) -> list[ast.stmt]:
        """Constants, and every method once for each object."""
        parts: list[ast.stmt] = []
        for name, value in self.constants.items():
            inner = {n: f"{self.name}__{n}" for n in self.constants}
            made = assign(f"{self.name}__{name}", _Names(inner).visit(copy.deepcopy(value)))
            parts.append(located(made, value))
        self.places |= {f"{self.name}__{name}": f"{self.name}.{name}" for name in self.constants}
        self.places |= {f"{self.name}__{name}": f"{self.name}.{name}" for name in self.own}
        for name, kind in self.static.items():
            method = copy.deepcopy(self.methods[name])
            cls: dict[str, _Object | None] = (
                {} if kind == "staticmethod" else {method.args.args.pop(0).arg: None}
            )
            method.name = f"{self.name}__{name}"
            self._uses(method, cls)
            parts.append(method)
        for each in self.objects:
            for name in self.attributes - each.fixed:
                place = f"{each.prefix}.{name}" if each.maker is None else ""
                self.places[f"{each.prefix}__{name}"] = place
            parts += self._methods(each)
        return parts

    def _methods(self, each: _Object) -> list[ast.stmt]:
        needs, parts = self._needs(each), list[ast.stmt]()
        for name, method in self.methods.items():
            if name in self.static or (name == "__init__" and self._init_body() is not None):
                continue
            made = copy.deepcopy(method)
            me = made.args.args.pop(0).arg
            made.args.args[:0] = [ast.arg(arg=f"{each.prefix}__{a}") for a in sorted(needs[name])]
            made.name = f"{each.prefix}__{name}"
            self._uses(made, {me: each})
            parts.append(ast.fix_missing_locations(made))
        return parts

    def _needs(self, each: _Object) -> dict[str, set[str]]:
        """Method → those of `fixed` that it reads, itself or through the methods it calls."""
        reads, calls = dict[str, set[str]](), dict[str, set[str]]()
        for name, method in self.methods.items():
            if self.static.get(name) == "staticmethod":
                reads[name], calls[name] = set(), set()
                continue
            used = _used(method, method.args.args[0].arg)
            reads[name], calls[name] = used & each.fixed, used & self.methods.keys()
        for _ in reads:
            for name in reads:
                reads[name] = reads[name].union(*(reads[c] for c in calls[name]))
        return {name: set() if name in self.static else found for name, found in reads.items()}

    def _uses(self, node: ast.AST, owners: dict[str, _Object | None]) -> None:
        """Rewrite what a statement or function does with objects; `owners`: its names for them."""
        known: dict[str, _Object | None] = {self.name: None, **owners}
        for each in self.objects:
            if each.maker is None and each.prefix not in owners:
                known[each.prefix] = each
            elif each.maker is node:
                known[each.name] = each
        if isinstance(node, ast.FunctionDef):
            mine = {each.name for each in self.objects if each.maker is node}
            hidden = local_names(node) - mine - owners.keys()
            known = {name: each for name, each in known.items() if name not in hidden}
        _Uses(self, known).visit(node)

    def kept(self, each: _Object | None, name: str, node: ast.Attribute) -> str:
        """The variable of an attribute."""
        if each is not None and name in self.attributes:
            return f"{each.prefix}__{name}"
        if name in self.constants or name in self.own:
            return f"{self.name}__{name}"
        raise _Refused(node.lineno, f"{ast.unparse(node)}, which is never set")

    def call(self, each: _Object | None, name: str, node: ast.Call) -> None:
        """Make a method call the call of a function."""
        if name in self.static:
            node.func = ast.copy_location(load(f"{self.name}__{name}"), node.func)
            return
        if each is None or name == "__init__":
            raise _Refused(node.lineno, f"{ast.unparse(node.func)} called by its class")
        node.func = ast.copy_location(load(f"{each.prefix}__{name}"), node.func)
        extra = sorted(self._needs(each)[name])
        node.args[:0] = [located(load(f"{each.prefix}__{a}"), node) for a in extra]

    def _made(self, each: _Object) -> list[ast.stmt]:
        """The statements in place of `car = Car(params)`."""
        init, plain = self.methods.get("__init__"), self._init_body()
        values = _arguments(init, each.made)
        found: list[ast.stmt] = []
        sure = {t for s in plain or [] for t in _set(s, self._self("__init__"))}
        for name in sorted(self.attributes - sure):
            global_ = f"{each.prefix}__{name}"
            if name in self.constants:
                found.append(assign(global_, load(f"{self.name}__{name}")))
            elif each.maker is not None:
                found += ast.parse(f"globals().pop({global_!r}, None)").body
        if init is None:
            return [located(part, each.made) for part in found]
        if plain is None:
            if each.maker is None:
                raise _Refused(
                    init.lineno, f"{self.name}.__init__, which does more than set attributes"
                )
            call = ast.Call(load(f"{each.prefix}____init__"), list(values.values()), [])
            return [located(part, each.made) for part in [*found, ast.Expr(call)]]
        for name, value in list(values.items()):
            if each.maker is not None and not isinstance(value, ast.Constant):
                found.append(assign(f"{each.prefix}__given_{name}", value))
                values[name] = load(f"{each.prefix}__given_{name}")
        for part in plain:
            if each.maker is None and isinstance(part, ast.Expr):
                raise _Refused(part.lineno, f"{self.name}.__init__, which calls a method")
            part = _PutIn(values).visit(copy.deepcopy(part))
            self._uses(part, {self._self("__init__"): each})
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
        for each in self.objects:
            if each.made is value:
                found = self._made(each)
                called = f"{each.prefix}____call__"
        if isinstance(value, ast.Name) and value.id.startswith(
            tuple(f"{e.prefix}__" for e in self.objects)
        ):
            called = value.id
        if target.id == "reward_function" and called:
            text = f"def reward_function(params):\n    return {called}(params)\n"
            return [*found, located(ast.parse(text).body[0], statement)]
        return found if called else [statement]


class _Uses(ast.NodeTransformer):
    """`car.speed` → `car__speed`, `car.pay(x)` → `car__pay(x)`; other uses are refused."""

    def __init__(self, whole: _Class, known: dict[str, _Object | None]) -> None:
        self.whole, self.known = whole, known
        self.depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self.depth and local_names(node) & self.known.keys():
            raise _Refused(node.lineno, f"function {node.name}, which hides an object")
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        if {a.arg for a in node.args.args} & self.known.keys():
            raise _Refused(node.lineno, "a lambda that hides an object")
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.whole._makes(node):
            return self.generic_visit_parts(node)
        at = node.func
        if isinstance(at, ast.Name) and self.known.get(at.id) and at.id != self.whole.name:
            self.whole.call(self.known[at.id], "__call__", node)
        elif isinstance(at, ast.Attribute) and isinstance(at.value, ast.Name):
            if at.value.id in self.known and at.attr in self.whole.methods:
                self.whole.call(self.known[at.value.id], at.attr, node)
            else:
                node.func = self.visit(at)
        elif not (isinstance(at, ast.Name) and at.id == "hasattr" and self._asked(node)):
            node.func = self.visit(at)
        else:
            return self._asked(node) or node
        return self.generic_visit_parts(node)

    def _asked(self, node: ast.Call) -> ast.AST | None:
        """`hasattr(self, "last")` as `"r__last" in globals()`."""
        base, name = (*node.args, None, None)[:2]
        each = self.known.get(base.id) if isinstance(base, ast.Name) else None
        if each and isinstance(name, ast.Constant) and name.value in self.whole.attributes:
            return is_there(f"{each.prefix}__{name.value}", node)
        return None

    def generic_visit_parts(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if not isinstance(base, ast.Name) or base.id not in self.known:
            return self.generic_visit(node)
        each = self.known[base.id]
        if (
            each is not None
            and node.attr in self.whole.methods
            and node.attr not in self.whole.static
        ):
            name = f"{each.prefix}__{node.attr}"  # a bound method: `reward_function = r.pay`
        else:
            name = self.whole.kept(each, node.attr, node)
        return ast.copy_location(ast.Name(id=name, ctx=node.ctx), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        each = self.known.get(node.id)
        if each is not None and isinstance(node.ctx, ast.Load):
            raise _Refused(node.lineno, f"an object of class {self.whole.name} that is passed on")
        return node


# -- small things


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
        raise _Refused(made.lineno, f"`{ast.unparse(made)[:50]}`, whose arguments do not fit")
    return {name: values[name] for name in names}


def _set(node: ast.AST | None, owner: str) -> list[str]:
    """Attributes of `owner` that a statement or function sets, each time it does."""
    nodes = [n for n in ast.walk(node) if _stored_attribute(n)] if node else []
    return [n.attr for n in nodes if is_named(n.value, {owner})]  # type: ignore[attr-defined]


def _stored_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)


def _used(node: ast.AST, owner: str) -> set[str]:
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
