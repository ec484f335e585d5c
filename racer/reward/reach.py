"""What a call can read and change, where its text shows that it does nothing else.

A function is followed through the names and attributes of its code: to other functions and classes
of the reward file, and to what arguments, globals and defaults hold. That makes a key, which two
cars share only where nothing that the call can read differs, and a list of what it could change, in
an order that is the same for both. What is not known to calculate only is Unknown.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import collections
import dis
import struct
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from racer.reward.twins import TELLS, Unknown

Keys = Mapping[str, frozenset[str]]  # argument → the keys of it that a function reads

BUILTINS = {"abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "filter"}
BUILTINS |= {"float", "frozenset", "int", "isinstance", "iter", "len", "list", "map", "max", "min"}
BUILTINS |= {"next", "pow", "range", "reversed", "round", "set", "slice", "sorted", "sum", "tuple"}
BUILTINS |= {"zip", "IndexError", "KeyError", "TypeError", "ValueError", "ZeroDivisionError"}
BUILTINS |= {"Exception", "AttributeError", "hasattr"}
_LIBRARIES = {"math", "cmath", "itertools", "functools", "operator", "bisect", "heapq", "copy"}
_LIBRARIES |= {"statistics", "collections", "numpy", "numpy.linalg", "numpy.fft"}
_LIBRARIES |= {"numpy.polynomial", "scipy", "scipy.interpolate", "scipy.spatial", "scipy.ndimage"}
_LIBRARIES |= {"scipy.signal", "scipy.linalg", "scipy.special", "scipy.integrate", "shapely"}
_INSIDE: tuple[str, ...] = (
    "numpy.linalg.",
    "numpy.fft.",
    "numpy.polynomial.",
    "scipy.interpolate.",
)
_INSIDE += ("scipy.spatial.", "scipy.ndimage.", "scipy.signal.", "scipy.linalg.", "scipy.special.")
_INSIDE += ("scipy.integrate.", "shapely.", "collections.")
# Attributes of those that draw random numbers, print, keep settings, or use files.
_MORE = TELLS | {"rvs", "tofile", "dump", "save", "savez", "savez_compressed", "savetxt", "load"}
_MORE |= {"loadtxt", "genfromtxt", "fromfile", "seterr", "seterrcall", "errstate", "info", "test"}
_MORE |= {"set_printoptions", "printoptions", "setbufsize", "format", "cache_info", "cache_clear"}
_MORE |= {"setflags", "show_config", "show_runtime"}
_NAMES = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"}  # what is stored is seen afterwards
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "IMPORT_FROM"}
_OPAQUE = ("FORMAT_", "CONVERT_VALUE", "LOAD_BUILD_CLASS")  # may call __repr__, or make a class
_FUNCTIONS = {"ufunc", "_ArrayFunctionDispatcher"}  # of numpy
_EXACT: set[Any] = {type(None), bool, int, str, bytes, type(...)}
_OF_CLASSES = {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__hash__"}
_OF_CLASSES |= {"__annotations__", "__firstlineno__", "__static_attributes__"}
_ODD = {"__slots__", "__init_subclass__", "__set_name__", "__new__", "__del__"}
_ODD |= {"__getattribute__", "__class_getitem__"}


class Reach:
    """What one call can read.

    Args:
        spaces: the dict of each module of this car, by name.
        code_of: the code of a function of the file.

    Attributes:
        key: equal for calls that can read the same.
        objects: what the call could change, and tuples, in the order in which they were found; the
            dicts of the modules are the first.
    """

    def __init__(self, spaces: dict[str, dict[str, Any]], code_of: Any) -> None:
        self._spaces, self._code_of = spaces, code_of
        self._by_id = {id(space): name for name, space in spaces.items()}
        self._key: list[Any] = []
        self.objects: list[Any] = []
        self._index: dict[int, int] = {}
        self._attributes: set[str] = set()
        self._holders: list[Any] = []  # classes and own modules: what is named of them is looked at
        self._looked: set[tuple[int, str]] = set()
        self.partly: set[int] = set()  # dicts of which some keys were looked at, by id
        for space in spaces.values():
            self._new(space)

    def of(
        self, function: Any, args: tuple[Any, ...], options: dict[str, Any], keys: Keys
    ) -> tuple[Any, ...]:
        """The key of a call.

        Raises:
            Unknown: it may do more than calculate.
        """
        code = self._code_of(function)
        names = code.co_varnames[: code.co_argcount]
        for i, value in enumerate(args):
            self._argument(value, keys.get(names[i]) if i < len(names) else None)
        for name, value in options.items():
            self._key.append(name)
            self._argument(value, keys.get(name))
        self._walk(function)
        seen = -1
        while seen != len(self._looked):
            seen = len(self._looked)
            for holder in list(self._holders):
                self._look(holder)
        return tuple(self._key)

    def _argument(self, value: Any, keys: frozenset[str] | None) -> None:
        if keys is None or type(value) is not dict or not self._new(value):
            self._walk(value)
            return
        self.partly.add(id(value))
        for key in sorted(keys):
            self._key.append((key, key in value))
            if key in value:
                self._walk(value[key])

    def _new(self, value: Any) -> bool:
        """Note an object; False if it is known."""
        at = self._index.setdefault(id(value), len(self.objects))
        if at < len(self.objects):
            self._key.append(("again", at))
            return False
        self.objects.append(value)
        return True

    def _walk(self, value: Any) -> None:
        kind = type(value)
        if kind is float:
            self._key.append(struct.pack("d", value))
        elif kind in _EXACT:
            self._key.append((kind, value))
        elif kind is types.ModuleType:
            self._module(value)
        elif kind in _WALKS:
            if self._new(value):
                getattr(self, "_" + kind.__name__)(value)
        elif kind.__module__ in self._spaces and type(kind) is type:
            if self._new(value):
                self._walk(kind)
                self._dict(vars(value))
        else:
            self._of_libraries(value)

    def _of_libraries(self, value: Any) -> None:
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject:
            if self._new(value):
                self._array(value)
        elif numpy is not None and isinstance(value, numpy.generic) and not value.dtype.hasobject:
            self._key.append((value.dtype.str, value.tobytes()))
        elif isinstance(value, type) or type(value).__name__ in _FUNCTIONS:
            module = str(getattr(value, "__module__", None) or "").lstrip("_")
            builtin = isinstance(value, type) and module == "builtins"
            if not (value.__name__ in BUILTINS if builtin else _calculates(module)):
                raise Unknown(f"{value!r}")
            self._key.append(("library", id(value)))
        else:
            raise Unknown(f"a {type(value).__name__}")

    # -- by kind

    def _list(self, value: Any) -> None:
        self._key.append((type(value), len(value)))
        for one in value:
            self._walk(one)

    _tuple = _list

    def _deque(self, value: Any) -> None:
        self._key.append(value.maxlen)
        self._list(value)

    def _dict(self, value: Any) -> None:
        self._key.append((dict, len(value)))
        for key, one in list(value.items()):
            self._walk(key)
            self._walk(one)

    def _defaultdict(self, value: Any) -> None:
        self._walk(value.default_factory)
        self._dict(value)

    def _array(self, value: Any) -> None:
        shape = (value.dtype.str, value.shape, value.strides, value.flags.writeable)
        self._key.append((*shape, value.tobytes()))
        if value.base is not None:
            self._walk(value.base)
            if type(value.base) is not type(value):
                raise Unknown("a view of something else")
            at = value.__array_interface__["data"][0]
            self._key.append(at - value.base.__array_interface__["data"][0])

    def _module(self, value: Any) -> None:
        name = value.__name__
        if self._spaces.get(name) is vars(value):
            self._holders.append(vars(value))
        elif name not in _LIBRARIES and not name.startswith(_INSIDE):
            raise Unknown(f"the module {name}")
        self._key.append(name)

    def _builtin_function_or_method(self, value: Any) -> None:
        owner = value.__self__
        module = (value.__module__ or "").lstrip("_")
        pure = value.__name__ in BUILTINS if module == "builtins" else _calculates(module)
        if not (owner is None or isinstance(owner, types.ModuleType | type)) or not pure:
            raise Unknown(f"{value.__name__}()")
        self._key.append(("library", id(value)))

    def _function(self, value: types.FunctionType) -> None:
        if id(value.__globals__) not in self._by_id:
            if not _calculates(value.__module__):
                raise Unknown(f"{value.__name__}()")
            self._key.append(("library", id(value)))
            return
        code = self._code_of(value)
        self._key.append(("function", id(code)))
        for part in (value.__defaults__, value.__kwdefaults__):
            self._walk(part)
        self._dict(vars(value))
        for cell in value.__closure__ or ():
            self._cell(cell)
        names, attributes = mentioned(code)
        self._attributes |= attributes
        for name in names:
            self._name(name, value.__globals__)

    def _name(self, name: str, space: dict[str, Any]) -> None:
        if (id(space), name) in self._looked:
            return
        self._looked.add((id(space), name))
        self._key.append(name)
        if name in space:
            self._walk(space[name])
        elif name in BUILTINS or name not in space["__builtins__"]:
            self._key.append("not of the file")
        else:
            raise Unknown(name)

    def _method(self, value: types.MethodType) -> None:
        self._walk(value.__func__)
        self._walk(value.__self__)

    def _cell(self, value: Any) -> None:
        try:
            content = value.cell_contents
        except ValueError:  # nothing in it yet
            self._key.append("empty")
            return
        self._walk(content)

    def _staticmethod(self, value: Any) -> None:
        self._walk(value.__func__)

    _classmethod = _staticmethod

    def _property(self, value: property) -> None:
        for one in (value.fget, value.fset, value.fdel):
            self._walk(one)

    def _type(self, value: type) -> None:
        if value.__module__ not in self._spaces:
            self._of_libraries(value)
            return
        if any(
            base is not object and base.__module__ not in self._spaces for base in value.__mro__
        ):
            raise Unknown(f"the class {value.__name__}")
        if any(_ODD & vars(one).keys() for one in value.__mro__[:-1]):
            raise Unknown(f"the class {value.__name__}")
        self._key.append(("class", value.__qualname__))
        self._holders.append(value)
        for base in value.__mro__[1:-1]:
            self._walk(base)

    def _look(self, holder: Any) -> None:
        """Walk what the code names of a class or a module, and what Python calls by itself."""
        of_class = isinstance(holder, type)
        held = vars(holder) if of_class else holder
        for name, value in list(held.items()):
            named = name in self._attributes or (of_class and name[:2] == "__")
            if named and name not in _OF_CLASSES and (id(holder), name) not in self._looked:
                self._looked.add((id(holder), name))
                self._key.append(name)
                self._walk(value)


_WALKS: set[Any] = {list, tuple, dict, collections.deque, collections.defaultdict, type, property}
_WALKS |= {types.FunctionType, types.MethodType, staticmethod, classmethod}
_WALKS |= {types.BuiltinFunctionType}
_KNOWN: dict[int, tuple[types.CodeType, list[str], set[str]]] = {}


def mentioned(code: types.CodeType) -> tuple[list[str], set[str]]:
    """Global names and attributes of a code, and of those inside it.

    Raises:
        Unknown: it holds an instruction that may do more than calculate.
    """
    if id(code) not in _KNOWN:
        names: dict[str, None] = {}
        attributes: set[str] = set()
        for one in _inside(code):
            before: Any = None
            for instruction in dis.get_instructions(one):
                _read(instruction, before, names, attributes)
                before = instruction
            if "hasattr" in names:  # asks by a text
                attributes |= {text for text in one.co_consts if isinstance(text, str)}
        _KNOWN[id(code)] = code, list(names), attributes
    return _KNOWN[id(code)][1:]


def _read(instruction: Any, before: Any, names: dict[str, None], attributes: set[str]) -> None:
    operation, named = instruction.opname, instruction.opcode in dis.hasname
    text = str(instruction.argval)
    if operation in _NAMES:
        names[text] = None
    elif operation in _ATTRIBUTES:
        if text in _MORE or text[:2] == "__":
            raise Unknown(text)
        attributes.add(text)
    elif operation == "IMPORT_NAME":
        if text not in _LIBRARIES and not text.startswith(_INSIDE):
            raise Unknown(f"import {text}")
    elif named or operation.startswith(_OPAQUE):
        raise Unknown(operation)
    elif operation == "IS_OP":
        constant = before.opname == "LOAD_CONST" and before.argval in (None, True, False)
        if not constant:  # which objects are one may differ between cars
            raise Unknown("is")


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _inside(constant)


def _calculates(module: str | None) -> bool:
    return bool(module) and (module in _LIBRARIES or str(module).startswith(_INSIDE))
