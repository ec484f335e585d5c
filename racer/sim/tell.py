"""What rewards are told of the objects around a car: the lists `objects_*` and the camera flag."""

from __future__ import annotations

from racer.sim.frustum import object_in_camera
from racer.sim.jit import kernel


@kernel
def tell(cars, rows, objects, per_world, lists, camera):
    """Fill what is around each car into its row.

    Args:
        rows: (N,) PARAMS with room for objects, out.
        lists, camera: does anyone read the lists, or the flag? Each costs extra.
    """
    for i in range(cars.size):
        row, world = rows[i], objects[i // per_world]
        own = i % per_world if per_world > 1 else -1
        if camera:
            row.object_in_camera = object_in_camera(cars[i], world, own)
        if lists:
            place = 0
            for k in range(world.size):
                if k == own:
                    continue
                item, of = row.objects[place], world[k]
                item.x, item.y, item.distance = of.x, of.y, of.s
                item.distance_from_center = abs(of.n)
                item.heading, item.speed = of.told_heading, of.told_speed
                item.left_of_center = 1.0 if of.told_left else 0.0
                place += 1
            row.objects_count = place
