"""Action spaces: what a policy chooses, as steering angle and speed."""

from racer.actions.model_metadata import (
    SENSORS,
    algorithm,
    camera,
    described,
    equipment,
    load,
    parse,
)
from racer.actions.spaces import Actions, Continuous, Discrete
from racer.actions.unused import unused

__all__ = [
    "SENSORS",
    "Actions",
    "Continuous",
    "Discrete",
    "algorithm",
    "camera",
    "described",
    "equipment",
    "load",
    "parse",
    "unused",
]
