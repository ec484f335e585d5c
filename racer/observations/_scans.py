"""What the observations of a LIDAR share: the sensor, and what its beams meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from racer.config import LidarConfig
from racer.sim import lidar
from racer.sim.native_call import bind
from racer.sim.scene import Part, Scene
from racer.sim.scenery import walls_around
from racer.sim.types import TrackArrays


class Scans:
    """An observation of a LIDAR in one of its forms.

    Args:
        settings: of the sensor.
        form: RANGES, SECTORS or DISCRETIZED.
        size: how many numbers it gives.
        sectors: of a form that has them.
    """

    def __init__(self, settings: LidarConfig, form: int, size: int, sectors: int = 1) -> None:
        low, high = (settings.near_m, settings.clip_m) if form == lidar.RANGES else (0.0, 1.0)
        self.space = gymnasium.spaces.Box(low, high, (size,), np.float32)
        self._borders = settings.borders
        self._row = np.zeros(1, lidar.LIDAR)
        row = self._row[0]
        row["form"], row["sectors"], row["values"] = form, sectors, settings.values
        fov, facing = math.radians(settings.fov_deg), math.radians(settings.facing_deg)
        row["start"], row["step"] = facing - fov / 2.0, fov / (settings.beams - 1)
        row["forward"], row["up"] = settings.forward_m, settings.up_m
        row["near"], row["far"], row["noise"] = settings.near_m, settings.far_m, settings.noise_m
        row["clip"] = settings.clip_m
        if form == lidar.DISCRETIZED:
            row["clip"] = min(max(settings.discretized_clip_m, settings.near_m), settings.far_m)
        self._room = lidar.room(row, settings.beams)

    def bind(self, scene: Scene, out: np.ndarray) -> Callable[[], Any]:
        """A call that writes the rows of `out` (N, numbers) where `scene.mask` is set."""

        def of(part: Part) -> Callable[[], Any]:
            walls = walls_around(part.track.outer, part.scenery)
            borders = _segments(part.track) if self._borders else np.zeros((0, 4))
            around = lidar.Surroundings(walls, borders)
            sensor = part.direction, self._row, around
            others = part.objects, part.per_world
            return bind(
                lidar.scan, part.cars, part.mask, out[part.rows], *sensor, *others, self._room
            )

        return scene.each(of)


def _segments(track: TrackArrays) -> np.ndarray:
    """Both borders: (B, 4) m, x, y of both ends."""
    lines = [np.stack([line["x"], line["y"]], axis=1) for line in (track.inner, track.outer)]
    return np.concatenate([np.concatenate([line[:-1], line[1:]], axis=1) for line in lines])
