"""Draw actions from a policy's distribution, as training does, instead of its most likely ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from racer.policy.player import Policy

_LOG_STD = (-20.0, 2.0)  # SB3's bounds of SAC's log standard deviation


class Sampler:
    """A driver that acts at random, each action as likely as it was in training.

    PPO draws from a normal distribution around the network's output, whose width is one number
    per action, and clips; SAC draws likewise with a width of its own for every observation, then
    squashes by tanh; choices are drawn by their softmax. Source: SB3's distributions.py.

    Args:
        policy: what was trained.
        seed: same seed, same actions.
    """

    def __init__(self, policy: Policy, seed: int = 0) -> None:
        self.policy, self.rng = policy, np.random.default_rng(seed)

    def act(self, obs: Any) -> npt.NDArray[Any]:
        """One action per row, as Policy.act gives them.

        Raises:
            Diverged, BadRun: as Policy.act.
        """
        policy = self.policy
        raw = policy.outputs(obs)  # (N, A)
        if policy.network.choices:
            # the largest of logits + Gumbel noise is a draw from their softmax
            choices: npt.NDArray[np.int64] = (raw + self.rng.gumbel(size=raw.shape)).argmax(axis=1)
            return choices
        if policy.network.algo == "sac":
            log_std = np.clip(policy.outputs(obs, head="actor.log_std"), *_LOG_STD)
        else:
            log_std = policy.weights["log_std"].astype(np.float64)
        return policy.bounded(raw + np.exp(log_std) * self.rng.standard_normal(raw.shape))
