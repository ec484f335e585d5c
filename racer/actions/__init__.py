"""Action spaces: what a policy chooses, as steering angle and speed."""

from racer.actions.spaces import Actions, Continuous, Discrete, load, parse

__all__ = [
    "Actions",
    "Continuous",
    "Discrete",
    "load",
    "parse",
]
