"""Make the expensive part of a first call once, not per car, where that is the same.

A file that makes a table of 0.16 s when it is first called would need 41 s for 256 cars. While a
car is called for the first time, the functions of the file note what they do: a call that took long
is kept with all that it could read (see `reach`), what it returned, and what it changed. Another
car's call that can read the same, to the bit, is given a copy of both instead of being made. The
whole first call could not be kept: it also reads where its car is.

- A call that printed, or that may do more than calculate, is made by every car.
- What it left behind must be of a kind that can be copied faithfully (see `twins`).
- After its first call a car's functions are those of the file again: later calls cost nothing more.

Standard library only: the guarded process imports this file.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import time
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from racer.reward import usage
from racer.reward.reach import Keys, Reach
from racer.reward.twins import Copier, Unknown

SLOW = 0.005  # s of processor time for a call, worth being kept
QUICK = 3  # calls of a function, none of them slow, after which it is left alone
KEPT = 4  # calls of a function that are kept
MISSES = 6  # more calls than were found, after which a function is left alone
_WARNED = "__warningregistry__"  # in a module whose code has caused a warning

Call = Callable[[tuple[Any, ...], dict[str, Any]], Any]


@dataclass
class _Made:
    """A call as it was made.

    Attributes:
        objects: what it could change.
        changed: the new content of those that it changed, by their place in `objects`.
    """

    objects: list[Any]
    result: Any
    changed: dict[int, Any]


@dataclass
class _Unit:
    """A function of the file, in all namespaces."""

    keys: Keys
    made: dict[Any, _Made] = field(default_factory=dict)
    quick: int = 0
    misses: int = 0
    left_alone: bool = False


class FirstCalls:
    """The first calls of all cars of one file.

    Args:
        tree: of the file.
        path: of its code.
        printed: how much has been printed so far.
    """

    def __init__(self, tree: ast.AST, path: str, printed: Callable[[], int]) -> None:
        self._path, self._printed = path, printed
        self._keys = {
            (node.name, min([node.lineno, *(one.lineno for one in node.decorator_list)])): keys(
                node
            )
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
        }
        self._units: dict[types.CodeType, _Unit] = {}
        self._first = True

    def of(self, namespace: Any, function: Any, done: Callable[[], None]) -> Callable[[Any], Any]:
        """What calls `function` of a namespace for the first time, and then `done`."""

        def first(params: Any) -> Any:
            done()
            if not self._first and not self._units:
                return function(params)
            car = _Car(self, namespace, function)
            try:
                return function(params)
            finally:
                car.leave()
                self._first = False
                self._units = {code: unit for code, unit in self._units.items() if unit.made}

        return first

    def unit(self, code: types.CodeType) -> _Unit | None:
        """Of a function, if it is worth looking at."""
        if self._first and code not in self._units:
            of_file = code.co_filename == self._path
            names = self._keys.get((code.co_name, code.co_firstlineno), {})
            self._units[code] = _Unit(names if of_file else {})
        found = self._units.get(code)
        return None if found is None or found.left_alone else found


class _Car:
    """One car, while it is called for the first time."""

    def __init__(self, calls: FirstCalls, namespace: Any, entry: Any) -> None:
        self._printed = calls._printed
        self._spaces = {name: vars(module) for name, module in namespace.modules.items()}
        self._codes: dict[types.FunctionType, types.CodeType] = {}
        entry = getattr(entry, "__func__", entry)
        for function in _functions(self._spaces):
            unit = calls.unit(function.__code__)
            if function is not entry and not function.__closure__ and unit is not None:
                self._codes[function] = function.__code__
                function.__code__ = _calling(self._noting(function, unit), function.__code__)

    def leave(self) -> None:
        for function, code in self._codes.items():
            function.__code__ = code

    def _noting(self, function: types.FunctionType, unit: _Unit) -> Call:
        """What is called in place of a function."""

        def call(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
            noting, function.__code__ = function.__code__, self._codes[function]
            try:
                return self._called(function, unit, args, options)
            finally:
                if not unit.left_alone:
                    function.__code__ = noting

        return call

    def _called(
        self, function: Any, unit: _Unit, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        reach = Reach(self._spaces, lambda one: self._codes.get(one, one.__code__))
        try:
            key = reach.of(function, args, options, unit.keys)
            if key in unit.made:
                unit.misses -= 1
                return _again(unit.made[key], reach.objects, set(self._spaces))
            before = [_content(one) for one in reach.objects]
        except (Unknown, RecursionError):
            unit.left_alone = True
            return function(*args, **options)
        printed, began = self._printed(), time.process_time()
        result = function(*args, **options)
        slow = time.process_time() - began >= SLOW
        unit.quick, unit.misses = unit.quick + (not slow), unit.misses + 1
        if slow and len(unit.made) < KEPT:
            with contextlib.suppress(Unknown, RecursionError):
                unit.made[key] = _noted(reach, before, result, set(self._spaces))
        if self._printed() != printed or any(_WARNED in one for one in self._spaces.values()):
            unit.made.clear()  # every car says it
            unit.left_alone = True
        if unit.misses > MISSES or (unit.quick >= QUICK and not unit.made):
            unit.left_alone = True
        return result


def keys(function: ast.FunctionDef) -> Keys:
    """Arguments of which a function reads some keys and nothing else, and these keys."""
    found: dict[str, frozenset[str]] = {}
    for argument in function.args.posonlyargs + function.args.args + function.args.kwonlyargs:
        names = {argument.arg}
        every, read, named = 0, 0, set()
        for node in ast.walk(function):
            every += isinstance(node, ast.Name) and node.id == argument.arg
            key = usage.key_of(node, names)
            if key is not None and not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
                read += 1
                named.add(key)
        if every == read:
            found[argument.arg] = frozenset(named)
    return found


def _functions(spaces: dict[str, dict[str, Any]]) -> list[types.FunctionType]:
    """Those of the file and its own modules, methods and cached ones included."""
    found: dict[types.FunctionType, None] = {}
    for space in spaces.values():
        for value in list(space.values()):
            for one in vars(value).values() if _is_own_class(value, spaces) else [value]:
                function = getattr(one, "__func__", one)
                function = getattr(function, "__wrapped__", function)
                if type(function) is types.FunctionType and function.__globals__ is space:
                    found[function] = None
    return list(found)


def _is_own_class(value: Any, spaces: dict[str, dict[str, Any]]) -> bool:
    return type(value) is type and value.__module__ in spaces


def _template(*args: Any, **options: Any) -> Any:
    call: Any = "what is called"
    return call(args, options)


def _calling(call: Call, code: types.CodeType) -> types.CodeType:
    """The code of a function that calls `call` instead, whoever holds the function."""
    constants = tuple(
        call if one == "what is called" else one for one in _template.__code__.co_consts
    )
    return _template.__code__.replace(
        co_consts=constants, co_name=code.co_name, co_filename="<first call>"
    )


def _again(made: _Made, objects: list[Any], own: set[str]) -> Any:
    """Do to a car's objects what the call did to those of another, and return what it did.

    Raises:
        Unknown: nothing has been changed then.
    """
    pairs = zip(made.objects, objects, strict=True)
    copier = Copier(own, {id(old): new for old, new in pairs})
    result = copier.copy(made.result)
    changed = {at: copier.copy(content) for at, content in made.changed.items()}
    for at, content in changed.items():
        if _is_large(objects[at], at, own):
            _set(objects[at], content)
        else:
            _fill(objects[at], content)
    return result


def _noted(reach: Reach, before: list[Any], result: Any, own: set[str]) -> _Made:
    """What a call did, by itself: what the car does later changes nothing of it."""
    copier = Copier(own, {id(one): one for one in reach.objects})
    changed: dict[int, Any] = {}
    for at, (one, content) in enumerate(zip(reach.objects, before, strict=True)):
        now = _content(one)
        if not _same(content, now):
            if not isinstance(now, dict | list) or id(one) in reach.partly:
                raise Unknown("something that was changed")
            if isinstance(now, dict) and _is_large(one, at, own):
                if content.keys() - now.keys():
                    raise Unknown("something that was removed")
                now = {name: new for name, new in now.items() if content.get(name) is not new}
            changed[at] = copier.copy(now)
    return _Made(reach.objects, copier.copy(result), changed)


def _is_large(one: Any, at: int, own: set[str]) -> bool:
    """Whether it is a class or a module, of which only what was changed is kept."""
    return isinstance(one, type) or at < len(own)  # modules are the first objects


def _content(one: Any) -> Any:
    """What can be changed of an object, as a new list or dict of the very same parts."""
    if isinstance(one, list | collections.deque):
        return list(one)
    if isinstance(one, dict):
        return dict(one)
    if isinstance(one, tuple):
        return ()
    if type(one).__module__ == "numpy":
        return one.tobytes(), one.shape, one.strides
    if isinstance(one, types.FunctionType | type) or hasattr(one, "__dict__"):
        held = dict(vars(one))
        if isinstance(one, types.FunctionType):
            held |= {"__defaults__": one.__defaults__, "__kwdefaults__": one.__kwdefaults__}
        return held
    return ()  # nothing of it can change


def _same(one: Any, other: Any) -> bool:
    if type(one) is dict:
        return list(one) == list(other) and all(other[name] is one[name] for name in one)
    if type(one) is list:
        return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _set(one: Any, content: dict[str, Any]) -> None:
    """Names of a module or a class."""
    for name, value in content.items():
        if isinstance(one, type):
            setattr(one, name, value)
        else:
            one[name] = value


def _fill(one: Any, content: Any) -> None:
    """Replace all that it holds."""
    if isinstance(one, list):
        one[:] = content
    elif isinstance(one, collections.deque):
        one.clear()
        one.extend(content)
    else:
        if isinstance(one, types.FunctionType):
            one.__defaults__ = content.pop("__defaults__")
            one.__kwdefaults__ = content.pop("__kwdefaults__")
        held = one if isinstance(one, dict) else vars(one)
        held.clear()
        held.update(content)
