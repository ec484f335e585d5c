"""Config: all settings of a run, to and from TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from racer.config.convert import build, current, plain
from racer.config.evaluation import EvalConfig
from racer.config.given import of_type
from racer.config.race import RaceConfig
from racer.config.training import TrainConfig
from racer.errors import BadConfig, UnknownName, reason

PRESETS = {path.stem: path for path in (Path(__file__).parent / "presets").glob("*.toml")}


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
            table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadConfig(f"{path} cannot be read as TOML: {reason(error)}.") from None
        return build(cls, table, "")

    @classmethod
    def from_text(cls, text: str) -> Config:
        """What `to_toml` wrote.

        Raises:
            BadConfig: as `from_toml`.
        """
        try:
            return build(cls, tomllib.loads(text), "")
        except (ValueError, RecursionError) as error:
            raise BadConfig(f"the settings are not TOML: {error}.") from None

    @classmethod
    def preset(cls, name: str) -> Config:
        """Settings that belong together and were measured together.

        Raises:
            UnknownName: no such preset; names the nearest one.
        """
        if name not in PRESETS:
            raise UnknownName("preset", name, PRESETS)
        return cls.from_toml(PRESETS[name])

    def to_toml(self) -> str:
        """As TOML; settings left to their measured default (None) are left out.

        So is the one track where there are several, which take its place.
        """
        table = plain(dataclasses.asdict(self))
        if self.race.tracks is not None:
            del table["race"]["track"]
        return tomli_w.dumps(table)

    def override(self, settings: Mapping[str, Any]) -> Config:
        """A copy with dotted keys replaced, e.g. {"train.seed": 3}; values may be strings.

        A race.track takes the place of the race.tracks that were there.

        Raises:
            BadConfig: an unknown key or a value of the wrong kind.
        """
        of_type("settings", settings, Mapping, "a dict of dotted keys, e.g. {'train.seed': 3}")
        for key in settings:
            of_type("a key of the settings", key, str, "a dotted name, e.g. 'train.seed'")
        table = plain(dataclasses.asdict(self))
        if settings.get("race.track") is not None:
            if settings.get("race.tracks") is not None:
                raise BadConfig("race.track is one track and race.tracks several: give only one.")
            table["race"].pop("tracks", None)
        for key, value in settings.items():
            *parents, last = current(key, settings).split(".")
            inner = table
            for parent in parents:
                inner = inner.setdefault(parent, {})
                if not isinstance(inner, dict):
                    raise BadConfig(f"no setting {key!r}: {parent!r} has no settings of its own.")
            inner[last] = value
        return build(type(self), table, "")
