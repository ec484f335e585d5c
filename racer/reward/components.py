"""Components of a reward: parts that a file names in a module-level dict, to be logged and drawn.

    components = {}

    def reward_function(params):
        components["speed"] = params["speed"] / 4.0
        components["centre"] = 1.0 - params["distance_from_center"] / params["track_width"]
        return float(sum(components.values()))

For the official simulator that is a dict nobody reads. Here it is read after every call, so each
component should be set in every call. It never changes the reward.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import ast
import math
from typing import Any

NAME = "components"
MOST = 16  # components; more are left out
LONGEST = 32  # characters of a name

Sums = dict[str, tuple[float, int]]  # component -> sum of its values, and how many


class Tally:
    """Sums of each component over calls."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {}

    def add(self, found: Any) -> None:
        """Count what a call left in `components`; whatever is no number is left out."""
        if not isinstance(found, dict):
            return
        for name, value in found.items():
            if type(value) is not float:
                try:
                    value = float(value)
                except Exception:  # a value of any class
                    continue
            known = self._sums.get(name) if type(name) is str else None
            if known is None:
                known = self._new(name)
            if known is not None and math.isfinite(value):
                known[0] += value
                known[1] += 1

    def _new(self, name: Any) -> list[float] | None:
        if type(name) is not str or len(self._sums) >= MOST:
            return None
        if not name.isprintable() or not 0 < len(name) <= LONGEST:
            return None
        return self._sums.setdefault(name, [0.0, 0])

    def take(self) -> Sums:
        """The sums since the last time."""
        found = {name: (total, int(count)) for name, (total, count) in self._sums.items()}
        self._sums = {}
        return found


def checked(found: Any) -> Sums:
    """Sums that came from another process; what has not their form is left out."""
    if not isinstance(found, dict):
        return {}
    sums: Sums = {}
    for name, pair in list(found.items())[:MOST]:
        if isinstance(pair, list) and len(pair) == 2 and len(name) <= LONGEST:
            total, count = pair
            if type(total) is float and type(count) is int and math.isfinite(total) and count > 0:
                sums[name] = (total, count)
    return {name: pair for name, pair in sums.items() if name.isprintable()}


def line(tree: ast.Module) -> int:
    """Where a file makes its dict of components; 0 if it keeps none."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        called = isinstance(value, ast.Call) and ast.unparse(value.func) == "dict"
        named = any(isinstance(t, ast.Name) and t.id == NAME for t in targets)
        if named and (called or isinstance(value, ast.Dict)):
            return node.lineno
    return 0


def only(source: str, component: str) -> str:
    """The file with a reward_function that pays one component alone."""
    return f"""{source}

_whole_reward = reward_function


def reward_function(params):
    _whole_reward(params)
    return float({NAME}[{component!r}])
"""
