"""A stack of the last pictures: the oldest first, the newest last.

What a car saw last is known by its episode and step. One step later the pictures move up; at the
same step the newest is drawn again; at any other, as after a reset, all are the picture of now.
"""

from __future__ import annotations

from racer.sim.jit import borrowed, inlined, kernel


@kernel
def move_stack(cars, mask, out, seen, planes):
    """Make room for the next picture of the cars in `mask`, before it is drawn.

    Args:
        cars: (N,) CAR.
        mask: (N,) bool.
        out: (N, pictures * planes, height, width) uint8.
        seen: (N, 2) int64, episode and step of the newest picture; -1 for none.
        planes: of one picture.
    """
    out = borrowed(out)
    for i in range(cars.size):
        if mask[i] and _next(cars[i], seen[i]):
            for p in range(out.shape[1] - planes):
                for row in range(out.shape[2]):
                    for x in range(out.shape[3]):
                        out[i, p, row, x] = out[i, p + planes, row, x]


@kernel
def fill_stack(cars, mask, out, seen, planes):
    """Copy the newest picture over all others of a car that did not come from the step before."""
    out = borrowed(out)
    for i in range(cars.size):
        if not mask[i]:
            continue
        car = cars[i]
        again = seen[i, 0] == car.episode and seen[i, 1] == car.steps and car.steps > 1
        if not again and not _next(car, seen[i]):
            first = out.shape[1] - planes
            for p in range(first):
                for row in range(out.shape[2]):
                    for x in range(out.shape[3]):
                        out[i, p, row, x] = out[i, first + p % planes, row, x]
        seen[i, 0], seen[i, 1] = car.episode, car.steps


@inlined
def _next(car, seen):
    return seen[0] == car.episode and seen[1] + 1 == car.steps
