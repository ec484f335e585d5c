"""What a car sees, beside the road it drives on: the picture of its camera at any moment."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pygame
from numpy.typing import NDArray

from racer import observations
from racer.config import CameraConfig, RaceConfig, Sensors
from racer.render.scene import Pose
from racer.sim.scene import Scene
from racer.sim.types import BOX, CAR, OBJECT
from racer.storage import files
from racer.tracks import Track
from racer.vehicles import load

SHARE = 0.236  # of the width of a frame: as wide as the panel of params above it
MARGIN = 0.0115
_BOX_HEIGHT, _CAR_HEIGHT = 0.25, 0.195  # m
_FRAME = (235, 235, 235)
_SEEING = ("camera", "stereo")


class Sight:
    """The picture of a camera on a track.

    Args:
        track: where.
        camera: settings; a stack shows its newest picture, the stereo camera its left lens.
    """

    def __init__(self, track: Track, camera: CameraConfig | None = None) -> None:
        camera = camera or CameraConfig()
        sensors = Sensors(CameraConfig(**{**vars(camera), "stack": 1}))
        self._view = observations.make("camera", load("deepracer"), sensors)
        self._track = track
        self._cars = np.zeros(1, CAR)
        self._obs = observations.empty(self._view.space, 1)
        self._draws: dict[int, tuple[NDArray[np.void], object]] = {}

    def picture(self, pose: Pose, around: NDArray[np.void] | None = None) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 as the car sees it; `around` is (K,) AROUND."""
        count = 0 if around is None else len(around)
        if count not in self._draws:
            self._draws[count] = self._bound(count)
        objects, draw = self._draws[count]
        if around is not None:
            for name in ("x", "y", "yaw", "length", "width", "kind", "present"):
                objects[0][name] = around[name]
            objects["height"] = np.where(objects["kind"] == BOX, _BOX_HEIGHT, _CAR_HEIGHT)
        self._cars["x"], self._cars["y"], self._cars["yaw"] = pose.x, pose.y, pose.yaw
        assert callable(draw)
        draw()
        planes = self._obs[0] if len(self._obs[0]) == 3 else np.repeat(self._obs[0][:1], 3, axis=0)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))

    def _bound(self, count: int) -> tuple[NDArray[np.void], object]:
        objects = np.zeros((1, count), OBJECT)
        scene = Scene(
            self._cars,
            np.zeros((1, 2)),
            np.ones(1, np.bool_),
            np.zeros(1, np.int64),
            np.zeros(1, np.int64),
            ((self._track.arrays,),),
            objects,
            (self._track.scenery,),
        )
        return objects, self._view.bind(scene, self._obs)

    def draw(
        self, surface: pygame.Surface, pose: Pose, around: NDArray[np.void] | None = None
    ) -> None:
        """Paint the picture into the lower left corner of a frame."""
        seen = self.picture(pose, around)
        width = round(SHARE * surface.get_width())
        size = width, round(width * seen.shape[0] / seen.shape[1])
        inset = pygame.image.frombuffer(seen.tobytes(), (seen.shape[1], seen.shape[0]), "RGB")
        margin = round(MARGIN * surface.get_width())
        place = margin, surface.get_height() - size[1] - 2 * margin
        surface.blit(pygame.transform.scale(inset, size), place)
        pygame.draw.rect(surface, _FRAME, (*place, *size), 1)


def sight_of(track: Track, race: RaceConfig | None) -> Sight | None:
    """The eyes of a car that drives with a camera; None for one without."""
    if race is None or not set(race.observation.split("+")) & set(_SEEING):
        return None
    return Sight(track, race.camera)


def write_picture(track: Track, s: float, path: str | Path) -> None:
    """Write what a car sees that stands `s` m along the centre line: a PNG of 640 x 480 pixels."""
    camera = CameraConfig(width=640, height=480, color="rgb")
    seen = Sight(track, camera).picture(Pose(*track.pose_at(s), v=0.0, steer=0.0))
    content = io.BytesIO()
    image = pygame.image.frombuffer(seen.tobytes(), (seen.shape[1], seen.shape[0]), "RGB")
    pygame.image.save(image, content, "seen.png")
    files.write_output(path, content.getvalue())
