"""Put a scene on a pygame surface: a camera, smooth edges, a trail. Needs no display."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.render import scene
from racer.render.scene import Polygon, Pose, Shape, Stroke
from racer.render.table import Color
from racer.sim.types import BOX
from racer.tracks import Track

Array: TypeAlias = NDArray[np.float64]

SMOOTH = 2  # the road is painted this much larger, then shrunk
SMOOTH_PIXELS = 5_000_000  # unless it is larger than this: it would take a second
SMOOTH_CAR = 4
MARGIN = 1.5  # where the camera moves, the painted piece of world is this much larger than the view
SCALE_MIN, SCALE_MAX = 2.0, 600.0  # px/m


class Camera(NamedTuple):
    """Which piece of the world fills the view; +y is up."""

    x: float  # m, middle of the view
    y: float
    scale: float  # px/m
    width: int  # px
    height: int

    def project(self, points: Array) -> Array:
        """(K, 2) m → (K, 2) px."""
        middle = [self.width / 2, self.height / 2]
        pixels: Array = (np.asarray(points) - [self.x, self.y]) * [self.scale, -self.scale] + middle
        return pixels


def overview(track: Track, size: tuple[int, int], margin_px: int = 40) -> Camera:
    """The camera that shows the whole track."""
    x0, y0, x1, y1 = scene.bounds(track)
    width, height = max(size[0], 1), max(size[1], 1)
    room = max(width - 2 * margin_px, 16), max(height - 2 * margin_px, 16)
    scale = min(room[0] / (x1 - x0), room[1] / (y1 - y0))
    return Camera((x0 + x1) / 2, (y0 + y1) / 2, clamp_scale(scale), width, height)


def clamp_scale(scale: float) -> float:
    """A scale the painter can draw."""
    return min(max(scale, SCALE_MIN), SCALE_MAX)


class Painter:
    """Paints a track once and cars many times.

    The road and the trail live on a tile. It is as large as the view, or somewhat larger once the
    camera has moved, so that one that follows the car repaints it seldom.
    """

    def __init__(self, track: Track) -> None:
        self.track = track
        self._road = scene.road(track)
        self._tile: pygame.Surface | None = None
        self._clean: pygame.Surface | None = None
        self._tile_camera = Camera(0.0, 0.0, 1.0, 1, 1)
        self._view: object = None  # scale and size the tile was painted for
        self._inked = 0
        self._trail_key: object = None

    def draw(
        self,
        target: pygame.Surface,
        camera: Camera,
        poses: list[Pose],
        trail: NDArray[np.void] | None = None,
        speeds: scene.Scale = scene.ANY_SPEED,
        trail_key: object = None,
        ghosts: Sequence[tuple[Pose, Color]] = (),
        around: NDArray[np.void] | None = None,
    ) -> None:
        """Paint everything onto `target`.

        Args:
            camera: its size is that of `target`.
            poses: cars.
            trail: rows with x, y, v, oldest first; grows between calls with the same key.
            speeds: the scale of its colours.
            trail_key: what the trail belongs to; another key starts it anew.
            ghosts: cars that are not there, with their colours; painted hollow, beneath the others.
            around: (K,) AROUND: boxes, bots and other cars, to scale.
        """
        self._prepare(camera)
        if trail is not None:
            self._ink(trail, speeds, trail_key)
        tile = self._tile
        assert tile is not None
        shift = self._tile_camera.project(np.array([[camera.x, camera.y]]))[0]
        corner = round(shift[0] - camera.width / 2), round(shift[1] - camera.height / 2)
        target.blit(tile, (-corner[0], -corner[1]))
        if around is not None:
            for one in around[around["present"] & (around["kind"] == BOX)]:
                _draw_shapes(target, camera, scene.box(one), 1.0)
        for pose, color in ghosts:
            draw_car(target, camera, pose, color, hollow=True)
        for pose, color in [] if around is None else scene.other_cars(around):
            draw_car(target, camera, pose, color)
        for pose in poses:
            draw_car(target, camera, pose)

    def _prepare(self, camera: Camera) -> None:
        """Paint the tile again when the view has left it or its scale has changed."""
        old, view = self._tile_camera, (camera.scale, camera.width, camera.height)
        moved = self._tile is not None and self._view == view
        if (
            moved
            and abs(camera.x - old.x) <= (old.width - camera.width) / 2 / old.scale
            and abs(camera.y - old.y) <= (old.height - camera.height) / 2 / old.scale
        ):
            return
        margin = MARGIN if moved else 1.0
        size = math.ceil(camera.width * margin), math.ceil(camera.height * margin)
        self._view, self._tile_camera = view, Camera(camera.x, camera.y, camera.scale, *size)
        smooth = SMOOTH if size[0] * size[1] <= SMOOTH_PIXELS else 1
        large = pygame.Surface((size[0] * smooth, size[1] * smooth), 0, 32)
        large.fill(scene.GROUND)
        _draw_shapes(large, self._tile_camera, self._road, smooth)
        self._clean = pygame.transform.smoothscale(large, size) if smooth > 1 else large
        self._tile, self._inked = self._clean.copy(), 0

    def _ink(self, trail: NDArray[np.void], speeds: scene.Scale, key: object) -> None:
        assert self._clean is not None
        if self._tile is None or key != self._trail_key or len(trail) < self._inked:
            self._tile, self._inked, self._trail_key = self._clean.copy(), 0, key
        fresh = trail[max(self._inked - 1, 0) :]
        self._inked = len(trail)
        if len(fresh) < 2:
            return
        camera = self._tile_camera
        points = camera.project(np.stack([fresh["x"], fresh["y"]], axis=1))
        width = max(scene.TRAIL_WIDTH * camera.scale, scene.TRAIL_PIXELS)
        for i in range(len(fresh) - 1):
            color = scene.speed_color(float(fresh["v"][i]), speeds)
            _draw_link(self._tile, points[i], points[i + 1], width, color)


def _draw_shapes(
    surface: pygame.Surface, camera: Camera, shapes: list[Shape], factor: float
) -> None:
    for shape in shapes:
        points = camera.project(shape.points) * factor
        if isinstance(shape, Polygon):
            pygame.draw.polygon(surface, shape.color, points.tolist())
        else:
            width = max(shape.width * camera.scale, shape.pixels) * factor
            _draw_stroke(surface, points, width, shape)


def _draw_stroke(surface: pygame.Surface, points: Array, width: float, shape: Stroke) -> None:
    """Quads with round joints: pygame's own thick lines have gaps at corners."""
    for a, b in itertools.pairwise(points):
        quad = _quad(a, b, width)
        if quad is not None:
            pygame.draw.polygon(surface, shape.color, quad)
    if width >= 3:
        for point in points[1:-1]:
            pygame.draw.circle(surface, shape.color, point.tolist(), width / 2)


