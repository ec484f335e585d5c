"""Scenery: how a road and what stands around it look, as the official worlds paint and build it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]  # red, green, blue as rendered, 0 to 255


@dataclass(frozen=True)
class Scenery:
    """Colours and widths of one world.

    Attributes:
        road, field, line, dash, sky: colour as rendered. `line` is painted along both borders,
            `dash` along the centre.
        wall: texture colour of the walls; what is seen depends on how the sun meets them.
        line_width: m.
        line_outset: m, how far the outer edge of a line is outside the border of the road.
        dash_width: m, across; 0 for no centre line.
        dash_on, dash_period: m, along the centre line.
        wall_distance: m, from the rectangle around the track to the walls around it; negative
            for none.
        wall_height: m.

    Source: textures and meshes of 127 worlds of the official simulator; frames rendered of them.
    """

    road: Color = (85.0, 85.0, 80.0)
    field: Color = (168.0, 179.0, 84.0)
    line: Color = (253.0, 253.0, 250.0)
    dash: Color = (255.0, 192.0, 0.0)
    sky: Color = (178.0, 178.0, 178.0)
    wall: Color = (36.0, 70.0, 81.0)
    line_width: float = 0.0762
    line_outset: float = 0.0
    dash_width: float = 0.0254
    dash_on: float = 0.0508
    dash_period: float = 0.1016
    wall_distance: float = 0.76
    wall_height: float = 1.0


def walls_around(outer: np.ndarray, scenery: Scenery) -> np.ndarray:
    """The walls around a road: (5,) x, y of two opposite corners, height, m; 0 high for none.

    Args:
        outer: (K,) LINE, the outer border.
        scenery: says how far they are away.
    """
    walls = np.zeros(5)
    if scenery.wall_distance >= 0.0:
        xy = np.stack([outer["x"], outer["y"]], axis=1)
        walls[:2] = xy.min(axis=0) - scenery.wall_distance
        walls[2:4] = xy.max(axis=0) + scenery.wall_distance
        walls[4] = scenery.wall_height
    return walls
