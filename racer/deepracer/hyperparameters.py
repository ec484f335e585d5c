"""DeepRacer's hyper-parameters: what each becomes here, and what has no counterpart."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer import console
from racer.config import TrainConfig
from racer.errors import BadConfig, BadInput, did_you_mean, reason
from racer.storage import files
from racer.training import algorithms

# Steps of a lap of reinvent_base at 2 m/s in real logs: 207 to 247. The official simulator counts
# episodes between updates, Stable-Baselines3 steps.
STEPS_PER_EPISODE = 200
EPISODES_PER_ITERATION = 20  # of a sim-trace file: tools need a constant number
_BYTES_MAX = 2**20
_MSE = "mean squared error"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    value: str
    became: str


@dataclass(frozen=True)
class Mapped:
    """Settings that a hyper-parameter file asks for.

    Args:
        settings: Config keys and values, as Config.override takes them.
        rows: every entry of the file and what it became, then what the official trainer fixes.
    """

    settings: dict[str, Any]
    rows: tuple[Row, ...]

    def table(self) -> str:
        """For people."""
        rows = [(row.name, row.value, row.became) for row in self.rows]
        return console.table(("DeepRacer", "value", "here"), rows)


def read(path: Path, train: TrainConfig) -> Mapped:
    """Map the hyper-parameter JSON at `path` to settings of `train.algo`.

    Raises:
        BadInput: not a JSON object. BadConfig: a value that cannot be, with its name.
    """
    try:
        content = json.loads(files.read_whole(path, _BYTES_MAX).decode("utf-8-sig"))
        if not isinstance(content, dict):
            raise ValueError("an object {...} is needed")
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no hyper-parameter file: {reason(error)}.") from None
    return mapped(content, train, str(path))


def mapped(content: dict[str, Any], train: TrainConfig, source: str = "hyper-parameters") -> Mapped:
    """`read` for a file's content."""
    settings: dict[str, Any] = {}
    became = {}
    for name, value in sorted(content.items(), key=lambda item: item[0] == _EPISODES):
        where = f"{source}: {name}"  # the episodes come last, for they need the batch size
        if name in _SETTINGS:
            became[name] = _setting(name, value, train, settings, where)
        elif name == "sac_alpha":
            became[name] = _alpha(value, train, settings, where)
        elif name == _EPISODES:
            episodes = int(_number(value, 1, 100_000, True, where))
            became[name] = _rollout(episodes, train, settings)
        else:
            became[name] = _without(name, value)
    if content and not any(name in _KNOWN for name in content):
        near = did_you_mean(next(iter(content)), _KNOWN)
        raise BadInput(
            f"{source} has no hyper-parameter of DeepRacer, only {', '.join(content)[:80]}.{near} "
            f"Known: {', '.join(_KNOWN)}."
        )
    rows = [Row(name[:40], json.dumps(value)[:40], became[name]) for name, value in content.items()]
    return Mapped(settings, (*rows, *_fixed(train)))


_EPISODES = "num_episodes_between_training"
# name → key of TrainConfig, least, greatest, whole number?
_SETTINGS: dict[str, tuple[str, float, float, bool]] = {
    "batch_size": ("batch_size", 1, 1e9, True),
    "num_epochs": ("n_epochs", 1, 1000, True),
    "lr": ("learning_rate", 1e-12, 1.0, False),
    "discount_factor": ("gamma", 0.0, 1.0, False),
    "beta_entropy": ("ent_coef", 0.0, 10.0, False),
}


def _setting(
    name: str, value: Any, train: TrainConfig, settings: dict[str, Any], where: str
) -> str:
    key, low, high, whole = _SETTINGS[name]
    number = _number(value, low, high, whole, where)
    if key not in algorithms.algo_of(train).accepts or (
        name == "beta_entropy" and train.algo == "sac"
    ):
        return f"no counterpart in {train.algo.upper()}"
    settings[f"train.{key}"] = number
    return f"train.{key} = {number:g}"


def _number(value: Any, low: float, high: float, whole: bool, where: str) -> float:
    try:
        number = float(value)  # old consoles wrote strings
    except (TypeError, ValueError, OverflowError):
        raise BadConfig(f"{where} is {repr(value)[:40]}; a number is needed.") from None
    if isinstance(value, bool) or not low <= number <= high or (whole and number % 1):
        kind = "a whole number" if whole else "a number"
        raise BadConfig(f"{where} is {value!r}; {kind} from {low:g} to {high:g} is allowed.")
    return int(number) if whole else number