def _draw_link(surface: pygame.Surface, a: Array, b: Array, width: float, color: Color) -> None:
    """One smooth piece of the trail, painted at 4x on its own small surface."""
    low = np.floor(np.minimum(a, b) - width).astype(int)
    high = np.ceil(np.maximum(a, b) + width).astype(int)
    bounds = pygame.Rect(int(low[0]), int(low[1]), *(int(n) for n in high - low))
    if not bounds.colliderect(surface.get_rect()) or max(bounds.size) > 2000:
        return
    patch = pygame.Surface((bounds.width * SMOOTH_CAR, bounds.height * SMOOTH_CAR), pygame.SRCALPHA)
    patch.fill((*color, 0))
    p, q = (a - low) * SMOOTH_CAR, (b - low) * SMOOTH_CAR
    quad = _quad(p, q, width * SMOOTH_CAR)
    if quad is not None:
        pygame.draw.polygon(patch, color, quad)
    for end in (p, q):
        pygame.draw.circle(patch, color, end.tolist(), width * SMOOTH_CAR / 2)
    surface.blit(pygame.transform.smoothscale(patch, bounds.size), bounds.topleft)


def _quad(a: Array, b: Array, width: float) -> list[list[float]] | None:
    along = b - a
    length = float(np.hypot(along[0], along[1]))
    if length == 0.0:
        return None
    across = np.array([-along[1], along[0]]) * (width / 2 / length)
    return [
        (a + across).tolist(),
        (b + across).tolist(),
        (b - across).tolist(),
        (a - across).tolist(),
    ]


def draw_car(
    target: pygame.Surface,
    camera: Camera,
    pose: Pose,
    body: Color = scene.BODY,
    *,
    hollow: bool = False,
) -> None:
    """Put a car where it is, larger than life where it could not be seen; hollow for a ghost."""
    length = scene.NOSE - scene.TAIL
    grow = max(1.0, scene.CAR_PIXELS / (length * camera.scale))
    half = math.ceil(0.25 * grow * camera.scale) + 2
    middle = camera.project(np.array([[pose.x, pose.y]]))[0]
    corner = math.floor(middle[0]) - half, math.floor(middle[1]) - half
    side = 2 * half
    if not pygame.Rect(*corner, side, side).colliderect(target.get_rect()):
        return
    patch = pygame.Surface((side * SMOOTH_CAR, side * SMOOTH_CAR), pygame.SRCALPHA)
    patch.fill((*body, 0))
    local = Camera(
        pose.x + (corner[0] + half - middle[0]) / camera.scale,
        pose.y - (corner[1] + half - middle[1]) / camera.scale,
        camera.scale,
        side,
        side,
    )
    shapes = scene.outline(pose, grow, body) if hollow else scene.car(pose, grow, body)
    _draw_shapes(patch, local, shapes, SMOOTH_CAR)
    target.blit(pygame.transform.smoothscale(patch, (side, side)), corner)


@lru_cache(maxsize=32)
def font(pixels: int, *, mono: bool = False, bold: bool = False) -> pygame.font.Font:
    """DejaVu as matplotlib installs it, so that text looks alike everywhere."""
    if not pygame.font.get_init():
        pygame.font.init()
    found = importlib.util.find_spec("matplotlib")
    name = f"DejaVuSans{'Mono' if mono else ''}{'-Bold' if bold else ''}.ttf"
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return pygame.font.Font(str(path), pixels)
    return pygame.font.Font(None, round(pixels * 1.3))
