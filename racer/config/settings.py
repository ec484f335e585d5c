"""Every setting of a run, as frozen dataclasses that check themselves, to and from TOML."""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from racer.errors import BadConfig, did_you_mean

STARTS = ("round_robin", "line", "random")
ENGINES = ("auto", "compiled", "worker", "inprocess")
SANDBOXES = ("auto", "strict")
SLOWEST_LAP = 0.3  # m/s; the step cap lets a car this slow finish a lap
SPARE_STEPS = 75  # 5 s at 15 Hz on top, for starting and for short tracks


@dataclass(frozen=True)
class Rules:
    """How episodes begin and end; the defaults are the official simulator's training rules."""

    start: str = "round_robin"  # round_robin | line | random
    start_advance_pct: float = 5.0  # of a lap, between the starts of consecutive episodes
    alternate_direction: bool = False  # every second episode drives the other way
    reverse: bool = False  # drive against the order of the track file
    end_off_track: bool = True  # all four wheels off the road
    end_immobilized: bool = True  # standing still for fault_steps
    end_reversed: bool = True  # losing progress for fault_steps
    continuous: bool = False  # a lap does not end the episode
    fault_steps: int = 15  # consecutive steps
    max_steps: int = 0  # truncate after this many; 0 = as many as a lap at 0.3 m/s takes, plus 5 s
    control_hz: float = 15.0  # actions per second
    substeps: int = 2  # physics steps in each

    def __post_init__(self) -> None:
        _one_of("rules.start", self.start, STARTS)
        _within("rules.start_advance_pct", self.start_advance_pct, 0.0, 100.0)
        _within("rules.fault_steps", self.fault_steps, 1, 1_000_000)
        _within("rules.max_steps", self.max_steps, 0, 10_000_000)
        _within("rules.control_hz", self.control_hz, 1.0, 1000.0)
        _within("rules.substeps", self.substeps, 1, 1000)

    @classmethod
    def of(cls, given: Rules | Mapping[str, Any] | None) -> Rules:
        """The rules themselves, or those that a mapping of names to values means.

        Raises:
            BadConfig: an unknown name or a value outside its range.
        """
        if given is None or isinstance(given, cls):
            return given or cls()
        if not isinstance(given, Mapping):
            raise BadConfig(f"rules = {given!r}; give Rules(...) or a dict, e.g. start='random'.")
        return _build(cls, dict(given), "rules.")

    def step_cap(self, length: float) -> int:
        """Steps until an episode on a track of `length` m is truncated."""
        if self.max_steps:
            return self.max_steps
        return math.ceil(length / SLOWEST_LAP * self.control_hz) + SPARE_STEPS


@dataclass(frozen=True)
class RaceConfig:
    """What is driven where: names of files, so that a run can be read and repeated."""

    track: str = "oval"  # a name (racer track list) or a .npy, .csv or .txt file
    reward: str = "center_line"  # a name in rewards/ or a .py file
    drop_duplicate_waypoints: bool = False  # number them as simulators since 2024 do
    vehicle: str = "deepracer"
    actions: str = "continuous"  # a name or a model_metadata.json
    observation: str = "features"
    reward_engine: str = "auto"  # auto | compiled | worker | inprocess
    sandbox: str = "auto"  # auto | strict
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        _one_of("race.reward_engine", self.reward_engine, ENGINES)
        _one_of("race.sandbox", self.sandbox, SANDBOXES)


@dataclass(frozen=True)
class TrainConfig:
    """How it is learned. None means: what is measured best for the algorithm."""

    algo: str = "ppo"
    timesteps: int = 1_000_000
    seed: int = 0
    device: str = "auto"  # auto | cpu | cuda; auto is cpu, which is faster for small networks
    threads: int = 1  # torch threads; more are slower on small machines
    num_envs: int | None = None  # cars
    learning_rate: float | None = None
    batch_size: int | None = None
    gamma: float | None = None
    n_steps: int | None = None  # PPO: steps per car between updates
    n_epochs: int | None = None  # PPO
    ent_coef: float | None = None
    net_arch: tuple[int, ...] | None = None  # hidden layers of policy and value network
    sim_trace_cars: int = 1  # whose training episodes are written as DeepRacer sim-traces; 0 = none
    checkpoint_every_s: float = 30.0
    time_limit_s: float = 0.0  # stop learning after this long; 0 = no limit
    early_stop: bool = False  # stop learning when completion and lap time have settled

    def __post_init__(self) -> None:
        _within("train.timesteps", self.timesteps, 1, 10**12)
        _within("train.seed", self.seed, 0, 2**31 - 1)
        _one_of("train.device", self.device.split(":")[0], ("auto", "cpu", "cuda", "mps"))
        _within("train.threads", self.threads, 1, 1024)
        _within("train.checkpoint_every_s", self.checkpoint_every_s, 0.0, 1e9)
        _within("train.time_limit_s", self.time_limit_s, 0.0, 1e9)
        for name, low, high in (
            ("sim_trace_cars", 0, 65536),
            ("num_envs", 1, 65536),
            ("learning_rate", 0.0, 10.0),
            ("batch_size", 1, 10**9),
            ("gamma", 0.0, 1.0),
            ("n_steps", 1, 10**6),
            ("n_epochs", 1, 1000),
            ("ent_coef", 0.0, 10.0),
        ):
            value = getattr(self, name)
            if value is not None:
                _within(f"train.{name}", value, low, high)
        if self.net_arch is not None:
            object.__setattr__(self, "net_arch", tuple(self.net_arch))
            _within("the number of layers in train.net_arch", len(self.net_arch), 1, 8)
            for width in self.net_arch:
                _within("train.net_arch", width, 1, 4096)


