"""Constant lists of a reward file as tables: built once per batch, not once per call."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from racer.reward.compiler.parse import Unsupported


class Tables:
    """Constants that a generated module holds, each once.

    Attributes:
        globals: statements of the module, e.g. `_T0 = _np.array([...])`.
        builders: field of the constants tuple → expression that makes it inside the kernel.
    """

    def __init__(self) -> None:
        self.globals: list[str] = []
        self.builders: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def add(self, value: Any, node: ast.AST) -> str:
        """Field name of a list, dict or set.

        Raises:
            Unsupported: its parts are not all numbers, or not all of one shape.
        """
        text = repr(value)
        if text not in self._known:
            name = f"t{len(self.builders)}"
            self.builders[name] = self._builder(value, node)
            self._known[text] = name
        return self._known[text]

    def array(self, value: list[Any], node: ast.AST) -> str:
        """Global name of a constant np.array."""
        return self._known.setdefault(f"array {value!r}", self._array(_text(value, node)))

    def _array(self, text: str) -> str:
        name = f"_T{len(self.globals)}"
        self.globals.append(f"{name} = _np.array({text})")
        return name

    def _builder(self, value: Any, node: ast.AST) -> str:
        if isinstance(value, dict):
            held = zip(_numbers_alike(value), _numbers_alike(value.values()), strict=True)
            pairs = ", ".join(f"{_text(k, node)}: {_text(v, node)}" for k, v in held)
            if not pairs or len(value) > 200:
                raise Unsupported(node, "an empty or very long dict")
            return f"{{{pairs}}}"
        if isinstance(value, set):
            return f"set({_text(sorted(value), node)})"
        if not value:
            raise Unsupported(node, "an empty list")
        if not isinstance(value[0], list | tuple):
            kinds = {type(v) for v in value}
            if str in kinds or not kinds <= {int, float, bool}:
                return _text(list(value), node)
            name = self._array(_text(_one_type(list(value)), node))
            return f"[{name}[i] for i in range({len(value)})]"
        widths = {len(row) if isinstance(row, list | tuple) else -1 for row in value}
        if len(widths) != 1 or widths == {0}:
            if widths & {0, -1} or len(value) > 100:
                raise Unsupported(node, "a list of rows and of other things")
            return _text([_one_type(list(row)) for row in value], node)
        columns = [_one_type([row[k] for row in value]) for k in range(widths.pop())]
        names = [self._array(_text(column, node)) for column in columns]
        row = ", ".join(f"{name}[i]" for name in names)
        return f"[({row},) for i in range({len(value)})]"


def _numbers_alike(values: Iterable[Any]) -> list[Any]:
    """Whole numbers beside fractions become fractions; anything else stays as it is."""
    values = list(values)
    return [float(v) for v in values] if {type(v) for v in values} == {int, float} else values


def _one_type(column: list[Any]) -> list[Any]:
    """All ints, or all floats."""
    return column if len({type(v) for v in column}) == 1 else [float(v) for v in column]


def _text(value: Any, node: ast.AST) -> str:
    """Source text of numbers, text, and tuples and lists of them."""
    if isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if value - value == 0.0 else f"float('{value}')"
    if isinstance(value, tuple | list):
        inner = ", ".join(_text(v, node) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)"
    raise Unsupported(node, f"a constant of type {type(value).__name__} in a list")
