"""State between calls, placed: `_state.last` becomes a read or write of the cells of one car.

    d = params["speed"] - _state.last         d = params["speed"] - _rs.get_n(_c, 0)
    _state.last = params["speed"]        →    _rs.put(_c, 0, params["speed"])

What is kept are numbers, None, and lists of numbers that the text keeps short. A value whose kind
the text leaves open, int or float, is refused: Python would tell them apart later.
"""

from __future__ import annotations

import ast

from racer.reward.compiler.cells import Cell, lay_out
from racer.reward.compiler.kinds import Kinds
from racer.reward.compiler.parse import Deque, Module
from racer.reward.compiler.passes.cells.changes import changers
from racer.reward.compiler.passes.cells.placed import Placed


def place(functions: dict[str, ast.FunctionDef], module: Module, kinds: Kinds) -> list[Cell]:
    """Rewrite the functions, in place.

    Raises:
        Unsupported: something that is kept is no number and no short list of numbers.
    """
    cells = lay_out(functions, module, kinds)
    changed = changers(functions)
    for name, function in functions.items():
        Placed(cells, kinds, name, functions, changed, module).body(function)
    return list(cells.values())


__all__ = ["Cell", "Deque", "place"]
