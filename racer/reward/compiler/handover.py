"""A call that a kernel is not sure of, made by plain Python with the state of that car.

The reward file gets an epilogue behind its last line, which changes no line number. It takes state
out of params and gives it back as rewards, so that it passes through any engine, guarded as it is:

    a row for each cell    its kind and its value, in `closest_waypoints`
    a row                  the call; what it returns or raises is kept
    rows                   kind and value of every cell, 16 bits a row
    a row                  what the call returned or raised
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from racer.reward.compiler.cells import Cell
from racer.reward.compiler.parse import UNSET
from racer.reward.compiler.runtime import state as kinds
from racer.reward.engine import Floats, RewardEngine, Rows
from racer.reward.failure import Failure
from racer.reward.file import RewardFile

WORDS = 5  # rows that give one cell back: its kind, four times 16 bits of its value

_EPILOGUE = """
import struct as _racer_struct
_racer_places = {places}
_racer_size, _racer_calls = {size}, 0
_racer_given, _racer_found, _racer_end = [], [], (None, None)
_racer_function = reward_function
def _racer_value(kind, bits):
    if kind == 4: return _racer_struct.unpack("d", _racer_struct.pack("q", bits))[0]
    return (None, None, bool(bits), bits)[kind]
def _racer_bits(value):
    if value is None: return 1, 0
    if type(value) is float: return 4, _racer_struct.unpack("q", _racer_struct.pack("d", value))[0]
    if type(value) is bool: return 2, int(value)
    if type(value) is int and -2**53 <= value <= 2**53: return 3, value
    return 6, 0
def _racer_take():
    for at, room, place in _racer_places:
        kind, bits = _racer_given[at]
        space, key = (globals(), place[0]) if len(place) == 1 else (eval(place[0]), place[1])
        space = space if isinstance(space, dict) else _racer_Attributes(space)
        if kind == 0:
            space.pop(key, None)
        elif kind != 5:
            space[key] = _racer_value(kind, bits)
        else:
            items = [_racer_value(*_racer_given[at + 1 + i]) for i in range(bits)]
            if isinstance(space.get(key), tuple): space[key] = tuple(items)
            elif space.get(key) is None: space[key] = items
            else:
                space[key].clear()
                space[key].extend(items)
class _racer_Attributes:
    def __init__(self, of): self.of = of
    def get(self, key): return getattr(self.of, key, None)
    def pop(self, key, default):
        if key in vars(self.of): delattr(self.of, key)
    def __getitem__(self, key): return getattr(self.of, key)
    def __setitem__(self, key, value): setattr(self.of, key, value)
    def __contains__(self, key): return hasattr(self.of, key)
def _racer_give():
    found = [(0, 0)] * _racer_size
    for at, room, place in _racer_places:
        space, key = (globals(), place[0]) if len(place) == 1 else (eval(place[0]), place[1])
        space = space if isinstance(space, dict) else _racer_Attributes(space)
        if key not in space: continue
        value = space[key]
        if room < 0 or value is None:
            found[at] = _racer_bits(value)
        elif len(value) > room:
            found[at] = 6, 0
        else:
            found[at] = 5, len(value)
            for i, one in enumerate(value): found[at + 1 + i] = _racer_bits(one)
    for kind, bits in found:
        _racer_found.append(kind)
        for k in range(4): _racer_found.append((bits >> 16 * k) & 65535)
def reward_function(params):
    global _racer_calls, _racer_end
    n, _racer_calls = _racer_calls, _racer_calls + 1
    if n < _racer_size:
        _racer_given.append(tuple(params["closest_waypoints"]))
        return 0.0
    if n == _racer_size:
        _racer_take()
        try:
            _racer_end = _racer_function(params), None
        except BaseException as error:
            _racer_end = None, error
        _racer_give()
        return 0.0
    if n <= _racer_size + len(_racer_found):
        return float(_racer_found[n - _racer_size - 1])
    _racer_calls = 0
    _racer_given.clear()
    _racer_found.clear()
    if _racer_end[1] is not None: raise _racer_end[1]
    return _racer_end[0]