@dataclass(frozen=True)
class EvalConfig:
    """How the result is measured: laps from the start line with the deterministic policy."""

    laps: int = 5

    def __post_init__(self) -> None:
        _within("eval.laps", self.laps, 1, 100_000)


@dataclass(frozen=True)
class Config:
    """A whole run."""

    race: RaceConfig = field(default_factory=RaceConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    @classmethod
    def from_toml(cls, path: Path) -> Config:
        """Read a config file; unknown keys are refused.

        Raises:
            BadConfig: not TOML, an unknown key (names the nearest), or a value outside its range.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadConfig(f"{path} cannot be read as TOML: {error}.") from None
        return _build(cls, table, "")

    def to_toml(self) -> str:
        """As TOML; settings left to their measured default (None) are left out."""
        return tomli_w.dumps(_plain(dataclasses.asdict(self)))

    def override(self, settings: dict[str, Any]) -> Config:
        """A copy with dotted keys replaced, e.g. {"train.seed": 3}; values may be strings.

        Raises:
            BadConfig: an unknown key or a value of the wrong kind.
        """
        table = _plain(dataclasses.asdict(self))
        for key, value in settings.items():
            *parents, last = key.split(".")
            inner = table
            for parent in parents:
                inner = inner.setdefault(parent, {})
                if not isinstance(inner, dict):
                    raise BadConfig(f"no setting {key!r}: {parent!r} has no settings of its own.")
            inner[last] = value
        return _build(type(self), table, "")


_T = TypeVar("_T")
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    """Without None, tuples as lists: what TOML can hold."""
    plain: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            plain[key] = _plain(value)
        elif value is not None:
            plain[key] = list(value) if isinstance(value, tuple) else value
    return plain


def _build(cls: type[_T], table: dict[str, Any], prefix: str) -> _T:
    hints = typing.get_type_hints(cls)
    arguments: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if key not in hints:
            known = [f"{prefix}{k}" for k in hints]
            raise BadConfig(
                f"no setting {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}."
            )
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise BadConfig(f"{name} is a group of settings, not a value: {value!r}.")
            arguments[key] = _build(typing.cast(type[Any], hints[key]), value, f"{name}.")
        else:
            arguments[key] = _convert(value, hints[key], name)
    return cls(**arguments)


def _convert(value: Any, hint: Any, name: str) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kind = next(o for o in options if o is not type(None))
    if typing.get_origin(kind) is tuple:
        parts = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise BadConfig(f"{name} = {value!r}; a list of whole numbers is needed.")
        return tuple(_convert(part, int, name) for part in parts)
    if kind is bool and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise BadConfig(f"{name} = {value!r}; use true or false.")
        return value.lower() == "true"
    if isinstance(value, bool) != (kind is bool):
        raise BadConfig(f"{name} = {value!r}; {_KINDS[kind]} is needed.")
    try:
        if kind is int and isinstance(value, str):
            return int(float(value)) if float(value).is_integer() else int(value)
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        if kind is str and not isinstance(value, str):
            raise ValueError
        if kind is str and not _is_unicode(value):
            raise BadConfig(f"{name} = {value!a} is not UTF-8, so no file can hold it. Rename it.")
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise BadConfig(f"{name} = {value!r}; {_KINDS[kind]} is needed.") from None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadConfig(f"{name} = {value!r}; allowed is {_number(low)} to {_number(high)}.")


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        near = did_you_mean(value, allowed)
        raise BadConfig(f"{name} = {value!r}; allowed is {', '.join(allowed)}.{near}")
