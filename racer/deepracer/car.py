"""A policy for the physical car: the package that its console takes, made without TensorFlow.

    model_metadata.json     the action space, the sensor
    agent/model.pb          one frozen graph: pixels 0 to 255 in, the policy's output out

Source: what the car's model optimizer, inference and navigation packages look for.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

import racer.actions
from racer.deepracer.graph_def import Graph, flag, int32, integers, text
from racer.deepracer.run_files import metadata_of
from racer.errors import BadRun
from racer.policy import Policy
from racer.policy.branches import PIXELS, Branch
from racer.policy.inputs import shown
from racer.runs import Run
from racer.storage import files
from racer.training.checkpoint import policy_of
from racer.training.networks import NETWORKS

WIDTH, HEIGHT = 160, 120  # what the camera node of a car gives
SENSORS = {1: "FRONT_FACING_CAMERA", 2: "STEREO_CAMERAS"}  # by the number of grey pictures
_AGENT = "main_level/agent/main/online"
OUTPUT = f"{_AGENT}/network_1/ppo_head_0/policy"
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "elu": "Elu"}
_RIGHT = (
    "a car sees one grey picture of 160 x 120 pixels, or two side by side. Train with "
    "--observation camera --set race.camera.width=160 --set race.camera.height=120."
)


def write_car(run: Run, path: Path, *, checkpoint: str = "") -> Path:
    """Write a policy of the run as a .tar.gz for the console of a car; returns its path.

    Args:
        run: whose.
        path: of the package.
        checkpoint: which of its policies, see `policy_of`.

    Raises:
        BadRun: no usable policy, or one that sees what a car does not.
        ResourceError: the disk.
    """
    policy = policy_of(run.folder, checkpoint)
    config = run.config()
    actions = racer.actions.load(config.race.actions)
    sensor = sensor_of(policy)
    metadata = metadata_of(actions) | {"sensor": [sensor]}  # clipped_ppo: the head's name
    network = NETWORKS.get(config.train.network or "")
    if network and network.official:
        metadata["neural_network"] = network.official
    members = {
        "agent/model.pb": frozen(policy, sensor),
        "model_metadata.json": json.dumps(metadata, indent=2).encode(),
    }
    if not path.name.endswith(".tar.gz"):
        path = path.with_name(path.name + ".tar.gz")
    files.write_output(path, _packed(members))
    return path


def sensor_of(policy: Policy) -> str:
    """What a car calls what this policy sees.

    Raises:
        BadRun: no car sees that.
    """
    sees = policy.network.sees
    shape = sees[0].shape
    if len(sees) != 1 or len(shape) != 3 or shape[0] not in SENSORS or sees[0].dtype != "uint8":
        raise BadRun(f"the policy sees {shown(sees)}; {_RIGHT}")
    if shape[1:] != (HEIGHT, WIDTH):
        raise BadRun(f"the policy sees pictures of {shape[2]} x {shape[1]} pixels; {_RIGHT}")
    return SENSORS[shape[0]]


def frozen(policy: Policy, sensor: str) -> bytes:
    """The graph: (1, height, width, pictures) float32 of 0 to 255 in, the output of the policy out.

    That is a probability for each choice, or the action in [-1, 1] before it is clipped.
    """
    network = policy.network
    (part,) = network.sees
    branch = network.branches[0] if network.branches else Branch()
    graph = Graph()
    channels, height, width = part.shape
    place = f"{_AGENT}/network_0/{sensor}/{sensor}"
    x = graph.placeholder(place, (-1, height, width, channels))
    if branch.crop:
        ends = [0, branch.crop, 0, 0], [-1, height - branch.crop, width, channels]
        x = graph.add("Slice", x, *(graph.constant(e, "int32") for e in ends), Index=int32())
    if branch.convs:
        x = graph.add("RealDiv", x, graph.constant(PIXELS))
    prefix, at = f"{network.extractor}.branches.0", 0
    for _, _, stride in branch.convs:
        x, at = _convolved(graph, policy, f"{prefix}.{at}", x, stride), at + 2
    # flattened here by rows, columns, channels; in training by channels, rows, columns
    sizes = branch.sizes(part)
    before = sizes[-1] if sizes else (channels, height, width)
    count = int(np.prod(before))
    x = graph.add("Reshape", x, graph.constant([-1, count], "int32"), Tshape=int32())
    order = np.arange(count).reshape(before).transpose(1, 2, 0).ravel()
    layers = [(f"{prefix}.{at + 1 + 2 * k}", "relu") for k in range(len(branch.dense))]
    layers += [(name, network.activation) for name in network.actor_layers()]
    for name, activation in layers:
        weight = policy.weights[f"{name}.weight"]
        weight, order = weight[:, order] if order.size else weight, order[:0]
        last = name == layers[-1][0]
        x = _dense(graph, x, weight, policy.weights[f"{name}.bias"])
        x = x if last else graph.add(_ACTIVATIONS[activation], x)
    head = "Softmax" if network.choices else "Tanh" if network.algo == "sac" else "Identity"
    graph.add(head, x, name=OUTPUT)
    return graph.content()


def _convolved(graph: Graph, policy: Policy, name: str, x: str, stride: int) -> str:
    """A convolution without padding and its ReLU, over pictures with channels last."""
    weight = policy.weights[f"{name}.weight"].transpose(2, 3, 1, 0)
    filters, bias = graph.constant(weight), graph.constant(policy.weights[f"{name}.bias"])
    form: dict[str, Any] = {"data_format": text("NHWC")}
    steps: dict[str, Any] = {"strides": integers([1, stride, stride, 1]), "padding": text("VALID")}
    x = graph.add("Conv2D", x, filters, **form, **steps)
    return graph.add("Relu", graph.add("BiasAdd", x, bias, **form))


def _dense(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    no: dict[str, Any] = {"transpose_a": flag(False), "transpose_b": flag(False)}
    x = graph.add("MatMul", x, graph.constant(weight.T), **no)
    return graph.add("BiasAdd", x, graph.constant(bias), data_format=text("NHWC"))


def _packed(members: dict[str, bytes]) -> bytes:
    """A .tar.gz; the same members give the same bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)
