"""Branches that no call of a race takes: its first call has steps == 2, so 0 and 1 never come.

A row with fewer steps, which only other programs can make, is left to plain Python.
"""

from __future__ import annotations

import ast

from racer.reward.compiler.nodes import located
from racer.reward.compiler.scopes import scope


def drop(tree: ast.Module) -> bool:
    """Remove `if steps == 1:` and `if params["steps"] == 0:` from the functions of a file.

    Returns:
        Whether there were any.
    """
    found = False
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            dropped = _Dropped(_held(node))
            dropped.generic_visit(node)
            found |= dropped.any
    return found


def _held(function: ast.FunctionDef) -> set[str]:
    """Locals that hold params["steps"] and nothing else."""
    if any(isinstance(n, ast.Nonlocal) for n in ast.walk(function)):
        return set()
    stored = [n.id for n in scope(function) if isinstance(n, ast.Name) and _is_stored(n)]
    stored += [a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)]
    return {
        node.targets[0].id
        for node in scope(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and len(node.targets) == 1
        and _is_steps(node.value)
        and stored.count(node.targets[0].id) == 1
    }


def _is_stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _is_steps(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "params"
        and isinstance(node.slice, ast.Constant)
        and node.slice.value == "steps"
    )


class _Dropped(ast.NodeTransformer):
    """One function without such branches; functions inside it come later."""

    def __init__(self, held: set[str]) -> None:
        self.held, self.any = held, False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        steps = _is_steps(test.left) or (
            isinstance(test.left, ast.Name) and test.left.id in self.held
        )
        bound = test.comparators[0]
        if not steps or not isinstance(test.ops[0], ast.Eq) or not isinstance(bound, ast.Constant):
            return node
        if bound.value not in (0, 1):
            return node
        self.any = True
        return node.orelse or located(ast.Pass(), node)
