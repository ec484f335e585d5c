"""Every setting of a training as a form shows it: made from the one table of settings."""

from __future__ import annotations

from typing import Any

from racer.config import Config
from racer.config.fields import each, number

FIXED = ("race.reward",)  # what the editor edits
TEXT_MAX = 4096


def listed(config: Config) -> list[dict[str, Any]]:
    """Each setting for JSON: key, value, usual value, what it does, what is allowed."""
    usual = {key: value for key, value, _ in each(Config())}
    return [
        {
            "key": key,
            "value": text_of(value),
            "usual": text_of(usual[key]),
            "kind": "bool" if isinstance(usual[key], bool) else "text",
            "choices": [] if known.numbered else list(known.choices),
            "help": known.help,
            "range": known.range if known.choices else "",
            "bounds": [number(one) for one in (known.low, known.high) if one is not None],
            "unit": known.unit,
            "unset": known.unset,
        }
        for key, value, known in each(config)
        if key not in FIXED
    ]


def changed(config: Config, given: dict[str, Any]) -> Config:
    """The settings with some changed; an empty text unsets what may be unset.

    Raises:
        BadConfig: an unknown key, or a value that does not fit; says what is allowed.
    """
    unsets = {key for key, _, known in each(config) if known.unset}
    values: dict[str, Any] = {}
    for key, value in given.items():
        text = str(value)[:TEXT_MAX].strip()
        if key not in FIXED:
            values[key] = None if not text and key in unsets else text
    return config.override(values)


def text_of(value: Any) -> str:
    """A value as people type it; empty for unset."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
