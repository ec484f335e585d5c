"""Settings from what files and command lines hold, and back: names checked, text converted."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from racer.errors import BadConfig

_T = TypeVar("_T")
RENAMED = {  # as older run folders and files have it → as it is now
    "train.judge_every": "train.eval_every",
    "train.judge_laps": "train.eval_laps",
}
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def plain(table: dict[str, Any]) -> dict[str, Any]:
    """Without None, tuples as lists: what TOML can hold."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found[key] = plain(value)
        elif value is not None:
            found[key] = list(value) if isinstance(value, tuple) else value
    return found


def build(cls: type[_T], table: dict[str, Any], prefix: str) -> _T:
    """A group of settings from names and values, which may be text.

    Raises:
        BadConfig: an unknown name (names the nearest) or a value that does not fit.
    """
    hints = typing.get_type_hints(cls)
    arguments: dict[str, Any] = {}
    for given, value in table.items():
        name = current(f"{prefix}{given}", (f"{prefix}{key}" for key in table))
        key = name.removeprefix(prefix)
        if key not in hints:
            raise _unknown(cls, name, [f"{prefix}{k}" for k in hints], prefix)
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise BadConfig(f"{name} is a group of settings, not a value: {value!r}.")
            arguments[key] = build(typing.cast(type[Any], hints[key]), value, f"{name}.")
        else:
            arguments[key] = _convert(value, hints[key], name)
    return cls(**arguments)


def _unknown(cls: type[Any], name: str, known: list[str], prefix: str) -> BadConfig:
    """Names the setting meant, in whatever group it is: learning_rate is train.learning_rate."""
    last = name.rpartition(".")[2].lower()
    here, below = _by_end(known), _by_end(_names(cls, prefix))
    ends = [last] if last in below else difflib.get_close_matches(last, here, n=1)
    ends = ends or difflib.get_close_matches(last, below, n=1, cutoff=0.75)
    near = f" Did you mean {(below | here)[ends[0]]!r}?" if ends else ""
    return BadConfig(f"no setting {name!r}.{near} Known: {', '.join(known)}.")


def _by_end(names: Iterable[str]) -> dict[str, str]:
    """Last word → full name, the first of several."""
    return {name.rpartition(".")[2]: name for name in reversed(list(names))}


def _names(cls: type[Any], prefix: str) -> Iterator[str]:
    """Full names of the settings of a group and of the groups in it."""
    for key, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            yield from _names(typing.cast(type[Any], hint), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def current(name: str, given: Iterable[str] = ()) -> str:
    """The name that a setting has now.

    Args:
        given: all names that were given beside it.

    Raises:
        BadConfig: both names of one setting were given.
    """
    now = RENAMED.get(name, name)
    if now != name and now in given:
        raise BadConfig(f"{name} is an older name of {now}: give only one.")
    return now


def given_or_default(
    cls: type[_T], given: Any, name: str, example: str, *, prefix: str | None = None
) -> _T:
    """A group of settings from itself, None for the defaults, or a mapping of names to values.

    Args:
        name: of the argument that was given.
        example: what a dict may hold.
        prefix: of the names of its settings; `name` and a dot unless given.

    Raises:
        BadConfig: something else, an unknown name or a value outside its range.
    """
    if given is None or isinstance(given, cls):
        return given or cls()
    if not isinstance(given, Mapping):
        raise BadConfig(f"{name} = {given!r}; give {cls.__name__}(...) or a dict, e.g. {example}.")
    return build(cls, dict(given), f"{name}." if prefix is None else prefix)


def _convert(value: Any, hint: Any, name: str) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kind = next(o for o in options if o is not type(None))
    if typing.get_origin(kind) is tuple:
        text = isinstance(value, str)
        parts = value.strip(" []()").replace(",", " ").split() if text else value
        if not isinstance(parts, list | tuple):
            raise BadConfig(f"{name} = {value!r}; give whole numbers, e.g. 64,64.")
        return tuple(_convert(part, int, name) for part in parts)
    if kind is bool and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise BadConfig(f"{name} = {value!r}; use true or false.")
        return value.lower() == "true"
    if isinstance(value, bool) != (kind is bool):
        raise BadConfig(f"{name} = {value!r}; {_KINDS[kind]} is needed.")
    try:
        if kind is int and isinstance(value, str):
            return int(float(value)) if float(value).is_integer() else int(value)
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        if kind is str and not isinstance(value, str):
            raise ValueError
        if kind is str and not _is_unicode(value):
            raise BadConfig(f"{name} = {value!a} is not UTF-8, so no file can hold it. Rename it.")
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise BadConfig(f"{name} = {value!r}; {_KINDS[kind]} is needed.") from None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
