"""A fresh namespace of a reward file per car, so that files which keep state never share it.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from racer.reward.served import Served

NAME = "reward"  # of the module that a file is
OTHER_NAME = "reward_file"  # where a module called `reward` lies beside it
_LOOKING = {"sys", "modules", "pickle", "copy", "copyreg", "dataclasses", "dataclass", "typing"}
_LOOKING |= {"importlib", "__import__", "inspect", "shelve", "marshal", "enum", "unittest"}
_OF_ROOT = [
    "basicConfig",
    "disable",
    "log",
    "exception",
    "critical",
    "error",
    "warning",
    "warn",
    "info",
    "debug",
]
THIRD_PARTY = ("numpy", "scipy", "shapely", "pandas", "matplotlib")  # that a reward may import
LIMIT = 1e5  # the official simulator's bound on |reward|

Reward = Callable[[dict[str, Any]], Any]


class Nonsense(Exception):
    """A reward that is not a finite number within the limit; the text says what it was."""


class Namespace:
    """The file as one car has it: its module, and the own modules that it imports.

    Attributes:
        module: of the reward file.
        modules: what `sys.modules` holds while it runs, by name.
        scope: the builtins of all its modules.
    """

    def __init__(self, path: str, scope: dict[str, Any], name: str) -> None:
        self.module = types.ModuleType(name)
        self.modules = {name: self.module}
        self.scope = scope
        self.own: dict[str, Any] = {}  # modules that differ from car to car, once imported
        vars(self.module).update(__file__=path, __builtins__=scope)

    @property
    def function(self) -> Any:
        """`reward_function`; None if the file has made none."""
        return vars(self.module).get("reward_function")


def _empty(
    code: types.CodeType,
    path: str,
    seed: int,
    served: Served | None,
) -> Namespace:
    """A namespace in which nothing has been executed.

    `random` (and `numpy.random` when the file names it) draw from a stream of this namespace's
    own, seeded by `seed`: neither the trainer's generators nor another car's are touched. The
    environment is empty, whatever it holds: a reward must pay the same in every engine.

    Args:
        code: the compiled file.
        path: `__file__` when nothing lies beside the file.
        seed: of this car.
        served: the files beside it; their folder is that of `__file__`.
    """
    names = all_names(code, served)

    def import_(name: str, *args: Any, **kwargs: Any) -> Any:
        found = builtins.__import__(name, *args, **kwargs)
        module = getattr(found, "__name__", "")
        if module not in own:
            return found
        if module not in namespace.own:
            namespace.own[module] = own[module]()
        return namespace.own[module]

    own: dict[str, Callable[[], types.ModuleType]] = {
        "random": lambda: _random(seed),
        "os": _os,
        os.path.__name__: lambda: import_("os").path,
        "importlib": lambda: _importlib(import_),
        "logging": _logging,
    }
    if "random" in names:
        own["numpy"] = lambda: _numpy(seed)
        own["numpy.random"] = lambda: import_("numpy").random
    where = served.path_of(path.replace("\\", "/").rpartition("/")[2]) if served else path
    scope = vars(builtins) | {"__import__": import_}
    namespace = Namespace(where, scope, name_of(served))
    return namespace


def fresh(
    code: types.CodeType,
    path: str,
    seed: int,
    served: Served | None = None,
) -> Namespace:
    """Execute the file once more, in a namespace of its own; see `_empty`."""
    namespace = _empty(code, path, seed, served)
    with imported(namespace, served):
        exec(code, vars(namespace.module))
    return namespace


def twin(
    first: Namespace,
    code: types.CodeType,
    path: str,
    seed: int,
    served: Served | None = None,
    *,
    copier: Any,
) -> Namespace:
    """What executing the file once more would make, copied from where it has been executed.

    Args:
        first: has been executed and not been called.
        code, path, seed, served: as of `fresh`.
        copier: the Copier of `twins`.

    Raises:
        its Unknown: something in `first` cannot be copied.
    """
    made = _empty(code, path, seed, served)
    instead: dict[int, Any] = {}
    if "os" in first.own:
        mine, its = _os(), first.own["os"]
        made.own["os"] = mine
        pairs: list[tuple[Any, Any]] = [
            (its, mine),
            (its.path, mine.path),
            (vars(its.path), vars(mine.path)),
        ]
        pairs += [(getattr(its, name), getattr(mine, name)) for name in ("environ", "environb")]
        instead |= {id(old): new for old, new in pairs}
    for name, module in first.modules.items():
        if name != name_of(served):
            made.modules[name] = types.ModuleType(name)
            for key in ("__spec__", "__loader__", "__path__"):
                if key in vars(module):
                    vars(made.modules[name])[key] = vars(module)[key]
            vars(made.modules[name])["__builtins__"] = made.scope
        instead[id(module)] = made.modules[name]
    spaces = [(vars(old), vars(made.modules[name])) for name, old in first.modules.items()]
    copier({old["__name__"] for old, _ in spaces}, instead).fill(spaces)
    return made


def name_of(served: Served | None) -> str:
    """Of the module that a file is: no other that lies beside it has this name."""
    return OTHER_NAME if served is not None and NAME in served.modules else NAME


@contextlib.contextmanager
def imported(namespace: Namespace, served: Served | None = None) -> Iterator[None]:
    """What import, dataclasses, pickle and `sys.modules[__name__]` look for is this car's."""
    names = [name_of(served), *(served.modules if served else ())]
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    turn = Turn(served)
    turn.of(namespace)
    try:
        yield
    finally:
        turn.of(None)
        sys.modules.update(before)


