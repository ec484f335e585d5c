"""Every setting of a run, as frozen dataclasses that check themselves, to and from TOML."""

from racer.config.settings import STARTS, Config, EvalConfig, RaceConfig, Rules, TrainConfig

__all__ = [
    "STARTS",
    "Config",
    "EvalConfig",
    "RaceConfig",
    "Rules",
    "TrainConfig",
]
