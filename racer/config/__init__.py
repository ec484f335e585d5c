"""Every setting of a run, as frozen dataclasses that check themselves, to and from TOML.

A file per part; a field carries its bounds, unit and help line, which the command line and
docs/reference.md show.
"""

from racer.config.evaluation import EvalConfig
from racer.config.fields import About, about, each
from racer.config.others import Others
from racer.config.race import STARTS, RaceConfig, Rules
from racer.config.sensors import CameraConfig, LidarConfig, Sensors
from racer.config.training import TrainConfig
from racer.config.whole import Config

__all__ = [
    "STARTS",
    "About",
    "CameraConfig",
    "Config",
    "EvalConfig",
    "LidarConfig",
    "Others",
    "RaceConfig",
    "Rules",
    "Sensors",
    "TrainConfig",
    "about",
    "each",
]
