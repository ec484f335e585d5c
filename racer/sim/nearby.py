"""Which objects of a world are near: two orders of its columns, along x and along the road.

A row of objects keeps them: `by_x` of row r is the column with the r-th smallest x, `x_rank` of a
column is its place there, and likewise along the road. Whatever moves is put at its new place at
once, which mostly is the one that it had. So what stands costs nothing, and who asks looks at a
window: the first of it is found by halving, and each further one is its neighbour.
"""

from __future__ import annotations

from racer.sim.jit import helper, inlined, kernel

FEW = 6  # objects; to look at so many from the first on is quicker than to halve


@inlined
def _before_x(world, a, b):
    return world[a].x < world[b].x or (world[a].x == world[b].x and a < b)


@inlined
def _before_s(world, a, b):
    return world[a].s < world[b].s or (world[a].s == world[b].s and a < b)


@inlined
def _swap_x(world, rank):
    """Exchange the columns at `rank` and `rank` + 1."""
    a, b = world[rank].by_x, world[rank + 1].by_x
    world[rank].by_x, world[rank + 1].by_x = b, a
    world[a].x_rank, world[b].x_rank = rank + 1, rank


@inlined
def _swap_s(world, rank):
    a, b = world[rank].by_s, world[rank + 1].by_s
    world[rank].by_s, world[rank + 1].by_s = b, a
    world[a].s_rank, world[b].s_rank = rank + 1, rank


@helper
def moved(world, k):
    """Column `k` is elsewhere now: put it at its place in both orders."""
    while world[k].x_rank > 0 and _before_x(world, k, world[world[k].x_rank - 1].by_x):
        _swap_x(world, world[k].x_rank - 1)
    while world[k].x_rank + 1 < world.size and _before_x(world, world[world[k].x_rank + 1].by_x, k):
        _swap_x(world, world[k].x_rank)
    while world[k].s_rank > 0 and _before_s(world, k, world[world[k].s_rank - 1].by_s):
        _swap_s(world, world[k].s_rank - 1)
    while world[k].s_rank + 1 < world.size and _before_s(world, world[world[k].s_rank + 1].by_s, k):
        _swap_s(world, world[k].s_rank)


@helper
def arrange(world):
    """Make both orders anew, after everything was placed."""
    for k in range(world.size):
        x, s, rank = world[k].x, world[k].s, k
        while rank > 0 and world[world[rank - 1].by_x].x > x:
            world[rank].by_x = world[rank - 1].by_x
            rank -= 1
        world[rank].by_x = k
        rank = k
        while rank > 0 and world[world[rank - 1].by_s].s > s:
            world[rank].by_s = world[rank - 1].by_s
            rank -= 1
        world[rank].by_s = k
    for rank in range(world.size):
        world[world[rank].by_x].x_rank = rank
        world[world[rank].by_s].s_rank = rank


@kernel
def arrange_all(objects):
    """Make the orders of every world anew, after rows were written from outside."""
    for w in range(objects.shape[0]):
        arrange(objects[w])


@inlined
def first_x(world, x):
    """The rank of the first object at `x` m or beyond."""
    low, high = 0, world.size
    while low < high:
        middle = (low + high) // 2
        if world[world[middle].by_x].x < x:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def first_beyond(world, s):
    """The rank of the first object farther along the road than `s` m; all of them for none."""
    low, high = 0, world.size
    while low < high:
        middle = (low + high) // 2
        if world[world[middle].by_s].s <= s:
            low = middle + 1
        else:
            high = middle
    return low
