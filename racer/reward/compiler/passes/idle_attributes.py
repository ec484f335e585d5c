"""Assignments to attributes that keep no state: the value is there already, or nobody reads it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def named(node: ast.AST, names: set[str]) -> bool:
    """Whether it is a name, and one of these."""
    return isinstance(node, ast.Name) and node.id in names


def drop_idle(methods: dict[str, ast.FunctionDef]) -> None:
    """Remove `self.x = 0` where __init__ has said the same and nothing else sets it."""
    init = methods.get("__init__")
    kept: dict[str, list[ast.Assign | None]] = {}
    for method in methods.values():
        if method.args.args:
            for name, part in stores(method, method.args.args[0].arg):
                kept.setdefault(name, []).append(part)
    for parts in kept.values():
        values = {ast.dump(p.value) for p in parts if p and isinstance(p.value, ast.Constant)}
        if init is None or None in parts or len(values) != 1 or parts[0] not in init.body:
            continue
        if all(p and isinstance(p.value, ast.Constant) for p in parts):
            for method in methods.values():
                _Without(set(parts[1:])).visit(method)


def drop_unread(methods: dict[str, ast.FunctionDef], tree: ast.Module) -> None:
    """Leave out what the methods keep in attributes that nothing in the file ever reads."""
    attributes = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    used = {n.attr for n in attributes if isinstance(n.ctx, ast.Load)}
    used |= {str(n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant)}  # getattr's, say
    used |= {t.attr for n in ast.walk(tree) if isinstance(n, ast.AugAssign) for t in _attribute(n)}
    for method in methods.values():
        if method.args.args and method.name != "__init__":
            set_here = stores(method, method.args.args[0].arg)
            gone = {part for name, part in set_here if name not in used and part}
            _Without({p for p in gone if isinstance(p.value, ast.Constant | ast.Name)}).visit(
                method
            )


def _attribute(node: ast.AugAssign) -> list[ast.Attribute]:
    return [node.target] if isinstance(node.target, ast.Attribute) else []


def stores(method: ast.FunctionDef, own: str) -> Iterator[tuple[str, ast.Assign | None]]:
    """Attributes that a method sets, with the plain assignment that does so."""
    plain = {
        id(node.targets[0]): node
        for node in ast.walk(method)
        if isinstance(node, ast.Assign) and len(node.targets) == 1
    }
    for node in ast.walk(method):
        kept = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if isinstance(node, ast.Attribute) and not kept and named(node.value, {own}):
            yield node.attr, plain.get(id(node))


class _Without(ast.NodeTransformer):
    """Assignments replaced by their values alone."""

    def __init__(self, gone: set[ast.Assign | None]) -> None:
        self.gone = gone

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        return ast.copy_location(ast.Expr(node.value), node) if node in self.gone else node
