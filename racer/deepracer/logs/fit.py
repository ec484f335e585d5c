"""Identify a vehicle from logs: the numbers of the kinematic model that replay them best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from racer.deepracer.logs.fidelity import HORIZONS, open_loop
from racer.deepracer.logs.log import Log
from racer.process.extras import extra

# Field of VEHICLE: bounds, and where to begin when the given vehicle has it at 0 or infinite.
FREE: dict[str, tuple[float, float, float]] = {
    "delay": (0.0, 1.0 / 15.0, 0.02),
    "speed_gain": (0.9, 1.2, 1.0),
    "speed_lag": (0.0, 1.0, 0.02),
    "steer_lag": (0.0, 1.0, 0.2),
    "effective_wheelbase": (0.15, 0.4, 0.25),
    "lateral_grip": (0.5, 20.0, 4.0),
}
# What one step further costs: about the error a good fit has there, so all horizons count alike.
_SCALES_M = (0.01, 0.03, 0.06, 0.10)
_SOFT_M = 0.02  # m; errors below it count quadratically, above linearly: outliers do not lead
_RESTARTS, _ITERATIONS = 2, 700


@dataclass(frozen=True)
class Fit:
    """Result of a fit.

    Args:
        vehicle: (1,) VEHICLE, the one given with the FREE fields replaced.
        loss: see `loss`.
        evaluations: replays of all logs that were needed.
    """

    vehicle: np.ndarray
    loss: float
    evaluations: int


def fit(logs: list[Log], vehicle: np.ndarray, clock: str) -> Fit:
    """Search the FREE fields of `vehicle` that replay `logs` best; same input, same result.

    Raises:
        ResourceError: scipy is not installed.
    """
    minimize = _minimizer()
    begin = np.array([_begin(vehicle, name) for name in FREE])
    low, high = (np.array([bounds[k] for bounds in FREE.values()]) for k in (0, 1))
    count = 0

    def cost(scaled: np.ndarray) -> float:
        nonlocal count
        count += 1
        values = scaled * begin
        inside = np.clip(values, low, high)
        outside = float(np.sum(np.abs(values - inside) / (high - low)))
        return loss(open_loop(logs, _with(vehicle, inside), clock)) + 100.0 * outside

    best = np.ones(len(begin))
    for _ in range(_RESTARTS):  # a simplex may collapse early
        best = minimize(cost, best)
    fitted = _with(vehicle, np.clip(best * begin, low, high))
    return Fit(fitted, loss(open_loop(logs, fitted, clock)), count)


def loss(errors: np.ndarray) -> float:
    """Mean position error over HORIZONS, each in units of what a good fit has there.

    Args:
        errors: as from open_loop.
    """
    total = 0.0
    for horizon, scale in zip(HORIZONS, _SCALES_M, strict=True):
        distance = errors[:, horizon - 1, 0]
        distance = distance[np.isfinite(distance)]
        total += float(np.mean(np.hypot(distance, _SOFT_M))) / scale
    return total / len(HORIZONS)


def _begin(vehicle: np.ndarray, name: str) -> float:
    value = float(vehicle[name][0])
    low, high, otherwise = FREE[name]
    return value if low < value < high else otherwise


def _with(vehicle: np.ndarray, values: np.ndarray) -> np.ndarray:
    changed = vehicle.copy()
    for name, value in zip(FREE, values, strict=True):
        changed[name] = value
    return changed


def _minimizer() -> Callable[[Callable[[np.ndarray], float], np.ndarray], np.ndarray]:
    with extra("fit", "racer log fit"):
        from scipy.optimize import minimize

    def nelder_mead(cost: Callable[[np.ndarray], float], begin: np.ndarray) -> np.ndarray:
        options = {"maxiter": _ITERATIONS, "xatol": 1e-3, "fatol": 1e-5, "adaptive": True}
        found: np.ndarray = minimize(cost, begin, method="Nelder-Mead", options=options).x
        return found

    return nelder_mead
