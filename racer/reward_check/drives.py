"""Whole episodes of the scripted drivers on a track, and what a reward pays for them.

Only states that a training can meet: speeds and steering angles come from the action space, every
driver has a namespace of the reward file to itself, and sees its episode in order from steps == 2.
"""

from __future__ import annotations

import numpy as np

from racer import vehicles
from racer.actions import Actions, Continuous
from racer.config import Others, Rules
from racer.race import Race
from racer.race.drivers import AMONG, DRIVERS, Driver, drive
from racer.race.make import alone
from racer.reward import RewardEngine
from racer.reward.engine import Floats, Rows
from racer.reward_check.incentives import Drive
from racer.tracks import Track

STILL = 0.1  # m/s, the least that the official vehicle goes

Episodes = dict[Driver, Rows]


def drive_all(
    track: Track, actions: Actions, others: Others | None = None
) -> tuple[Episodes, dict[str, str]]:
    """An episode of every driver that this track and action space have room for.

    A loop is not ended for going backwards half of the time.

    Args:
        others: what else is on the road; then the drivers are those that meet it.

    Returns:
        the episodes, and for each driver left out why, by name.
    """
    least = slowest(actions)
    others = alone(others or Others())
    known = AMONG if others.count else DRIVERS
    drivers = [d for d in known if d.top_speed > 0.0 or least <= STILL]
    left_out = {
        d.name: f"no action is slower than {least:g} m/s" for d in known if d not in drivers
    }
    if others.count:
        drivers = [d for d in drivers if d.lane != "follow" or not _alone(others, least)]
        if _alone(others, least):
            left_out["follow for ever"] = _alone(others, least)
    found: Episodes = {}
    for loop in (False, True):
        some = tuple(d for d in drivers if d.loop == loop)
        rules = Rules(start="line", end_reversed=not loop)
        if some:
            race = _race(track, actions, len(some), rules, others)
            found |= dict(zip(some, drive(race, some), strict=True))
    for driver in [d for d, rows in found.items() if d.loop and rows["is_offtrack"][-1]]:
        del found[driver]
        left_out[driver.name] = "the road is too narrow for a circle of this car"
    return {d: found[d] for d in known if d in found}, left_out


def _alone(others: Others, least: float) -> str:
    """Why nobody can follow a bot; empty if somebody can."""
    if not others.bot_cars:
        return "no bot drives"
    if least > others.speeds[0]:
        return f"no action is slower than {least:g} m/s, and bots drive {others.speeds[0]:g}"
    return ""


def slowest(actions: Actions) -> float:
    """The least speed of an action space, m/s."""
    if isinstance(actions, Continuous):
        return actions.speed[0]
    return min(speed for _, speed in actions.choices)


def _race(track: Track, actions: Actions, n: int, rules: Rules, others: Others) -> Race:
    vehicle = vehicles.load("deepracer")
    return Race(
        track, n, vehicle=vehicle, actions=actions, rules=rules, others=others, all_params=True
    )


def pay(engine: RewardEngine, episodes: Episodes) -> list[Drive]:
    """What each driver earns, in the order of `episodes`.

    Args:
        engine: fresh, one namespace for each episode.
        episodes: every step of them is paid.
    """
    paid = run(engine, list(episodes.values()))
    return [
        Drive(
            driver.name,
            driver.merit,
            len(rows),
            float(rows["progress"][-1]),
            float(rewards.sum()),
            float(rewards.sum()) / len(rows),
            float(rewards.max()),
        )
        for (driver, rows), rewards in zip(episodes.items(), paid, strict=True)
    ]


def run(engine: RewardEngine, episodes: list[Rows]) -> list[Floats]:
    """Rewards of every step; the episodes are driven side by side, each in its own namespace.

    The longest comes first, so that those still running are always the first rows of a batch: row
    i of a batch belongs to namespace i.
    """
    order = sorted(range(len(episodes)), key=lambda i: -len(episodes[i]))
    paid = [np.zeros(len(rows)) for rows in episodes]
    for step in range(len(episodes[order[0]])):
        running = [i for i in order if step < len(episodes[i])]
        out = np.zeros(len(running))
        engine.compute(np.array([episodes[i][step] for i in running]), None, out)
        for i, value in zip(running, out, strict=True):
            paid[i][step] = value
    return paid


def objects_in(rows: Rows) -> int:
    """How many objects were around the car; 0 in a time trial."""
    return int(rows["objects_count"][0]) if "objects_count" in (rows.dtype.names or ()) else 0
