"""What the camera and the stereo camera share: views, colours, and stacks of the last pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from racer.config import CameraConfig
from racer.sim import camera
from racer.sim.native_call import bind, chain
from racer.sim.scene import Part, Scene
from racer.sim.scenery import Scenery

# Of red, green and blue in a grey level, and what is added before its fraction is dropped: the
# official simulator drops it. Sums of float32 numbers may be a little below a whole one; but a
# grey of level 1 is 0.9999 by these weights, and dropped to 0.
OFFICIAL = (0.2989, 0.5870, 0.1140, 1.0 / 16384.0)


class Pictures:
    """An observation of pixels, by one lens or by several beside each other.

    Args:
        settings: of the camera.
        lenses: m, how far left of the middle each is.
        weights: of red, green and blue in a grey level; and what is added before rounding down.
        varied: light, lens and noise differ from episode to episode.
    """

    def __init__(
        self,
        settings: CameraConfig,
        lenses: tuple[float, ...],
        weights: tuple[float, float, float, float] = OFFICIAL,
        varied: bool = False,
    ) -> None:
        self._channels = 1 if settings.color == "grey" else 3
        self._stack = settings.stack
        shape = (settings.stack * len(lenses) * self._channels, settings.height, settings.width)
        self.space = gymnasium.spaces.Box(0, 255, shape, np.uint8)
        focal = 0.5 * settings.width / math.tan(0.5 * math.radians(settings.fov_deg))
        horizon = 0.5 * settings.height - focal * math.tan(math.radians(settings.pitch_deg))
        self.horizons = {"": max(0, min(int(horizon), settings.height - 1))}
        self.memory: dict[str, np.ndarray] = {}
        self._varied = varied
        self._weights = np.array(weights[:3])
        views = [self._view(settings, left, weights[3]) for left in lenses]
        self._views = np.concatenate(views)
        self._desk = camera.desk(settings.width, settings.height, self._channels)

    def _view(self, settings: CameraConfig, left: float, rounding: float) -> np.ndarray:
        return camera.view(
            settings.width,
            settings.height,
            channels=self._channels,
            fov=math.radians(settings.fov_deg),
            pitch=math.radians(settings.pitch_deg),
            forward=settings.forward_m,
            left=left,
            up=settings.up_m,
            rounding=rounding if self._channels == 1 else 0.5,
        )

    def bind(self, scene: Scene, out: np.ndarray) -> Callable[[], Any]:
        """A call that writes the rows of `out` (N, channels, H, W) where `scene.mask` is set."""
        grounds: dict[int, camera.Ground] = {}
        planes = out.shape[1] // self._stack

        def of(part: Part) -> Callable[[], Any]:
            if part.road not in grounds:  # the same in both directions
                grounds[part.road] = camera.ground_of(part.track, part.scenery)
            return bind(
                camera.draw,
                part.cars,
                part.mask,
                out[part.rows],
                out.shape[1] - planes,
                part.direction,
                grounds[part.road],
                colors_of(part.scenery),
                self._weights,
                self._varied,
                self._views,
                part.objects,
                part.per_world,
                self._desk,
            )

        if self._stack == 1:
            return scene.each(of)
        if not self.memory:
            self.memory = {"pictures": out, "seen": np.full((len(out), 2), -1)}
        seen = self.memory["seen"]
        moved = bind(camera.move_stack, scene.cars, scene.mask, out, seen, planes)
        filled = bind(camera.fill_stack, scene.cars, scene.mask, out, seen, planes)
        return chain(moved, scene.each(of), filled)


def colors_of(scenery: Scenery) -> np.ndarray:
    """(COLORS, 3) red, green, blue, as `camera.draw` takes them."""
    looks = (scenery.field, scenery.road, scenery.line, scenery.dash, scenery.sky, scenery.wall)
    return np.array(looks)
