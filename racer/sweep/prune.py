"""End runs that have no hope: Optuna's pruners, asked inside the worker with others' curves.

A configuration is judged over its seeds, so what is compared at each tenth of a training is the
mean completion of the run and of its siblings with other seeds: one unlucky seed of a good
configuration is not cut. The curves travel with the order, so a worker needs no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from racer.runs import Run
from racer.training.listener import Listener
from racer.training.metrics import read_columns

TENTHS = 10
MOST = 200  # newest configurations that a run is compared with; each costs the worker 1 ms
PRUNED = "pruned"  # begins the reason why a run ended

Curve = tuple[float, ...]  # completion of training episodes in %, at each tenth that was reached
Curves = tuple[Curve, ...]


class Prune(Listener):
    """Ends a training whose completion is hopeless beside that of other configurations.

    Args:
        kind: median (worse than the median of the others at the same tenth, from the second on)
            or halving (only the best third goes on past 20 % and 60 %).
        curves: of other configurations.
        siblings: of this configuration with other seeds.
        total: timesteps of the training.
    """

    def __init__(self, kind: str, curves: Curves, siblings: Curves, total: int) -> None:
        self._total, self._siblings = total, siblings
        self._study = _study(kind)
        for curve in curves:
            _replay(self._study, curve)
        self._trial = self._study.ask()
        self._reported = 0

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        tenth = min(int(row["timesteps"] * TENTHS // self._total), TENTHS - 1)
        if tenth <= self._reported:
            return None
        self._reported = tenth
        mine = _number(row["progress_pct"])
        others = [curve[min(tenth, len(curve)) - 1] for curve in self._siblings if curve]
        value = float(np.mean([mine, *others]))
        self._trial.report(value, tenth)
        if not self._trial.should_prune():
            return None
        return f"{PRUNED} at {10 * tenth} % with {value:.0f} % of a lap, hopeless beside others"


def curve_of(run: Run, total: int) -> Curve:
    """The curve of a finished run of `total` timesteps."""
    columns = read_columns(run.metrics_file)
    steps, progress = columns["timesteps"], columns["progress_pct"]
    if not len(steps):
        return ()
    reached = min(int(steps[-1] * TENTHS // total), TENTHS)
    at = np.searchsorted(steps, [total * tenth / TENTHS for tenth in range(1, reached + 1)], "left")
    return tuple(_number(progress[min(i, len(steps) - 1)]) for i in at)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Of one configuration: the mean of its seeds; one that was cut counts with its last value."""
    longest = max(map(len, curves), default=0)
    full = [c + (c[-1],) * (longest - len(c)) for c in curves if c]
    return tuple(float(value) for value in np.mean(full, axis=0)) if full else ()


def _study(kind: str) -> Any:
    try:
        import optuna
    except ImportError as error:
        from racer.sweep.plan import optuna_missing

        raise optuna_missing("--prune") from error

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if kind == "median":
        pruner: Any = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2)
    else:
        pruner = optuna.pruners.SuccessiveHalvingPruner(
            min_resource=2, reduction_factor=3, bootstrap_count=3
        )
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(direction="maximize", pruner=pruner, sampler=sampler)


def _replay(study: Any, curve: Curve) -> None:
    """Tell the study what another configuration reached, as if it had been run there."""
    trial = study.ask()
    for tenth, value in enumerate(curve[: TENTHS - 1], 1):
        trial.report(value, tenth)
        trial.should_prune()  # halving notes here which rungs it reached
    study.tell(trial, curve[-1] if curve else 0.0)


def _number(value: float) -> float:
    return float(value) if value == value else 0.0
