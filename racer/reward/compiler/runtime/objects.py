"""The lists `objects_*` of compiled rewards: made once per batch, filled anew for every call.

Whatever a reward does to a list in one call is gone in the next, as with Python's new lists.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from racer.reward.compiler.runtime.scalars import jit


@jit
def _fit(into, count, item):
    while len(into) > count:
        into.pop()
    while len(into) < count:
        into.append(item)


@jit
def location(into, row):
    """(x, y) of every object."""
    _fit(into, row.objects_count, (0.0, 0.0))
    for k in range(row.objects_count):
        into[k] = (row.objects[k].x, row.objects[k].y)
    return into


@jit
def distance(into, row):
    """Of every object along the centre line."""
    _fit(into, row.objects_count, 0.0)
    for k in range(row.objects_count):
        into[k] = row.objects[k].distance
    return into


@jit
def distance_from_center(into, row):
    """Of every object."""
    _fit(into, row.objects_count, 0.0)
    for k in range(row.objects_count):
        into[k] = row.objects[k].distance_from_center
    return into


@jit
def heading(into, row):
    """Of every object."""
    _fit(into, row.objects_count, 0.0)
    for k in range(row.objects_count):
        into[k] = row.objects[k].heading
    return into


@jit
def speed(into, row):
    """Of every object."""
    _fit(into, row.objects_count, 0.0)
    for k in range(row.objects_count):
        into[k] = row.objects[k].speed
    return into


@jit
def left_of_center(into, row):
    """Of every object."""
    _fit(into, row.objects_count, False)
    for k in range(row.objects_count):
        into[k] = row.objects[k].left_of_center != 0.0
    return into


@jit
def closest(row):
    """closest_objects: the last object at or behind the nose and the first beyond it, by distance.

    Of equal distances the first in the lists comes first, as in a stable sort.
    """
    nose = row.projection_distance
    ahead, behind, lowest, highest = -1, -1, 0, 0
    for k in range(row.objects_count):
        at = row.objects[k].distance
        if at > nose and (ahead < 0 or at < row.objects[ahead].distance):
            ahead = k
        if at <= nose and (behind < 0 or at >= row.objects[behind].distance):
            behind = k
        if at < row.objects[lowest].distance:
            lowest = k
        if at >= row.objects[highest].distance:
            highest = k
    return (highest if behind < 0 else behind, lowest if ahead < 0 else ahead)
