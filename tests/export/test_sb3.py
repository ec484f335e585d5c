"""A zip for SB3 opens there; a zip from there gives its weights and never runs its code."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from toy_env import build

from racer import runs
from racer.config import Config
from racer.errors import BadRun, RacerError
from racer.export.sb3 import import_sb3, read_sb3, write_sb3
from racer.policy import Policy, from_model, into_model
from racer.race import make_race
from racer.training import checkpoint
from racer.training.state import capture


def saved(tmp_path, algo="ppo", **options):
    """A model and the zip SB3 makes of it."""
    model = build(algo, **options)
    model.save(tmp_path / "model.zip")
    return model, tmp_path / "model.zip"


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, contents, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of duplicates, which are the point
        with zipfile.ZipFile(path, "w", **more) as archive:
            for name, content in contents:
                archive.writestr(name, content)
    return path


@pytest.mark.parametrize(("algo", "discrete"), [("ppo", False), ("ppo", True), ("sac", False)])
def test_an_sb3_zip_gives_the_same_actions(tmp_path, algo, discrete):
    model, path = saved(tmp_path, algo, discrete=discrete)
    policy = read_sb3(path)
    obs = np.random.default_rng(0).normal(0, 2, (64, 3)).astype(np.float32)
    np.testing.assert_allclose(
        policy.act(obs), model.predict(obs, deterministic=True)[0], atol=1e-5
    )
    assert policy.to_bytes() != from_model(model).to_bytes()  # it says it was imported
    assert policy.network == from_model(model).network


def test_the_activation_is_what_the_zip_says(tmp_path):
    import torch

    _, path = saved(tmp_path, policy_kwargs={"activation_fn": torch.nn.ELU})
    assert read_sb3(path).network.activation == "elu"
    _, path = saved(tmp_path)
    assert read_sb3(path).network.activation == "tanh"  # SB3's default for PPO
    assert read_sb3(path, activation="relu").network.activation == "relu"


class Payload:
    """Pickles as a call that makes a file."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def hostile(tmp_path):
    """Zips that run code, or hurt, when opened carelessly: name → path."""
    import base64

    canary = tmp_path / "canary"
    _, good = saved(tmp_path)
    parts = members(good)
    pickled = base64.b64encode(pickle.dumps(Payload(canary))).decode()
    data = json.loads(parts["data"])
    known = json.dumps(data | {"clip_range": {":type:": "x", ":serialized:": pickled}})
    unknown = json.dumps(data | {"new": {":type:": "x", ":serialized:": pickled}})
    weights = io.BytesIO()
    import torch

    torch.save({"a": Payload(canary)}, weights)
    link = zipfile.ZipInfo("policy.pth")
    link.external_attr = 0o120777 << 16
    cases = {
        "known key": [("data", known)],
        "unknown key": [("data", unknown)],
        "pickle in policy.pth": [("policy.pth", weights.getvalue())],
        "bare pickle": [("policy.pth", pickle.dumps(Payload(canary)))],
        "traversal": [("../../canary", b"x")],
        "absolute": [("/tmp/canary", b"x")],
        "backslash": [("..\\canary", b"x")],
        "link": [(link, b"/etc/passwd")],
        "twice": [("data", parts["data"]), ("data", known)],
        "many members": [(f"m{i}", b"") for i in range(100)],
        "no weights": [("policy.pth", b"")],
    }
    found = {}
    for number, (name, changed) in enumerate(cases.items()):
        names = {getattr(key, "filename", key) for key, _ in changed}
        rest = [(k, v) for k, v in parts.items() if k not in names]
        found[name] = zipped(tmp_path / f"h{number}.zip", rest + changed)
    bomb = [(k, v) for k, v in parts.items() if k != "policy.pth"]
    bomb.append(("policy.pth", bytes(200 * 2**20)))
    found["bomb"] = zipped(tmp_path / "bomb.zip", bomb, compression=zipfile.ZIP_DEFLATED)
    found["cut"] = tmp_path / "cut.zip"
    found["cut"].write_bytes(good.read_bytes()[:-100])
    found["pickle"] = tmp_path / "p.zip"
    found["pickle"].write_bytes(pickle.dumps(Payload(canary)))
    return canary, found


