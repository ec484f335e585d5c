"""One row per algorithm: its SB3 class and the settings that measured best for this environment.

Measured with `racer bench train`; docs/performance.md has the tables and the machine.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from racer import actions, observations, vehicles
from racer.config import Config, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadConfig, UnknownName
from racer.policy.branches import Branch
from racer.policy.inputs import MAX_INPUTS, is_picture, parts
from racer.race import seen
from racer.training.exploration import check_action_std
from racer.training.networks import NETWORKS, branches
from racer.training.schedule import learning_rate


@dataclass(frozen=True)
class Algo:
    """An algorithm and its measured defaults.

    Args:
        make: the SB3 class; called late, because it imports torch.
        num_envs: cars.
        settings: keyword arguments of the SB3 class.
        net_arch: hidden layers.
        continuous_only: refuses a discrete action space.
    """

    make: Callable[[], Any]
    num_envs: int
    settings: dict[str, Any]
    net_arch: tuple[int, ...]
    continuous_only: bool = False
    accepts: frozenset[str] = field(default_factory=frozenset)  # TrainConfig names it understands


def _ppo() -> Any:
    from racer.training.ppo import RacerPPO

    return RacerPPO


def _sb3_ppo() -> Any:
    from stable_baselines3 import PPO

    return PPO


def _sac() -> Any:
    from stable_baselines3 import SAC

    return SAC


_COMMON = frozenset({"learning_rate", "batch_size", "gamma", "ent_coef"})

ALGOS = {
    "ppo": Algo(
        _ppo,
        num_envs=256,
        settings={
            "n_steps": 32,
            "batch_size": 2048,
            "n_epochs": 3,
            "learning_rate": 1e-3,
            "gamma": 0.99,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "ent_coef": 0.0,
            "vf_coef": 0.5,
            "max_grad_norm": 0.5,
        },
        net_arch=(64, 64),
        accepts=_COMMON | {"n_steps", "n_epochs", "gae_lambda", "clip_range"},
    ),
    "sac": Algo(
        _sac,
        num_envs=32,
        settings={
            "learning_rate": 1e-3,
            "batch_size": 512,
            "buffer_size": 500_000,
            "learning_starts": 4096,
            "train_freq": 1,
            "gradient_steps": 2,
            "gamma": 0.98,
            "tau": 0.01,
            "ent_coef": "auto",
        },
        net_arch=(128, 128),
        continuous_only=True,
        accepts=_COMMON | {"buffer_size"},
    ),
}


# The same for observations with pictures. RacerPPO's loops save nothing beside convolutions.
PICTURES = {
    "ppo": dataclasses.replace(
        ALGOS["ppo"],
        make=_sb3_ppo,
        num_envs=64,
        settings=ALGOS["ppo"].settings | {"n_steps": 64, "batch_size": 512},
    ),
    "sac": dataclasses.replace(
        ALGOS["sac"],
        num_envs=16,
        settings=ALGOS["sac"].settings
        | {
            "buffer_size": 50_000,
            "batch_size": 128,
            "learning_starts": 2048,
            "gradient_steps": 4,
            "ent_coef": "auto_0.02",  # from 1, as SB3 has it, the noise drowns the pictures
        },
    ),
}


def with_network(config: Config) -> Config:
    """The same settings, with a network that sees where the observation has pictures.

    Raises:
        BadConfig: a network that sees, and nothing to see.
        UnknownName, BadInput: an observation or vehicle that cannot be used.
    """
    network = config.train.network
    if config.race.observation != seen(config.race).observation and network is None:
        named = actions.equipment(config.race.actions).network
        network = next(name for name, one in NETWORKS.items() if one.official == named)
    config = dataclasses.replace(config, race=seen(config.race))
    race = config.race
    view = observations.make(race.observation, vehicles.load(race.vehicle), race.sensors)
    pictures = any(map(is_picture, _flat_parts(view.space)))
    if not pictures and network != config.train.network:
        network = None  # a file that names LIDARs alone names a network all the same
    if network is not None and not pictures:
        raise BadConfig(
            f"train.network = {network!r} is for pictures; the observation "
            f"{race.observation!r} has none. Use --observation camera, or leave it out."
        )
    if pictures:
        return config.override({"train.network": network or "small"})
    return config


def _flat_parts(space: Any) -> tuple[Any, ...]:
    try:
        return parts(space)
    except AttributeError:  # a Dict in a Dict, which `check_observation` refuses
        return ()


def algo_of(config: TrainConfig) -> Algo:
    """The row of the algorithm that `config` names.

    Raises:
        UnknownName: no such algorithm.
        BadConfig: a setting that this algorithm does not have.
    """
    if config.algo not in ALGOS:
        raise UnknownName("algorithm", config.algo, ALGOS)
    algo = (ALGOS if config.network is None else PICTURES)[config.algo]
    for name in sorted(frozenset().union(*(algo.accepts for algo in ALGOS.values()))):
        if getattr(config, name) is not None and name not in algo.accepts:
            known = ", ".join(sorted(algo.accepts))
            raise BadConfig(f"{config.algo} has no train.{name}. It has {known}.")
    return algo


def check_actions(config: Config) -> None:
    """Refuse to train PPO with an action space whose file asks for SAC.

    The other way round is fine: clipped_ppo is what the official files say when nobody chose.

    Raises:
        BadConfig: says how to train with either.
    """
    if config.train.algo == "ppo" and actions.algorithm(config.race.actions) == "sac":
        raise BadConfig(
            f"{config.race.actions} says training_algorithm sac, but train.algo is ppo. Train with "
            "--algo sac, or change the file to clipped_ppo."
        )


def check_observation(space: Any) -> None:
    """Refuse an observation that dense layers cannot be fed.

    Raises:
        BadConfig: says what is the matter with it.
    """
    for key, box in getattr(space, "spaces", {"": space}).items():
        what = f"the observation's {key!r}" if key else "the observation"
        if hasattr(box, "spaces"):
            raise BadConfig(f"{what} is a Dict inside a Dict; put its Boxes into one Dict.")
        if not isinstance(key, str) or "." in key or hasattr(dict, key):
            raise BadConfig(f"{what} has a key that torch cannot use; rename it, as in {key}_.")
        if len(box.shape) == 3 and box.dtype == np.uint8 and box.shape[0] > min(box.shape[1:]):
            raise BadConfig(
                f"{what} is a picture, uint8 of shape {box.shape}; racer train takes the channels "
                f"first: {(box.shape[2], *box.shape[:2])}. Turn its axes, or train on RacerVecEnv "
                "with your own Stable-Baselines3 model."
            )
        if not box.shape or 0 in box.shape:
            raise BadConfig(f"{what} has shape {box.shape}; one number is a Box of shape (1,).")
    numbers = sum(one.size for one in parts(space) if not is_picture(one))
    if numbers > MAX_INPUTS:
        raise BadConfig(
            f"the observation has {numbers} numbers; a network of dense layers here takes at most "
            f"{MAX_INPUTS}. Make it coarser."
        )


def policy_class(space: Any) -> str:
    """What SB3 calls its policy for an observation; pictures bring their own extractor."""
    return "MultiInputPolicy" if hasattr(space, "spaces") else "MlpPolicy"


def num_envs(config: TrainConfig) -> int:
    """How many cars train."""
    return config.num_envs or algo_of(config).num_envs


def settings(config: TrainConfig) -> dict[str, Any]:
    """The keyword arguments of the SB3 class: measured defaults, then what `config` sets.

    Raises:
        BadConfig: a batch that does not divide a rollout.
    """
    algo = algo_of(config)
    chosen = dict(algo.settings)
    for name in algo.accepts:
        if getattr(config, name) is not None:
            chosen[name] = getattr(config, name)
    if "n_steps" in chosen:
        rollout = num_envs(config) * chosen["n_steps"]
        # the default batch, or the largest that fits; one larger than a rollout is all of it
        if config.batch_size is None or chosen["batch_size"] > rollout:
            chosen["batch_size"] = _divisor(rollout, chosen["batch_size"])
        if rollout % chosen["batch_size"] or rollout < 2:
            near = _divisor(rollout, chosen["batch_size"])
            raise BadConfig(
                f"train.batch_size = {chosen['batch_size']} does not divide num_envs × n_steps = "
                f"{rollout}. Try {near}."
            )
    return chosen


def _divisor(total: int, at_most: int) -> int:
    return next(k for k in range(min(total, at_most), 0, -1) if total % k == 0)


def build(config: TrainConfig, env: RacerVecEnv, **more: Any) -> Any:
    """The SB3 model for `config` on `env`.

    Raises:
        UnknownName, BadConfig: an algorithm, device or setting that cannot be used.
    """
    import torch

    from racer.training import optim

    algo = algo_of(config)
    if algo.continuous_only and hasattr(env.action_space, "n"):
        raise BadConfig(f"{config.algo} needs continuous actions; use --actions continuous or ppo.")
    check_action_std(config, discrete=hasattr(env.action_space, "n"))
    chosen = settings(config)
    chosen["learning_rate"] = learning_rate(config, chosen["learning_rate"])
    torch.set_num_threads(config.threads)
    optim.spare_compiler()
    # Validation of every distribution argument costs a fifth of a rollout and finds nothing here.
    torch.distributions.Distribution.set_default_validate_args(False)
    with warnings.catch_warnings():
        # SB3 knows networks that see by the name of its own policy class alone.
        warnings.filterwarnings("ignore", "You are trying to run .* on the GPU")
        model = algo.make()(
            policy_class(env.observation_space),
            env,
            seed=config.seed,
            device=device(config.device),
            policy_kwargs={
                "net_arch": list(net_arch(config)),
                "activation_fn": torch.nn.ReLU,
                **_extractor_of(config, env),
            },
            **(chosen | more),
        )
    if config.network is not None:
        model.policy.to(memory_format=torch.channels_last)
        if config.algo == "ppo":
            optim.spare_steps(model)
    return model


def net_arch(config: TrainConfig) -> tuple[int, ...]:
    """Widths of the hidden layers after whatever a network sees with."""
    if config.net_arch is not None:
        return config.net_arch
    return NETWORKS[config.network].after if config.network else algo_of(config).net_arch


def _extractor_of(config: TrainConfig, env: RacerVecEnv) -> dict[str, Any]:
    """What SB3's policy is told of the layers that see."""
    if config.network is None:
        return {}
    described = branches(config.network, parts(env.observation_space), env.race.horizons)
    return extractor(described, config.algo == "ppo" and NETWORKS[config.network].shared)


def extractor(described: tuple[Branch, ...], shared: bool) -> dict[str, Any]:
    """Keyword arguments of SB3's policy for branches; none where there are no branches.

    Args:
        described: the branch of every array.
        shared: actor and critic see through the same ones.
    """
    if not described:
        return {}
    from racer.training.vision import Extractor

    return {
        "features_extractor_class": Extractor,
        "features_extractor_kwargs": {"described": described},
        "normalize_images": False,
        "share_features_extractor": shared,
    }


def device(name: str) -> str:
    """The torch device: auto is the CPU, which is faster than a GPU for networks this small.

    Raises:
        BadConfig: a device that this machine does not have.
    """
    if name in ("auto", "cpu"):
        return "cpu"
    import torch

    if name.startswith("cuda"):
        kind, _, number = name.partition(":")
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if kind != "cuda" or not (number or "0").isdecimal() or int(number or 0) >= gpus:
            found = (
                f"{gpus} GPUs, cuda:0 to cuda:{gpus - 1}," if gpus > 1 else f"{gpus or 'no'} GPU"
            )
            raise BadConfig(f"device {name!r}: torch finds {found} here. Use --device cpu.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise BadConfig("device 'mps': torch finds no Apple GPU here. Use --device cpu.")
    return name
