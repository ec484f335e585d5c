"""`try` in a kernel: its block as a function of its own, its handler after it.

numba loses count of references when a statement inside `try` raises by itself, such as an index
out of range: memory is freed that is still in use. A call that fails there is safe. So the block
becomes a function, and nothing but its call stays in the `try`:

    try:                          try:
        gap = 1.0 / (a - b)           gap = name__try_0(a, b)
    except ZeroDivisionError:  →  except Exception: pass
        gap = 9.0                 else: _tried_0 = True
                                  if not _tried_0: gap = 9.0

Where that would not mean the same, the block stands there without a `try`: a row for which it
raises is answered by plain Python.
"""

from __future__ import annotations

import ast

from racer.reward.compiler.nodes import located
from racer.reward.compiler.parse import Module, Unsupported
from racer.reward.compiler.raises import catches_all
from racer.reward.compiler.scopes import local_names, outside_comprehensions, stores

_JUMPS = ast.Return | ast.Break | ast.Continue


def split(function: ast.FunctionDef, module: Module) -> None:
    """Rewrite every `try` of a function, in place; new functions go into the module.

    Raises:
        Unsupported: a `finally` that runs before a `return` or `break`.
    """
    tries = [node for node in ast.walk(function) if isinstance(node, ast.Try)]
    for number, node in enumerate(tries):
        _replace(function, node, _split(function, node, number, module))


def _split(function: ast.FunctionDef, node: ast.Try, number: int, module: Module) -> list[ast.stmt]:
    if node.finalbody and any(isinstance(inner, _JUMPS) for inner in ast.walk(node)):
        raise Unsupported(node, "finally after return, break or continue")
    found = _moved(function, node) if _catches(node) else None
    if found is None:
        return [*node.body, *node.orelse, *node.finalbody]
    reads, kept = found
    returns = isinstance(node.body[-1], ast.Return)
    values = f"_value_{number}" if returns or not kept else ", ".join(kept)
    name, tried = f"{function.name}__try_{number}", f"_tried_{number}"
    given, checked = ", ".join(reads), "".join(f"{read}, " for read in reads)
    made = ast.parse(f"def {name}({given}):\n    return {', '.join(kept) or 0}").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.body = [*node.body, *located(made, node.body[-1]).body]
    module.functions[name] = made
    *before, after = ast.parse(
        f"{tried} = False\n"
        f"({checked})\n"  # what is not set yet raises here, outside
        "try:\n"
        f"    {values} = {name}({given})\n"
        "except Exception:\n"
        "    pass\n"
        "else:\n"  # needed: see _KERNEL
        f"    {tried} = True\n"
        f"if {tried}:\n"
        f"    {f'return {values}' if returns else 'pass'}\n"
    ).body
    assert isinstance(after, ast.If)
    after.body = node.orelse or after.body
    after.orelse = node.handlers[0].body
    before = [located(statement, node) for statement in before]
    ast.copy_location(after, node), located(after.test, node)
    return [*before, after, *node.finalbody]


def _catches(node: ast.Try) -> bool:
    """Whether there is one `except`, for whatever the block can raise, that asks no more."""
    if len(node.handlers) != 1 or not catches_all(node.handlers[0], node.body):
        return False
    first = node.handlers[0]
    return first.name not in {
        n.id for s in first.body for n in ast.walk(s) if isinstance(n, ast.Name)
    }


def _moved(function: ast.FunctionDef, node: ast.Try) -> tuple[list[str], list[str]] | None:
    """Variables that the block reads, and those it sets for the rest of the function.

    Returns:
        None when it cannot be moved: it jumps, or what it has set when it raises matters.
    """
    body, last = node.body, node.body[-1]
    inside = [inner for statement in body for inner in ast.walk(statement)]
    jumps = [n for n in inside if isinstance(n, _JUMPS | ast.Try | ast.Lambda) and n is not last]
    if jumps or isinstance(last, ast.Break | ast.Continue):
        return None
    here = {n.id for s in body for n in outside_comprehensions(s) if isinstance(n, ast.Name)}
    outside = set(ast.walk(function)) - set(inside)
    rest = {n.id for n in outside if isinstance(n, ast.Name)}
    if {n.id for n in inside if isinstance(n, ast.Name)} - here & rest:
        return None  # the variable of a comprehension has the name of another
    reads: set[str] = set()
    own: set[str] = set()  # set here before it is read
    for statement in body:
        names = [n for n in outside_comprehensions(statement) if isinstance(n, ast.Name)]
        first = _sets_first(statement)
        used = {n.id for n in names if isinstance(n.ctx, ast.Load) or n.id not in first}
        used -= first if isinstance(statement, ast.For) else set()
        reads |= used - own
        own |= first - reads
    reads &= local_names(function)
    matter = {name for s in body for name in stores(s)} & (rest | reads)
    assigned = [_sets_first(s) for s in body if isinstance(s, ast.Assign)]
    final = assigned[-1] if isinstance(last, ast.Assign) else _added(last)
    sure = final.union(*assigned)
    intact = final - {name for s in body[:-1] for name in stores(s)}
    if matter - sure or matter - intact - _set_anew(node.handlers[0].body, matter):
        return None
    return sorted(reads), sorted(matter)


def _set_anew(body: list[ast.stmt], names: set[str]) -> set[str]:
    """Those of `names` whose old value nothing reads once `body` begins."""
    read: set[str] = set()
    anew: set[str] = set()
    for statement in body:
        found = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
        read |= {n.id for n in found if isinstance(n.ctx, ast.Load)} - anew
        read |= _added(statement) - anew
        anew |= _sets_first(statement) - read if isinstance(statement, ast.Assign) else set()
    return names - read if isinstance(body[-1], ast.Return | ast.Raise) else anew


def _added(node: ast.AST) -> frozenset[str]:
    """The name in `name += 1`."""
    return stores(node.target) if isinstance(node, ast.AugAssign) else frozenset()


def _sets_first(node: ast.stmt) -> frozenset[str]:
    """Names that a statement surely sets before it reads them."""
    if isinstance(node, ast.For):
        return stores(node.target)
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return stores(node.targets[0]) if isinstance(node.targets[0], ast.Name) else frozenset()
    return frozenset()


def _replace(function: ast.FunctionDef, old: ast.Try, new: list[ast.stmt]) -> None:
    for node in ast.walk(function):
        for part in ("body", "orelse", "finalbody"):
            block = getattr(node, part, None)
            if isinstance(block, list) and old in block:
                at = block.index(old)
                block[at : at + 1] = new