"""


class Outgrown(Exception):
    """State that Python keeps and a kernel has no place for."""


def size(cells: Sequence[Cell]) -> int:
    """How many cells a car has."""
    return sum(1 + max(0, cell.room) for cell in cells)


def first(cells: Sequence[Cell], n: int) -> np.ndarray:
    """State of `n` cars before their first call: (n, 2 · cells) int64."""
    row = np.zeros(2 * size(cells), np.int64)
    for cell in cells:
        values = [cell.start]
        if isinstance(cell.start, list | tuple):
            row[2 * cell.at : 2 * cell.at + 2] = kinds.LIST, len(cell.start)
            values = list(cell.start)
        start = cell.at + isinstance(cell.start, list | tuple)
        for k, value in enumerate(values, start):
            row[2 * k : 2 * k + 2] = _words(value)
    return np.tile(row, (n, 1))


def _words(value: Any) -> tuple[int, int]:
    if value is UNSET:
        return kinds.UNSET, 0
    if value is None:
        return kinds.NONE, 0
    if isinstance(value, float):
        return kinds.FLOAT, int(np.float64(value).view(np.int64))
    return (kinds.BOOL if isinstance(value, bool) else kinds.INT), int(value)


class Handover:
    """Answers one call of one car.

    Args:
        make: an engine of one namespace for a file, for batches up to so many rows.
    """

    def __init__(
        self,
        file: RewardFile,
        cells: Sequence[Cell],
        make: Callable[[RewardFile, int], RewardEngine],
    ) -> None:
        self.cells, self.file = size(cells), file
        self.lines = file.source.count("\n") + 1
        places = [(c.at, c.room, _place(c.place)) for c in cells if c.place]
        text = _EPILOGUE.format(places=places, size=self.cells)
        source = file.source.rstrip("\n") + "\n" + text
        self.engine = make(
            dataclasses.replace(file, source=source, tree=ast.parse(source)),
            self.cells * (1 + WORDS) + 2,
        )

    def answer(self, row: Rows, state: np.ndarray, out: Floats) -> None:
        """Compute the reward of `row` (1,) into `out` (1,), from and into `state` (2 · cells,).

        Raises:
            Failure: Python's, with car 0. The state is what it was before, or a part of the call.
            Outgrown: Python now keeps what has no place in `state`.
        """
        rows = np.repeat(row, self.cells * (1 + WORDS) + 2)
        rows["prev_waypoint"][: self.cells] = state[0::2]
        rows["next_waypoint"][: self.cells] = state[1::2]
        found = np.zeros(len(rows))
        try:
            self.engine._compute(rows, found)
        except Failure as failure:
            if failure.car == len(rows) - 1:
                self._take(found, state)
            line = failure.line if failure.line <= self.lines else self.file.line
            raise Failure(0, line, failure.problem) from failure.__cause__
        self._take(found, state)
        out[0] = found[-1]

    def _take(self, found: Floats, state: np.ndarray) -> None:
        words = found[self.cells + 1 : -1].astype(np.uint64).reshape(self.cells, WORDS)
        if (words[:, 0] > kinds.LIST).any():
            raise Outgrown
        state[0::2] = words[:, 0].astype(np.int64)
        bits = words[:, 1:] << np.array([0, 16, 32, 48], np.uint64)
        state[1::2] = np.bitwise_or.reduce(bits, axis=1).view(np.int64)

    def close(self) -> None:
        self.engine.close()


def _place(place: str) -> tuple[str, ...]:
    """`r.last` → ("r", "last"), `last['speed']` → ("last", "speed"), `last` → ("last",)."""
    node = ast.parse(place, mode="eval").body
    if isinstance(node, ast.Attribute):
        return ast.unparse(node.value), node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return ast.unparse(node.value), str(node.slice.value)
    return (place,)
