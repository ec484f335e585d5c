"""Which cell of a car keeps what, and how much room a list has."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from racer.reward.compiler.kinds import NUMBERS, Found, Kinds, elements, state_name
from racer.reward.compiler.parse import UNSET, Module, Unsupported, constant

LONGEST = 200  # items of a list that is kept
GROWS = ("append", "insert", "appendleft", "extend")
SHRINKS = ("pop", "popleft", "clear")


@dataclass
class Cell:
    """Where a variable is kept.

    Attributes:
        place: how Python says it; "" if it is forgotten at every call.
        at: its first cell.
        room: items that a list may have; -1 for a number.
        longest: of a deque, else 0.
        start: value at first, or UNSET.
    """

    name: str
    place: str
    at: int
    room: int
    longest: int
    start: Any
    kinds: Found = field(default_factory=frozenset)


def lay_out(functions: dict[str, ast.FunctionDef], module: Module, kinds: Kinds) -> dict[str, Cell]:
    """A cell for everything that is kept, by name, one behind the other.

    Raises:
        Unsupported: something that is kept is no number and no short list of numbers.
    """
    used: dict[str, ast.AST] = {}
    for function in functions.values():
        for node in ast.walk(function):
            if name := state_name(node):
                used.setdefault(name, node)
    cells: dict[str, Cell] = {}
    at = 0
    for name, node in sorted(used.items()):
        cells[name] = _cell(name, node, at, functions, module, kinds)
        at += 1 + max(0, cells[name].room)
    return cells


def _cell(
    name: str,
    node: ast.AST,
    at: int,
    functions: dict[str, ast.FunctionDef],
    module: Module,
    kinds: Kinds,
) -> Cell:
    start, found = module.state.get(name, UNSET), kinds.state.get(name, frozenset())
    shown = module.places.get(name, name)
    lists = {k for k in found if k[0] == "["}
    single = found - lists - {"n"}
    parts = elements(found - single) if lists else single
    odd = (lists and single) or not parts <= NUMBERS or ("b" in parts and len(parts) > 1)
    if isinstance(start, str) or odd:
        what = "not always a number, None or a list of one kind of number"
        raise Unsupported(node, f"state in {shown}, which is {what}")
    room, longest = -1, getattr(start, "longest", 0)
    if lists:
        room = longest or _room(name, shown, node, functions, module)
    return Cell(name, module.places.get(name, name), at, room, longest, start, parts)


def _room(
    name: str, shown: str, where: ast.AST, functions: dict[str, ast.FunctionDef], module: Module
) -> int:
    """How many items a list has room for: what the text allows, and some more."""
    start = module.state.get(name, UNSET)
    sizes, bounds = [len(start) if isinstance(start, list | tuple) else 0], list[int]()
    grows = shrinks = False
    for function in functions.values():
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and state_name(node.value) == name:
                grows, shrinks = grows or node.attr in GROWS, shrinks or node.attr in SHRINKS
            elif isinstance(node, ast.Assign) and state_name(node.targets[0]) == name:
                literal_ = isinstance(node.value, ast.List | ast.Tuple)
                sizes += [len(node.value.elts)] if literal_ else []  # type: ignore[attr-defined]
                grows, shrinks = grows or not literal_, True
            elif isinstance(node, ast.Compare) and f"len(_state.{name})" in ast.unparse(node):
                bounds += _numbers([node.left, *node.comparators], module)
            elif isinstance(node, ast.Slice) and f"_state.{name}[" in ast.unparse(function):
                bounds += _numbers([n for n in (node.lower, node.upper) if n], module)
    if not grows:
        return max(sizes)
    bounds += [size for size in sizes if size]  # `window.pop(0); window.append(x)`
    room = 2 * max(bounds, default=0) + 8
    if not (bounds and shrinks) or room > LONGEST:
        raise Unsupported(where, f"state in {shown}, a list to whose length the text sets no bound")
    return room


def _numbers(nodes: list[ast.expr], module: Module) -> list[int]:
    found = []
    for node in nodes:
        try:
            value = constant(node, module)
        except (Unsupported, ArithmeticError, ValueError, TypeError):
            continue
        if isinstance(value, int):
            found.append(abs(value))
    return found
