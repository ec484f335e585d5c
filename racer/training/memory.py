"""Whether a training's buffers fit into memory, before it begins."""

from __future__ import annotations

from racer.config import Config
from racer.errors import ResourceError
from racer.process import memory
from racer.race import Race
from racer.training import algorithms


def check(config: Config, race: Race) -> None:
    """Refuse a training whose buffers do not fit, before it starts.

    Raises:
        ResourceError: names what is needed and what is free.
    """
    needed, room = buffers(config, race), memory.free()
    if needed > room:
        raise ResourceError(
            f"training needs {memory.readable(needed)} for its buffers, "
            f"{memory.readable(room)} are free. Use fewer cars, shorter rollouts or smaller "
            "layers: --num-envs, --set train.n_steps, train.net_arch."
        )


def buffers(config: Config, race: Race) -> float:
    """Bytes that learning takes at its peak, beside what is loaded already."""
    chosen = algorithms.settings(config.train)
    inputs, actions = race.obs.shape[1], max(1, race.action_buffer[0].size)
    if "buffer_size" in chosen:  # observation twice, action, reward, two flags
        return float(4 * chosen["buffer_size"] * (2 * inputs + actions + 3))
    row = inputs + actions + 6
    width = max(config.train.net_arch or algorithms.algo_of(config.train).net_arch, default=0)
    # Beside the rollout: a layer's input and output for all of it, or the rollout shuffled.
    return float(4 * chosen["n_steps"] * race.n * (row + 2 * max(row, width)))
