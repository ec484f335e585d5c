"""A policy file plays exactly what torch trained, without torch, and refuses what it is not."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from gymnasium.spaces import Box
from toy_env import build

from racer.errors import BadRun, Diverged
from racer.policy import FILE, Policy, from_model, into_model

ACTIVATIONS = ("ReLU", "Tanh", "ELU")


def trained(algo="ppo", *, discrete=False, activation="ReLU"):
    import torch

    policy = {"activation_fn": getattr(torch.nn, activation)}
    model = build(algo, discrete=discrete, policy_kwargs=policy)
    with torch.no_grad():  # far from the small initial weights, so bounds are reached
        for parameter in model.policy.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return model


@pytest.fixture(scope="module")
def ppo():
    return from_model(trained(), {"observation": "toy"})


def observations(n=257):
    return np.random.default_rng(1).normal(0, 2, (n, 3)).astype(np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("algo", "discrete"), [("ppo", False), ("ppo", True), ("sac", False)])
def test_player_gives_torchs_actions(algo, discrete, activation):
    model = trained(algo, discrete=discrete, activation=activation)
    policy = from_model(model)
    obs = observations()
    expected, _ = model.predict(obs, deterministic=True)
    actions = policy.act(obs)
    assert actions.shape == expected.shape
    if discrete:
        assert (actions == expected).all()
    else:  # float64 against torch's float32: a few of its ulps
        np.testing.assert_allclose(actions, expected, atol=1e-5, rtol=0)
        assert np.ptp(actions) > 0.5


@pytest.mark.parametrize(("algo", "discrete"), [("ppo", False), ("ppo", True), ("sac", False)])
def test_row_of_a_batch_equals_a_batch_of_one_bit_for_bit(algo, discrete):
    policy = from_model(trained(algo, discrete=discrete, activation="Tanh"))
    obs = observations()
    together = policy.act(obs)
    alone = np.concatenate([policy.act(obs[i : i + 1]) for i in range(len(obs))])
    assert together.tobytes() == alone.tobytes()


def test_a_saved_policy_is_the_same_policy(tmp_path, ppo):
    ppo.save(tmp_path)
    again = Policy.load(tmp_path)
    assert again.network == ppo.network
    assert again.about == {"observation": "toy"}
    assert again.act(observations()).tobytes() == ppo.act(observations()).tobytes()
    assert again.to_bytes() == ppo.to_bytes() == (tmp_path / FILE).read_bytes()


def test_playing_needs_no_torch(tmp_path, ppo):
    ppo.save(tmp_path / "p.safetensors")
    code = f"""
