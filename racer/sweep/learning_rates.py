"""Which learning rates are too low, good, too high or diverging, judged from the curves alone.

One sweep over learning rates, with everything else equal. A rate's curves are the mean over its
seeds. The best rate is the soonest of those that end highest. The others are judged beside it, so
the kinds mean something only among the rates that were tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.runs import Run
from racer.sweep.folder import Folder
from racer.sweep.score import Row
from racer.training.metrics import read_columns

RATES: tuple[float, ...] = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
KEY = "train.learning_rate"
KINDS = ("too low", "good", "too high", "diverging")
POINTS = 100  # of each curve
_END = 0.1  # of the training: what counts as its end
_AS_GOOD = 0.9  # of the best rate's completion
_AS_HIGH = 0.95  # of the highest completion: not worse than it
_LATE = 2.5  # times as many steps as the best rate
_NOTHING = 5.0  # percentage points: less than this above the start is not learned
_FALL = 0.8  # of its peak: less than this at the end is a collapse

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """A learning rate and what happened.

    Args:
        rate: the learning rate.
        steps: (P,) timesteps of the curves.
        completion: (P,) mean completion of training episodes, %; NaN where it had ended.
        loss: (P,) mean loss of the value network; NaN likewise.
        diverged: how many of its seeds ended with a number that is not finite.
        seeds: how many it had.
    """

    rate: float
    steps: Floats
    completion: Floats
    loss: Floats
    diverged: int
    seeds: int

    @property
    def start(self) -> float:
        """Completion at the first point that is known, %."""
        return float(self._known()[0])

    @property
    def peak(self) -> float:
        """The highest completion, %."""
        return float(self._known().max())

    @property
    def end(self) -> float:
        """Mean completion at the end, %; that of the start where it never got so far."""
        tail = self.completion[int((1 - _END) * len(self.completion)) :]
        known = tail[np.isfinite(tail)]
        return float(known.mean()) if len(known) else self.start

    def steps_to(self, completion: float) -> float:
        """Timesteps until that completion in %; infinity for never."""
        there = np.flatnonzero(np.nan_to_num(self.completion) >= completion)
        return float(self.steps[there[0]]) if len(there) else math.inf

    def _known(self) -> Floats:
        known = self.completion[np.isfinite(self.completion)]
        return known if len(known) else np.zeros(1)


@dataclass(frozen=True)
class Judged:
    """A rate, its kind (one of KINDS), and the sentence that explains it."""

    rate: Rate
    kind: str
    text: str


def rates_of(folder: Folder, rows: Sequence[Row], total: int) -> list[Rate]:
    """The rates of a finished sweep over learning rates, the lowest first."""
    steps = np.linspace(0.0, total, POINTS + 1)[1:]
    found = []
    for rate in sorted({float(row.settings[KEY]) for row in rows}):
        mine = [row for row in rows if float(row.settings[KEY]) == rate]
        curves = [_curves(Run(folder.runs / row.id), steps) for row in mine]
        completion, loss = (_mean([curve[i] for curve in curves]) for i in (0, 1))
        diverged = sum(row.status == "diverged" for row in mine)
        found.append(Rate(rate, steps, completion, loss, diverged, len(mine)))
    return found


def judge(rates: Sequence[Rate]) -> list[Judged]:
    """The kind of each rate; the same numbers give the same words."""
    stable = [one for one in rates if 2 * one.diverged < one.seeds]
    if not stable:
        return [Judged(one, "diverging", _diverging(one)) for one in rates]
    best = _best(stable)
    return [_judge(one, best) for one in rates]


def _best(rates: Sequence[Rate]) -> Rate:
    """The soonest of those that end as high as any, nearly."""
    top = max(one.end for one in rates)
    high = [one for one in rates if one.end >= _AS_HIGH * top]
    return min(high, key=lambda one: (one.steps_to(_AS_GOOD * top), one.rate))


def summary(judged: Sequence[Judged]) -> str:
    """The lesson in a sentence."""
    good = [one.rate for one in judged if one.kind == "good"]
    if not good:
        return "No learning rate worked; every one diverged. Try lower ones: --rates 1e-5,1e-4."
    best = _best(good)
    if best.end - best.start < _NOTHING:
        return (
            f"No learning rate learned to drive within {best.steps[-1]:,.0f} steps. Train longer: "
            "--timesteps N; or check the reward: racer reward check REWARD."
        )
    edge = ""
    if best.rate == judged[-1].rate.rate:
        edge = " It is the highest of those tried, so a higher one may be better still."
    elif best.rate == judged[0].rate.rate:
        edge = " It is the lowest of those tried, so a lower one may be better still."
    span = f"{good[0].rate:g}" if len(good) == 1 else f"{good[0].rate:g} to {good[-1].rate:g}"
    return (
        f"Good here: {span}; the best was {best.rate:g}, which ended at {best.end:.0f} % "
        f"completion.{edge}"
    )


def _judge(one: Rate, best: Rate) -> Judged:
    if 2 * one.diverged >= one.seeds:
        return Judged(one, "diverging", _diverging(one))
    there = _AS_GOOD * best.end
    needed, best_needed = one.steps_to(there), best.steps_to(there)
    if one is best or (one.end >= there and needed <= _LATE * best_needed):
        return Judged(one, "good", _good(one, needed))
    if one.rate < best.rate:
        return Judged(one, "too low", _too_low(one, best, there))
    if one.end - one.start < _NOTHING:
        return Judged(one, "diverging", _lost(one))
    return Judged(one, "too high", _too_high(one, best, there))


def _good(one: Rate, needed: float) -> str:
    return (
        f"it reaches {one.end:.0f} % completion, most of it after {needed:,.0f} steps, and stays "
        "there: steps are large enough to arrive and small enough to stay."
    )


def _too_low(one: Rate, best: Rate, there: float) -> str:
    needed = one.steps_to(there)
    sooner = best.steps_to(there)
    if math.isinf(needed):
        return (
            f"it is at {one.end:.0f} % completion when the training ends, having begun at "
            f"{one.start:.0f} %: it goes the right way, in steps too small to arrive. "
            f"{best.rate:g} had {there:.0f} % after {sooner:,.0f} steps."
        )
    return (
        f"it reaches {there:.0f} % completion after {needed:,.0f} steps, "
        f"{needed / sooner:.1f} times as many as {best.rate:g} needs: the same place, later."
    )


def _too_high(one: Rate, best: Rate, there: float) -> str:
    if one.end < _FALL * one.peak:
        return (
            f"it gets to {one.peak:.0f} % completion and falls back to {one.end:.0f} %: one update "
            "jumps past what the updates before had found."
        )
    if one.end >= there:
        return (
            f"it reaches {there:.0f} % completion after {one.steps_to(there):,.0f} steps, "
            f"{one.steps_to(there) / best.steps_to(there):.1f} times as many as {best.rate:g} "
            "needs: its first updates throw the policy back, and it has to find its way again."
        )
    return (
        f"it is at {one.end:.0f} % completion at the end, where {best.rate:g} has "
        f"{best.end:.0f} %: its updates are too coarse for more."
    )


def _lost(one: Rate) -> str:
    return (
        f"it ends at {one.end:.0f} % completion, no better than at its start "
        f"({one.start:.0f} %): the first updates throw the policy where no gradient leads back."
    )


def _diverging(one: Rate) -> str:
    return (
        f"{one.diverged} of {one.seeds} trainings ended with a loss or a weight that is not "
        "finite: each update makes the error larger, until numbers overflow."
    )


def _curves(run: Run, steps: Floats) -> tuple[Floats, Floats]:
    """Completion and loss at `steps`; NaN before the first row and after the last one."""
    columns = read_columns(run.metrics_file)
    at = columns["timesteps"]
    if not len(at):
        return np.full(len(steps), np.nan), np.full(len(steps), np.nan)
    place = np.searchsorted(at, steps, "left")
    gone = place >= len(at)
    place = np.minimum(place, len(at) - 1)
    late = gone & (steps > at[-1] + (steps[1] - steps[0]))
    completion = np.where(late, np.nan, columns["progress_pct"][place])
    return completion, np.where(late, np.nan, columns["value_loss"][place])


def _mean(curves: Sequence[Floats]) -> Floats:
    """Over the seeds that have a value."""
    stacked = np.array(curves)
    known = np.isfinite(stacked)
    counts = known.sum(axis=0)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
