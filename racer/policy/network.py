"""What a policy's network looks like: its sizes, and from them the shape of every tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from racer.errors import BadRun
from racer.policy.branches import MAX_FEATURES, Branch, check_branch, read_branch
from racer.policy.inputs import MAX_INPUTS, Part, is_row

AGAIN = "Download it again, or use an earlier checkpoint: racer runs verify RUN lists them."
EXTRACTOR, CRITIC_EXTRACTOR = "features_extractor", "vf_features_extractor"
ACTIVATIONS = ("relu", "tanh", "elu")
MAX_ACTIONS = 256
_MAX_WIDTH, _MAX_LAYERS = MAX_INPUTS, 8


@dataclass(frozen=True)
class Network:
    """What a policy's network looks like; every tensor's shape follows from it.

    `low` and `high` bound continuous actions, one pair per action; `choices` counts discrete
    ones. Exactly one of the two is given. `parts` are the arrays of the observation, whose numbers
    are the inputs; none when it is one row of float32 numbers. `branches` are what each of them
    goes through first, if they do; critics have branches of their own unless `shared`.
    """

    algo: str
    inputs: int
    hidden: tuple[int, ...]
    critic_hidden: tuple[int, ...]
    activation: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    choices: int = 0
    parts: tuple[Part, ...] = ()
    branches: tuple[Branch, ...] = ()
    shared: bool = False

    def __post_init__(self) -> None:
        _need(self.algo in ("ppo", "sac"), f"algo {self.algo!r}", "ppo, sac")
        _need(self.activation in ACTIVATIONS, f"activation {self.activation!r}", "relu, tanh, elu")
        widths = (self.inputs, *self.hidden, *self.critic_hidden)
        widest = MAX_FEATURES if self.branches else _MAX_WIDTH
        _need(all(_int(w, 1, widest) for w in widths), f"layer sizes {widths}", f"1 to {widest}")
        for layers in (self.hidden, self.critic_hidden):
            _need(1 <= len(layers) <= _MAX_LAYERS, f"{len(layers)} hidden layers", "1 to 8")
        bounds = [*self.low, *self.high]
        _need(all(_finite(x) for x in bounds), f"action bounds {bounds}", "finite numbers")
        ordered = len(self.low) == len(self.high) and all(map(float.__lt__, self.low, self.high))
        _need(ordered, f"action bounds {bounds}", "as many lows as highs, low < high")
        _need(
            _int(self.choices, 0, MAX_ACTIONS), f"{self.choices!r} choices", f"0 to {MAX_ACTIONS}"
        )
        one_kind = (self.choices > 0) != (0 < len(self.low) <= MAX_ACTIONS)
        _need(one_kind and not (self.choices and self.low), "its actions", "bounds or choices")
        _need(self.algo == "ppo" or not self.choices, "sac with choices", "sac with bounds")
        numbers = self._check_branches() or self.inputs
        fed = f"{self.inputs} inputs for an observation of {numbers} numbers"
        _need(numbers == self.inputs, fed, "one input for each")

    def _check_branches(self) -> int:
        """How many numbers the dense layers are fed; 0 when nothing says so."""
        if not self.branches:
            return sum(one.size for one in self.parts)
        _need(len(self.branches) == len(self.sees), "its branches", "one for each array")
        try:
            for branch, part in zip(self.branches, self.sees, strict=True):
                check_branch(branch, part)
            return sum(b.outputs(p) for b, p in zip(self.branches, self.sees, strict=True))
        except ValueError as error:
            raise BadRun(f"the policy describes {error}. {AGAIN}") from error

    @property
    def sees(self) -> tuple[Part, ...]:
        """The arrays of the observation."""
        return self.parts or (Part("", (self.inputs,), "float32"),)

    def described(self) -> dict[str, Any]:
        """For a file's header; `read_network` reads it."""
        found = asdict(self)
        if not self.parts:
            del found["parts"]
        if not self.branches:
            del found["branches"], found["shared"]
        return found

    @property
    def outputs(self) -> int:
        return self.choices or len(self.low)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Tensor name → shape, as SB3's MlpPolicy names them."""
        if self.algo == "ppo":
            found = _mlp("mlp_extractor.policy_net", (self.inputs, *self.hidden))
            found |= _mlp("mlp_extractor.value_net", (self.inputs, *self.critic_hidden))
            found |= _linear("action_net", self.hidden[-1], self.outputs)
            found |= _linear("value_net", self.critic_hidden[-1], 1)
            found |= self._branch_shapes(EXTRACTOR)
            found |= {} if self.shared else self._branch_shapes(CRITIC_EXTRACTOR)
            return found if self.choices else found | {"log_std": (self.outputs,)}
        found = _mlp("actor.latent_pi", (self.inputs, *self.hidden))
        found |= _linear("actor.mu", self.hidden[-1], self.outputs)
        found |= _linear("actor.log_std", self.hidden[-1], self.outputs)
        critic = (self.inputs + self.outputs, *self.critic_hidden, 1)
        for name in ("critic.qf0", "critic.qf1", "critic_target.qf0", "critic_target.qf1"):
            found |= _mlp(name, critic)
        for owner in ("actor", "critic", "critic_target"):
            found |= self._branch_shapes(f"{owner}.{EXTRACTOR}")
        return found

    @property
    def extractor(self) -> str:
        """Before the names of the actor's tensors in its branches."""
        return EXTRACTOR if self.algo == "ppo" else f"actor.{EXTRACTOR}"

    def _branch_shapes(self, prefix: str) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for i, (branch, part) in enumerate(zip(self.branches, self.sees, strict=False)):
            shapes = branch.shapes(part)
            found |= {f"{prefix}.branches.{i}.{name}": shape for name, shape in shapes.items()}
        return found

    def actor_layers(self) -> list[str]:
        """Names of the linear layers from observation to action."""
        body, head = ("actor.latent_pi", "actor.mu")
        if self.algo == "ppo":
            body, head = ("mlp_extractor.policy_net", "action_net")
        return [f"{body}.{2 * i}" for i in range(len(self.hidden))] + [head]


