"""A first drive by looking ahead: at every step the best of many plans for two seconds goes on.

The plan of a step ago, moved up, is always among them, so a car that has a way on keeps one: it
does not enter a bend from which no plan gets out. This works for slow and for quick vehicles alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from racer.raceline import kernels
from racer.raceline.drive import Drive, replay
from racer.raceline.rollouts import Floats, Rollouts

HORIZON_S = 2.0  # s; from full speed a DeepRacer of the console era is slow again in one
PLANS = 256
HELD = 2  # steps of a plan that are driven before the next one
WIDTHS = (0.08, 0.25, 0.6, 1.2)  # of the noise, in a range of 2


def first_drive(
    rollouts: Rollouts,
    laps: float,
    rng: np.random.Generator,
    report: Callable[[float], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
    *,
    tries: int,
) -> Drive | None:
    """Drive `laps` laps from the line; None where no plan gets farther, or after `stop`.

    Args:
        tries: rounds of plans before each decision.
    """
    horizon = max(8, round(HORIZON_S / rollouts.dt))
    plan = np.zeros((horizon, 2))
    car, place = rollouts.start.copy(), float(rollouts.start["s"][0])
    driven: list[Floats] = []
    goal, stuck = laps * rollouts.length, 0
    while place < goal:
        if stop():
            return None
        for _ in range(tries if driven else 4 * tries):
            plan, ends = _better(rollouts, car, place, plan, rng)
        stuck = 0 if ends > place + 0.02 * HELD else stuck + 1
        if stuck > horizon:
            return None
        rollouts.cars[:1] = car
        rollouts.begin(1, np.array([place]))
        for k in range(HELD):
            now, alive = rollouts.step(plan[k : k + 1])
            if not alive[0]:
                return None
        driven.extend(plan[:HELD].copy())
        car, place = rollouts.cars[:1].copy(), float(now[0])
        plan = np.concatenate([plan[HELD:], np.repeat(plan[-1:], HELD, axis=0)])
        report(min(place / goal, 1.0))
    return replay(rollouts, rollouts.actions_of(np.array(driven)))


def _better(
    rollouts: Rollouts, car: np.ndarray, place: float, plan: Floats, rng: np.random.Generator
) -> tuple[Floats, float]:
    """The best of `plan` (H, 2) and PLANS - 1 variations of it, and how far it gets, m."""
    plans = _variations(plan, rng)
    rollouts.cars[:PLANS] = car
    rollouts.begin(PLANS, np.full(PLANS, place))
    lived = np.zeros(PLANS)
    for k in range(len(plan)):
        places, alive = rollouts.step(plans[:, k])
        lived += alive
        if not alive.any():
            break
    scores = places - 100.0 * (len(plan) - lived)
    best = int(scores.argmax())
    return plans[best], float(places[best])


def _variations(plan: Floats, rng: np.random.Generator) -> Floats:
    """(PLANS, H, 2): the first as it is, the others with noise from some step on."""
    horizon = len(plan)
    knots = rng.standard_normal((PLANS, horizon // kernels.KNOT + 3, 2))
    knots *= rng.choice(WIDTHS, (PLANS, 1, 2))
    at = rng.integers(0, kernels.KNOT, PLANS)
    since = rng.integers(0, horizon, PLANS) - horizon // 3
    since[0] = horizon
    varied = np.empty((PLANS, horizon, 2))
    kernels.vary(plan, knots, at, since, varied)
    return varied
