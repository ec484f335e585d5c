"""A scene: cars, their worlds, and what is around each car."""

import numpy as np
import pytest

from racer.sim.jit import kernel
from racer.sim.native_call import bind
from racer.sim.scene import Scene, own_column
from racer.sim.types import CAR, OBJECT
from racer.tracks import Track


@kernel
def _sum_around(cars, objects, per_world, out):
    for i in range(cars.size):
        out[i] = 0.0
        for k in range(objects.shape[1]):
            if k != own_column(i, per_world):
                out[i] += objects[i // per_world, k].x


@pytest.mark.parametrize(("worlds", "each"), [(4, 1), (2, 2), (2, 3)])
def test_a_car_sees_what_is_in_its_world_but_not_itself(worlds, each):
    n = worlds * each
    objects = np.zeros((worlds, 5), OBJECT)
    objects["x"] = 10.0 ** np.arange(5) * (1 + np.arange(worlds)[:, None])
    roads = np.arange(n) * 2 // n
    tracks = ((Track.load("oval").arrays,), (Track.load("s_bends").arrays,))
    world = np.arange(n) // each
    scene = Scene(
        np.zeros(n, CAR), np.zeros((n, 2)), np.ones(n, bool), world, roads, tracks, objects
    )
    out = np.zeros(n)
    scene.each(lambda p: bind(_sum_around, p.cars, p.objects, p.per_world, out[p.rows]))()
    own = [10.0 ** (i % each) if each > 1 else 0.0 for i in range(n)]
    assert out.tolist() == [(11111.0 - own[i]) * (1 + world[i]) for i in range(n)]


def test_a_scene_without_objects_has_nothing_around_any_car():
    road, tracks = np.zeros(3, np.int64), ((Track.load("oval").arrays,),)
    scene = Scene(np.zeros(3, CAR), np.zeros((3, 2)), np.ones(3, bool), np.arange(3), road, tracks)
    (part,) = scene.parts()
    assert part.objects.shape[1] == 0
    assert part.per_world == 1
