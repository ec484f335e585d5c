"""Learning-rate schedules: how the rate falls while a training goes on."""

from __future__ import annotations

import math
from collections.abc import Callable

from racer.config import TrainConfig
from racer.errors import BadConfig


def learning_rate(config: TrainConfig, start: float) -> float | Callable[[float], float]:
    """The learning rate as Stable-Baselines3 takes it: a number, or a function of what is left.

    With p the share of the training that is done and e = learning_rate_end:

        linear   start + (e - start) p
        cosine   e + (start - e) (1 + cos πp) / 2

    Args:
        config: names the schedule.
        start: the rate at the first step.

    Raises:
        BadConfig: an end without a schedule that would reach it.
    """
    schedule, end = config.learning_rate_schedule or "constant", config.learning_rate_end
    if schedule == "constant":
        if end is not None:
            raise BadConfig(
                f"train.learning_rate_end = {end:g} needs a schedule that falls to it. Try "
                "train.learning_rate_schedule=linear."
            )
        return start
    last = end or 0.0

    def linear(left: float) -> float:
        return last + (start - last) * left

    def cosine(left: float) -> float:
        return last + (start - last) * 0.5 * (1.0 + math.cos(math.pi * (1.0 - left)))

    return linear if schedule == "linear" else cosine
