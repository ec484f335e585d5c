"""Which configuration comes next: the planned ones in order, or what Optuna's TPE proposes.

TPE is asked anew for each configuration, in a study that is filled from the sweep's folder. So it
needs no database that could disagree with the runs, and a sweep that goes on is asked as one that
never stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from racer.sweep.plan import Plan, optuna_missing
from racer.sweep.score import Configuration
from racer.sweep.space import Range, Settings, Value

STARTUP = 10  # configurations that are drawn at random before TPE has something to learn from


def propose(
    plan: Plan, number: int, chosen: Mapping[int, Settings], known: Mapping[int, Configuration]
) -> Settings:
    """What varies in configuration `number`.

    Args:
        plan: of the sweep.
        number: of the configuration to choose.
        chosen: of those before.
        known: results of those that are finished.
    """
    if number < len(plan.configurations):
        return plan.configurations[number]
    try:
        import optuna
    except ImportError as error:
        raise optuna_missing("--search tpe") from error

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {key: _distribution(one) for key, one in plan.space.items()}
    study = optuna.create_study(direction="maximize", sampler=_sampler(plan, number))
    for other, settings in chosen.items():
        result = known.get(other)
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.COMPLETE
                if result
                else optuna.trial.TrialState.RUNNING,
                params={key: _coded(plan, key, value) for key, value in settings.items()},
                distributions=distributions,
                value=result.value if result else None,
            )
        )
    asked = study.ask(distributions).params
    return {key: _decoded(plan, key, value) for key, value in asked.items()}


def _sampler(plan: Plan, number: int) -> Any:
    """Its options are given because Optuna 4 and 5 have other defaults."""
    import warnings

    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of them are called experimental
        return optuna.samplers.TPESampler(
            seed=(plan.config.train.seed + 1) * 1_000_003 + number,
            n_startup_trials=min(STARTUP, max(2, plan.trials // 3)),
            multivariate=True,
            constant_liar=True,
        )


def _distribution(one: Any) -> Any:
    from optuna import distributions as d

    if not isinstance(one, Range):
        return d.CategoricalDistribution(tuple(range(len(one.values))))
    if one.whole:
        return d.IntDistribution(int(one.low), int(one.high), log=one.log)
    return d.FloatDistribution(one.low, one.high, log=one.log)


def _coded(plan: Plan, key: str, value: Value) -> Value:
    """Values of a list go by their place in it: not every value is one that Optuna stores."""
    one = plan.space[key]
    return value if isinstance(one, Range) else list(one.values).index(value)


def _decoded(plan: Plan, key: str, value: Value) -> Value:
    one = plan.space[key]
    if isinstance(one, Range):
        return int(value) if one.whole else min(max(float(f"{value:.6g}"), one.low), one.high)
    return one.values[int(value)]
