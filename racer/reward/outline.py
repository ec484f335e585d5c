"""Move what a first call makes in its own lines into functions, which cars can share.

    if LINE is None:                        if LINE is None:
        LINE = []                               _first_1(params)
        for x, y in params["waypoints"]:
            LINE.append([x, y])

The new function has the same lines and does the same; see `first_calls`. Blocks with a loop behind
a test for something missing are moved, where their names are certain to mean the same there:
nothing that they set alone is used elsewhere, and what they read has been set before.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from racer.reward.twins import TELLS

_LOOKING = TELLS | {"super", "__class__", "_getframe", "inspect", "traceback", "currentframe"}
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_BOUND: tuple[type[ast.AST], ...] = (
    ast.Return,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.Global,
    ast.Nonlocal,
    ast.Delete,
)
_BOUND += (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BOUND += (ast.Lambda, ast.NamedExpr, ast.With, ast.AsyncFor, ast.AsyncWith, ast.Match)


def outline(tree: ast.Module) -> None:
    """Move such blocks of functions and methods of a module, in place."""
    words = _words(tree)
    if words & _LOOKING:
        return
    made: list[ast.stmt] = []
    holders: list[ast.Module | ast.ClassDef] = [
        tree,
        *(node for node in tree.body if isinstance(node, ast.ClassDef)),
    ]
    for function in (one for holder in holders for one in holder.body):
        if isinstance(function, ast.FunctionDef):
            for at, block in enumerate(function.body):
                if isinstance(block, ast.If) and _asks_for_missing(block.test):
                    name = f"_first_{len(made) + 1}"
                    given = None if name in words else _given(function, at, block)
                    if given is not None:
                        made.append(_moved(name, given, function, block))
    start = sum(1 for node in tree.body if _is_heading(node))
    tree.body[start:start] = made


def _words(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _is_heading(node: ast.stmt) -> bool:
    """A docstring, or an import from the future."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _asks_for_missing(test: ast.expr) -> bool:
    """`X is None`, `not X`, `not hasattr(...)`, `len(X) == 0`, `key not in X`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return isinstance(test.ops[0], ast.Is | ast.Eq | ast.NotIn)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _given(function: ast.FunctionDef, at: int, block: ast.If) -> list[str] | None:
    """The names that a function of the block's lines is given; None if it would do otherwise."""
    inside = [node for one in block.body for node in ast.walk(one)]
    if any(isinstance(node, _BOUND) for node in inside):
        return None
    if not any(isinstance(node, _LOOPS) for node in inside):
        return None
    if any(isinstance(n, ast.Delete) for n in ast.walk(function)) or _declares_inside(function):
        return None
    shared = _declared(function)
    names = [node for node in inside if isinstance(node, ast.Name)]
    words = [n.id for n in names] + [n.attr for n in inside if isinstance(n, ast.Attribute)]
    if any(word[:2] == "__" for word in words):  # another name in a class
        return None
    arguments = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    stored = {n.id for n in names if not isinstance(n.ctx, ast.Load)} - shared
    stored |= {n.name for n in inside if isinstance(n, ast.ExceptHandler) and n.name}
    if stored & (_used(function, block) | arguments):
        return None
    read = {n.id for n in names} - stored - shared
    local = {name for name in read if name in arguments or _is_set(name, function.body)}
    return sorted(local) if local <= arguments | _set_by(function.body[:at]) else None


def _declared(function: ast.FunctionDef) -> set[str]:
    return {name for n in ast.walk(function) if isinstance(n, ast.Global) for name in n.names}


def _declares_inside(function: ast.FunctionDef) -> bool:
    """Whether a function inside it says whose a name is."""
    inner = (n for n in ast.walk(function) if n is not function)
    defined = (n for n in inner if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    found = (n for one in defined for n in ast.walk(one))
    return any(isinstance(n, ast.Global | ast.Nonlocal) for n in found)


def _used(node: ast.AST, block: ast.If, bound: frozenset[str] = frozenset()) -> set[str]:
    """Names that a function uses outside the lines of `block`, but for those that a loop sets
    before it uses them."""
    if isinstance(node, ast.Name):
        return {node.id} - bound
    if node is block:
        return _used(block.test, block, bound).union(
            *(_used(one, block, bound) for one in block.orelse)
        )
    found: set[str] = set()
    if isinstance(node, ast.For):
        found |= _used(node.iter, block, bound).union(
            *(_used(one, block, bound) for one in node.orelse)
        )
        inside = bound | {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        return found.union(*(_used(one, block, inside) for one in [node.target, *node.body]))
    for one in ast.iter_child_nodes(node):
        found |= _used(one, block, bound)
    return found


def _is_set(name: str, body: Iterable[ast.stmt]) -> bool:
    """Whether a function has a name as its own: any statement of it binds the name."""
    for node in (node for one in body for node in ast.walk(one)):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.alias) and (node.asname or node.name).split(".")[0] == name:
            return True
        binds = ast.FunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
        if isinstance(node, binds) and node.name == name:
            return True
        if isinstance(node, ast.MatchMapping) and node.rest == name:
            return True
    return False


def _set_by(body: Iterable[ast.stmt]) -> set[str]:
    """Names that statements are certain to have set."""
    found = set()
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            names = (n for n in ast.walk(target) if isinstance(n, ast.Name))
            found |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).split(".")[0] for one in node.names}
    return found


def _moved(
    name: str, given: list[str], function: ast.FunctionDef, block: ast.If
) -> ast.FunctionDef:
    """The function of the block's lines, which the block calls from now on."""
    body = block.body
    declared = sorted(_declared(function))
    heading: list[ast.stmt] = [ast.Global(declared)] if declared else []
    arguments = ast.arguments([], [ast.arg(one) for one in given], None, [], [], None, [])
    made = ast.FunctionDef(name, arguments, [*heading, *body], [], None)
    vars(made)["type_params"] = []  # of Python 3.12
    call = ast.Call(ast.Name(name, ast.Load()), [ast.Name(one, ast.Load()) for one in given], [])
    block.body = [ast.Expr(call)]
    for node in (made, block.body[0], *heading):
        ast.copy_location(node, body[0])
        ast.fix_missing_locations(node)
    return made
