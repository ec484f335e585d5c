"""Settings of a race: what is driven where, and how episodes begin and end."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from racer.config.convert import given_or_default
from racer.config.fields import check, setting
from racer.config.others import Others
from racer.config.sensors import CameraConfig, LidarConfig, Sensors
from racer.errors import BadConfig

STARTS = ("round_robin", "line", "random")
ENGINES = ("auto", "compiled", "worker", "inprocess")
RANDOMIZE = ("none", "visual", "physics", "visual+physics")
SANDBOXES = ("auto", "strict")
SLOWEST_LAP = 0.3  # m/s; the step cap lets a car this slow finish a lap
SPARE_STEPS = 75  # 5 s at 15 Hz on top, for starting and for short tracks


@dataclass(frozen=True)
class Rules:
    """How episodes begin and end; the defaults are the official simulator's training rules."""

    start: str = setting("round_robin", "where episodes start", choices=STARTS)
    start_advance_pct: float = setting(
        5.0, "distance between the starts of consecutive episodes, of a lap", 0.0, 100.0, unit="%"
    )
    alternate_direction: bool = setting(False, "every second episode drives the other way")
    reverse: bool = setting(False, "drive against the order of the track file")
    end_off_track: bool = setting(True, "an episode ends with all four wheels off the road")
    end_immobilized: bool = setting(True, "an episode ends after standing still for fault_steps")
    end_reversed: bool = setting(True, "an episode ends after losing progress for fault_steps")
    continuous: bool = setting(False, "a lap does not end the episode")
    fault_steps: int = setting(
        15, "consecutive steps of standing still or driving backwards until it counts", 1, 1_000_000
    )
    max_steps: int = setting(
        0,
        "steps after which an episode is cut; 0 is what a lap at 0.3 m/s takes, plus 5 s",
        0,
        10_000_000,
    )
    control_hz: float = setting(15.0, "actions per second", 1.0, 1000.0, unit="Hz")
    substeps: int = setting(2, "physics steps between two actions", 1, 1000)

    def __post_init__(self) -> None:
        check(self, "rules.")

    @classmethod
    def of(cls, given: Rules | Mapping[str, Any] | None) -> Rules:
        """The rules themselves, or those that a mapping of names to values means.

        Raises:
            BadConfig: an unknown name or a value outside its range.
        """
        return given_or_default(cls, given, "rules", "start='random'")

    def step_cap(self, length: float) -> int:
        """Steps until an episode on a track of `length` m is truncated."""
        if self.max_steps:
            return self.max_steps
        return math.ceil(length / SLOWEST_LAP * self.control_hz) + SPARE_STEPS


@dataclass(frozen=True)
class RaceConfig:
    """What is driven where: names of files, so that a run can be read and repeated."""

    track: str = setting(
        "oval", "a name (racer track list), a .npy, .csv or .txt file, or generated:SEED"
    )
    tracks: str | None = setting(
        None,
        "several tracks to spread the cars over in place of one: a folder, names or files with "
        "commas between them, or generated:COUNT or generated:COUNT:SEED for random circuits, "
        "e.g. generated:30; at most 1000",
        unset="one track",
    )
    reward: str = setting("center_line", "a name (racer reward list) or a .py file")
    drop_duplicate_waypoints: bool = setting(
        False, "number waypoints as simulators since 2024 do, without repeated ones"
    )
    vehicle: str = setting("deepracer", "a vehicle preset, or a file of your own in vehicles/")
    actions: str = setting("continuous", "continuous, discrete or a model_metadata.json")
    observation: str = setting(
        "features",
        "what the policy sees: features, far_features, camera, stereo, lidar, sector_lidar, "
        "discretized_lidar; sensors: what the actions' model_metadata.json names; or several, as "
        "in camera+lidar",
    )
    reward_engine: str = setting(
        "auto",
        "where the reward is computed: auto is compiled where that is proven equal to Python, "
        "else in a guarded worker process",
        choices=ENGINES,
    )
    sandbox: str = setting(
        "auto", "strict refuses to run a reward without full lock-down", choices=SANDBOXES
    )
    randomize: str = setting(
        "none",
        "what differs from episode to episode of a training, so that a policy does not rely on it: "
        "visual is light, colours, wear, the camera's place, blur and noise; physics is grip, "
        "lags, delay, speed and wheelbase",
        choices=RANDOMIZE,
    )
    rules: Rules = field(default_factory=Rules)
    others: Others = field(default_factory=Others)
    camera: CameraConfig = field(default_factory=CameraConfig)
    lidar: LidarConfig = field(default_factory=LidarConfig)

    def __post_init__(self) -> None:
        check(self, "race.")
        if self.others.in_world > 1 and self.rules.alternate_direction:
            raise BadConfig(
                f"{self.others.in_world} cars in a world with rules.alternate_direction: cars "
                "that share a road drive the same way. Leave one of them out."
            )
        if self.others.in_world > 1 and self.tracks is not None:
            raise BadConfig(
                f"{self.others.in_world} cars in a world on several tracks ({self.tracks}): cars "
                "that share a road race on one. Use race.track."
            )

    @property
    def sensors(self) -> Sensors:
        """The settings of every sensor."""
        return Sensors(self.camera, self.lidar, "visual" in self.varied)

    @property
    def varied(self) -> list[str]:
        """What is randomised: none, visual, physics, or both."""
        return self.randomize.split("+")

    @property
    def usual(self) -> RaceConfig:
        """The same race without randomisation, as evaluations are driven."""
        return dataclasses.replace(self, randomize="none")

    @property
    def where(self) -> str:
        """What the user called the track, or the tracks."""
        return self.tracks or self.track
