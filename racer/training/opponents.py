"""Policies of other runs in a race with others: opponents, and one to go on learning from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import racer.actions
from racer import observations, vehicles
from racer.config import RaceConfig
from racer.errors import BadRun
from racer.policy import Policy, widened
from racer.policy.inputs import parts
from racer.race import Rival, seen
from racer.runs import Run
from racer.training.checkpoint import policy_of

RUNS = Path("runs")


@dataclass(frozen=True)
class Opponent:
    """A policy that may have been trained without others on the road, and then sees none.

    Args:
        policy: drives.
        inputs: how many of the numbers of an observation it is given; 0 for all.
    """

    policy: Policy
    inputs: int = 0

    def act(self, obs: Any) -> NDArray[Any]:
        """The deterministic action for each row."""
        return self.policy.act(np.ascontiguousarray(obs[:, : self.inputs]) if self.inputs else obs)


def load(config: RaceConfig, runs_dir: Path = RUNS) -> Sequence[Rival]:
    """The opponents that `config` names; none but in head_to_model.

    Raises:
        UnknownName, BadRun: no such run, or one whose policy cannot drive in this race.
    """
    return [_opponent(name, config, runs_dir) for name in config.others.rivals]


def among(policy: Policy, config: RaceConfig) -> Policy:
    """A policy that was trained alone, as one that can learn what the others mean.

    What it sees of the road comes first, also among others; what it was not told of weighs
    nothing, so it drives as before. Other policies, and those of a time trial, stay as they are.
    """
    mine, theirs = config.observation, policy.about.get("observation")
    if not config.others.count or mine != theirs or mine not in observations.ROAD_FIRST:
        return policy
    vehicle = vehicles.load(config.vehicle)
    if policy.network.sees != parts(observations.make(mine, vehicle).space):
        return policy
    (row,) = parts(observations.make(mine, vehicle, among=True).space)
    return widened(policy, row.size)


def _opponent(name: str, config: RaceConfig, runs_dir: Path) -> Opponent:
    run = Run.open(name, runs_dir)
    config, theirs, policy = seen(config), seen(run.config().race), policy_of(run.folder)
    mine = racer.actions.load(config.actions)
    if repr(racer.actions.load(theirs.actions)) != repr(mine):
        raise BadRun(
            f"the opponent {name} was trained with --actions {theirs.actions} and this race has "
            f"{config.actions}: all cars of a race have one action space. Train with its own."
        )
    vehicle = vehicles.load(config.vehicle)
    look = config.observation, vehicle, config.sensors
    alone, among_others = (observations.make(*look, among=yes).space for yes in (False, True))
    sees = policy.network.sees
    if sees == parts(among_others):
        return Opponent(policy)
    if {config.observation, theirs.observation} <= set(observations.ROAD_FIRST):
        road = parts(observations.make(theirs.observation, vehicle).space)
        if sees == road and road[0].size <= parts(alone)[0].size:
            return Opponent(policy, policy.network.inputs)  # those of the road come first
    raise BadRun(
        f"the opponent {name} was trained with the observation {theirs.observation} and this race "
        f"has {config.observation}: it cannot drive here. Train with --observation "
        f"{theirs.observation}."
    )
