"""State between calls, named: a global that a function changes becomes `_state.name`.

    last = 0.0                            (last: 0.0)
    def reward_function(params):          def reward_function(params):
        global last                →
        d = params["speed"] - last            d = params["speed"] - _state.last
        last = params["speed"]                _state.last = params["speed"]

Kept where Python keeps it, in one place for all functions, it has the right value whatever raises
in between. `cells` gives every such name its place in the row of a car.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from racer.reward.compiler.nodes import located
from racer.reward.compiler.parse import UNSET, Module, Unsupported
from racer.reward.compiler.scopes import local_names, scope

CHANGES = {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "fill"}
CHANGES |= {"update", "setdefault", "popitem", "add", "discard", "popleft", "appendleft"}


def name_state(module: Module) -> None:
    """Rewrite every function of a file, in place; `module.state` receives what is kept."""
    functions = list(module.functions.values())
    for node in (n for f in functions for n in ast.walk(f)):
        if isinstance(node, ast.Name) and node.id.startswith(("_state", "_held_", "_kept_")):
            raise Unsupported(node, f"the name {node.id}")
    kept: set[str] = set()
    leaks = _leaks(module)
    for function in functions:
        _find(function, frozenset(), kept, module, leaks)
    read = {
        n.id
        for f in functions
        for n in ast.walk(f)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in kept
    }
    read |= {
        t.target.id
        for f in functions
        for t in ast.walk(f)
        if isinstance(t, ast.AugAssign) and isinstance(t.target, ast.Name)
    }
    for name in kept:
        if name in module.refused:
            raise module.refused[name]
        _refuse_shared(name, module)
    for name in kept:
        module.state[name] = module.constants.pop(name, UNSET)
    for function in functions:
        _Named(module, kept, read, function).visit_body()


def _find(
    function: ast.FunctionDef,
    hidden: frozenset[str],
    kept: set[str],
    module: Module,
    leaks: set[str],
) -> None:
    """Add the globals that a function, or one inside it, changes.

    Raises:
        Unsupported: one that is changed under another name.
    """
    shared = _declared(function)
    hidden = (hidden | local_names(function)) - shared
    mutable = {n for n, v in module.constants.items() if _mutable(v)} - hidden
    tainted = _tainted(function, mutable | leaks)
    for node in scope(function):
        if isinstance(node, ast.FunctionDef):
            _find(node, hidden, kept, module, leaks)
        elif isinstance(node, ast.Name) and node.id in shared:
            if not isinstance(node.ctx, ast.Load):
                kept.add(node.id)
        elif (base := changed(node)) is not None:
            if isinstance(base, ast.Name) and base.id in mutable:
                kept.add(base.id)
            elif isinstance(base, ast.Name) and base.id in tainted:
                raise Unsupported(node, f"state in a global list, changed as {base.id}")
            elif isinstance(base, ast.Call) and _own(base, module):
                raise Unsupported(node, f"`{ast.unparse(node)}`, a list that a function returns")
        elif isinstance(node, ast.Call) and _own(node, module):
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                given = isinstance(argument, ast.Name) and argument.id in mutable | tainted
                if given and _changes_arguments(module.functions[node.func.id]):  # type: ignore[attr-defined]
                    what = f"state in {ast.unparse(argument)}, changed by a function"
                    raise Unsupported(node, what)


def changed(node: ast.AST) -> ast.AST | None:
    """What `x.append(...)`, `x[i] = ...` and `x[0][i] = ...` change in place: x."""
    item = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
    if not item and not (isinstance(node, ast.Attribute) and node.attr in CHANGES):
        return None
    base: ast.AST = node.value  # type: ignore[attr-defined]
    while isinstance(base, ast.Subscript):
        base = base.value
    return base


def _mutable(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_mutable, value))
    return isinstance(value, list | dict | set)


def _tainted(function: ast.FunctionDef, mutable: set[str]) -> set[str]:
    """Locals that may be a global list, or a part of one."""
    found: set[str] = set()
    before = -1
    while before != len(found):
        before = len(found)
        for node in scope(function):
            value = node.iter if isinstance(node, ast.For) else getattr(node, "value", None)
            if not isinstance(node, ast.For | ast.Assign | ast.AnnAssign) or value is None:
                continue
            names = {n.id for n in _parts(value) if isinstance(n, ast.Name)}
            if names & (mutable | found):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                bases = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
                found |= bases - {"params"}
    return found


def _parts(value: ast.AST) -> Iterator[ast.AST]:
    """What an expression may be, or be a part of: not what it is computed from."""
    yield value
    if isinstance(value, ast.Subscript):
        parts: list[Any] = [] if isinstance(value.slice, ast.Slice) else [value.value]
    elif isinstance(value, ast.IfExp):
        parts = [value.body, value.orelse]
    elif isinstance(value, ast.BoolOp):
        parts = value.values
    elif isinstance(value, ast.Call):
        parts = [value.func]
    else:
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    for part in parts:
        yield from _parts(part)


def _own(node: ast.Call, module: Module) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in module.functions


def _changes_arguments(function: ast.FunctionDef) -> bool:
    """Whether it may change a list that it is given, itself or by what it calls."""
    names = {a.arg for a in function.args.args}
    for node in ast.walk(function):
        base = changed(node)
        if isinstance(base, ast.Name) and base.id in names | _tainted(function, names):
            return True
        if isinstance(node, ast.Call):
            given = {a.id for a in node.args if isinstance(a, ast.Name)}
            plain = isinstance(node.func, ast.Name) and node.func.id in ("len", "sum", "min", "max")
            if given & names and isinstance(node.func, ast.Name) and not plain:
                return True
    return False


def _leaks(module: Module) -> set[str]:
    """Functions that may return a global list, or a part of one."""
    found: set[str] = set()
    for name, function in module.functions.items():
        mutable = {n for n, v in module.constants.items() if _mutable(v)} - local_names(function)
        names = mutable | _tainted(function, mutable)
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Return) and node.value else None
            if value and any(isinstance(n, ast.Name) and n.id in names for n in _parts(value)):
                found.add(name)
    return found


def _refuse_shared(name: str, module: Module) -> None:
    """`g = h` makes one list of two names."""
    held = module.constants.get(name)
    for other, value in module.constants.items():
        if other != name and _mutable(held) and any(v is held for v in _inside(value)):
            line = next(f.lineno for f in module.functions.values())
            raise Unsupported(line, f"state in {name}, a list that is also {other}")


def _inside(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _inside(part)


def _declared(function: ast.FunctionDef) -> frozenset[str]:
    return frozenset(n for g in scope(function) if isinstance(g, ast.Global) for n in g.names)


class _Named(ast.NodeTransformer):
    """One function, and those inside it."""

    def __init__(
        self,
        module: Module,
        kept: set[str],
        read: set[str],
        function: ast.FunctionDef,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.module, self.kept, self.read, self.function = module, kept, read, function
        self.hidden = (hidden | local_names(function)) - _declared(function)
        self.temporaries = 0

    def visit_body(self) -> None:
        body: list[ast.stmt] = []
        for statement in self.function.body:
            new = self.visit(statement)
            body += new if isinstance(new, list) else [new]
        self.function.body = body

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        _Named(self.module, self.kept, self.read, node, self.hidden).visit_body()
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [n for n in node.names if n not in self.kept]
        return node if node.names else located(ast.Pass(), node)

    def is_kept(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self.kept and node.id not in self.hidden

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not self.is_kept(node):
            return node
        base = ast.copy_location(ast.Name("_state", ast.Load()), node)
        return ast.copy_location(ast.Attribute(base, node.id, node.ctx), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        before = self.hidden
        self.hidden = self.hidden | {a.arg for a in node.args.args}
        self.generic_visit(node)
        self.hidden = before
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        if not any(self.is_kept(n) for t in node.targets for n in ast.walk(t) if _stored(n)):
            return self.generic_visit(node)
        if len(node.targets) > 1:
            held = self._temporary()
            made = [ast.Assign([ast.Name(held, ast.Store())], node.value)]
            made += [ast.Assign([t], ast.Name(held, ast.Load())) for t in node.targets]
            return self._all(made, node)
        target = node.targets[0]
        if isinstance(target, ast.Tuple | ast.List):
            return self._unpacked(target, node)
        if self.is_kept(target) and target.id not in self.read:  # type: ignore[attr-defined]
            return self.generic_visit(located(ast.Expr(node.value), node))
        if isinstance(node.value, ast.IfExp):
            choice = node.value
            made_ = ast.If(
                choice.test,
                [ast.Assign([target], choice.body)],
                [ast.Assign([target], choice.orelse)],
            )
            for part in ast.walk(made_):
                if not hasattr(part, "lineno"):
                    ast.copy_location(part, node)
            made_.test = self.visit(made_.test)
            made_.body, made_.orelse = self._all(made_.body, node), self._all(made_.orelse, node)
            return made_
        return self.generic_visit(node)

    def _unpacked(self, target: ast.Tuple | ast.List, node: ast.Assign) -> list[ast.stmt]:
        """`a, last = x, y` by way of temporary variables."""
        value, made, after = node.value, list[ast.stmt](), list[ast.stmt]()
        paired = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
        for i, part in enumerate(target.elts):
            if paired or self.is_kept(part):
                held = self._temporary()
                if isinstance(value, ast.Tuple) and paired:
                    made.append(ast.Assign([ast.Name(held, ast.Store())], value.elts[i]))
                else:
                    target.elts[i] = ast.copy_location(ast.Name(held, ast.Store()), part)
                after.append(ast.Assign([part], ast.Name(held, ast.Load())))
        return self._all([*(made if paired else [node]), *after], node)

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"_held_{self.temporaries}"

    def _all(self, statements: list[Any], where: ast.AST) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(located_new(statement, where))
            found += new if isinstance(new, list) else [new]
        return found

    def visit_For(self, node: ast.For) -> ast.AST:
        for inner in ast.walk(node.target):
            if self.is_kept(inner):
                raise Unsupported(node, f"{ast.unparse(inner)}, state set by a loop")
        return self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        for inner in ast.walk(node.target):
            if self.is_kept(inner):
                raise Unsupported(
                    inner, f"{ast.unparse(inner)}, also a variable of a comprehension"
                )
        return self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        return self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> Any:
        """`del history[0]` as `history.pop(0)`, `del history[:3]` as what is left."""
        made: list[ast.stmt] = []
        for target in node.targets:
            if not isinstance(target, ast.Subscript) or not self.is_kept(target.value):
                return self.generic_visit(node)
            name, at = target.value, target.slice
            if not isinstance(at, ast.Slice):
                pop = ast.Call(ast.Attribute(name, "pop", ast.Load()), [at], [])
                made.append(ast.Expr(pop))
            elif at.lower is None and at.upper is not None and at.step is None:
                rest = ast.Subscript(name, ast.Slice(at.upper, None, None), ast.Load())
                made.append(ast.Assign([ast.Name(name.id, ast.Store())], rest))  # type: ignore[attr-defined]
            else:
                return self.generic_visit(node)
        return self._all(made, node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`"last" in globals()` → `_state.last.is_set`."""
        left, right = node.left, node.comparators[0]
        name = left.value if isinstance(left, ast.Constant) else None
        asked = len(node.ops) == 1 and ast.unparse(right) == "globals()"
        if not asked or not isinstance(name, str):
            return self.generic_visit(node)
        if name not in self.kept:
            known = name in self.module.constants or name in self.module.functions
            found: ast.AST = ast.Constant(known)
        else:
            found = ast.parse(f"_state.{name}.is_set", mode="eval").body
        if isinstance(node.ops[0], ast.NotIn):
            found = ast.UnaryOp(ast.Not(), found)  # type: ignore[arg-type]
        return located(found, node)  # type: ignore[no-any-return]

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """`globals().pop("last", None)` → `_state.last.forget()`."""
        call = node.value
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "globals().pop":
            name = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
            text = f"_state.{name}.forget()" if name in self.kept else "pass"
            return located(ast.parse(text).body[0], node)  # type: ignore[no-any-return]
        return self.generic_visit(node)


def _stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def located_new(node: Any, where: ast.AST) -> Any:
    """Locations for those nodes that have none."""
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, where)
    return node
