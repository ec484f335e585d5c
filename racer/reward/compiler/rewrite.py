"""Turn the functions of a reward file into functions that numba compiles with the same meaning.

`params["speed"]` becomes a field of a named tuple, constant lists become tables built once per
batch, arithmetic that could leave Python's meaning goes through the runtime, loops burn
fuel, and prints are dropped.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from racer.reward import usage
from racer.reward.compiler.cells import Cell
from racer.reward.compiler.defaults import fold
from racer.reward.compiler.kinds import Kinds
from racer.reward.compiler.parse import Module, Unsupported, read
from racer.reward.compiler.passes import dead_branches, endless_types
from racer.reward.compiler.passes.cells import place
from racer.reward.compiler.passes.definite_assignment import guard
from racer.reward.compiler.passes.expressions import Rewrite
from racer.reward.compiler.passes.expressions.calls import Shared
from racer.reward.compiler.passes.lambda_lifting import lift_all
from racer.reward.compiler.passes.members import name_members
from racer.reward.compiler.passes.objects import flatten
from racer.reward.compiler.passes.state import CHANGES, name_state
from racer.reward.compiler.passes.strip import Strip
from racer.reward.compiler.passes.tries import split
from racer.reward.compiler.scopes import declare_globals, local_names
from racer.reward.compiler.tables import Tables
from racer.reward.params import KEYS

LARGEST = 6000  # nodes of all functions together; beyond, compiling takes longer than it is worth


@dataclass
class Rewritten:
    """Functions ready to be written to a module."""

    functions: list[ast.FunctionDef] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of params, sorted: the fields of the tuple
    tables: Tables = field(default_factory=Tables)
    cells: list[Cell] = field(default_factory=list)  # what is kept between calls
    first_step: int = 0  # rows with fewer steps are for plain Python


def rewrite(tree: ast.Module) -> Rewritten:
    """Rewrite a copy of a reward file's tree, which is used up.

    Raises:
        Unsupported: names the line and the construct.
    """
    dropped = dead_branches.drop(tree)
    objects = flatten(tree)
    refused = {name: Unsupported(*why) for name, why in objects.refused.items()}
    places = objects.places | name_members(tree)
    declare_globals(tree, places)
    module = read(tree, places, refused)
    module.written = usage.written_only(tree)
    name_state(module)
    lift_all(module)
    names = _reachable(module)
    functions = {name: [module.functions[name]] for name in names}
    dicts = usage.params_names(functions)
    _check_params(functions, dicts)
    for name in names:
        endless_types.refuse(module.functions[name])
        guard(module.functions[name])
    reached = {name: module.functions[name] for name in names}
    kinds = Kinds(module, reached, dicts) if module.state else None
    cells = place(reached, module, kinds) if kinds else []
    shared = Shared(module, set(names), _fresh_only(list(map(module.functions.get, names))))
    done = Rewritten(tables=shared.tables, cells=cells, first_step=2 if dropped else 0)
    for name in names:
        function = module.functions[name]
        Rewrite(shared, function, dicts[name]).function()
        done.functions.append(function)
    size = sum(1 for f in done.functions for _ in ast.walk(f))
    if size > LARGEST:
        raise Unsupported(done.functions[-1], f"{size} syntax nodes, more than {LARGEST}")
    done.keys = sorted(shared.keys)
    return done


def _reachable(module: Module) -> list[str]:
    """Functions that `reward_function` may call, callees first, stripped.

    Raises:
        Unsupported: recursion, or something refused is used.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...], node: ast.AST) -> None:
        if name in path:
            raise Unsupported(node, f"recursion in {name}")
        if name in order:
            return
        function = module.functions[name]
        fold(function, module)
        Strip(module).function(function)
        split(function, module)
        local = local_names(function)
        for inner in ast.walk(function):
            if not isinstance(inner, ast.Name) or inner.id in local:
                continue
            if inner.id in module.refused:
                raise module.refused[inner.id]
            if inner.id in module.functions:
                visit(inner.id, (*path, name), inner)
        order.append(name)

    if "reward_function" not in module.functions:
        raise module.refused.get(
            "reward_function", Unsupported(1, "reward_function that is no plain function")
        )
    visit("reward_function", (), module.functions["reward_function"])
    return order


def _check_params(functions: usage.Functions, dicts: dict[str, set[str]]) -> None:
    for key, node in usage.reads(functions, dicts):
        if key is not None and key not in KEYS and isinstance(node, ast.Subscript):
            raise Unsupported(node, f"params[{key!r}], which is no key of params")
    for name, (function,) in functions.items():
        for node in ast.walk(function):
            if not isinstance(node, ast.Subscript) or isinstance(node.ctx, ast.Load):
                continue
            if isinstance(node.value, ast.Name) and node.value.id in dicts[name]:
                raise Unsupported(node, "params changed")


def _fresh_only(functions: list[Any]) -> bool:
    """Whether every list that is changed in place is one its own function has just made."""
    for function in functions:
        changed: set[str] = set()
        fresh: dict[str, bool] = {}
        for node in ast.walk(function):
            target: ast.AST | None = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = node.func.value if node.func.attr in CHANGES else None
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                target = node.value
            elif isinstance(node, ast.Assign):
                for name in node.targets:
                    if isinstance(name, ast.Name):
                        fresh[name.id] = fresh.get(name.id, True) and _makes_new(node.value)
            if target is not None:
                changed.add(target.id if isinstance(target, ast.Name) else "")
        if any(not fresh.get(name, False) for name in changed):
            return False
    return True


def _makes_new(node: ast.expr) -> bool:
    if isinstance(node, ast.List):
        return not node.elts or not all(isinstance(e, ast.Constant) for e in node.elts)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice)
    return isinstance(node, ast.ListComp | ast.Call | ast.BinOp | ast.Dict | ast.Set)
