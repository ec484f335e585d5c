"""Whether a policy is one of a race's: before it is written in another program's format."""

from __future__ import annotations

from typing import Any

from racer.policy import Policy
from racer.race import Race


def check_fits(policy: Policy, race: Race) -> None:
    """Refuse a policy that was trained for another observation or action space.

    Raises:
        BadRun: names the mismatch.
    """
    space: Any = race.actions.space
    discrete = hasattr(space, "n")
    actions = int(space.n) if discrete else int(space.shape[0])
    policy.check(observation=race.observation_space, actions=actions, discrete=discrete)
