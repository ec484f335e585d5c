"""What the front camera can see: DeepRacer's `object_in_camera`, and the objects next to a car.

Source: cameras/frustum.py and track_geom/track_data.py of deepracer-simapp.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from racer.sim.jit import inlined
from racer.sim.nearby import first_beyond
from racer.sim.trig import sincos


class Lens(NamedTuple):
    """Where the lens is, m from the model's origin."""

    forward: float
    up: float
    aside: float = 0.0  # of a stereo camera: each of its two lenses is that far from the middle


LENS = Lens(0.14529379, 0.13032555)
STEREO_ASIDE = 0.03  # m

_DOWN = 0.2618  # rad, that the lens looks down
_COS, _SIN = math.cos(_DOWN), math.sin(_DOWN)
_NEAR, _FAR = 0.2, 300.0  # m
_HALF_WIDTH = math.tan(1.13 / 2.0)  # of the picture at 1 m
_HALF_HEIGHT = 0.75 * _HALF_WIDTH


@inlined
def in_view(car, lens, cosine, sine, x, y, z):
    """Is the point (m, world) strictly inside what the camera of `car`, or one of two, shows?"""
    dx, dy = x - car.x, y - car.y
    along, left = dx * cosine + dy * sine - lens.forward, dy * cosine - dx * sine
    up = z - lens.up
    depth, height = along * _COS - up * _SIN, along * _SIN + up * _COS
    return (
        (_NEAR < depth < _FAR)
        & (abs(left) < depth * _HALF_WIDTH + lens.aside)
        & (abs(height) < depth * _HALF_HEIGHT)
    )


@inlined
def object_in_view(car, lens, box):
    """Is the middle of `box` in view, or a corner of the rectangle that crashes are measured by?"""
    sine, cosine = sincos(car.yaw)
    s, c = sincos(box.yaw)
    seen = in_view(car, lens, cosine, sine, box.x, box.y, box.z)
    for corner in range(4):
        along = box.half_length if corner < 2 else -box.half_length
        across = box.half_width if corner % 2 == 0 else -box.half_width
        x, y = box.x + along * c - across * s, box.y + along * s + across * c
        seen |= in_view(car, lens, cosine, sine, x, y, box.z)
    return seen


@inlined
def next_object(car, world, own):
    """Which of the others comes next along the road: its place in the lists that rewards get.

    The first at a distance beyond the nose's; after the last one, the first of the lap.
    """
    others = world.size if own < 0 else world.size - 1
    if others == 0:
        return -1
    rank = first_beyond(world, car.s)
    for _ in range(2):
        rank = rank if rank < world.size else 0
        if world[rank].by_s != own:
            break
        rank += 1
    k = world[rank].by_s
    return k - 1 if k > own >= 0 else k


@inlined
def object_in_camera(car, lens, world, own):
    """DeepRacer's flag, which looks one place too low in the list of all poses.

    That list begins with the car itself where it is alone with objects, and it holds every car
    where there are several; the place of the next object is counted without the car.
    """
    place = next_object(car, world, own)
    column = place if own >= 0 else place - 1
    if place < 0 or column < 0 or column == own:  # nobody sees itself
        return False
    return object_in_view(car, lens, world[column])
