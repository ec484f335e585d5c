"""Move functions defined inside others to the top level, with what they capture as arguments."""

from __future__ import annotations

import ast

from racer.reward.compiler.defaults import fold
from racer.reward.compiler.nodes import read
from racer.reward.compiler.parse import Module, Unsupported, named
from racer.reward.compiler.scopes import local_names, scope


def lift_all(module: Module) -> None:
    """Lift every function; one that cannot be becomes a refusal of its name."""
    for name in list(module.functions):
        try:
            lift(name, module)
        except Unsupported as error:
            del module.functions[name]
            module.refused[name] = error


def lift(name: str, module: Module) -> None:
    """Move the functions defined inside `name` to the top level as `name__inner`.

    Raises:
        Unsupported: an inner function that is passed around, or defined twice.
    """
    outer = module.functions[name]
    for parent in ast.walk(outer):
        for part in ("body", "orelse"):
            block = getattr(parent, part, None)
            if isinstance(block, list):
                block[:] = [_lambda_to_def(s) for s in block]
    inner = [n for n in scope(outer) if isinstance(n, ast.FunctionDef)]
    if not inner:
        return
    own = {n.name: n for n in inner}
    if len(own) < len(inner):
        raise Unsupported(inner[-1], f"function {inner[-1].name} defined twice")
    _rename_results(outer, own)
    captured = _captures(outer, own)
    _remove(outer, set(inner))
    for function in [outer, *inner]:
        hidden = local_names(function) if function is not outer else set()
        _Calls(name, {n: c for n, c in captured.items() if n not in hidden}).visit(function)
    for function in inner:
        fold(function, module, outer)
        extra = [ast.arg(arg=free) for free in captured[function.name]]
        function.args.args[:0] = extra
        function.name = f"{name}__{function.name}"
        module.functions[function.name] = function
        lift(function.name, module)


def _lambda_to_def(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        target = node.targets[0]
        if isinstance(target, ast.Name) and len(node.targets) == 1:
            return named(target.id, node.value)
    return node


def _rename_results(outer: ast.FunctionDef, own: dict[str, ast.FunctionDef]) -> None:
    """`time = time(x)`, a function's name used again for its result: another name from there on."""
    for at, node in enumerate(outer.body):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Name) or target.id not in own:
            continue
        name, defined = target.id, own[target.id] in outer.body[:at]
        stored = [
            n for n in scope(outer) if isinstance(n, ast.Name) and n.id == name and not read(n)
        ]
        free = [name in _free(function) for function in own.values()]
        if defined and stored == [target] and not any(free):
            target.id = f"{name}_result"
            for later in outer.body[at + 1 :]:
                for inner in ast.walk(later):
                    if isinstance(inner, ast.Name) and inner.id == name:
                        inner.id = target.id


def _free(function: ast.FunctionDef) -> set[str]:
    names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    return names - local_names(function)


def _captures(outer: ast.FunctionDef, own: dict[str, ast.FunctionDef]) -> dict[str, list[str]]:
    """What each inner function takes from `outer`, also through the siblings it calls."""
    around = local_names(outer)
    reads = {name: _free(function) for name, function in own.items()}
    taken = {name: names & around for name, names in reads.items()}
    for _ in own:
        for name in own:
            for sibling in reads[name] & own.keys():
                taken[name] = taken[name] | taken[sibling]
                if taken[sibling] & local_names(own[name]):
                    raise Unsupported(own[name], f"function {name}, which hides a variable")
    return {name: sorted(names) for name, names in taken.items()}


class _Calls(ast.NodeTransformer):
    """Calls of inner functions: the new name, the captured variables first."""

    def __init__(self, outer: str, captured: dict[str, list[str]]) -> None:
        self.outer, self.captured = outer, captured

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self.captured:
            name = node.func.id
            free = [ast.Name(id=f, ctx=ast.Load()) for f in self.captured[name]]
            node.func = ast.copy_location(
                ast.Name(id=f"{self.outer}__{name}", ctx=ast.Load()), node.func
            )
            node.args[:0] = [ast.copy_location(f, node) for f in free]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.captured:
            raise Unsupported(node, f"function {node.id} used as a value")
        return node


def _remove(outer: ast.FunctionDef, gone: set[ast.FunctionDef]) -> None:
    for node in ast.walk(outer):
        for part in ("body", "orelse", "finalbody"):
            block = getattr(node, part, None)
            if isinstance(block, list) and any(s in gone for s in block):
                block[:] = [s for s in block if s not in gone] or [ast.Pass()]
