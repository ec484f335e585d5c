"""A fresh namespace of a reward file per car, so that files which keep state never share it.

Standard library only: the worker process loads this file by its path.
"""

from __future__ import annotations

import builtins
import random
import sys
import types
from collections.abc import Callable
from typing import Any

LIMIT = 1e5  # the official simulator's bound on |reward|

Reward = Callable[[dict[str, Any]], Any]


class Nonsense(Exception):
    """A reward that is not a finite number within the limit; the text says what it was."""


def fresh(
    code: types.CodeType, path: str, seed: int, extra: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Execute the file once more and return its namespace.

    `random` (and `numpy.random` when the file names it) draw from a stream of this namespace's
    own, seeded by `seed`: neither the trainer's generators nor another car's are touched.

    Args:
        code: the compiled file.
        path: what tracebacks and `__file__` show.
        seed: of this car.
        extra: builtins to replace, e.g. `print`.
    """
    own: dict[str, Any] = {}

    def import_(name: str, *args: Any, **kwargs: Any) -> Any:
        found = builtins.__import__(name, *args, **kwargs)
        if name == "random":
            return own.setdefault("random", _random(seed))
        if name.partition(".")[0] == "numpy" and "random" in _names(code):
            return own.setdefault("numpy", _numpy(seed)) if found.__name__ == "numpy" else found
        return found

    scope = vars(builtins) | {"__import__": import_} | (extra or {})
    names = {"__name__": "reward", "__file__": path, "__builtins__": scope}
    exec(code, names)
    return names


def _random(seed: int) -> types.ModuleType:
    own, module = random.Random(seed), types.ModuleType("random")
    for name in random.__all__:
        setattr(module, name, getattr(own, name, getattr(random, name)))
    return module


def _numpy(seed: int) -> types.ModuleType:
    real = sys.modules["numpy"]
    module, stream = types.ModuleType("numpy"), types.ModuleType("numpy.random")
    state = real.random.RandomState(seed % 2**32)
    for name in real.random.__all__:
        setattr(stream, name, getattr(state, name, getattr(real.random, name)))
    module.__dict__.update(vars(real), random=stream)
    return module


def _names(code: types.CodeType) -> set[str]:
    """Every name and attribute that the code, or code inside it, mentions."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def number(value: Any) -> float:
    """The reward as a float: what `float()` of the official simulator accepts, text excepted.

    Raises:
        Nonsense: None, text, a tuple, a complex number, NaN, infinite, or beyond 1e5.
    """
    if type(value) is not float:
        if isinstance(value, str | bytes | bytearray):
            raise Nonsense(f"text, {shown(value)}")
        try:
            value = float(value)
        except OverflowError:
            raise Nonsense("an integer too large for a float") from None
        except BaseException:
            raise Nonsense(shown(value)) from None
    if -LIMIT <= value <= LIMIT:
        return float(value)
    raise Nonsense(shown(value) + ("" if value != value else ", beyond 1e5"))


def shown(value: Any) -> str:
    """`repr` that cannot fail or flood."""
    try:
        text = repr(value)
    except BaseException:
        text = "(no repr)"
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if value is None or isinstance(value, float) else f"{text} ({type(value).__name__})"


def line_of(error: BaseException, path: str) -> int:
    """Last line of the reward file in an error's traceback; 0 when it never got there."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 0
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
