"""The plan of a sweep, fixed at its start: which configurations, which seeds, under which names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racer.config import Config
from racer.errors import BadConfig, BadRun, RacerError, UsageError, did_you_mean, reason
from racer.storage import files, foreign
from racer.sweep import space as spaces
from racer.sweep.inputs import Inputs
from racer.sweep.space import Range, Settings, Space

SCHEMA = 1
SEARCHES = ("grid", "random", "tpe")
PRUNERS = ("none", "median", "halving")
SHORT = {  # what people type for the settings that are varied most
    "reward": "race.reward",
    "track": "race.track",
    "tracks": "race.tracks",
    "vehicle": "race.vehicle",
    "actions": "race.actions",
    "observation": "race.observation",
    "algo": "train.algo",
}
MOST = 100_000  # runs; a plan is read whole
_FILE_LIMIT = 2**20  # bytes
_FILE_KEYS = ("settings", "vary", "search", "trials", "seeds", "prune")
_SHAPE = {
    "schema": int,
    "settings": dict,
    "space": dict,
    "search": str,
    "trials": int,
    "seeds": [int],
    "prune": str,
    "configurations": [dict],
}


@dataclass(frozen=True)
class Job:
    """One run: a configuration and a seed."""

    number: int  # of the configuration
    seed: int
    settings: Settings  # all that differ from the plan's, the seed included

    @property
    def id(self) -> str:
        """The name of its folder, the same in every session."""
        return f"{self.number:04d}-seed{self.seed}"


@dataclass(frozen=True)
class Plan:
    """What a sweep will do.

    Args:
        config: the settings that all runs share.
        space: what varies.
        search: grid, random or tpe.
        trials: how many configurations.
        seeds: of each configuration; it is judged over all of them.
        prune: how hopeless runs are found: none, median or halving.
        configurations: what varies, for each configuration; empty for tpe, which chooses later.
    """

    config: Config
    space: Space
    search: str
    trials: int
    seeds: tuple[int, ...]
    prune: str
    configurations: tuple[Settings, ...] = field(repr=False)

    @property
    def runs(self) -> int:
        """How many there are to be."""
        return self.trials * len(self.seeds)

    def jobs(self, number: int, settings: Settings) -> list[Job]:
        """The runs of one configuration."""
        return [Job(number, seed, {**settings, "train.seed": seed}) for seed in self.seeds]

    def to_json(self) -> dict[str, Any]:
        """For sweep.json."""
        return {
            "schema": SCHEMA,
            "settings": tomllib.loads(self.config.to_toml()),
            "space": {key: one.to_json() for key, one in self.space.items()},
            "search": self.search,
            "trials": self.trials,
            "seeds": list(self.seeds),
            "prune": self.prune,
            "configurations": list(self.configurations),
        }

    @classmethod
    def load(cls, path: Path) -> Plan:
        """From a sweep.json.

        Raises:
            BadRun: missing, damaged, or of a newer racer.
        """
        found = files.read_json(path)
        advice = "Copy the sweep again from where it came from."
        foreign.check(found, _SHAPE, str(path), advice=advice)
        if found["schema"] != SCHEMA:
            raise BadRun(f"{path} has schema {found['schema']}; this racer reads {SCHEMA}.")
        try:
            return cls(
                Config().override(spaces.flat(found["settings"])),
                {key: spaces.read(key, given) for key, given in found["space"].items()},
                found["search"],
                found["trials"],
                tuple(found["seeds"]),
                found["prune"],
                tuple(found["configurations"]),
            )
        except UsageError as error:
            raise BadRun(f"{path}: {error} {advice}") from error


@dataclass(frozen=True)
class Asked:
    """What a sweep.toml or a command line asks for; None where it does not say."""

    space: Space = field(default_factory=dict)
    search: str | None = None
    trials: int | None = None
    seeds: int | None = None
    prune: str | None = None

    def over(self, other: Asked) -> Asked:
        """This, and `other` where this does not say."""
        return Asked(
            other.space | self.space,
            self.search or other.search,
            other.trials if self.trials is None else self.trials,
            other.seeds if self.seeds is None else self.seeds,
            self.prune or other.prune,
        )


def from_toml(path: Path) -> tuple[Config, Asked]:
    """The shared settings, and what is asked for, of a sweep.toml.

    Raises:
        BadConfig: no TOML, or an unknown or impossible entry.
    """
    try:
        text = files.read_whole(path, _FILE_LIMIT).decode("utf-8-sig")
        table = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadConfig(f"{path} cannot be read as TOML: {reason(error)}.") from None
    for key in table:
        if key not in _FILE_KEYS:
            known = ", ".join(_FILE_KEYS)
            near = did_you_mean(key, _FILE_KEYS)
            raise BadConfig(f"{path}: no entry {key!r}.{near} Known: {known}.")
    for key, kind in (("settings", dict), ("vary", dict), ("search", str), ("prune", str)):
        if not isinstance(table.get(key, kind()), kind):
            raise BadConfig(f"{path}: {key} = {table[key]!r} is of the wrong kind.")
    for key in ("trials", "seeds"):
        if type(table.get(key, 1)) is not int:
            raise BadConfig(f"{path}: {key} = {table[key]!r}; a whole number is needed.")
    config = Config().override(_full(spaces.flat(table.get("settings", {}))))
    vary = _full(spaces.flat(table.get("vary", {})))
    space = {key: spaces.read(key, given) for key, given in vary.items()}
    numbers = (table.get("search"), table.get("trials"), table.get("seeds"), table.get("prune"))
    return config, Asked(space, *numbers)


def from_texts(texts: Iterable[str]) -> Space:
    """The space of `--vary KEY=...` options.

    Raises:
        BadConfig: one is not of this form, or two are of one key.
    """
    found: Space = {}
    for text in texts:
        name, equals, values = text.partition("=")
        key = SHORT.get(name.strip(), name.strip())
        if not equals:
            raise BadConfig(f"--vary {text}: write KEY=VALUE,VALUE, e.g. train.gamma=0.98,0.99.")
        if key in found:
            raise BadConfig(f"{key} is varied twice. Give all its values in one --vary.")
        found[key] = spaces.parse(key, values)
    return found


def make(config: Config, asked: Asked) -> tuple[Plan, Inputs]:
    """Fix what will run, and copy the files it needs; refuses what cannot run before it begins.

    Raises:
        RacerError: a setting, a file or a number that makes no sense.
    """
    search, prune, count = asked.search or "grid", asked.prune or "none", asked.seeds
    seeds = _seeds(config, 1 if count is None else count)
    _check(asked.space, search, prune, asked.trials)
    inputs = Inputs()
    shared = {"race.reward": config.race.reward, "race.track": config.race.track}
    shared |= {"race.actions": config.race.actions, "race.vehicle": config.race.vehicle}
    shared["race.observation"] = config.race.observation
    shared["race.others.opponents"] = config.race.others.opponents
    if config.race.tracks is not None:
        shared["race.tracks"] = config.race.tracks
        del shared["race.track"]
    shared = {key: value for key, value in shared.items() if key not in asked.space}
    config = config.override(inputs.own(shared))
    space: Space = {}
    for key, one in asked.space.items():
        own = [inputs.own({key: value})[key] for value in one.ends()]
        for value in own:
            _allowed(config, {key: value})
        space[key] = one if isinstance(one, Range) else spaces.read(key, own)
    if search == "tpe":
        _optuna()
        configurations: list[Settings] = []
        trials = asked.trials or 0
    elif search == "random":
        configurations = list(spaces.draws(space, asked.trials or 0, config.train.seed))
        trials = len(configurations)
    else:
        configurations = list(spaces.grid(space))
        trials = len(configurations)
    if prune != "none":
        _optuna()
    if trials * len(seeds) > MOST:
        raise UsageError(
            f"the sweep has {trials * len(seeds):,} runs; at most {MOST:,} are planned at once."
        )
    for settings in configurations:
        _allowed(config, settings)
    plan = Plan(config, space, search, trials, seeds, prune, tuple(configurations))
    return plan, inputs


def optuna_missing(what: str) -> UsageError:
    """The error where Optuna is needed and is not installed."""
    return UsageError(
        f"{what} needs Optuna, which is not installed. Install it: pip install 'racer[sweep]'."
    )


def _optuna() -> None:
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise optuna_missing("--search tpe or --prune")


def _check(space: Space, search: str, prune: str, trials: int | None) -> None:
    if search not in SEARCHES:
        raise BadConfig(f"no search {search!r}; allowed is {', '.join(SEARCHES)}.")
    if prune not in PRUNERS:
        raise BadConfig(f"no pruning {prune!r}; allowed is {', '.join(PRUNERS)}.")
    if not space:
        raise UsageError("nothing varies; say what: --vary train.learning_rate=1e-4,1e-3.")
    if "train.seed" in space:
        raise UsageError("train.seed is not varied; every configuration runs with --seeds N seeds.")
    if {"race.track", "race.tracks"} <= set(space):
        raise UsageError(
            "race.track and race.tracks cannot both vary: one takes the other's place."
        )
    if search == "grid" and trials is not None:
        raise UsageError("--trials belongs to --search random or tpe; a grid runs all it has.")
    if search != "grid" and (trials is None or trials < 1):
        raise UsageError(f"--search {search} needs --trials N, N >= 1.")


def _seeds(config: Config, count: int) -> tuple[int, ...]:
    if count < 1:
        raise UsageError("--seeds takes at least 1.")
    return tuple(range(config.train.seed, config.train.seed + count))


def _allowed(config: Config, settings: Settings) -> None:
    """Refuse a value before the first run begins."""
    try:
        config.override(dict(settings))
    except RacerError as error:
        raise BadConfig(f"this sweep cannot run: {error}") from error


def _full(table: dict[str, Any]) -> dict[str, Any]:
    return {SHORT.get(key, key): value for key, value in table.items()}
