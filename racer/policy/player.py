"""A trained policy: one safetensors file that describes itself, and a player that needs no torch.

The file holds SB3's own tensor names (actor and critics, so training can go on from it) and, in
its header, a JSON description: which network, which observation, which actions. Nothing in it is
ever executed. The player computes in float64, every sum in one fixed order, so row i of N equals
a batch of one, bit for bit; SB3's own forward pass does not promise that.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from racer.errors import BadRun, Diverged
from racer.policy.branches import Branch
from racer.policy.convolution import run_branch
from racer.policy.inputs import Part, parts, rows, shown
from racer.policy.network import (
    ACTIVATIONS,
    AGAIN,
    EXTRACTOR,
    Network,
    check_weights,
    network_of,
    read_network,
)
from racer.sim.jit import kernel
from racer.storage import files, foreign

FILE = "policy.safetensors"
FORMAT = "racer-policy"
VERSION = 1
_MAX_FILE = 512 * 2**20  # bytes; a 64 x 64 network has 40 kB, DeepRacer's largest 460 MB
_MAX_HEADER = 2**20  # bytes
_METADATA = "racer"  # a single key: several would be written in random order

_NOT_OURS = (
    "not a racer policy: the file has no `racer` entry in its header. For a Stable-Baselines3 "
    "zip: racer import-sb3 FILE"
)

Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Policy:
    """A network with its weights; `about` says what it was trained on (observation, track, ...)."""

    network: Network
    weights: Weights
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_weights(self.network, self.weights)
        sizes = [self.network.inputs, *self.network.hidden, self.network.outputs]
        object.__setattr__(self, "_sizes", np.array(sizes))
        object.__setattr__(self, "_flat", {"": self._packed()})
        object.__setattr__(self, "_low", np.array(self.network.low))
        object.__setattr__(self, "_high", np.array(self.network.high))

    def act(self, obs: Any) -> npt.NDArray[Any]:
        """The deterministic action for each row.

        Args:
            obs: of N cars, `(N, *shape)` or a dict of such arrays, as it was trained with; finite.

        Returns:
            (N, actions) float32 within the bounds, or (N,) int64 choices.

        Raises:
            BadRun: another observation than it was trained with.
            Diverged: an observation is not finite.
        """
        raw = self.outputs(obs)
        if self.network.choices:
            choices: npt.NDArray[np.int64] = raw.argmax(axis=1)
            return choices
        return self.bounded(raw)

    def outputs(self, obs: Any, *, head: str = "") -> npt.NDArray[np.float64]:
        """What the network says of each row, before it is an action.

        Args:
            obs: as of `act`.
            head: the last layer, e.g. "actor.log_std"; the one that gives actions by default.

        Returns:
            (N, outputs): means of continuous actions, logits of choices.
        """
        arrays = obs if isinstance(obs, dict) else {"": obs}
        sees = self.network.sees
        given = [Part(str(key), np.shape(array)[1:], "") for key, array in arrays.items()]
        self._check_sees(given)
        obs = np.ascontiguousarray(
            self._branched(obs) if self.network.branches else rows(sees, obs)
        )
        if not np.isfinite(obs).all():
            row = int(np.argmin(np.isfinite(obs).all(axis=1)))
            raise Diverged(f"the observation of car {row} is not finite. Check vehicle and track.")
        raw = np.empty((len(obs), self.network.outputs))
        activation = ACTIVATIONS.index(self.network.activation)
        flats = self._flat  # type: ignore[attr-defined]
        if head not in flats:
            flats[head] = self._packed(head)
        _forward(obs, self._sizes, flats[head], activation, raw)  # type: ignore[attr-defined]
        return raw

    def _branched(self, obs: Any) -> npt.NDArray[np.float64]:
        """What the branches make of each row: the inputs of the dense layers."""
        sees, branches, prefix = self.network.sees, self.network.branches, self.network.extractor
        found = []
        for i, (part, branch) in enumerate(zip(sees, branches, strict=True)):
            array = np.asarray(obs[part.key] if isinstance(obs, dict) else obs)
            tensors = {
                name: self.weights[f"{prefix}.branches.{i}.{name}"] for name in branch.shapes(part)
            }
            found.append(run_branch(branch, part, tensors, array))
        return np.concatenate(found, axis=1)

    def bounded(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Continuous actions of the network's outputs (N, A): squashed by SAC, clipped by both."""
        low, high = self._low, self._high  # type: ignore[attr-defined]
        if self.network.algo == "sac":  # SB3 scales tanh's range to the bounds
            squashed = np.empty_like(raw)
            _squash(raw, squashed)
            raw = low + 0.5 * (squashed + 1.0) * (high - low)
        bounded: npt.NDArray[np.float32] = np.clip(raw, low, high).astype(np.float32)
        return bounded

    def _packed(self, head: str = "") -> npt.NDArray[np.float64]:
        """Weights and biases of the actor in the order `_forward` reads them."""
        layers = self.network.actor_layers()
        layers[-1] = head or layers[-1]
        packed = [self.weights[f"{name}.{part}"] for name in layers for part in ("weight", "bias")]
        return np.concatenate([tensor.T.astype(np.float64).ravel() for tensor in packed])

    def _check_sees(self, given: Sequence[Part]) -> None:
        """Refuse an observation with other arrays; the types may differ, the numbers count."""
        sees = self.network.sees
        if {one.key: one.shape for one in given} != {one.key: one.shape for one in sees}:
            raise BadRun(
                f"the policy was trained to see {shown(sees)}; this observation is "
                f"{shown(given)}. Use the observation it was trained with."
            )

    def check(self, *, observation: Any, actions: int, discrete: bool) -> None:
        """Refuse an environment that this policy was not trained for.

        Args:
            observation: its space.
            actions: how many numbers, or choices.
            discrete: whether they are choices.

        Raises:
            BadRun: names the mismatch.
        """
        mine = self.network
        self._check_sees(parts(observation))
        if (bool(mine.choices), mine.outputs) != (discrete, actions):
            kinds = ("continuous", "discrete")
            raise BadRun(
                f"the policy gives {mine.outputs} {kinds[bool(mine.choices)]} actions, this "
                f"environment takes {actions} {kinds[discrete]} ones. Use its action space."
            )

    def to_bytes(self) -> bytes:
        """The file's content; the same policy gives the same bytes."""
        described = {
            "format": FORMAT,
            "version": VERSION,
            "network": self.network.described(),
            "about": self.about,
            "sha256": _digest(self.weights),
        }
        text = json.dumps(described, sort_keys=True, allow_nan=False)
        return bytes(safetensors.numpy.save(self.weights, metadata={_METADATA: text}))

    def save(self, path: Path) -> None:
        """Write the policy to `path`, or as policy.safetensors into it when it is a folder."""
        path = path / FILE if path.is_dir() else path
        with files.disk_errors(str(path)):
            files.write_atomic(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file, or the policy.safetensors of a folder; trusts nothing in it.

        Raises:
            BadRun: missing, damaged, foreign, newer, of another shape, or not finite.
        """
        path = path / FILE if path.is_dir() else path
        content = files.read_limited(path, _MAX_FILE)
        try:
            return cls.from_bytes(content)
        except BadRun as error:
            raise BadRun(f"{path}: {error}") from error

    @classmethod
    def from_bytes(cls, content: bytes) -> Policy:
        """The policy in a file's content; see `load`."""
        described = _description(content)
        network = read_network(described["network"])
        expected = sum(4 * math.prod(shape) for shape in network.shapes().values())
        if len(content) > expected + _MAX_HEADER:
            raise BadRun(f"{len(content)} bytes for a network of {expected}. {AGAIN}")
        try:
            weights = safetensors.numpy.load(content)
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise BadRun(f"the tensors cannot be read: {error}. {AGAIN}") from error
        policy = cls(network, weights, described.get("about", {}))
        if _digest(weights) != described["sha256"]:
            raise BadRun(f"the weights do not match their sha256: damaged. {AGAIN}")
        return policy


def from_model(model: Any, about: Mapping[str, Any] | None = None) -> Policy:
    """The policy of an SB3 PPO or SAC model with dense layers, of whatever observation.

    Raises:
        BadRun: another kind of network.
        Diverged: a weight is not finite.
    """
    state = model.policy.state_dict()
    branches, shared = _branches_of(model)
    weights: Weights = {
        name: t.detach().cpu().contiguous().numpy().copy()
        for name, t in state.items()
        if not _is_alias(name, shared)
    }
    for name, tensor in weights.items():
        if not np.isfinite(tensor).all():
            raise Diverged(f"weight {name} is not finite. Lower the learning rate or the reward.")
    space = model.action_space
    discrete = hasattr(space, "n")
    network = network_of(
        weights,
        activation=model.policy.activation_fn.__name__.lower(),
        low=() if discrete else tuple(map(float, space.low)),
        high=() if discrete else tuple(map(float, space.high)),
        parts=parts(model.observation_space),
        branches=branches,
        shared=shared,
    )
    return Policy(network, weights, dict(about or {}))


def into_model(policy: Policy, model: Any) -> None:
    """Copy the weights into an SB3 model built for the same network.

    Raises:
        BadRun: the model has another network.
    """
    import torch

    activation = model.policy.activation_fn.__name__.lower()
    if activation != policy.network.activation:
        raise BadRun(
            f"the policy was trained with {policy.network.activation} layers, the model to fill "
            f"has {activation} ones. It can be evaluated and watched, not trained on."
        )
    branches, shared = _branches_of(model)
    names = list(model.policy.state_dict())
    mine = {
        name: tuple(t.shape)
        for name, t in model.policy.state_dict().items()
        if not _is_alias(name, shared)
    }
    old, new = policy.network, parts(model.observation_space)
    if mine != old.shapes() or shown(old.sees) != shown(new) or branches != old.branches:
        differs = _differences(old, from_model(model).network)
        raise BadRun(f"the policy does not fit these settings: {'; '.join(differs)}.")
    state = {
        name: torch.from_numpy(policy.weights[_original(name, shared)].copy()) for name in names
    }
    model.policy.load_state_dict(state, strict=True)


def _branches_of(model: Any) -> tuple[tuple[Branch, ...], bool]:
    """What comes before the dense layers of an SB3 model, and whether actor and critic share it."""
    owner = getattr(model.policy, "actor", None) or model.policy
    branches = tuple(getattr(owner.features_extractor, "described", ()))
    return branches, bool(branches) and bool(model.policy.share_features_extractor)


def _original(name: str, shared: bool) -> str:
    """SB3 has the tensors of an extractor under several names: the one that a file has."""
    for alias in ("pi_", "vf_") if shared else ("pi_",):
        if name.startswith(alias + EXTRACTOR):
            return name.removeprefix(alias)
    return name


def _is_alias(name: str, shared: bool) -> bool:
    return _original(name, shared) != name


def _differences(old: Network, new: Network) -> list[str]:
    """What keeps weights of one network out of another, and the setting that decides it."""
    found = []
    if old.algo != new.algo:
        found.append(f"it was trained with {old.algo}, this is {new.algo} (train.algo)")
    if shown(old.sees) != shown(new.sees):
        found.append(
            f"it sees {shown(old.sees)}, this observation is {shown(new.sees)} (race.observation)"
        )
    if (old.choices, old.outputs) != (new.choices, new.outputs):
        kinds = ("continuous", "discrete")
        found.append(
            f"it gives {old.outputs} {kinds[bool(old.choices)]} actions, this action space has "
            f"{new.outputs} {kinds[bool(new.choices)]} ones (race.actions)"
        )
    if (old.hidden, old.critic_hidden) != (new.hidden, new.critic_hidden):
        found.append(
            f"its hidden layers are {list(old.hidden)}, here {list(new.hidden)} (train.net_arch)"
        )
    if (old.branches, old.shared) != (new.branches, new.shared):
        found.append("what it sees goes through other layers first (train.network)")
    return found or ["its tensors have other shapes"]


@kernel
def _forward(obs, sizes, flat, activation, out):  # type: ignore[no-untyped-def]
    """Row by row, unit by unit in one order: no BLAS, so a row never depends on its batch."""
    layers = len(sizes) - 1
    x = np.empty(sizes.max())
    y = np.empty(sizes.max())
    for i in range(len(obs)):
        for k in range(sizes[0]):
            x[k] = obs[i, k]
        at = 0
        for layer in range(layers):
            rows, columns = sizes[layer], sizes[layer + 1]
            for j in range(columns):
                y[j] = flat[at + rows * columns + j]
            for k in range(rows):
                for j in range(columns):
                    y[j] += x[k] * flat[at + k * columns + j]
            at += (rows + 1) * columns
            if layer < layers - 1:
                for j in range(columns):
                    if activation == 1:
                        y[j] = math.tanh(y[j])
                    elif y[j] < 0.0:
                        y[j] = 0.0 if activation == 0 else math.expm1(y[j])
            x, y = y, x
        for j in range(sizes[layers]):
            out[i, j] = x[j]


@kernel
def _squash(raw, out):  # type: ignore[no-untyped-def]
    """math.tanh of each of (N, A); NumPy's own may differ in the last bit."""
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            out[i, j] = math.tanh(raw[i, j])


def _description(content: bytes) -> dict[str, Any]:
    """The JSON in the header, read by hand before anything is allocated from its claims."""
    if len(content) < 8:
        raise BadRun(f"the file is empty or cut off. {AGAIN}")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(_MAX_HEADER, len(content) - 8):
        raise BadRun(f"it is not a safetensors file, or it is cut off. {AGAIN}")
    try:
        text = json.loads(content[8 : 8 + length])["__metadata__"][_METADATA]
        described = json.loads(text)
        version = described["version"]
        ours = described["format"] == FORMAT and type(version) is int and version >= 1
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRun(_NOT_OURS) from error
    if not ours:
        raise BadRun(_NOT_OURS)
    if version > VERSION:
        raise BadRun(f"format version {version}; this racer reads up to {VERSION}. Upgrade racer.")
    foreign.check(described, foreign.POLICY, "its description", advice=AGAIN)
    return dict(described)


def _digest(weights: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name}{weights[name].shape}".encode())
        digest.update(np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()