def _alpha(value: Any, train: TrainConfig, settings: dict[str, Any], where: str) -> str:
    if train.algo != "sac":
        return f"no counterpart in {train.algo.upper()}: only SAC has a temperature"
    settings["train.ent_coef"] = _number(value, 0.0, 10.0, False, where)
    return f"train.ent_coef = {settings['train.ent_coef']:g}, fixed as there"


def _rollout(episodes: int, train: TrainConfig, settings: dict[str, Any]) -> str:
    """As many steps between updates as so many episodes are about."""
    if train.algo == "sac":
        return "no counterpart in SAC: it learns at every step"
    cars = algorithms.num_envs(train)
    batch = settings.get("train.batch_size", 1)
    multiple = batch // math.gcd(batch, cars)  # so that the batch divides the rollout
    steps = multiple * max(1, round(episodes * STEPS_PER_EPISODE / cars / multiple))
    settings["train.n_steps"] = steps
    return (
        f"train.n_steps = {steps}: {steps * cars} steps of {cars} cars, about {episodes} episodes "
        f"of {STEPS_PER_EPISODE}"
    )


def _without(name: str, value: Any) -> str:
    known = _NO_COUNTERPART.get(name)
    if known is None:
        near = did_you_mean(name, [*_SETTINGS, "sac_alpha", _EPISODES])
        return f"not a hyper-parameter of DeepRacer, left out.{near}"
    return known if isinstance(known, str) else known(value)


def _loss(value: Any) -> str:
    if str(value).lower() in (_MSE, "mse"):
        return "the same: the value loss is the mean squared error"
    return "no counterpart: the value loss is the mean squared error"


def _exploration(value: Any) -> str:
    if str(value).lower() == "categorical":
        return "the same: actions are drawn from the policy"
    return "no counterpart: actions are drawn from the policy"


_NO_COUNTERPART: dict[str, str | Callable[[Any], str]] = {
    "loss_type": _loss,
    "exploration_type": _exploration,
    "e_greedy_value": "no counterpart; there it only acts with exploration_type e-greedy",
    "epsilon_steps": "no counterpart; there it only acts with exploration_type e-greedy",
    "term_cond_max_episodes": "no counterpart: training ends with --timesteps or --time-limit",
    "term_cond_avg_score": "no counterpart: --early-stop goes by completion and lap time",
    "stack_size": "no counterpart; the official trainer ignores it too",
}


_KNOWN = (*_SETTINGS, "sac_alpha", _EPISODES, *_NO_COUNTERPART)


def _fixed(train: TrainConfig) -> list[Row]:
    """What the official trainer does not let users set, beside what happens here."""
    if train.algo != "ppo":
        return []
    ours = algorithms.settings(dataclasses.replace(train, batch_size=None))
    pairs = (
        ("(clip range)", 0.2, "clip_range"),
        ("(GAE lambda)", 0.95, "gae_lambda"),
        ("(value loss weight)", 1.0, "vf_coef"),
    )
    rows = [
        Row(name, f"{value:g}", "the same" if ours[key] == value else f"{key} = {ours[key]:g}")
        for name, value, key in pairs
    ]
    return [*rows, Row("(gradient clipping)", "none", f"max_grad_norm = {ours['max_grad_norm']:g}")]


def official(train: TrainConfig) -> dict[str, Any]:
    """The settings of a run as DeepRacer's JSON, for the tools that read it."""
    ours = algorithms.settings(train)
    entropy = ours["ent_coef"]
    content: dict[str, Any] = {
        "batch_size": ours["batch_size"],
        "beta_entropy": entropy if train.algo == "ppo" else 0.01,
        "discount_factor": ours["gamma"],
        "e_greedy_value": 0.05,
        "epsilon_steps": 10000,
        "exploration_type": "categorical",
        "loss_type": _MSE,
        "lr": ours["learning_rate"],
        "num_episodes_between_training": EPISODES_PER_ITERATION,
        "num_epochs": ours.get("n_epochs", 1),
        "stack_size": 1,
        "term_cond_avg_score": 100000.0,
        "term_cond_max_episodes": 100000,
    }
    if train.algo == "sac":
        content["sac_alpha"] = 0.2 if isinstance(entropy, str) else entropy
    return content