class Turn:
    """Which car's modules `sys.modules` holds."""

    def __init__(self, served: Served | None) -> None:
        self._served = served
        self._names = (name_of(served), *(served.modules if served else ()))
        self._now: Namespace | None = None

    def of(self, namespace: Namespace | None) -> None:
        """Put the modules of one car in the place of another's, which keeps what it imported."""
        for name in self._names:
            found = sys.modules.pop(name, None)
            if found is not None and self._now is not None:
                self._now.modules[name] = found
        self._now = namespace
        if namespace is not None:
            sys.modules.update(namespace.modules)
            if self._served is not None:
                self._served.scope = namespace.scope


def all_names(code: types.CodeType, served: Served | None) -> set[str]:
    """Every name that the file and its own modules mention."""
    found = _names(code)
    for name in served.modules.values() if served else ():
        with contextlib.suppress(SyntaxError, ValueError):  # its import says so
            found |= _names(served.code_of(name)) if served and name else set()
    return found


def looks_for_itself(code: types.CodeType, served: Served | None = None) -> bool:
    """Whether the file may look for a module of its own while it is called."""
    return bool(served and served.modules) or not _names(code).isdisjoint(_LOOKING)


def _random(seed: int) -> types.ModuleType:
    """The module, drawing from a stream of its own, also where a file gives no seed."""
    own, module = random.Random(seed), types.ModuleType("random")

    class Seeded(random.Random):
        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(own.getrandbits(64) if a is None else a, version)

        def __reduce__(self) -> tuple[Any, ...]:
            return random.Random, (), self.getstate()

    def reseed(a: Any = None, version: int = 2) -> None:
        own.seed(own.getrandbits(64) if a is None else a, version)

    for name in random.__all__:
        setattr(module, name, getattr(own, name, getattr(random, name)))
    vars(module).update(Random=Seeded, seed=reseed)
    return module


def _os() -> types.ModuleType:
    """The module with an environment of its own, which is empty at first."""
    module = types.ModuleType("os")
    environ: dict[str, str] = {}
    environb: dict[bytes, bytes] = {}

    def getenv(key: str, default: Any = None) -> Any:
        return environ.get(key, default)

    def getenvb(key: bytes, default: Any = None) -> Any:
        return environb.get(key, default)

    own = {"environ": environ, "environb": environb, "getenv": getenv, "getenvb": getenvb}
    vars(module).update(vars(os), **own, path=_path(module))
    return module


def _path(own: types.ModuleType) -> types.ModuleType:
    """`os.path`, which looks into that environment and knows no home."""
    module = types.ModuleType(os.path.__name__)
    space, plain = vars(module), os.path.expandvars
    space.update(vars(os.path), os=own, expanduser=os.fspath)
    space["expandvars"] = types.FunctionType(plain.__code__, space, "expandvars")
    return module


def _importlib(import_: Callable[..., Any]) -> types.ModuleType:
    """The module, whose `import_module` gives what `import` does."""
    real, module = sys.modules["importlib"], types.ModuleType("importlib")

    def import_module(name: str, package: str | None = None) -> Any:
        if name.startswith("."):
            return real.import_module(name, package)
        return import_(name, fromlist=("__name__",))

    module.__dict__.update(vars(real), import_module=import_module)
    module.__dict__["__getattr__"] = lambda name: getattr(real, name)
    return module


def _logging() -> types.ModuleType:
    """The module with loggers of its own: a handler that each of N cars adds is not N handlers."""
    real, module = sys.modules["logging"], types.ModuleType("logging")
    space = vars(module)
    space.update(vars(real))
    root = real.RootLogger(real.WARNING)
    root.manager = real.Manager(root)

    def get_logger(name: str | None = None) -> Any:
        return root.manager.getLogger(name) if name and name != root.name else root

    for name in _OF_ROOT:
        plain = getattr(real, name)
        space[name] = types.FunctionType(plain.__code__, space, name, plain.__defaults__)
        space[name].__kwdefaults__ = plain.__kwdefaults__
    space.update(root=root, getLogger=get_logger)
    return module


def _numpy(seed: int) -> types.ModuleType:
    """NumPy, whose `random` draws from a stream of its own, also where a file gives no seed."""
    real = sys.modules["numpy"]
    module, stream = types.ModuleType("numpy"), types.ModuleType("numpy.random")
    state = real.random.RandomState(seed % 2**32)
    for name in real.random.__all__:
        setattr(stream, name, getattr(state, name, getattr(real.random, name)))

    def seeded(make: Any) -> Any:
        def made(seed: Any = None, *more: Any, **options: Any) -> Any:
            return make(state.randint(2**31) if seed is None else seed, *more, **options)

        return made

    for name in ("default_rng", "seed", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        setattr(stream, name, seeded(getattr(stream, name)))
    stream.RandomState = seeded(stream.RandomState)  # type: ignore[attr-defined]
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


def place_beside(error: BaseException, served: Served | None) -> str:
    """File and line of the own module that an error is in, in brackets; "" if it is in none."""
    files = {served.path_of(name): name for name in served.files} if served else {}
    place, trace = "", error.__traceback__
    while trace is not None:
        name = files.get(trace.tb_frame.f_code.co_filename)
        place = f" ({name}:{trace.tb_lineno})" if name else place
        trace = trace.tb_next
    return place


def words_of(error: BaseException) -> str:
    """Name and text of an error that a reward raised; its own `__str__` may fail or be empty."""
    try:
        text = str(error)
    except BaseException:  # of the reward
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


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
