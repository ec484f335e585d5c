"""How episodes went: a row each, or a dict of plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from racer.sim.types import LAP_COMPLETE, STATUS_LABELS

if TYPE_CHECKING:
    from racer.race.race import Race

# How an episode went, a row each.
EPISODE = np.dtype(
    [
        ("status", "i8"),  # index of STATUS_LABELS
        ("progress_pct", "f8"),  # of a lap, in the state that ended it
        ("steps", "i8"),  # actions taken
        ("return", "f8"),  # sum of rewards
        ("time_s", "f8"),  # since the start, with the frame the car is held still in, as officially
    ]
)


def episodes(race: Race, cars: np.ndarray | list[int]) -> np.ndarray:
    """How the episodes of these cars (K,), which are done, went: (K,) EPISODE."""
    ended = np.empty(len(cars), EPISODE)
    ended["status"] = race.cars["status"][cars]
    ended["progress_pct"] = race.params["progress"][cars]
    ended["steps"] = race.cars["steps"][cars] - 1
    ended["return"] = race.cars["episode_return"][cars]
    ended["time_s"] = (ended["steps"] + 1) * race.dt
    return ended


def episode_infos(ended: np.ndarray) -> list[dict[str, Any]]:
    """EPISODE rows as dicts of plain values.

    Returns:
        for each, the fields of EPISODE, `status` as its label; and `lap_time_s`, s, if the episode
        ended with a lap.
    """
    infos = []
    for status, progress, steps, total, time in ended.tolist():
        info = {
            "status": STATUS_LABELS[status],
            "progress_pct": progress,
            "steps": steps,
            "return": total,
            "time_s": time,
        }
        if status == LAP_COMPLETE:
            info["lap_time_s"] = time
        infos.append(info)
    return infos


def episode_info(race: Race, i: int) -> dict[str, Any]:
    """`episode_infos` of car `i`, which is done."""
    return episode_infos(episodes(race, [i]))[0]
