"""What else is on the road: boxes, bot cars and other cars, from settings to what kernels take."""

from __future__ import annotations

import numpy as np

from racer.config import Others
from racer.objects.bodies import BODIES, body
from racer.objects.fit import END_M, check_fit
from racer.sim.contact import LONGER, WIDER
from racer.sim.starts import ROW
from racer.sim.types import BOT, BOX, OBJECT, OTHER_CAR, TRAFFIC

__all__ = ["check_fit", "columns", "plan", "traffic"]


def columns(others: Others) -> int:
    """Objects of a world: its cars where it has several, then its boxes, then its bots."""
    cars = others.in_world if others.in_world > 1 else 0
    return cars + others.boxes + others.bot_cars


def traffic(others: Others, *, from_the_line: bool) -> np.ndarray:
    """(1,) TRAFFIC.

    Args:
        from_the_line: the official rules of an evaluation: nothing is avoided at the start, and
            several cars start from a grid.
    """
    row = np.zeros(1, TRAFFIC)
    row["boxes"], row["bots"] = others.boxes, others.bot_cars
    row["random_boxes"] = others.randomize_obstacles and not others.positions
    row["random_bots"] = others.randomize_bots
    row["avoid"], row["grid"] = not from_the_line, from_the_line and others.in_world > 1
    row["end"] = END_M + (ROW * (others.in_world - 1) if row["grid"][0] else 0.0)
    kinds = [others.obstacle_type] * (others.boxes > 0) + ["car"] * (others.bot_cars > 0)
    row["reach"] = max((BODIES[k].half_length + BODIES[k].half_width for k in kinds), default=0.0)
    row["box_gap"], row["bot_gap"] = others.obstacle_gap_m, others.bot_gap_m
    row["shrinking_gap"] = others.obstacle_gap_shrinks
    row["speed_low"], row["speed_high"] = others.speeds
    row["pause"] = others.bot_pause_s
    row["change_low"], row["change_high"] = others.change_times
    row["change_m"] = others.lane_change_m if others.lane_changes else 0.0
    return row


def plan(others: Others, vehicle: np.ndarray, track: str, length: float) -> np.ndarray:
    """(K,) OBJECT of a world: what is the same in every episode; a `start_s` of -1 is open.

    Args:
        track: its name, for messages.
        length: of its centre line, m.

    Raises:
        BadConfig: more than fits on the road, or a box on the start line.
    """
    check_fit(others, track, length)
    rows = np.zeros(columns(others), OBJECT)
    rows["present"], rows["start_s"] = True, -1.0
    rows["change_to"] = np.inf
    for order in ("by_x", "by_s", "x_rank", "s_rank"):  # all are in one place until they are put
        rows[order] = np.arange(len(rows))
    cars = len(rows) - others.boxes - others.bot_cars
    boxes, bots = rows[cars : cars + others.boxes], rows[cars + others.boxes :]
    rows[:cars]["kind"], boxes["kind"], bots["kind"] = OTHER_CAR, BOX, BOT
    _as_car(rows[:cars], vehicle)
    body(boxes, others.obstacle_type)
    body(bots, "car")
    for group in (boxes, bots):
        group["lane"] = np.arange(len(group)) % 2  # from the inner one
    for box, (share, lane) in zip(boxes, others.positions, strict=False):
        box["start_s"], box["lane"] = share * length, lane
    slowest, fastest = others.speeds
    if len(bots) and slowest == fastest:  # of everything beside bots, as officially
        rows["params_speed"] = slowest
    return rows


def _as_car(rows: np.ndarray, vehicle: np.ndarray) -> None:
    rows["length"], rows["width"] = vehicle["length"], vehicle["width"]
    rows["height"] = 0.195 / 0.188 * vehicle["width"]
    rows["half_length"] = 0.5 * LONGER * vehicle["length"]
    rows["half_width"] = 0.5 * WIDER * vehicle["width"]
