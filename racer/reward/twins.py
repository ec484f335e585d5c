"""Give every car its namespace of a reward file from one execution, where that is the same.

A file that needs 0.16 s to make a table when it is executed would need 41 s for 256 cars. The file
is executed for the first car; the others get a copy of every object that it made: functions and
classes of their own globals, containers, arrays, instances, with the same objects shared inside a
namespace as in the first. That is what executing it again would make if nothing in it can tell one
execution from another, and if everything it made is of a kind that is known here. Otherwise the
file is executed for every car:

- it imports something that is not in PLAIN, or names something in TELLS (a clock, random numbers,
  an address, attributes by text);
- it printed, loaded a module, or changed an attribute of a shared one;
- it made an object of another kind: an iterator, an open file, a class with a metaclass or slots.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import collections
import dataclasses
import dis
import io
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

PLAIN = {"__future__", "bisect", "cmath", "collections", "copy", "csv", "dataclasses", "fractions"}
PLAIN |= {"functools", "heapq", "itertools", "json", "math", "numbers", "numpy", "operator", "os"}
PLAIN |= {"pathlib", "re", "statistics", "string", "typing"}
TELLS = {"random", "id", "exec", "eval", "compile", "getattr", "setattr", "delattr", "vars", "dir"}
TELLS |= {"globals", "locals", "attrgetter", "methodcaller", "urandom", "getrandom", "times"}
TELLS |= {"getpid", "gettid", "__dict__", "__builtins__", "__import__", "__subclasses__", "memmap"}
TELLS |= {
    "hash",
    "datetime64",
    "getloadavg",
    "__getattribute__",
    "__globals__",
    "__code__",
    "stat",
    "scandir",
    "listdir",
    "import_module",
}
_ATOMS: set[Any] = {
    type(None),
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    range,
    slice,
    type(...),
    re.Pattern,
}
_ATOMS |= {types.MethodDescriptorType, types.WrapperDescriptorType, type(NotImplemented)}
_SKIPPED = {"__dict__", "__weakref__"}  # Python makes them for every class


class Unknown(Exception):
    """Something that cannot be copied faithfully."""


def repeatable(codes: list[types.CodeType], own: set[str]) -> bool:
    """Whether executing these again cannot be told from the first time, by their text."""
    for code in codes:
        for one in _inside(code):
            if not TELLS.isdisjoint(one.co_names) or not TELLS.isdisjoint(_literals(one)):
                return False
            for instruction in dis.get_instructions(one):
                if instruction.opname == "IMPORT_NAME":
                    top = str(instruction.argval).partition(".")[0]
                    if top and top not in PLAIN and top not in own:
                        return False
    return True


class SharedState:
    """What the modules that all cars share held at this moment."""

    def __init__(self, own: set[str]) -> None:
        self._own = own
        self._held = self._now()

    def changed(self) -> bool:
        """Whether a module came, or an attribute of one is another object."""
        now = self._now()
        return now.keys() != self._held.keys() or any(
            now[name].keys() != held.keys() or any(now[name][key] is not held[key] for key in held)
            for name, held in self._held.items()
        )

    def _now(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name, module in list(sys.modules.items()):
            if name not in self._own:
                looked_at = name in PLAIN or name == "os.path"
                found[name] = dict(vars(module)) if looked_at else {}
        return found


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _inside(constant)


def _literals(code: types.CodeType) -> set[str]:
    return {constant for constant in code.co_consts if isinstance(constant, str)}


class Copier:
    """Copies what one namespace holds into another.

    Args:
        own: names of the modules that differ from car to car.
        instead: objects of the first car → those of the other, by id.
    """

    def __init__(self, own: set[str], instead: dict[int, Any]) -> None:
        self._known: dict[int, Any] = dict(instead)
        self._alive: list[Any] = []  # an id is only one object's while that lives
        self._own = own

    def fill(self, spaces: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        """Fill the dict that takes the place of each module's.

        Raises:
            Unknown: something cannot be copied; the new dicts are of no use then.
        """
        self._known |= {id(old): new for old, new in spaces}
        for old, new in spaces:
            for name, value in old.items():
                if name not in new or name not in ("__builtins__", "__spec__", "__loader__"):
                    new[name] = self.copy(value)

    def copy(self, value: Any) -> Any:
        """The other namespace's own object for this one."""
        kind = type(value)
        if kind in _ATOMS:
            return value
        if id(value) in self._known:
            return self._known[id(value)]
        self._alive.append(value)
        made = getattr(self, "_" + kind.__name__, None) if kind in _COPIED else None
        if made is not None:
            return made(value)
        if self._is_shared(value):
            return value
        if kind.__module__ in self._own:
            self.copy(kind)
            return self._instance(value)
        return self._from_libraries(value)

    def _keep(self, value: Any, made: Any) -> Any:
        self._known[id(value)] = made
        return made

    def _is_shared(self, value: Any) -> bool:
        """What every execution would get from the same place, and cannot change."""
        if isinstance(value, types.ModuleType):
            return True
        if isinstance(value, type):
            return value.__module__ not in self._own
        if isinstance(value, types.MappingProxyType):
            return not value  # of a field of a dataclass
        if isinstance(value, io.IOBase):
            return value.closed
        return type(value).__module__ in ("typing", "__future__", "pathlib")

    # -- by kind

    def _list(self, value: list[Any]) -> Any:
        made = self._keep(value, [])
        made.extend(map(self.copy, value))
        return made

    def _tuple(self, value: tuple[Any, ...]) -> Any:
        made = tuple(map(self.copy, value))
        same = all(a is b for a, b in zip(made, value, strict=True))
        return self._known.setdefault(id(value), value if same else made)

    def _dict(self, value: dict[Any, Any]) -> Any:
        made = self._keep(value, {})
        for key, one in value.items():
            made[self._key(key)] = self.copy(one)
        return made

    def _defaultdict(self, value: Any) -> Any:
        made = self._keep(value, collections.defaultdict(self.copy(value.default_factory)))
        for key, one in value.items():
            made[self._key(key)] = self.copy(one)
        return made

    def _deque(self, value: Any) -> Any:
        made = self._keep(value, collections.deque(maxlen=value.maxlen))
        made.extend(map(self.copy, value))
        return made

    def _set(self, value: set[Any]) -> Any:
        if value:
            raise Unknown("a set: the order of a copy may be another")
        return self._keep(value, set())

    def _frozenset(self, value: frozenset[Any]) -> Any:
        for one in value:
            self._key(one)
        return value

    def _builtin_function_or_method(self, value: Any) -> Any:
        if value.__self__ is None or isinstance(value.__self__, types.ModuleType | type):
            return value
        return self._keep(value, getattr(self.copy(value.__self__), value.__name__))

    def _bytearray(self, value: bytearray) -> Any:
        return self._keep(value, bytearray(value))

    def _key(self, key: Any) -> Any:
        """Of a dict: what hashes as before, wherever it lies."""
        if type(key) is tuple:
            return tuple(map(self._key, key))
        if type(key) not in _ATOMS:
            raise Unknown(f"a key of type {type(key).__name__}")
        return key

    def _cell(self, value: Any) -> Any:
        made = self._keep(value, types.CellType())
        try:
            content = value.cell_contents
        except ValueError:  # nothing in it yet
            return made
        made.cell_contents = self.copy(content)
        return made

    def _function(self, value: types.FunctionType) -> Any:
        space = self._known.get(id(value.__globals__))
        if space is None:  # of a library; one with a closure it made for this file
            if value.__module__ in self._own and not value.__closure__:
                raise Unknown("a function that a library made")
            if not value.__closure__:
                return value
            space = value.__globals__
        closure = tuple(map(self.copy, value.__closure__)) if value.__closure__ else None
        made = types.FunctionType(value.__code__, space, value.__name__, None, closure)
        self._keep(value, made)
        made.__defaults__ = self.copy(value.__defaults__)
        made.__kwdefaults__ = self.copy(value.__kwdefaults__)
        made.__annotations__ = self.copy(value.__annotations__)
        made.__qualname__, made.__doc__ = value.__qualname__, value.__doc__
        made.__module__ = value.__module__
        for name, one in vars(value).items():
            vars(made)[name] = self.copy(one)
        return made

    def _method(self, value: types.MethodType) -> Any:
        return self._keep(
            value, types.MethodType(self.copy(value.__func__), self.copy(value.__self__))
        )

    def _staticmethod(self, value: Any) -> Any:
        return self._keep(value, staticmethod(self.copy(value.__func__)))

    def _classmethod(self, value: Any) -> Any:
        return self._keep(value, classmethod(self.copy(value.__func__)))

    def _property(self, value: property) -> Any:
        get, put, delete = map(self.copy, (value.fget, value.fset, value.fdel))
        return self._keep(value, property(get, put, delete, value.__doc__))

    def _type(self, value: type) -> Any:
        if value.__module__ not in self._own:
            return value
        plain = all(base is object or base.__module__ in self._own for base in value.__bases__)
        odd = {"__slots__", "__init_subclass__", "__set_name__", "__new__", "__del__"}
        if not plain or any(odd & vars(one).keys() for one in value.__mro__[:-1]):
            raise Unknown(f"the class {value.__name__}")
        bases = tuple(map(self.copy, value.__bases__))
        made: Any = type(value.__name__, bases, {"__module__": value.__module__})
        self._keep(value, made)
        made.__qualname__ = value.__qualname__
        for name, one in vars(value).items():
            if name not in _SKIPPED and name != "__module__":
                setattr(made, name, self.copy(one))
        return made

    def _instance(self, value: Any) -> Any:
        made = self._keep(value, object.__new__(self._known[id(type(value))]))
        for name, one in vars(value).items():
            vars(made)[name] = self.copy(one)
        return made

    def _Field(self, value: Any) -> Any:
        made = self._keep(value, dataclasses.field())
        for name in type(value).__slots__:
            setattr(made, name, self.copy(getattr(value, name)))
        return made

    def _from_libraries(self, value: Any) -> Any:
        kind = type(value)
        if kind.__module__ == "dataclasses":  # what marks fields: nothing of it ever changes
            return value
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic | numpy.ufunc | numpy.dtype):
            return value
        if numpy is not None and kind is numpy.ndarray and not value.dtype.hasobject:
            return self._keep(value, self._array(value, numpy))
        if kind.__name__ == "_ArrayFunctionDispatcher":  # numpy's functions
            return value
        raise Unknown(f"a {kind.__name__}")

    def _array(self, value: Any, numpy: Any) -> Any:
        """One that owns its numbers, or a view of one that does."""
        base = value.base
        if base is None:
            made = value.copy("K")
            if made.strides != value.strides:
                raise Unknown("an array with gaps")
        else:
            dense = type(base) is numpy.ndarray and base.flags.forc
            if not dense or base.base is not None:
                raise Unknown("a view of something else")
            copied = self.copy(base)
            flat = copied if copied.flags.c_contiguous else copied.T
            at = value.__array_interface__["data"][0] - base.__array_interface__["data"][0]
            made = numpy.ndarray(value.shape, value.dtype, flat, at, value.strides)
        made.flags.writeable = value.flags.writeable
        return made


_COPIED: set[Any] = {list, tuple, dict, collections.defaultdict, collections.deque, bytearray, type}
_COPIED |= {types.CellType, types.FunctionType, types.MethodType, staticmethod, classmethod}
_COPIED |= {property, dataclasses.Field, set, frozenset, types.BuiltinFunctionType}
