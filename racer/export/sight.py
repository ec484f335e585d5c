"""The layers that see, of a Stable-Baselines3 zip: which branches its tensors are of.

A zip says nothing of strides or of rows that were cut off, so the networks that racer and
Stable-Baselines3 have by name are tried: the one whose every shape fits is it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from racer.errors import BadConfig, BadRun
from racer.policy.branches import Branch, check_branch
from racer.policy.inputs import Part, is_picture, shown
from racer.policy.network import CRITIC_EXTRACTOR, EXTRACTOR
from racer.training.networks import NETWORKS, branches

Weights = dict[str, np.ndarray[Any, Any]]
_NATURE = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # Stable-Baselines3's NatureCNN


def sees(weights: Mapping[str, Any]) -> bool:
    """Whether there are layers that see among tensors of SB3's names."""
    return any(EXTRACTOR in name for name in weights)


def seeing(
    weights: Weights, seen: Sequence[Part], horizons: Mapping[str, int]
) -> tuple[Weights, tuple[Branch, ...], bool]:
    """The tensors as racer names them, the branch of every array, and whether they are shared.

    Args:
        weights: as SB3 names them.
        seen: the arrays of the observation.
        horizons: rows above the horizon of each picture, by its key.

    Raises:
        BadRun: they are of no network that is known here, for this observation.
    """
    named = {k: v for k, v in _renamed(weights, seen) if not k.startswith("pi_")}
    actor = EXTRACTOR if "action_net.weight" in named else f"actor.{EXTRACTOR}"
    mine = {k: v.shape for k, v in named.items() if k.startswith(f"{actor}.")}
    first = named.get("mlp_extractor.policy_net.0.weight", named.get("actor.latent_pi.0.weight"))
    found = None
    for one in _known(named, actor, seen, horizons):
        numbers = sum(b.outputs(part) for b, part in zip(one, seen, strict=True))
        fed = first is None or first.shape[1:] == (numbers,)
        if found is None and fed and _of(one, seen, actor) == mine:
            found = one
    if found is None:
        raise BadRun(
            f"its layers that see are neither Stable-Baselines3's NatureCNN nor one of "
            f"{', '.join(NETWORKS)}, for an observation of {shown(seen)}. Say what it was trained "
            "with: --observation camera, --set race.camera.width=160."
        )
    critics = {k: v for k, v in named.items() if k.startswith(CRITIC_EXTRACTOR)}
    shared = bool(critics) and all(
        np.array_equal(v, named[k.removeprefix("vf_")]) for k, v in critics.items()
    )
    if shared:
        named = {k: v for k, v in named.items() if k not in critics}
    return named, found, shared


def _known(
    weights: Weights, actor: str, seen: Sequence[Part], horizons: Mapping[str, int]
) -> Iterator[tuple[Branch, ...]]:
    """What could come before the dense layers of an observation."""
    for name in NETWORKS:
        try:
            yield branches(name, seen, horizons)
        except BadConfig:  # a picture too small for it
            continue
    nature = []
    for i, part in enumerate(seen):
        last = weights.get(f"{actor}.branches.{i}.7.weight")
        if is_picture(part) and last is not None:
            nature.append(Branch(0, _NATURE, (len(last),)))
        else:
            nature.append(Branch())
    try:
        for branch, part in zip(nature, seen, strict=True):
            check_branch(branch, part)
            branch.flat(part)
    except ValueError:
        return
    yield tuple(nature)


def _of(found: Sequence[Branch], seen: Sequence[Part], prefix: str) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}.branches.{i}.{name}": shape
        for i, (branch, part) in enumerate(zip(found, seen, strict=True))
        for name, shape in branch.shapes(part).items()
    }


def _renamed(weights: Weights, seen: Sequence[Part]) -> Iterator[tuple[str, Any]]:
    """NatureCNN's tensors under the names of a branch: `cnn.0` is its layer 0, `linear.0` its 7."""
    keys = [part.key for part in seen]
    for name, tensor in weights.items():
        owner, dot, rest = name.partition(f"{EXTRACTOR}.")
        words = rest.split(".")
        at = 0
        if words[0] == "extractors" and len(words) > 2 and words[1] in keys:
            at, words = keys.index(words[1]), words[2:]
        if dot and words[0] == "cnn":
            rest = f"branches.{at}.{'.'.join(words[1:])}"
        elif dot and words[0] == "linear":
            rest = f"branches.{at}.7.{words[-1]}"
        yield owner + dot + rest, tensor
