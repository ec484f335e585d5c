"""A setting: a field of a frozen dataclass with its bounds, unit and help line beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from racer.errors import BadConfig, did_you_mean

_KEY = "racer"


@dataclass(frozen=True)
class About:
    """What is known of a setting.

    Args:
        help: what it does, for people; a sentence that stands alone.
        low, high: bounds of its value, or of each when it is several; None for none.
        choices: the words it may be; empty when it is no word of a list.
        unit: of its value, e.g. "s"; empty for a pure number.
        unset: what None means; empty when it is never None.
        count: bounds of how many values it may have.
        numbered: a choice may have a number, as in cuda:1.
    """

    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    unset: str = ""
    count: tuple[int, int] | None = None
    numbered: bool = False

    @property
    def range(self) -> str:
        """What is allowed, for people; empty where anything is."""
        if self.choices:
            return ", ".join(self.choices)
        if self.low is None or self.high is None:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        return f"{number(self.low)} to {number(self.high)}{unit}"


def setting(
    default: Any,
    help: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: tuple[str, ...] = (),
    unit: str = "",
    unset: str = "",
    count: tuple[int, int] | None = None,
    numbered: bool = False,
) -> Any:
    """A field with a default and what `About` says."""
    about = About(help, low, high, choices, unit, unset, count, numbered)
    return dataclasses.field(default=default, metadata={_KEY: about})


def about(group: Any, name: str) -> About:
    """What is known of the setting `name` of a dataclass or an instance of it."""
    field = next(f for f in dataclasses.fields(group) if f.name == name)
    found: About = field.metadata[_KEY]
    return found


def check(group: Any, prefix: str) -> None:
    """Refuse values outside their bounds.

    Args:
        group: an instance whose fields were made by `setting`, but for groups of their own.
        prefix: of their names, e.g. "train.".

    Raises:
        BadConfig: names the setting, its value and what is allowed.
    """
    for field in dataclasses.fields(group):
        value = getattr(group, field.name)
        if _KEY in field.metadata and value is not None:
            _check(f"{prefix}{field.name}", value, field.metadata[_KEY])


def each(group: Any, prefix: str = "") -> Iterator[tuple[str, Any, About]]:
    """Key, default and description of every setting of a group and of the groups in it."""
    for field in dataclasses.fields(group):
        value = getattr(group, field.name)
        if _KEY in field.metadata:
            yield f"{prefix}{field.name}", value, field.metadata[_KEY]
        elif dataclasses.is_dataclass(value):
            yield from each(value, f"{prefix}{field.name}.")


def _check(name: str, value: Any, known: About) -> None:
    if known.count is not None:
        least, most = known.count
        if not least <= len(value) <= most:
            raise BadConfig(f"{name} has {len(value)} values; allowed is {least} to {most}.")
    values = value if isinstance(value, tuple) else (value,)
    for one in values:
        word = one.split(":")[0] if known.numbered else one
        if known.choices and word not in known.choices:
            near = did_you_mean(one, known.choices)
            raise BadConfig(f"{name} = {one!r}; allowed is {known.range}.{near}")
        if known.low is not None and known.high is not None and not known.low <= one <= known.high:
            raise BadConfig(f"{name} = {one!r}; allowed is {known.range}.")


def number(value: float) -> str:
    """A bound for people."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
