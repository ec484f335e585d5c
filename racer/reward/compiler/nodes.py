"""Small pieces of syntax tree that know which line of the reward file they stand for."""

from __future__ import annotations

import ast
import math
from typing import Any


def located(node: Any, where: ast.AST) -> Any:
    for inner in ast.walk(node):
        ast.copy_location(inner, where)
    return node


def is_small(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 1e6


def fraction(node: ast.expr) -> ast.expr:
    """A whole number as a fraction; fractions and anything else stay as they are."""
    if isinstance(node, ast.UnaryOp):
        operand = fraction(node.operand)
        return ast.copy_location(ast.UnaryOp(op=node.op, operand=operand), node)
    return literal(float(node.value), node) if is_small(node) else node  # type: ignore[attr-defined]


def is_fraction(node: ast.expr) -> bool:
    value = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(value, ast.Constant) and isinstance(value.value, float)


def read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def expression(text: str, where: ast.AST) -> ast.expr:
    return located(ast.parse(text, mode="eval").body, where)  # type: ignore[no-any-return]


def call(name: str, arguments: list[ast.expr], where: ast.AST) -> ast.Call:
    call = ast.Call(func=expression(name, where), args=arguments, keywords=[])
    return ast.copy_location(call, where)


def literal(value: Any, where: ast.AST) -> ast.expr:
    if isinstance(value, float) and not math.isfinite(value):
        return expression("_math.nan" if value != value else f"{'-' * (value < 0)}_math.inf", where)
    return ast.copy_location(ast.Constant(value=value), where)


def tick(where: ast.AST) -> ast.stmt:
    return located(ast.parse("_rt.tick(_c)").body[0], where)  # type: ignore[no-any-return]


def text_of(node: ast.AST | None) -> str:
    """The text that a node is, else an empty one."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_named(node: object, names: set[str]) -> bool:
    """Is it one of these names?"""
    return isinstance(node, ast.Name) and node.id in names


def is_there(name: str, where: ast.AST) -> ast.AST:
    """Whether a global is set by now."""
    return located(ast.parse(f"{name!r} in globals()", mode="eval").body, where)  # type: ignore[no-any-return]


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value)


def load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())
