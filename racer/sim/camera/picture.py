"""Draw what every car sees: the ground first, then walls and objects from far to near."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from racer.sim.camera.faces import add_walls, draw_objects
from racer.sim.camera.ground import COLORS
from racer.sim.camera.hidden import CORNERS
from racer.sim.camera.lens import eye_of, plane_of
from racer.sim.camera.pixels import write, write_varied
from racer.sim.camera.road import add_ground, fill
from racer.sim.camera.vary import vary_light
from racer.sim.jit import borrowed, inlined, kernel
from racer.sim.scene import own_column

OBJECTS_SEEN = 16  # the nearest of those that may be in view
FACE_CORNERS = 3 * CORNERS // 2  # of a face that is cut off near the lens


class Desk(NamedTuple):
    """Room to draw one picture in, and whatever is the same for all."""

    sums: np.ndarray  # float32: planes of what edges add, see racer.sim.camera.edges
    picture: np.ndarray  # float32: planes of pixels, column after column
    run: np.ndarray  # float32: running sums of every row
    wall: np.ndarray  # float32: planes of pixels, what walls add to each and how much they cover
    palette: np.ndarray  # (COLORS * channels,) float32
    delta: np.ndarray  # (5,) float32
    corners: np.ndarray  # (4, 3) m: of a face, seen from the lens, ahead, left and up
    cut: np.ndarray  # (2, CORNERS, 3) m: of what a wall hides of it
    face: np.ndarray  # (FACE_CORNERS, 2) px
    seen: np.ndarray  # (OBJECTS_SEEN,) int64, columns of the objects in view; negative: drawn
    near: np.ndarray  # (OBJECTS_SEEN,) m, how far each is
    colors: np.ndarray  # (COLORS, 3) of this car's episode
    light: np.ndarray  # (3,) factors of red, green and blue


def desk(width: int, height: int, channels: int) -> Desk:
    """Room for pictures of this size."""
    planes = channels + 2  # what covers, and what of that is before the walls
    return Desk(
        np.zeros(planes * (width + 1) * height, np.float32),
        np.zeros(channels * width * height, np.float32),
        np.zeros(planes * height, np.float32),
        np.zeros((channels + 1) * width * height, np.float32),
        np.zeros(COLORS * channels, np.float32),
        np.zeros(5, np.float32),
        np.zeros((4, 3)),
        np.zeros((2, CORNERS, 3)),
        np.zeros((FACE_CORNERS, 2)),
        np.zeros(OBJECTS_SEEN, np.int64),
        np.zeros(OBJECTS_SEEN),
        np.zeros((COLORS, 3)),
        np.ones(3),
    )


@kernel
def draw(
    cars,
    mask,
    out,
    first,
    direction,
    ground,
    colors,
    weights,
    varied,
    views,
    objects,
    per_world,
    desk,
):
    """What each car of this direction with mask[i] sees, to out[i].

    Args:
        cars: (N,) CAR.
        mask: (N,) bool.
        out: (N, planes, height, width) uint8.
        first: the plane that the first view begins at.
        direction: CAR["direction"] of the cars that are drawn.
        ground: Ground of the road.
        colors: (COLORS, 3) red, green, blue.
        weights: (3,) of red, green and blue in a grey level.
        varied: light, lens and noise differ from episode to episode, see racer.sim.camera.vary.
        views: (V,) VIEW, all of one size.
        objects: (W, K) OBJECT of each world.
        per_world: cars in a world.
        desk: Desk for that size.
    """
    ground, desk, objects = borrowed(ground), borrowed(desk), borrowed(objects)
    out, colors, weights = borrowed(out), borrowed(colors), borrowed(weights)
    channels = views[0].channels
    for i in range(cars.size):
        if mask[i] and cars[i].direction == direction:
            if varied:
                vary_light(cars[i], colors, desk.colors, desk.light)
            else:
                desk.colors[:] = colors
            _mix_palette(desk, weights, channels)
            for v in range(views.size):
                view = views[v]
                eye = eye_of(cars[i], view, varied)
                if ground.walls[4] > 0.0:
                    add_walls(desk, ground.walls, weights, eye, view, channels)
                add_ground(desk, ground, eye, view, channels)
                fill(desk, eye, view, channels)
                if objects.shape[1] > 0:
                    world, own = i // per_world, own_column(i, per_world)
                    around = objects, world, own, ground.walls
                    draw_objects(desk, *around, weights, eye, view, channels)
                if varied:
                    write_varied(desk.picture, out[i], first, cars[i], v, view, channels)
                else:
                    write(desk.picture, out[i], first + v * channels, view, channels)


@inlined
def _mix_palette(desk, weights, channels):
    light = desk.light
    for k in range(COLORS):
        red = min(desk.colors[k, 0] * light[0], 255.0)
        green = min(desk.colors[k, 1] * light[1], 255.0)
        blue = min(desk.colors[k, 2] * light[2], 255.0)
        for p in range(channels):
            desk.palette[k * channels + p] = plane_of(channels, p, weights, red, green, blue)
