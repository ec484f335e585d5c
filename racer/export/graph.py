"""A policy as an ONNX graph, built from its layers; torch has no part in it.

Opset and IR version are pinned to ones that runtimes of 2022 read. Numbers are float32.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from racer.actions import Actions, Discrete
from racer.policy import Policy
from racer.policy.branches import PIXELS, Branch

OPSET, IR = 17, 8
ACTION, COMMAND, PROBABILITIES = "action", "command", "probabilities"
WHOLE = "observation"  # the name of an observation that is one array
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "elu": "Elu"}
_BATCH = "batch"


def build(policy: Policy, actions: Actions, metadata: dict[str, str]) -> bytes:
    """The ONNX file of a policy; the same policy gives the same bytes.

    Inputs are the arrays of the observation, each (batch, *shape) in its own type: `observation`,
    or the keys of a Dict. Outputs: `action` as `Policy.act` gives it, `command` (batch, 2) with
    the steering angle (deg, left positive) and the speed (m/s), and `probabilities` of choices.
    """
    graph = _Graph()
    inputs = [_input(one.key or WHOLE, one.dtype, one.shape) for one in policy.network.sees]
    raw = _actor(graph, policy, _row(graph, policy))
    outputs = [helper.make_tensor_value_info(COMMAND, TensorProto.FLOAT, [_BATCH, 2])]
    if isinstance(actions, Discrete):
        outputs[:0] = _choose(graph, raw, actions)
    else:
        outputs[:0] = _steer(graph, raw, policy, actions)
    made = helper.make_graph(graph.nodes, "racer", inputs, outputs, graph.constants)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(made, opset_imports=[opset], ir_version=IR, producer_name="racer")
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


@dataclass
class _Graph:
    """Nodes and constants so far; every result has a name of its own."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    numbers: itertools.count[int] = dataclasses.field(default_factory=itertools.count)

    def add(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Append a node; returns the name of its result."""
        to = to or f"{kind.lower()}_{next(self.numbers)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [to], **attributes))
        return to

    def cast(self, name: str) -> str:
        """Append what makes float32 of an array; its attribute is named as our argument is."""
        to = f"{name}_float"
        self.nodes.append(helper.make_node("Cast", [name], [to], to=TensorProto.FLOAT))
        return to

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Append an array."""
        array = np.ascontiguousarray(np.asarray(value, dtype))
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def _input(name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, [_BATCH, *shape])


def _row(graph: _Graph, policy: Policy) -> str:
    """Every array flattened, one after the other: (batch, inputs) float32."""
    if policy.network.branches:
        return _branches(graph, policy)
    flat = []
    for one in policy.network.sees:
        name = one.key or WHOLE
        if one.dtype != "float32":
            name = graph.cast(name)
        flat.append(name if len(one.shape) == 1 else graph.add("Flatten", name, axis=1))
    return flat[0] if len(flat) == 1 else graph.add("Concat", *flat, axis=1)


def _branches(graph: _Graph, policy: Policy) -> str:
    """What every array goes through before the dense layers: (batch, inputs) float32."""
    found = []
    network = policy.network
    for i, (branch, part) in enumerate(zip(network.branches, network.sees, strict=True)):
        x = part.key or WHOLE
        if part.dtype != "float32":
            x = graph.cast(x)
        prefix = f"{network.extractor}.branches.{i}"
        if branch.convs:
            rows = [graph.constant(f"{prefix}.{end}", [at], np.int64) for end, at in _rows(branch)]
            x = graph.add("Slice", x, *rows, graph.constant(f"{prefix}.axis", [2], np.int64))
            x = graph.add("Div", x, graph.constant(f"{prefix}.pixels", PIXELS))
        for k, (_, kernel, stride) in enumerate(branch.convs):
            weights = _weights(graph, policy, f"{prefix}.{2 * k}")
            shape, strides = [kernel, kernel], [stride, stride]
            x = graph.add("Conv", x, *weights, kernel_shape=shape, strides=strides)
            x = graph.add("Relu", x)
        x = graph.add("Flatten", x, axis=1)
        for k in range(len(branch.dense)):
            weights = _weights(graph, policy, f"{prefix}.{2 * len(branch.convs) + 1 + 2 * k}")
            x = graph.add("Relu", graph.add("Gemm", x, *weights, transB=1))
        found.append(x)
    return found[0] if len(found) == 1 else graph.add("Concat", *found, axis=1)


def _rows(branch: Branch) -> list[tuple[str, int]]:
    """First and last row of a picture that is looked at."""
    return [("first", branch.crop), ("last", np.iinfo(np.int32).max)]


def _weights(graph: _Graph, policy: Policy, layer: str) -> list[str]:
    names = [f"{layer}.{part}" for part in ("weight", "bias")]
    return [graph.constant(name, policy.weights[name]) for name in names]


def _actor(graph: _Graph, policy: Policy, x: str) -> str:
    """The dense layers from observation to what becomes an action."""
    layers = policy.network.actor_layers()
    for name in layers:
        x = graph.add("Gemm", x, *_weights(graph, policy, name), transB=1)
        if name != layers[-1]:
            x = graph.add(_ACTIVATIONS[policy.network.activation], x)
    return x


def _choose(graph: _Graph, raw: str, actions: Discrete) -> list[Any]:
    """The likeliest choice, what it means, and how likely each is."""
    graph.add("Softmax", raw, to=PROBABILITIES, axis=1)
    graph.add("ArgMax", raw, to=ACTION, axis=1, keepdims=0)
    graph.add("Gather", graph.constant("choices", actions.choices), ACTION, to=COMMAND, axis=0)
    shape: list[str | int | None] = [_BATCH, len(actions.choices)]
    return [
        helper.make_tensor_value_info(ACTION, TensorProto.INT64, [_BATCH]),
        helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, shape),
    ]


def _steer(graph: _Graph, raw: str, policy: Policy, actions: Any) -> list[Any]:
    """The action within its bounds, and the angle and speed that it stands for."""
    low, high = np.array(policy.network.low), np.array(policy.network.high)
    if policy.network.algo == "sac":
        raw = _scaled(graph, "squashed", graph.add("Tanh", raw), low, high)
    at_least = graph.add("Max", raw, graph.constant("low", low))
    graph.add("Min", at_least, graph.constant("high", high), to=ACTION)
    ends = np.array([actions.steer_deg, actions.speed])
    _scaled(graph, "command", ACTION, ends[:, 0], ends[:, 1], to=COMMAND)
    return [helper.make_tensor_value_info(ACTION, TensorProto.FLOAT, [_BATCH, len(low)])]


def _scaled(graph: _Graph, name: str, x: str, low: Any, high: Any, to: str = "") -> str:
    """From [-1, 1] to [low, high], column by column."""
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    scaled = graph.add("Mul", x, graph.constant(f"{name}_half", half))
    return graph.add("Add", scaled, graph.constant(f"{name}_middle", middle), to=to)
