"""Settings of the sensors: the camera's place, optics and picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from racer.config.convert import build
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
        if given is None or isinstance(given, cls):
            return given or cls()
        if not isinstance(given, Mapping):
            raise BadConfig(
                f"camera = {given!r}; give CameraConfig(...) or a dict, e.g. width=160."
            )
        return build(cls, dict(given), "race.camera.")


@dataclass(frozen=True)
class Sensors:
    """The settings of every sensor, for the observations that use one."""

    camera: CameraConfig = field(default_factory=CameraConfig)
