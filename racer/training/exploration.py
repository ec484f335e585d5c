"""How widely actions are scattered while a training goes on.

Stable-Baselines3 learns the standard deviation of PPO's actions, and after a million steps it is
still near 0.75 here: a steering error of 20 degrees. A car that is shaken so hard must keep away
from the borders, so it learns the best line of a shaken car. Letting the deviation fall from 1 to
0.1 during the training first explores, then learns the line itself (docs/fast-laps.md).
"""

from __future__ import annotations

import math
from typing import Any

from racer.config import TrainConfig
from racer.errors import BadConfig


def check_action_std(config: TrainConfig, *, discrete: bool) -> None:
    """Refuse half a schedule, and one where no deviation can be set.

    Raises:
        BadConfig: names the setting.
    """
    start, end = config.action_std_start, config.action_std_end
    if (start is None) != (end is None):
        missing, other = ("start", "end") if start is None else ("end", "start")
        raise BadConfig(
            f"train.action_std_{other} is set and train.action_std_{missing} is not. Give both, "
            "or neither to let it be learned."
        )
    if start is not None and config.algo != "ppo":
        raise BadConfig(
            f"train.action_std_start is a setting of ppo; {config.algo} chooses the deviation of "
            "each action itself. Leave it out, or use --algo ppo."
        )
    if start is not None and discrete:
        raise BadConfig(
            "train.action_std_start needs continuous actions; a list of choices has no standard "
            "deviation. Use --actions continuous, or leave it out."
        )


def action_std(config: TrainConfig, timesteps: int) -> float | None:
    """Standard deviation of the actions after `timesteps`; None when it is learned."""
    start, end = config.action_std_start, config.action_std_end
    if start is None or end is None:
        return None
    done = min(timesteps / config.timesteps, 1.0)
    return math.exp(math.log(start) * (1.0 - done) + math.log(end) * done)


def set_action_std(model: Any, config: TrainConfig) -> None:
    """Give the policy of an SB3 model the deviation of this moment, if there is a schedule."""
    std = action_std(config, model.num_timesteps)
    if std is not None:
        model.policy.log_std.data.fill_(math.log(std))
