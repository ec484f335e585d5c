"""The two orders of a world's objects: made anew and kept while things move, they are the same."""

import numpy as np

from racer.config import Others
from racer.sim.nearby import arrange_all

AROUND = Others(race="multi", cars=3, obstacles=4, bots=3, bot_speed="0.5..2", lane_changes=True)
ORDERS = ("by_x", "by_s", "x_rank", "s_rank")


def test_orders_are_kept_while_cars_and_bots_move(race):
    made = race(6, others=AROUND)
    for step in range(120):
        made.step(np.full((6, 2), 0.1 * (step % 3 - 1), np.float32))
        if made.done_count:
            made.reset(made.done)
        for world in made.objects:
            for key, order, rank in (("x", "by_x", "x_rank"), ("s", "by_s", "s_rank")):
                right = np.lexsort((np.arange(len(world)), world[key]))
                assert world[order].tolist() == right.tolist()
                assert world[rank][right].tolist() == list(range(len(world)))
    kept = {name: made.objects[name].copy() for name in ORDERS}
    for name in ORDERS:
        made.objects[name] = -7  # as a damaged checkpoint has them
    arrange_all(made.objects)
    assert all((made.objects[name] == kept[name]).all() for name in ORDERS)
