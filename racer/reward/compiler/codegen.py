"""Write the rewritten functions as one Python module with a kernel over rows of PARAMS."""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass

from racer.reward.compiler.cells import Cell
from racer.reward.compiler.parse import Unsupported
from racer.reward.compiler.rewrite import Rewritten, rewrite
from racer.reward.engine import DOUBTFUL
from racer.reward.file import RewardFile
from racer.reward.namespace import LIMIT

_HEAD = '''"""Generated from a reward file: do not edit."""
from collections import namedtuple
import math as _math
import numpy as _np
from numba import njit as _njit
from racer.reward.compiler.runtime import scalars as _rt
from racer.reward.compiler.runtime import maths as _rm
from racer.reward.compiler.runtime import arrays as _ra
from racer.reward.compiler.runtime import state as _rs
{more}
_jit = _njit(nogil=True, **_rt.OPTIONS)
Params = namedtuple("Params", {keys})
Constants = namedtuple("Constants", {constants})
'''

_KERNEL = """
def kernel(rows, forward, backward, out, failed, fuel, state, cells, numbers):
    unsure = 0
    along, against = {along}, {against}
    c = Constants({builders}){lists}
    for i in range(rows.shape[0]):
        row = rows[i]
        waypoints = against if row.is_reversed else along
        fuel[0] = _rt.FUEL
        failed[i] = True{load}
        try:
            out[i] = _rt.number(f_reward_function(c, Params({fields})))
        except Exception:
            pass
        else:
            failed[i] = False
        if fuel[0] < 0 or not abs(out[i]) <= {limit} or row.steps < {first_step}:
            failed[i] = True
{save}        unsure += failed[i]
    return {doubtful} if unsure else 0
"""

# Where no `else` stands between a `try` and what follows it, numba leaves the `try` twice on Python
# 3.12 and newer: the next exception ends the kernel.
#
# A call works on a copy of its car's state, which counts only if the kernel is sure of the call.
# Word by word: for the error text of a slice that does not fit, numba compiles for 2 s.
_LOAD = """
        kept = state[i % state.shape[0]]
        for k in range(cells.shape[0]):
            cells[k] = kept[k]"""
_SAVE = """        if not failed[i]:
            for k in range(cells.shape[0]):
                kept[k] = cells[k]
"""

_FIELDS = {
    "waypoints": "waypoints",
    "closest_waypoints": "(row.prev_waypoint, row.next_waypoint)",
    "closest_objects": "(0, 0)",
    "objects_location": "[(0.0, 0.0)][:0]",
    "objects_left_of_center": "[False][:0]",
}
# Where there are objects: each list is made once, of this kind, and filled in every call.
_LISTS = {"objects_location": "[(0.0, 0.0)][:0]", "objects_left_of_center": "[False][:0]"}
_OBJECTS = "from racer.reward.compiler.runtime import objects as _ro\n"


@dataclass(frozen=True)
class Generated:
    """Source of a kernel's module.

    Attributes:
        text: the module.
        lines: its line → line of the reward file.
        keys: of params that the reward reads.
        cells: what it keeps between calls.
    """

    text: str
    lines: dict[int, int]
    keys: list[str]
    cells: list[Cell]


def generate(file: RewardFile, *, objects: bool = False) -> Generated:
    """The module for a reward file.

    Args:
        objects: its rows have room for objects.

    Raises:
        Unsupported: names the line and the construct.
    """
    try:
        return _write(rewrite(copy.deepcopy(file.tree)), objects)
    except RecursionError:
        raise Unsupported(1, "nesting that is too deep") from None


def _write(done: Rewritten, objects: bool) -> Generated:
    builders = {"fuel": "fuel", "cells": "cells", "numbers": "numbers", **done.tables.builders}
    fields = [_field(key, objects) for key in done.keys]
    more = _OBJECTS if objects else ""
    parts = [_HEAD.format(keys=done.keys or ["none"], constants=list(builders), more=more)]
    parts += [line + "\n" for line in done.tables.globals]
    lines: dict[int, int] = {}
    for function in done.functions:
        function.name = f"f_{function.name}"
        start = "".join(parts).count("\n") + 2  # after the decorator
        text = ast.unparse(function)
        for new, old in zip(
            _statements(ast.parse(text).body[0]), _statements(function), strict=True
        ):
            lines[start + new.lineno] = old.lineno
        parts.append(f"\n@_jit\n{text}\n")
    listed = "waypoints" in done.keys
    parts.append(
        _KERNEL.format(
            along="_rt.points(forward)" if listed else "0",
            against="_rt.points(backward)" if listed else "0",
            builders=", ".join(builders.values()),
            lists="".join(map(_list, done.keys)) if objects else "",
            fields=", ".join(fields) or "0",
            limit=LIMIT,
            doubtful=DOUBTFUL,
            first_step=done.first_step,
            load=_LOAD if done.cells else "",
            save=_SAVE if done.cells else "",
        )
    )
    return Generated("".join(parts), lines, done.keys, done.cells)


def _statements(node: ast.AST) -> list[ast.stmt]:
    return [n for n in ast.walk(node) if isinstance(n, ast.stmt)]


def _list(key: str) -> str:
    """The line that makes the list of a key; none for other keys."""
    made = _LISTS.get(key, "[0.0][:0]")
    return f"\n    {key} = {made}" if key.startswith("objects_") else ""


def _field(key: str, objects: bool) -> str:
    if objects and key == "closest_objects":
        return "_ro.closest(row)"
    if objects and key.startswith("objects_"):
        return f"_ro.{key.removeprefix('objects_')}({key}, row)"
    if key in _FIELDS:
        return _FIELDS[key]
    return "[0.0][:0]" if key.startswith("objects_") else f"row.{key}"


def original_line(generated: Generated, message: str) -> int:
    """The reward's line that a numba message is about; 0 when it names none."""
    for found in reversed(re.findall(r"line (\d+)", message)):
        line = generated.lines.get(int(found))
        if line:
            return line
    return 0
