"""Attributes of functions, and items of dicts whose names are all constants, as plain variables.

def reward_function(params):              def reward_function(params):
    reward_function.last = 1.0     →          reward_function__last = 1.0
    kept["speed"] = 2.0                       kept__speed = 2.0
"""

from __future__ import annotations

import ast

from racer.reward.compiler.nodes import assign, is_named, is_there, located, text_of
from racer.reward.compiler.scopes import local_names


def name_members(tree: ast.Module) -> dict[str, str]:
    """Replace them in `tree`, in place.

    Returns:
        global that was made → how Python says it, `f.last` or `kept['speed']`.
    """
    return _functions(tree) | _dicts(tree)


def _functions(tree: ast.Module) -> dict[str, str]:
    """`reward_function.last` → `reward_function__last`."""
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    kept = {
        (n.value.id, n.attr)
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
        if n.value.id in names and not isinstance(n.ctx, ast.Load)
    }
    if kept:
        _Kept({pair: f"{pair[0]}__{pair[1]}" for pair in kept}, ast.Attribute).visit(tree)
    return {f"{a}__{b}": f"{a}.{b}" for a, b in kept}


def _dicts(tree: ast.Module) -> dict[str, str]:
    """`last["speed"]` of a global dict, whose names are all constants → `last__speed`."""
    places: dict[str, str] = {}
    for node in list(tree.body):
        target = (
            node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        )
        if not isinstance(target, ast.Name) or not isinstance(node.value, ast.Dict):  # type: ignore[attr-defined]
            continue
        value: ast.Dict = node.value  # type: ignore[attr-defined]
        uses = [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.Subscript) and is_named(n.value, {target.id})
        ]
        whole = [n for n in ast.walk(tree) if is_named(n, {target.id})]
        stored = any(not isinstance(n.ctx, ast.Load) for n in uses)
        local = any(
            target.id in local_names(f) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)
        )
        keys = [text_of(k) for k in value.keys] + [text_of(n.slice) for n in uses]
        if not stored or local or len(whole) != len(uses) + 1 or "" in keys:
            continue
        names = {(target.id, key): f"{target.id}__{key}" for key in keys}
        if not all(key.isidentifier() for key in keys):
            continue
        _Kept(names, ast.Subscript).visit(tree)
        parts = [
            assign(names[target.id, text_of(k)], v)
            for k, v in zip(value.keys, value.values, strict=True)
        ]
        at = tree.body.index(node)
        tree.body[at : at + 1] = [located(part, node) for part in parts]
        places |= {new: f"{a}[{b!r}]" for (a, b), new in names.items()}
    return places


class _Kept(ast.NodeTransformer):
    """Names in place of attributes or items."""

    def __init__(self, names: dict[tuple[str, str], str], kind: type) -> None:
        self.names, self.kind = names, kind

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, self.kind) and isinstance(node.value, ast.Name):  # type: ignore[attr-defined]
            key = node.attr if isinstance(node, ast.Attribute) else text_of(node.slice)  # type: ignore[attr-defined]
            name = self.names.get((node.value.id, key))  # type: ignore[attr-defined]
            if name:
                return ast.copy_location(ast.Name(id=name, ctx=node.ctx), node)  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and is_named(node.func, {"hasattr"}) and len(node.args) == 2:
            base = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
            name = self.names.get((base, text_of(node.args[1])))
            if name:
                return is_there(name, node)
        return super().generic_visit(node)
