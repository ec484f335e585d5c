"""Vehicles: one file per preset, `PARAMS = vehicle(...)`; the file's name is the preset's name.

Your own go into `./vehicles`, which is searched first: start from a copy of deepracer_v5.py.
"""

from __future__ import annotations

import math

import numpy as np

from racer import registry
from racer.errors import BadConfig, BadInput
from racer.sim.types import KINEMATIC, VEHICLE

# Numbers that only one of the two models reads may be left out.
_OPTIONAL = {
    "model": KINEMATIC,
    "speed_gain": 1.0,
    "speed_lag": 0.0,
    "steer_lag": 0.0,
    "accel_max": math.inf,
    "lateral_grip": math.inf,
    "delay": 0.0,
    "mass": 0.0,
    "inertia": 0.0,
    "cg_height": 0.0,
    "friction": 0.0,
    "stiffness_front": 0.0,
    "stiffness_rear": 0.0,
}
_MAY_BE_ZERO = set(_OPTIONAL) | {"nose", "rear_axle", "speed_min"}
_MAY_BE_NEGATIVE = {"speed_min"}


def vehicle(**numbers: float) -> np.ndarray:
    """One VEHICLE row of named numbers; units as in racer/sim/types.py.

    Returns:
        (1,) VEHICLE.

    Raises:
        BadConfig: a name that is not a field, a field left out, or a value that cannot be.
    """
    row = np.zeros(1, VEHICLE)
    fields = set(row.dtype.names or ())
    unknown = sorted(set(numbers) - fields)
    if unknown:
        raise BadConfig(f"a vehicle has no {unknown[0]!r}. Fields: {', '.join(sorted(fields))}.")
    given = {**{k: v for k, v in _OPTIONAL.items() if k in fields}, **numbers}
    missing = sorted(fields - set(given))
    if missing:
        raise BadConfig(f"a vehicle needs {missing[0]!r}. Give every field without a default.")
    for name, value in given.items():
        if math.isnan(value) or (value < 0.0 and name not in _MAY_BE_NEGATIVE):
            raise BadConfig(f"{name} = {value} of a vehicle. It must be a number >= 0.")
        if value == 0.0 and name not in _MAY_BE_ZERO:
            raise BadConfig(f"{name} = 0 of a vehicle. It must be above 0.")
        row[name] = value
    if not row["speed_min"][0] < row["speed_max"][0]:
        raise BadConfig("speed_min of a vehicle must be below speed_max.")
    return row


def numbers(row: np.ndarray) -> str:
    """Every number of a (1,) VEHICLE, as text to hash: the same on every platform."""
    return "".join(f"{name}={row[name][0].item()!r}" for name in row.dtype.names or ())


def names() -> list[str]:
    """Every preset, the user's own included."""
    return registry.module_names("racer.vehicles")


def load(name: str) -> np.ndarray:
    """The preset `name`, a fresh (1,) VEHICLE.

    Args:
        name: of a file in ./vehicles or of a built-in preset; or a path, or a package.module.

    Raises:
        UnknownName: no such preset; names the nearest one.
        BadInput, BadConfig: the user's file is no vehicle.
    """
    module = registry.load_module("racer.vehicles", "vehicle", str(name))
    params = getattr(module, "PARAMS", None)
    if not isinstance(params, np.ndarray) or params.dtype != VEHICLE or params.shape != (1,):
        raise BadInput(f"vehicle {name!r} has no `PARAMS = vehicle(...)`; see racer/vehicles.")
    return params.copy()
