"""Whether a training's buffers fit into memory, before it begins."""

from __future__ import annotations

import math

from racer import observations
from racer.config import Config
from racer.errors import ResourceError
from racer.policy.inputs import is_row, parts
from racer.process import memory
from racer.race import Race
from racer.training import algorithms
from racer.training.networks import branches


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
            f"layers: {_what_to_set(config)}."
        )


def _what_to_set(config: Config) -> str:
    if config.train.network is None:
        return "--num-envs, --set train.n_steps, train.net_arch"
    first = "train.buffer_size" if config.train.algo == "sac" else "--num-envs, train.n_steps"
    return f"{first}, or smaller pictures: --set race.camera.width, race.camera.height"


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
    if config.train.network is not None:
        return _with_pictures(config, race, stored, actions)
    width = max(algorithms.net_arch(config.train), default=0)
    # Other observations become rows of float32: the arrays of all of it, then the rows.
    converted = 0 if is_row(parts(race.observation_space)) else 8 * numbers
    # Beside the rollout: a layer's input and output for all of it, or the rollout shuffled.
    each = stored + converted + 4 * (actions + 6) + 8 * max(row, width)
    return float(chosen["n_steps"] * race.n * each)


def _with_pictures(config: Config, race: Race, stored: int, actions: int) -> float:
    """The same for PPO with pictures: the rollout, its copy in order, a minibatch in the network.

    A minibatch is converted to float32, and every layer keeps what it gives, and its gradient.
    """
    chosen = algorithms.settings(config.train)
    rollout = chosen["n_steps"] * race.n * (2 * stored + 4 * (2 * actions + 8))
    seen = parts(race.observation_space)
    assert config.train.network is not None
    numbers = 0
    for branch, part in zip(branches(config.train.network, seen, race.horizons), seen, strict=True):
        numbers += 2 * part.size + 4 * sum(math.prod(size) for size in branch.sizes(part))
        numbers += 4 * sum(branch.dense)
    batch = max(chosen["batch_size"], race.n)
    return float(rollout + 4 * batch * numbers)
