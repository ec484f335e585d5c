"""A fresh namespace of a reward file per car, so that files which keep state never share it.

Standard library only: the worker process loads this file by its path.
"""

from __future__ import annotations

import builtins
import contextlib
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

NAME = "reward"  # of the module that a file is
_LOOKING = {"sys", "modules", "pickle", "copy", "copyreg", "dataclasses", "dataclass", "typing"}
_LOOKING |= {"importlib", "__import__", "inspect", "shelve", "marshal", "enum", "unittest"}
LIMIT = 1e5  # the official simulator's bound on |reward|

Reward = Callable[[dict[str, Any]], Any]


class Nonsense(Exception):
    """A reward that is not a finite number within the limit; the text says what it was."""


def fresh(
    code: types.CodeType, path: str, seed: int, extra: dict[str, Any] | None = None
) -> types.ModuleType:
    """Execute the file once more and return it as a module.

    `random` (and `numpy.random` when the file names it) draw from a stream of this namespace's
    own, seeded by `seed`: neither the trainer's generators nor another car's are touched. The
    environment is empty, whatever it holds: a reward must pay the same in every engine.

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
        if getattr(found, "__name__", "") == "os":
            return own.setdefault("os", _os())
        return found

    module = types.ModuleType(NAME)
    scope = vars(builtins) | {"__import__": import_} | (extra or {})
    vars(module).update(__file__=path, __builtins__=scope)
    with imported(module):
        exec(code, vars(module))
    return module


@contextlib.contextmanager
def imported(module: types.ModuleType) -> Iterator[None]:
    """What dataclasses, pickle and `sys.modules[__name__]` look for is this car's module."""
    before = sys.modules.get(NAME)
    sys.modules[NAME] = module
    try:
        yield
    finally:
        if before is None:
            del sys.modules[NAME]
        else:
            sys.modules[NAME] = before


def looks_for_itself(code: types.CodeType) -> bool:
    """Whether the file may look for its own module while it is called."""
    return not _names(code).isdisjoint(_LOOKING)


def _random(seed: int) -> types.ModuleType:
    own, module = random.Random(seed), types.ModuleType("random")
    for name in random.__all__:
        setattr(module, name, getattr(own, name, getattr(random, name)))
    return module


def _os() -> types.ModuleType:
    module, environ = types.ModuleType("os"), dict[str, str]()
    empty = {"environ": environ, "environb": {}, "getenv": environ.get}
    module.__dict__.update(vars(sys.modules["os"]), **empty)
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
        if getattr(value, "ndim", 0) and getattr(value, "size", 0) == 1 and hasattr(value, "item"):
            return number(value.item())  # an array of one element
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
