"""What Python programs give to the verbs of the public API: a wrong type is one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from racer.errors import BadConfig, short


def of_type(name: str, value: object, kinds: type | tuple[type, ...], wanted: str) -> None:
    """Refuse a value of another type.

    Raises:
        BadConfig: what was given, and `wanted`: what to give.
    """
    if not isinstance(value, kinds):
        raise BadConfig(f"{name} = {short(repr(value))}; give {wanted}.")


def whole(name: str, value: Any, least: int) -> int:
    """A whole number, also one of NumPy.

    Raises:
        BadConfig: it is none, or less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise BadConfig(f"{name} = {short(repr(value))}; give a whole number, {least} or more.")
    return int(value)


def function(reward: object) -> None:
    """Refuse a reward that cannot be called; None is none.

    Raises:
        BadConfig: it is something else.
    """
    if reward is not None and not callable(reward):
        raise BadConfig(
            f"reward = {short(repr(reward))}; give a function of params, or name a file in "
            "race.reward of the config."
        )
