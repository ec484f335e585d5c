"""Whether a training's buffers fit into memory, before it begins."""

from __future__ import annotations

from racer import observations
from racer.config import Config
from racer.errors import ResourceError
from racer.policy.inputs import is_row, parts
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
    seen = observations.take(race.obs, 0)
    arrays = observations.flat(seen, "obs").values()
    numbers, stored = sum(a.size for a in arrays), sum(a.nbytes for a in arrays)
    actions = max(1, race.action_buffer[0].size)
    if "buffer_size" in chosen:  # observation twice, action, reward, two flags
        return float(chosen["buffer_size"] * (2 * stored + 4 * (actions + 3)))
    row = numbers + actions + 6
    width = max(config.train.net_arch or algorithms.algo_of(config.train).net_arch, default=0)
    # Other observations become rows of float32: the arrays of all of it, then the rows.
    converted = 0 if is_row(parts(race.observation_space)) else 8 * numbers
    # Beside the rollout: a layer's input and output for all of it, or the rollout shuffled.
    each = stored + converted + 4 * (actions + 6) + 8 * max(row, width)
    return float(chosen["n_steps"] * race.n * each)