import sys, numpy
from pathlib import Path
from racer.policy import Policy
Policy.load(Path({str(tmp_path / "p.safetensors")!r})).act(numpy.zeros((1, 3)))
assert not {{"torch", "stable_baselines3"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_weights_go_back_into_a_model_exactly(algo):
    import torch

    relu = {"activation_fn": torch.nn.ReLU}
    source, target = trained(algo), build(algo, seed=5, policy_kwargs=relu)
    into_model(from_model(source), target)
    for name, tensor in source.policy.state_dict().items():
        assert torch.equal(tensor, target.policy.state_dict()[name]), name


def test_a_model_of_another_size_is_refused(ppo):
    import torch

    other = build("ppo", policy_kwargs={"net_arch": [8], "activation_fn": torch.nn.ReLU})
    with pytest.raises(BadRun, match="hidden layers"):
        into_model(ppo, other)


def test_a_model_of_another_activation_is_refused(ppo):
    with pytest.raises(BadRun, match="relu layers"):
        into_model(ppo, build("ppo"))


def test_another_environment_is_refused(ppo):
    three, twenty = (Box(-1, 1, (n,), np.float32) for n in (3, 20))
    ppo.check(observation=three, actions=1, discrete=False)
    with pytest.raises(BadRun, match="to see 3 numbers; this observation is 20 numbers"):
        ppo.check(observation=twenty, actions=1, discrete=False)
    with pytest.raises(BadRun, match="1 continuous actions"):
        ppo.check(observation=three, actions=5, discrete=True)
    with pytest.raises(BadRun, match="3 numbers"):
        ppo.act(np.zeros((1, 4)))
    with pytest.raises(BadRun, match=r"this observation is speed of shape \(3,\)"):
        ppo.act({"speed": np.zeros((1, 3))})


def test_nan_is_never_acted_on_or_saved(ppo):
    obs = observations(4)
    obs[2, 1] = np.nan
    with pytest.raises(Diverged, match="car 2"):
        ppo.act(obs)
    model = trained()
    model.policy.log_std.data[0] = float("inf")
    with pytest.raises(Diverged, match="log_std"):
        from_model(model)


def tampered(policy, *, weights=None, **changes):
    """The policy's file with its description changed, as an attacker could write it."""
    header = json.loads(policy.to_bytes()[8 : 8 + struct.unpack("<Q", policy.to_bytes()[:8])[0]])
    described = json.loads(header["__metadata__"]["racer"])
    for path, value in changes.items():
        place = described
        *parents, last = path.split("__")
        for parent in parents:
            place = place[parent]
        place[last] = value
    metadata = {"racer": json.dumps(described)}
    return safetensors.numpy.save(weights or policy.weights, metadata=metadata)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "Upgrade"),
        ({"version": True}, "not a racer policy"),
        ({"format": "x"}, "not a racer policy"),
        ({"network__algo": "os.system"}, "allowed: ppo, sac"),
        ({"network__inputs": 4}, "float32"),
        ({"network__inputs": -1}, "layer sizes"),
        ({"network__inputs": 3.0}, "layer sizes"),
        ({"network__hidden": [10**9]}, "layer sizes"),
        ({"network__hidden": []}, "hidden layers"),
        ({"network__hidden": [4] * 9}, "hidden layers"),
        ({"network__hidden": 7}, "description is wrong"),
        ({"network__activation": "__import__"}, "activation"),
        ({"network__low": [float("nan")]}, "bounds"),
        ({"network__low": ["a"]}, "bounds"),
        ({"network__low": [2.0]}, "low < high"),
        ({"network__choices": 3}, "its actions"),
        ({"network__extra": 1}, "description is wrong"),
        ({"network": None}, "network must be a table"),
        ({"about": [1]}, "about must be a table"),
        ({"sha256": "0"}, "sha256"),
    ],
)
def test_a_lying_description_is_refused(ppo, changes, message):
    with pytest.raises(BadRun, match=message):
        Policy.from_bytes(tampered(ppo, **changes))


def test_wrong_tensors_are_refused(ppo):
    name = "action_net.weight"
    cases = {
        "float32": ppo.weights | {name: ppo.weights[name].astype(np.float64)},
        "is needed": ppo.weights | {name: ppo.weights[name].T.copy()},
        "not finite": ppo.weights | {name: np.full_like(ppo.weights[name], np.nan)},
        "extra": ppo.weights | {"extra": np.zeros(1, np.float32)},
        "log_std": {k: v for k, v in ppo.weights.items() if k != "log_std"},
    }
    for message, weights in cases.items():
        with pytest.raises(BadRun, match=message):
            Policy.from_bytes(tampered(ppo, weights=weights))


def test_every_cut_and_every_flipped_byte_is_refused(ppo):
    content = ppo.to_bytes()
    for length in range(0, len(content), max(1, len(content) // 300)):
        with pytest.raises(BadRun):
            Policy.from_bytes(content[:length])
    same = 0
    for at in np.linspace(0, len(content) - 1, 300).astype(int):
        flipped = bytearray(content)
        flipped[at] ^= 0x10
        try:
            again = Policy.from_bytes(bytes(flipped))
        except BadRun:
            continue
        # Only the words of `about` are outside the hash of the weights.
        assert again.about != ppo.about or again.to_bytes() == content
        same += 1
    assert same < 5


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04K*.", b"PK\x03\x04" + bytes(100), struct.pack("<Q", 2**63), bytes(64)],
)
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadRun, match="x"):
        Policy.load(path)


def test_a_link_is_not_followed(tmp_path, ppo):
    ppo.save(tmp_path / "p")
    (tmp_path / "l").symlink_to(tmp_path / "p")
    with pytest.raises(BadRun, match="link"):
        Policy.load(tmp_path / "l")


def test_hidden_sizes_follow_the_weights(ppo):
    assert ppo.network.hidden == (16, 12)
    assert ppo.network.critic_hidden == (14, 10)
    with pytest.raises(BadRun, match="float32"):
        Policy(replace(ppo.network, hidden=(12, 16)), ppo.weights)
