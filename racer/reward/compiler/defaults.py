"""Default arguments as constants: nothing of a reward file is ever executed to make a kernel."""

from __future__ import annotations

import ast
from typing import Any

from racer.reward.compiler.nodes import literal
from racer.reward.compiler.parse import Module, Unsupported, constant
from racer.reward.compiler.scopes import local_names


def fold(function: ast.FunctionDef, module: Module, outer: ast.FunctionDef | None = None) -> None:
    """Replace the default arguments of a function by their values.

    Args:
        function: changed in place.
        module: whose constants a default may use.
        outer: the function around it, whose constants it may use too.

    Raises:
        Unsupported: a default that has to be computed, or that is a list or a dict: it would be
            shared by all calls.
    """
    arguments = function.args
    arguments.defaults = [_folded(default, module, outer) for default in arguments.defaults]


def _folded(node: ast.expr, module: Module, outer: ast.FunctionDef | None) -> ast.expr:
    if outer is not None and isinstance(node, ast.Name) and node.id in local_names(outer):
        node = _assigned_once(node, outer)
    try:
        return _literal(constant(node, module), node)
    except (Unsupported, ArithmeticError, ValueError, TypeError):
        raise Unsupported(node, f"the default argument `{ast.unparse(node)[:50]}`") from None


def _literal(value: Any, node: ast.expr) -> ast.expr:
    if isinstance(value, tuple):
        parts = ast.Tuple(elts=[_literal(part, node) for part in value], ctx=ast.Load())
        return ast.copy_location(parts, node)
    if value is None or isinstance(value, bool | int | float | str):
        return literal(value, node)
    raise TypeError


def _assigned_once(name: ast.Name, outer: ast.FunctionDef) -> ast.expr:
    """The value of a local of `outer` that has only one."""
    stored = [n for n in ast.walk(outer) if isinstance(n, ast.Name) and n.id == name.id]
    stored = [node for node in stored if isinstance(node.ctx, ast.Store)]
    values = [n.value for n in outer.body if isinstance(n, ast.Assign) and n.targets == stored]
    argument = name.id in {a.arg for a in ast.walk(outer.args) if isinstance(a, ast.arg)}
    if len(stored) != 1 or not values or argument:
        raise Unsupported(name, f"the default argument `{name.id}`, a variable")
    return values[0]