def test_no_code_of_a_hostile_zip_ever_runs(tmp_path):
    canary, found = hostile(tmp_path)
    # SB3's own load runs it: the payload works, so its absence below means something.
    from stable_baselines3 import PPO

    with pytest.raises(Exception):  # noqa: B017, PT011  whatever follows the payload
        PPO.load(found["known key"])
    assert canary.exists()
    canary.rmdir()
    for name, path in found.items():
        if name in ("known key", "unknown key"):
            read_sb3(path)  # the weights are good, the pickles stay closed
        else:
            with pytest.raises(BadRun, match=path.name):
                read_sb3(path)
        assert not canary.exists(), name


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    _, found = hostile(tmp_path)
    code = f"""
import resource, sys, time
from pathlib import Path
from racer.errors import BadRun
from racer.export.sb3 import read_sb3
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
try:
    read_sb3(Path({str(found["bomb"])!r}))
except BadRun as error:
    assert "claims" in str(error)
    assert time.process_time() - began < 3.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB
    sys.exit(0)
sys.exit(1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_command_that_takes_a_run_refuses_a_hostile_zip(tmp_path, capsys):
    from racer.cli import main

    canary, found = hostile(tmp_path)
    options = ["--runs-dir", str(tmp_path / "runs")]
    for path in (found["known key"], found["pickle"], found["traversal"]):
        for command in (
            ["evaluate", str(path)],
            ["watch", str(path)],
            ["export", str(path), "--sb3", str(tmp_path / "out.zip")],
            ["train", "--resume", str(path)],
            ["train", "--from", str(path)],
            ["runs", "show", str(path)],
            ["import-sb3", str(path)],
        ):
            assert main([*command, *options]) in (2, 3), command
            assert not canary.exists(), command
    assert "Traceback" not in capsys.readouterr().err


def test_an_sb3_model_of_another_environment_is_refused(tmp_path):
    _, path = saved(tmp_path)
    with pytest.raises(BadRun, match=r"3 inputs; this observation is 21 numbers"):
        import_sb3(path, Config(), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def racer_run(tmp_path, algo="ppo"):
    """A run of the real environment with an untrained policy, and its model."""
    from racer.envs.sb3 import RacerVecEnv
    from racer.training import algorithms

    config = Config().override({"train.algo": algo, "train.num_envs": 4, "train.net_arch": [8]})
    model = algorithms.build(config.train, RacerVecEnv(make_race(config.race, 4)))
    texts = {
        "config.toml": config.to_toml(),
        "reward.py": "def reward_function(params): return 1.0",
    }
    run = runs.Run.create(tmp_path / "runs", ["a"], texts=texts, manifest={})
    from_model(model, {"observation": "features"}).save(run.folder)
    return run, model


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_run_goes_out_to_sb3_and_comes_back(tmp_path, algo):
    import stable_baselines3

    run, model = racer_run(tmp_path, algo)
    path = write_sb3(run, tmp_path / "out")
    assert path.name == "out.zip"
    loaded = getattr(stable_baselines3, algo.upper()).load(path, device="cpu")
    race = make_race(Config().race, 4)
    obs = race.reset().copy()
    expected, _ = model.predict(obs, deterministic=True)
    assert loaded.predict(obs, deterministic=True)[0].tobytes() == expected.tobytes()
    back = import_sb3(path, Config(), tmp_path / "runs")
    assert back.manifest()["status"] == "imported"
    assert back.damaged() == []
    again = Policy.load(back.folder)
    assert {k: v.tobytes() for k, v in again.weights.items()} == {
        k: v.tobytes() for k, v in Policy.load(run.folder).weights.items()
    }


def test_an_exported_zip_opens_where_racer_is_not_installed(tmp_path):
    run, _ = racer_run(tmp_path)
    path = write_sb3(run, tmp_path / "out.zip")
    code = f"""
import sys
sys.modules["racer"] = None
from stable_baselines3 import PPO
PPO.load({str(path)!r}, device="cpu")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_a_tanh_policy_is_not_trained_on_as_relu(tmp_path):
    _, path = saved(tmp_path)
    import torch

    with pytest.raises(BadRun, match="tanh layers"):
        into_model(read_sb3(path), build("ppo", policy_kwargs={"activation_fn": torch.nn.ReLU}))


def test_a_run_without_a_policy_file_plays_its_best_checkpoint(tmp_path):
    state = capture(build("ppo").learn(128))
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(RacerError, match="nothing was saved"):
        checkpoint.policy_of(folder)
    checkpoint.save(folder / "checkpoints", state)
    assert checkpoint.policy_of(folder).to_bytes() == state.policy.to_bytes()
