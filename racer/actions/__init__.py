"""Action spaces: what a policy chooses, as steering angle and speed."""

from racer.actions.model_metadata import algorithm, described, equipment, load, parse
from racer.actions.spaces import Actions, Continuous, Discrete

__all__ = [
    "Actions",
    "Continuous",
    "Discrete",
    "algorithm",
    "described",
    "equipment",
    "load",
    "parse",
]
