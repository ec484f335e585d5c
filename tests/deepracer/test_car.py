"""A car's package holds what its software looks for; the graph in it acts as the policy does."""

import json
import tarfile

import numpy as np
import pytest
from made_runs import made_run

from racer import cli
from racer.deepracer import car
from racer.errors import BadRun
from racer.policy import Policy
from racer.policy.branches import Branch
from racer.policy.inputs import Part
from racer.policy.network import Network

SHALLOW = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
SMALL = ((8, 4, 4), (16, 3, 2), (32, 3, 2))


def seeing(branch, *, channels=1, choices=0, algo="ppo", height=120, width=160):
    part = Part("", (channels, height, width), "uint8")
    high = () if choices else (1.0, 1.0)
    shape = algo, branch.outputs(part), (32,), (16,), "relu", tuple(-x for x in high), high
    network = Network(*shape, choices, (part,), (branch,), algo == "ppo")
    rng = np.random.default_rng(0)
    weights = {}
    for name, size in network.shapes().items():  # as large as keeps numbers what they are
        spread = np.sqrt(2.0 / max(1, np.prod(size[1:])))
        weights[name] = rng.normal(0.0, spread, size).astype(np.float32)
    for head in {"action_net.weight", "actor.mu.weight"} & set(weights):
        weights[head] *= np.float32(0.1)  # actions of about -1 to 1, as a trained policy's
    return Policy(network, weights)


def expected(policy, pictures):
    """What the car's navigation reads: probabilities, or the action before it is clipped."""
    raw = policy.outputs(pictures)
    if policy.network.choices:
        likely = np.exp(raw - raw.max(axis=1, keepdims=True))
        return likely / likely.sum(axis=1, keepdims=True)
    return np.tanh(raw) if policy.network.algo == "sac" else raw


@pytest.mark.parametrize(
    ("policy", "sensor"),
    [
        (seeing(Branch(0, SHALLOW, ()), choices=6), "FRONT_FACING_CAMERA"),
        (seeing(Branch(26, SMALL, (64,)), channels=2), "STEREO_CAMERAS"),
        (seeing(Branch(26, SMALL, (64,)), algo="sac"), "FRONT_FACING_CAMERA"),
    ],
    ids=["shallow", "stereo", "sac"],
)
def test_the_graph_acts_as_the_policy_in_openvino(policy, sensor, tmp_path):
    openvino = pytest.importorskip("openvino")
    path = tmp_path / "model.pb"
    path.write_bytes(car.frozen(policy, car.sensor_of(policy)))
    core = openvino.Core()
    model = core.read_model(path)
    (seen,) = model.inputs
    assert sensor in seen.any_name
    assert seen.partial_shape.to_string() == f"[?,120,160,{policy.network.sees[0].shape[0]}]"
    assert f"{car.OUTPUT}:0" in model.outputs[0].names
    exact = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    pictures = np.random.default_rng(1).integers(
        0, 256, (4, *policy.network.sees[0].shape), np.uint8
    )
    rows = pictures.transpose(0, 2, 3, 1).astype(np.float32)  # as the car gives them, 0 to 255
    given = np.concatenate([exact([row[None]])[0] for row in rows])
    np.testing.assert_allclose(given, expected(policy, pictures), atol=1e-5)


def test_the_package_is_what_the_console_takes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    camera = {"camera.width": 160, "camera.height": 120, "observation": "camera"}
    policy = seeing(Branch(0, SMALL, ()), choices=6)
    made_run(tmp_path / "runs", policy, actions="discrete", **camera)
    for name in ("car", "again.tar.gz"):
        assert cli.main(["export", "latest", "--car", name]) == 0
    said = capsys.readouterr().out
    assert "car.tar.gz" in said
    row = ["0", "2.5", "1.000", "1.450", "1.311"]  # what becomes of the fastest action
    assert row in [line.split() for line in said.splitlines()]
    assert (tmp_path / "car.tar.gz").read_bytes() == (tmp_path / "again.tar.gz").read_bytes()
    with tarfile.open("car.tar.gz") as archive:
        names = archive.getnames()
        metadata = json.load(archive.extractfile("model_metadata.json"))
    assert [name for name in names if name.endswith(".pb")] == ["agent/model.pb"]  # exactly one
    assert metadata["sensor"] == ["FRONT_FACING_CAMERA"]
    assert metadata["training_algorithm"] == "clipped_ppo"
    assert len(metadata["action_space"]) == 6


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (seeing(Branch(0, SMALL, ()), height=60, width=80), "pictures of 80 x 60 pixels"),
        (seeing(Branch(0, SMALL, ()), channels=3), "a car sees one grey picture"),
    ],
)
def test_what_no_car_sees_is_refused_with_the_setting(policy, reason):
    with pytest.raises(BadRun, match=reason) as refused:
        car.sensor_of(policy)
    assert "race.camera.width=160" in str(refused.value)
