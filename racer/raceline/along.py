"""Drive once more from the line to the end, along a known drive, and look for a faster way.

A car whose wheels turn slowly cannot be judged after one control step: of the cars in a layer the
farthest are those that brake too late. So plans of 2 s are compared: bumps on what a feedback does
to keep to the known drive, few of them in the last second. The best plan ends far, and near to the
known drive: from there on a way is known, and whoever is ahead but off it often leaves the road in
the next bend. The first steps of the best plan are driven; the rest of it is among the next plans.

Where the car falls behind all the same, it goes back some steps and tries again with smaller bumps;
the second time from farther back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from racer.raceline import feedback, kernels
from racer.raceline.drive import LAPS, Drive, replay
from racer.raceline.rollouts import Cars, Floats, Rollouts
from racer.sim.native_call import bind

PLANS = 64
HORIZON_S, BUMPS_S = 2.0, 1.3  # s: how far a plan goes, and how far in it bumps begin
OFF = 0.02  # m that a plan must gain to end as far off the known drive as costs 1
LONGEST_S = 1.6  # s, of a bump
HELD_S = 0.33  # s of a plan that are driven before the next one
TRIES = 2  # rounds of plans before each decision; twice as many while every plan leaves the road
HEIGHTS = (0.0, 0.05, 0.15, 0.4, 1.0)  # of the bumps, in a range of 2
DROP, LOST = 1.0, 4.0  # steps behind the best lead so far, or the known drive itself
SLOWEST = 2.0  # × the time of the known drive
RETURNS, RETURNS_HERE = 6, 2  # in all, and from one place
BACK = 6  # decisions; half as many again the second time
CALM = 0.5  # × the bumps, until the place is passed


@dataclass
class _Mark:
    """Where a plan was decided on, to go back to."""

    car: Cars
    place: float
    driven: int  # decisions
    plan: Floats
    peak: float


def passed_along(
    rollouts: Rollouts,
    known: Drive,
    rng: np.random.Generator,
    *,
    size: float,
    lap: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Drive | None:
    """A drive of LAPS laps along `known`; None if it falls behind too far, or after `stop`.

    Args:
        rollouts: of at least PLANS cars.
        size: × the bumps.
        lap: of `known`, to be driven along in all laps; by default each lap along itself.
    """
    beside = feedback.gains(rollouts, known)
    table = known.table(rollouts, laps=0.0 if lap is None else LAPS, lap=lap, beside=beside)
    one = _Pass(rollouts, known, table, rng, size)
    while one.place < LAPS * rollouts.length:
        if stop() or not one.goes_on():
            return None
    return replay(rollouts, rollouts.actions_of(np.concatenate(one.driven)))


class _Pass:
    """One pass from the line to the end."""

    def __init__(
        self,
        rollouts: Rollouts,
        known: Drive,
        table: Floats,
        rng: np.random.Generator,
        size: float,
    ) -> None:
        self.rollouts, self.table, self.rng, self.size = rollouts, table, rng, size
        self.known = np.maximum.accumulate(known.places)
        metres_a_step = known.places.max() / len(known.actions)
        self.most = SLOWEST * LAPS * rollouts.length / metres_a_step  # steps
        self.horizon, self.until, self.longest, self.held = (
            max(least, round(seconds / rollouts.dt))
            for least, seconds in ((8, HORIZON_S), (4, BUMPS_S), (4, LONGEST_S), (1, HELD_S))
        )
        self.car: Cars = rollouts.start.copy()
        self.place = float(rollouts.start["s"][0])
        self.plan = np.zeros((self.horizon, 2))
        self.driven: list[Floats] = []  # guesses
        self.marks: list[_Mark] = []
        self.peak = 0.0  # steps, the best lead
        self.returns, self.here, self.calm_until = 0, 0, -np.inf
        self.survives = True  # does the plan stay on the road to its end?
        self.guesses = np.zeros((self.horizon, PLANS, 2))
        self.plans = np.empty((PLANS, self.horizon, 2))
        self.at, self.lived = np.zeros(1, int), np.zeros(PLANS, int)
        places, alive = rollouts.taking_part(PLANS)
        ways = table, self.plans, self.at, self.guesses, rollouts.actions, self.lived
        follow = bind(kernels.follow, rollouts.cars, alive, places, *ways)
        self.first = rollouts.steps(follow, self.held)
        self.rest = rollouts.steps(follow, self.horizon - self.held)

    def goes_on(self) -> bool:
        """Decide on a plan and drive its first steps; or go back. False where it is lost."""
        steps = self.held * len(self.driven)
        self.marks.append(_Mark(self.car, self.place, len(self.driven), self.plan, self.peak))
        car, place, guesses = self._best_start()
        lead = self._lead(place, steps + self.held) if len(guesses) == self.held else -np.inf
        self.peak = max(self.peak, lead)
        if lead < self.peak - DROP:
            if self._goes_back():
                return True
            self.peak = lead
        if lead < -LOST or steps > self.most:
            return False
        self.driven.append(guesses)
        self.car, self.place = car, place
        self.plan = np.concatenate([self.plan[self.held :], np.zeros((self.held, 2))])
        return True

    def _lead(self, place: float, steps: int) -> float:
        """Steps ahead of the known drive; behind its end none are counted."""
        if place >= self.known[-1]:
            return self.peak
        return float(np.interp(place, self.known, np.arange(len(self.known)))) - steps

    def _goes_back(self) -> bool:
        if self.place > self.calm_until:
            self.here = 0
        self.here += 1
        if self.here > RETURNS_HERE or self.returns == RETURNS:
            return False
        self.returns += 1
        self.calm_until = max(self.calm_until, self.place)
        far = int(BACK * 1.5 ** (self.here - 1))
        first = max(0, len(self.marks) - 1 - far)
        mark = self.marks[first]
        del self.marks[first:], self.driven[mark.driven :]
        self.car, self.place, self.plan, self.peak = mark.car, mark.place, mark.plan, mark.peak
        self.survives = True
        return True

    def _best_start(self) -> tuple[Cars, float, Floats]:
        """Car and place after the first steps of the best plan, and their guesses."""
        for tried in range(2 * TRIES):
            if tried >= TRIES and self.survives:
                break
            self._vary()
            best, car, place, lived = self._rolled()
            self.plan = self.plans[best].copy()
            self.survives = lived == self.horizon
        return car, place, self.guesses[: min(self.held, lived), best].copy()

    def _rolled(self) -> tuple[int, Cars, float, int]:
        """Drive all plans: the best one, its car and place after the first steps, and its life."""
        rollouts = self.rollouts
        rollouts.cars[:PLANS] = self.car
        rollouts.begin(PLANS, np.full(PLANS, self.place))
        self.at[0], self.lived[:] = 0, 0
        places, alive = rollouts.taking_part(PLANS)
        self.first()
        cars, begun = rollouts.cars[:PLANS].copy(), places.copy()
        self.rest()
        lived = self.lived - ~alive  # off in the last of its steps
        off = feedback.price(self.table, rollouts.cars[:PLANS], places)
        best = int((places - OFF * off - 100.0 * (self.horizon - lived)).argmax())
        return best, cars[best : best + 1], float(begun[best]), int(lived[best])

    def _vary(self) -> None:
        """The plan, the known drive as it is, and the plan with a bump on each action."""
        rng, shape = self.rng, (PLANS, 2)
        size = self.size * (CALM if self.place < self.calm_until else 1.0)
        begins = rng.uniform(-4.0, self.until if self.survives else self.horizon, shape)
        lengths = rng.uniform(2.0, max(4.0, self.size * self.longest), shape)
        heights = size * rng.choice(HEIGHTS, shape) * rng.standard_normal(shape)
        heights[0] = 0.0
        kernels.bump(self.plan, begins, lengths, heights, self.plans)
        self.plans[1] = 0.0