def read_network(described: Any) -> Network:
    """The network of a file's header, which may come from anyone.

    Raises:
        BadRun: it describes none.
    """
    try:
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in described.items()
        }
        values["parts"] = tuple(map(_part, values.get("parts", ())))
        values["branches"] = tuple(map(read_branch, values.get("branches", ())))
        return Network(**values)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRun(f"the network's description is wrong: {error}. {AGAIN}") from error


def _part(described: Any) -> Part:
    key, shape, dtype = described
    texts = isinstance(key, str) and isinstance(dtype, str) and isinstance(shape, list)
    _need(texts, f"an observation {described!r}", "key, shape and type")
    _need(all(_int(n, 1, MAX_INPUTS) for n in shape), f"shape {shape}", "sizes of 1 to 4096")
    return Part(key, tuple(shape), dtype)


def network_of(
    weights: Mapping[str, npt.NDArray[Any]],
    *,
    activation: str,
    low: tuple[float, ...] = (),
    high: tuple[float, ...] = (),
    parts: tuple[Part, ...] = (),
    branches: tuple[Branch, ...] = (),
    shared: bool = False,
) -> Network:
    """The network that SB3-named tensors belong to; without bounds its actions are choices."""
    body, critic, head = "mlp_extractor.policy_net", "mlp_extractor.value_net", "action_net"
    algo = "sac" if "actor.mu.weight" in weights else "ppo"
    if algo == "sac":
        body, critic, head = "actor.latent_pi", "critic.qf0", "actor.mu"
    try:
        hidden, critic_hidden = _widths(weights, body), _widths(weights, critic)
        inputs = int(weights[f"{body}.0.weight"].shape[1])
        outputs = int(weights[f"{head}.weight"].shape[0])
    except (KeyError, IndexError) as error:
        raise BadRun(
            f"no tensor {error}; only SB3's PPO and SAC with dense layers can be kept. "
            "Train with one of them."
        ) from error
    if algo == "sac":
        critic_hidden = critic_hidden[:-1]
    choices = 0 if low else outputs
    parts = () if is_row(parts) else parts
    shape = algo, inputs, hidden, critic_hidden, activation, low, high, choices, parts
    return Network(*shape, branches, shared)


def check_weights(network: Network, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    shapes = network.shapes()
    odd = sorted(shapes.keys() ^ weights.keys())
    if odd:
        raise BadRun(f"tensors missing or unexpected: {', '.join(odd[:4])}. {AGAIN}")
    for name, shape in shapes.items():
        tensor = weights[name]
        if tensor.shape != shape or tensor.dtype != np.float32:
            raise BadRun(f"{name} is {tensor.dtype} {tensor.shape}; float32 {shape} is needed.")
        if not np.isfinite(tensor).all():
            raise BadRun(f"{name} is not finite: training diverged. Use an earlier checkpoint.")


def _widths(weights: Mapping[str, npt.NDArray[Any]], prefix: str) -> tuple[int, ...]:
    """Output width of each linear layer `prefix`.0, .2, .4, ..."""
    found: list[int] = []
    while f"{prefix}.{2 * len(found)}.weight" in weights:
        found.append(int(weights[f"{prefix}.{2 * len(found)}.weight"].shape[0]))
    return tuple(found)


def _mlp(prefix: str, widths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for i in range(len(widths) - 1):
        found |= _linear(f"{prefix}.{2 * i}", widths[i], widths[i + 1])
    return found


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _need(fine: bool, given: str, allowed: str) -> None:
    if not fine:
        raise BadRun(f"the policy describes {given}; allowed: {allowed}. {AGAIN}")


def _int(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _finite(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)
