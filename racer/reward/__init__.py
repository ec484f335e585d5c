"""A user's reward file, found, explained when wrong, and run for N cars at the best safe speed."""

from __future__ import annotations

from pathlib import Path

from racer.errors import BadConfig
from racer.reward.engine import RewardEngine
from racer.reward.inprocess import InProcessEngine
from racer.reward.load import RewardFile, load, names
from racer.reward.params import Waypoints

ENGINES = ("auto", "compiled", "worker", "inprocess")

__all__ = ["ENGINES", "RewardEngine", "RewardFile", "load", "make_engine", "names"]


def make_engine(
    reward: str | Path | RewardFile,
    *,
    n: int,
    waypoints: Waypoints,
    engine: str = "auto",
    seed: int = 0,
) -> RewardEngine:
    """The engine that computes a reward for `n` cars.

    Args:
        reward: name, path or loaded file.
        n: number of cars.
        waypoints: centre line in the file's order; reversed cars get it reversed.
        engine: auto, compiled, worker or inprocess.
        seed: of `random` inside the reward, car i draws from seed + i.

    Raises:
        UnknownName, BadReward: the file cannot be used.
        BadConfig: no such engine.
    """
    if engine not in ENGINES:
        raise BadConfig(f"no reward engine {engine!r}. Choose from {', '.join(ENGINES)}.")
    file = reward if isinstance(reward, RewardFile) else load(reward)
    return InProcessEngine(file, n=n, waypoints=waypoints, seed=seed)
