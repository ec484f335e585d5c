"""Ratings of cars from the orders in which they finished, each with its 95 % interval.

The model of Plackett and Luce: the winner of a race is car i with a chance proportional to its
strength, the second is drawn so among the rest, and so on. Of two cars that is Bradley and Terry's.
A normal prior keeps the rating of a car that won every race finite. The interval is that of the
normal distribution with the curvature of the posterior at its peak.

Why scipy: all races are there at once, so their order must not count, as it does in libraries that
rate game after game (openskill, trueskill); scipy's Newton method in a trust region fits the model.

Source: Hunter 2004, MM algorithms for generalized Bradley-Terry models (the model); Elo's scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MEAN = 1500.0  # of all cars
SCALE = 400.0 / math.log(10.0)  # Elo's: 400 points more win ten of eleven races
SPREAD = 400.0 / SCALE  # of the prior
_TAIL = 1.959964  # standard deviations, 95 %

Floats = NDArray[np.float64]


class Finish(NamedTuple):
    """One race.

    Attributes:
        order: cars from the winner on.
        weight: how much it counts.
    """

    order: Sequence[int]
    weight: float = 1.0


class Rating(NamedTuple):
    """Points, and between which they are with 95 %."""

    points: float
    low: float
    high: float


def ratings(count: int, races: Sequence[Finish]) -> list[Rating]:
    """The rating of each of `count` cars.

    Raises:
        ResourceError: scipy is not installed.
    """
    from racer.process.extras import extra

    with extra("league", "racer league"):
        from scipy.optimize import minimize

    orders = [(np.asarray(race.order), race.weight) for race in races]

    def surprise(strengths: Floats) -> tuple[float, Floats]:
        return _surprise(strengths, orders)[:2]

    def curvature(strengths: Floats) -> Floats:
        return _surprise(strengths, orders)[2]

    begin = np.zeros(count)
    found = minimize(surprise, begin, jac=True, hess=curvature, method="trust-exact")
    centre = np.eye(count) - 1.0 / count  # ratings are told beside the mean of all cars
    variance = centre @ np.linalg.inv(curvature(found.x)) @ centre
    points = MEAN + SCALE * (centre @ found.x)
    half = SCALE * _TAIL * np.sqrt(np.maximum(np.diag(variance), 0.0))
    return [Rating(p, p - h, p + h) for p, h in zip(points.tolist(), half.tolist(), strict=True)]


def _surprise(
    strengths: Floats, orders: Sequence[tuple[NDArray[np.int64], float]]
) -> tuple[float, Floats, Floats]:
    """Minus the logarithm of the posterior, its slopes and its curvature."""
    value = float(0.5 * np.sum(strengths**2) / SPREAD**2)
    slope = strengths / SPREAD**2
    curve = np.eye(len(strengths)) / SPREAD**2
    for order, weight in orders:
        for place in range(len(order) - 1):
            left = order[place:]
            top = strengths[left].max()
            odds = np.exp(strengths[left] - top)
            share = odds / odds.sum()
            value += weight * float(top + np.log(odds.sum()) - strengths[order[place]])
            slope[left] += weight * share
            slope[order[place]] -= weight
            curve[np.ix_(left, left)] += weight * (np.diag(share) - np.outer(share, share))
    return value, slope, curve
