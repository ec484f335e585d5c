"""Networks by name, for observations with pictures: one row each.

`small` is ours, measured: it learns to drive in seconds on one core. The others are DeepRacer's, in
its layouts: policy and value have branches of their own, pictures are seen whole.

Source of DeepRacer's: architecture/constants.py and embedder_factory.py of the official simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from racer.errors import BadConfig
from racer.policy.branches import Branch, check_branch
from racer.policy.inputs import Part, is_picture

Convs = tuple[tuple[int, int, int], ...]  # filters, kernel, stride


@dataclass(frozen=True)
class Vision:
    """Layers of a network that sees.

    Attributes:
        mono, mono_dense: convolutions and dense layers of a picture.
        stereo, stereo_dense: the same of the observation `stereo`.
        numbers: dense layers of an array of numbers.
        after: hidden layers after all branches.
        shared: policy and value see through the same branches.
        crops: the rows above the horizon are cut off.
        official: the name in a model_metadata.json.
    """

    mono: Convs
    mono_dense: tuple[int, ...]
    stereo: Convs
    stereo_dense: tuple[int, ...]
    numbers: tuple[int, ...]
    after: tuple[int, ...]
    shared: bool = False
    crops: bool = False
    official: str = ""


_SMALL = ((8, 4, 4), (16, 3, 2), (32, 3, 2))
_SHALLOW = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
_STEREO = ((32, 3, 1), (64, 3, 2), (64, 3, 1), (128, 3, 2), (128, 3, 1))

NETWORKS = {
    "small": Vision(_SMALL, (128,), _SMALL, (128,), (), (64,), shared=True, crops=True),
    "deepracer_shallow": Vision(
        _SHALLOW,
        (),
        _SHALLOW,
        (),
        (256, 256),
        (512,),
        official="DEEP_CONVOLUTIONAL_NETWORK_SHALLOW",
    ),
    "deepracer": Vision(
        ((32, 5, 2), (32, 3, 1), (64, 3, 2), (64, 3, 1)),
        (64,),
        _STEREO,
        (),
        (256, 256),
        (512,),
        official="DEEP_CONVOLUTIONAL_NETWORK",
    ),
    "deepracer_deep": Vision(
        ((32, 8, 4), (32, 4, 2), (64, 4, 2), (64, 3, 1)),
        (512, 512),
        _STEREO,
        (),
        (256, 256),
        (256, 128),
        official="DEEP_CONVOLUTIONAL_NETWORK_DEEP",
    ),
}


def branches(name: str, seen: Sequence[Part], horizons: Mapping[str, int]) -> tuple[Branch, ...]:
    """What each array of an observation goes through in the network called `name`.

    Args:
        name: of NETWORKS.
        seen: the arrays.
        horizons: rows above the horizon of each picture, by its key.

    Raises:
        BadConfig: a picture is too small, or too large, for the network.
    """
    vision = NETWORKS[name]
    found = []
    for part in seen:
        branch = Branch(dense=vision.numbers)
        if is_picture(part):
            crop = horizons.get(part.key, 0) if vision.crops else 0
            two = part.key in ("stereo", "STEREO_CAMERAS")
            convs = vision.stereo if two else vision.mono
            branch = Branch(crop, convs, vision.stereo_dense if two else vision.mono_dense)
        try:
            check_branch(branch, part)
        except ValueError as error:
            raise BadConfig(
                f"train.network = {name!r}: {error} for it. Change race.camera.width and height, "
                f"or choose another network: {', '.join(NETWORKS)}."
            ) from error
        found.append(branch)
    return tuple(found)
