"""Settings of the sensors: the camera's place, optics and picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from racer.config.convert import given_or_default
from racer.config.fields import check, setting
from racer.errors import BadConfig

COLORS = ("grey", "rgb")


@dataclass(frozen=True)
class CameraConfig:
    """The official car's camera, with smaller pictures: they teach as well, and sooner."""

    width: int = setting(80, "width of a picture", 16, 640, unit="px")
    height: int = setting(60, "height of a picture", 12, 480, unit="px")
    color: str = setting("grey", "grey levels, or red, green and blue", choices=COLORS)
    stack: int = setting(1, "how many of the last pictures are seen at once", 1, 8)
    fov_deg: float = setting(
        math.degrees(1.13), "horizontal field of view", 10.0, 150.0, unit="degrees"
    )
    pitch_deg: float = setting(15.0, "how far the camera looks down", 0.0, 60.0, unit="degrees")
    forward_m: float = setting(
        0.145294, "how far the lens is ahead of the car's origin", -1.0, 1.0, unit="m"
    )
    up_m: float = setting(0.130326, "how far the lens is above the ground", 0.02, 2.0, unit="m")
    baseline_m: float = setting(
        0.06, "distance between the two lenses of the stereo camera", 0.0, 1.0, unit="m"
    )

    def __post_init__(self) -> None:
        check(self, "race.camera.")

    @classmethod
    def of(cls, given: CameraConfig | Mapping[str, Any] | None) -> CameraConfig:
        """The settings themselves, or those that a mapping of names to values means.

        Raises:
            BadConfig: an unknown name or a value outside its range.
        """
        return given_or_default(cls, given, "camera", "width=160", prefix="race.camera.")


@dataclass(frozen=True)
class LidarConfig:
    """The official car's LIDAR: 64 beams all round, but for 60 degrees straight ahead."""

    beams: int = setting(64, "beams of the LIDAR", 8, 1080)
    fov_deg: float = setting(
        300.0, "angle from the first beam to the last", 10.0, 355.0, unit="degrees"
    )
    facing_deg: float = setting(
        180.0,
        "where the middle beam points, from straight ahead; official sensors look backwards",
        -180.0,
        180.0,
        unit="degrees",
    )
    forward_m: float = setting(
        0.0291, "how far the LIDAR is ahead of the car's origin", -1.0, 1.0, unit="m"
    )
    up_m: float = setting(0.1847, "how far its beams are above the ground", 0.01, 2.0, unit="m")
    near_m: float = setting(0.15, "what is nearer is not measured", 0.0, 10.0, unit="m")
    far_m: float = setting(12.0, "what is farther away is not measured", 0.5, 100.0, unit="m")
    clip_m: float = setting(
        1.0, "the largest range that the observation lidar tells", 0.2, 100.0, unit="m"
    )
    noise_m: float = setting(0.0, "standard deviation of a range", 0.0, 1.0, unit="m")
    borders: bool = setting(False, "beams also meet the borders of the road, as on F1TENTH tracks")
    sectors: int = setting(8, "sectors of sector_lidar", 1, 64)
    discretized_sectors: int | None = setting(
        None, "sectors of discretized_lidar", 1, 64, unset="those of sector_lidar"
    )
    values: int = setting(8, "bins of a sector of discretized_lidar", 1, 64)
    discretized_clip_m: float = setting(
        2.0, "where the last bin of discretized_lidar ends", 0.15, 12.0, unit="m"
    )

    @classmethod
    def of(cls, given: LidarConfig | Mapping[str, Any] | None) -> LidarConfig:
        """As CameraConfig.of."""
        return given_or_default(cls, given, "lidar", "beams=128", prefix="race.lidar.")

    def __post_init__(self) -> None:
        check(self, "race.lidar.")
        for name in ("sectors", "discretized_sectors"):
            count = getattr(self, name)
            if count is not None and self.beams % count:
                raise BadConfig(
                    f"race.lidar.{name} = {count} does not divide {self.beams} beams; try 8."
                )
        if not self.near_m < min(self.far_m, self.clip_m):
            raise BadConfig(
                f"race.lidar.near_m = {self.near_m:g}; it must be less than far_m and clip_m."
            )


@dataclass(frozen=True)
class Sensors:
    """The settings of every sensor, for the observations that use one."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    lidar: LidarConfig = field(default_factory=LidarConfig)
    varied: bool = False  # by visual randomisation
