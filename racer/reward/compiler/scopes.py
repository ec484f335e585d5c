"""Which names a piece of a reward file sets, scope by scope."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from racer.reward.compiler.nodes import located


def local_names(function: ast.FunctionDef) -> set[str]:
    """Arguments and names assigned in a function, those of functions inside it excluded."""
    a = function.args
    found = {x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg] if x}
    for node in scope(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def scope(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Every node of a function's body, without the insides of functions defined in it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            stack.extend(ast.iter_child_nodes(node))


def outside_comprehensions(node: ast.AST) -> Iterator[ast.AST]:
    """Walk without the targets of comprehensions and the arguments of lambdas: other scopes."""
    yield node
    own: set[str] = set()
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    elif isinstance(node, ast.Lambda):
        own = {a.arg for a in node.args.args}
    for child in ast.iter_child_nodes(node):
        for inner in outside_comprehensions(child):
            if not (isinstance(inner, ast.Name) and inner.id in own):
                yield inner


def stores(node: ast.AST) -> frozenset[str]:
    return frozenset(
        n.id
        for n in outside_comprehensions(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )


def declare_globals(tree: ast.Module, names: Container[str]) -> None:
    """Write `global r__last` into every function that sets one of `names`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            set_here = {
                n.id
                for n in scope(node)
                if isinstance(n, ast.Name) and n.id in names and not isinstance(n.ctx, ast.Load)
            }
            if set_here:
                node.body.insert(0, located(ast.Global(names=sorted(set_here)), node.body[0]))
