"""What a sweep varies: lists of values and ranges of numbers, from a TOML table or from text."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from racer.errors import BadConfig

Value = Any  # text, number, bool or list of whole numbers, as a setting takes it
Settings = dict[str, Value]  # Config key → value

_RANGE = re.compile(r"(log:)?(\S+?)\.\.(\S+)")
_RANGE_KEYS = {"low", "high", "log", "whole"}
_EXAMPLE = "write train.learning_rate=1e-5,3e-4 for values, or log:1e-5..1e-2 for a range"


@dataclass(frozen=True)
class Values:
    """A list to choose from."""

    values: tuple[Value, ...]

    def draw(self, rng: np.random.Generator) -> Value:
        """One of them."""
        return self.values[int(rng.integers(len(self.values)))]

    def ends(self) -> tuple[Value, ...]:
        """What must be allowed for all to be allowed."""
        return self.values

    def to_json(self) -> Any:
        """As `read` takes it."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; `log` draws evenly on a logarithmic scale."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def draw(self, rng: np.random.Generator) -> Value:
        """A number in it."""
        if self.log:
            found = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            found = rng.uniform(self.low, self.high)
        found = min(max(found, self.low), self.high)
        return round(found) if self.whole else float(f"{found:.6g}")

    def ends(self) -> tuple[Value, ...]:
        """The least and the largest."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def to_json(self) -> Any:
        """As `read` takes it."""
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


Space = dict[str, Values | Range]


def read(key: str, given: Any) -> Values | Range:
    """What one setting may be: a list of values, or a table with low and high.

    Raises:
        BadConfig: it is neither, is empty, or its bounds make no range.
    """
    if isinstance(given, Mapping):
        unknown = set(given) - _RANGE_KEYS
        if unknown or not {"low", "high"} <= set(given):
            raise BadConfig(
                f"the range of {key} has {', '.join(sorted(given)) or 'nothing'}; give low and "
                "high, and log = true or whole = true where you want that."
            )
        return _range(key, given["low"], given["high"], given.get("log"), given.get("whole"))
    if not isinstance(given, list | tuple):
        raise BadConfig(f"{key} varies over {given!r}; give a list of values, e.g. [1e-4, 1e-3].")
    values = tuple(given)
    if not values:
        raise BadConfig(f"{key} varies over no value; give at least one.")
    if len({repr(value) for value in values}) < len(values):
        raise BadConfig(f"{key} varies over the same value twice; give each once.")
    return Values(values)


def parse(key: str, text: str) -> Values | Range:
    """As `read`, from the text of a command line: `1e-5,3e-4`, `0.9..0.99` or `log:1e-5..1e-2`.

    Raises:
        BadConfig: it is empty or its bounds make no range.
    """
    match = _RANGE.fullmatch(text.strip())
    if match and "," not in text:
        low, high = (_plain(bound) for bound in match.groups()[1:])
        if isinstance(low, str) or isinstance(high, str):
            raise BadConfig(f"the range of {key} is {text!r}; {_EXAMPLE}.")
        return _range(
            key, low, high, bool(match[1]), isinstance(low, int) and isinstance(high, int)
        )
    return read(key, [_plain(part.strip()) for part in text.split(",") if part.strip()])


def grid(space: Space) -> Iterator[Settings]:
    """Every combination, the last setting changing fastest.

    Raises:
        BadConfig: a range has no values to combine.
    """
    for key, one in space.items():
        if isinstance(one, Range):
            raise BadConfig(
                f"{key} varies over a range, and a grid needs values: list them, or use "
                "--search random or tpe with --trials N."
            )
    for values in itertools.product(*(one.ends() for one in space.values())):
        yield dict(zip(space, values, strict=True))


def draws(space: Space, count: int, seed: int) -> Iterator[Settings]:
    """Random settings, the same for the same seed."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        yield {key: one.draw(rng) for key, one in space.items()}


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; a table with low and high is a range and stays one."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _plain(text: str) -> Value:
    """A number where it is one, else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _range(key: str, low: Any, high: Any, log: Any, whole: Any) -> Range:
    numbers = [low, high]
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise BadConfig(f"the range of {key} goes from {low!r} to {high!r}; give two numbers.")
    if not low < high or (log and low <= 0) or not all(map(math.isfinite, numbers)):
        need = "0 < low < high" if log else "low < high"
        raise BadConfig(f"the range of {key} goes from {low:g} to {high:g}; it needs {need}.")
    return Range(float(low), float(high), bool(log), bool(whole))
