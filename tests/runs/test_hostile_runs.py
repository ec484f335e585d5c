"""A run folder from anyone: what lies in it is refused in one sentence, and left alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import struct
import zipfile

import numpy as np
import pytest

from racer import api
from racer.cli import main
from racer.config import Config

SMALL = {
    "train.num_envs": 8,
    "train.n_steps": 32,
    "train.timesteps": 512,
    "train.net_arch": [8],
    "eval.laps": 1,
    "race.reward_engine": "inprocess",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished run, to be copied and hurt."""
    run, _ = api.train(
        Config().override(SMALL), runs_dir=tmp_path_factory.mktemp("whole"), quiet=True
    )
    return run.folder


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "runs" / "a")


class Payload:
    """Pickles as a call that makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def commands(run, out):
    return {
        "evaluate": ["evaluate", str(run)],
        "watch": ["watch", str(run), "--video", str(out / "v.gif")],
        "export": ["export", str(run), "--sb3", str(out / "o.zip")],
        "resume": ["train", "--resume", str(run), "--timesteps", "1024"],
        "from": ["train", "--from", str(run), "--runs-dir", str(out / "runs")],
        "show": ["runs", "show", str(run)],
        "verify": ["runs", "verify", str(run)],
        "list": ["runs", "list", "--runs-dir", str(run.parent)],
        "compare": ["compare", str(run), "--png", str(out / "c.png")],
    }


def contents(folder):
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[path] = os.readlink(path)
        elif path.is_file() and path.name != ".lock":
            found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def refused(run, tmp_path, capfd, names):
    """Each command ends with 3, one sentence, no stack, nothing written, nothing run."""
    out = tmp_path / "out"
    out.mkdir()
    for name in names.split():
        before = contents(run)
        assert main(commands(run, out)[name]) == 3, name
        err = capfd.readouterr().err
        assert "Traceback" not in err, name
        assert sum(line.startswith("racer: ") for line in err.splitlines()) == 1, name
        assert contents(run) == before, name
        assert not [path for path in out.rglob("*") if path.is_file()], name
    assert not (tmp_path / "canary").exists()


def tensors(content):
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def packed(header, body):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def transposed(content):
    header, body = tensors(content)
    name = next(n for n, about in header.items() if len(about.get("shape", ())) == 2)
    header[name]["shape"].reverse()
    return packed(header, body)


POLICIES = {
    "another shape": transposed,
    "a header of 2^40": lambda content: struct.pack("<Q", 2**40) + content[8:],
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_that_lies_is_refused(run, tmp_path, capfd, name):
    path = run / "policy.safetensors"
    path.write_bytes(POLICIES[name](path.read_bytes()))
    refused(run, tmp_path, capfd, "evaluate export from verify")


def test_a_pickle_under_any_name_is_never_opened(run, tmp_path, capfd):
    pickled = pickle.dumps(Payload(tmp_path / "canary"))
    objects = io.BytesIO()
    np.savez(objects, meta=np.array([Payload(tmp_path / "canary")], dtype=object))
    (run / "policy.safetensors").write_bytes(pickled)
    for content in (pickled, objects.getvalue()):
        (run / "laps.npz").write_bytes(content)
        refused(run, tmp_path, capfd, "evaluate watch export from verify")
        (tmp_path / "out").rmdir()


@pytest.mark.parametrize("name", ["policy.safetensors", "config.toml", "manifest.json"])
def test_links_are_not_followed(run, tmp_path, capfd, name):
    (run / name).unlink()
    (run / name).symlink_to("/etc/passwd")
    refused(run, tmp_path, capfd, "evaluate export from")


def planted(run, name, victim):
    """In place of `name` in the run: a link to `victim`, another name of its file, or a pipe."""
    name, _, kind = name.partition(" ")
    path = run / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "hard":
        os.link(victim / "file", path)
    else:
        path.symlink_to(victim / "file" if kind == "file" else victim)


@pytest.mark.parametrize(
    "name", ["checkpoints", "model", "tb", "reward.py pipe", ".lock file", ".lock hard"]
)
def test_what_is_written_to_a_run_stays_in_it(run, tmp_path, capfd, name):
    victim = tmp_path / "victim"
    shutil.copytree(run / "checkpoints", victim)
    (victim / "file").write_text("precious")
    planted(run, name, victim)
    before = contents(victim)
    names = "resume" if name == ".lock hard" else "evaluate export resume from verify show compare"
    refused(run, tmp_path, capfd, names)
    main(["runs", "rm", str(run)])
    assert contents(victim) == before
    assert run.exists() == name.startswith(".lock")


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_run_without_its_reward_is_refused(run, tmp_path, capfd, content):
    (run / "reward.py").unlink()
    if content is not None:
        (run / "reward.py").write_bytes(content)
    refused(run, tmp_path, capfd, "evaluate resume verify")


@pytest.mark.parametrize("words", [[], ["--rules", "strict"]])
def test_a_run_does_not_choose_that_its_reward_runs_unguarded(run, tmp_path, words):
    canary = tmp_path / "canary"
    (run / "reward.py").write_text(
        f"import os\nos.mkdir({str(canary)!r})\ndef reward_function(params):\n    return 1.0\n"
    )
    settings = run / "config.toml"
    assert 'reward_engine = "inprocess"' in settings.read_text()
    assert main(["evaluate", str(run), "--laps", "1", *words]) in (0, 3, 4)
    assert not canary.exists()


def test_a_run_cannot_steer_the_terminal(run, capfd):
    manifest = json.loads((run / "manifest.json").read_text())
    escape = "\x1b]0;owned\x07\n"
    manifest |= {"created": escape, "status": escape, "tags": [escape], "files": {escape: ""}}
    (run / "manifest.json").write_text(json.dumps(manifest))
    for name in ("show", "list", "verify"):
        main(commands(run, run)[name])
        shown = "".join(capfd.readouterr())
        assert "owned" in shown
        assert "\x1b" not in shown


def test_a_recording_that_unpacks_to_a_giant_is_refused(run, tmp_path, capfd):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (40000000,), }"
    header += b" " * (117 - len(header)) + b"\n"
    with zipfile.ZipFile(run / "laps.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        archive.writestr("rows.npy", start + bytes(100 * 2**20))
    refused(run, tmp_path, capfd, "watch verify")
    with zipfile.ZipFile(run / "laps.npz", "w") as archive:
        archive.writestr("../../canary", b"x")
    (tmp_path / "out").rmdir()
    refused(run, tmp_path, capfd, "watch verify")


MANIFESTS = {
    "hashes": ({"files": {"config.toml": "0" * 64}}, "verify"),
    "a path outside": ({"files": {"../../../etc/passwd": "0" * 64}}, "verify"),
    "a newer schema": ({"schema": 99}, "evaluate export resume from show verify compare"),
    "tags of tables": ({"tags": [{"a": 1}]}, "evaluate export resume from show verify compare"),
    "a parent of 3": ({"parent": 3}, "evaluate export resume from show verify compare"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_lies_is_refused(run, tmp_path, capfd, name):
    changed, names = MANIFESTS[name]
    path = run / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    refused(run, tmp_path, capfd, names)
    assert main(commands(run, tmp_path)["list"]) == 0


@pytest.mark.parametrize(
    "text", ["x", "[bogus]\nx = 1", "train = 1", "[train]\ntimesteps = 'many'"]
)
def test_settings_that_are_none_are_refused(run, tmp_path, capfd, text):
    (run / "config.toml").write_text(text)
    refused(run, tmp_path, capfd, "evaluate export resume from compare")


EPISODE = {"progress_pct": 1.0, "return": 1.0, "steps": 1}
COUNTS = {"rows": 0, "episodes": 1, "laps": 0, "best_lap_s": None, "sampled": 0}

CHECKPOINTS = {
    "a step of 10^30": ("facts", "num_timesteps", 10**30),
    "episodes of numbers": ("facts", "episodes", [1, 2]),
    "successes of tables": ("facts", "successes", [{}]),
    "a log of numbers": ("facts", "log", {"a": 1}),
    "no generators": ("facts", "random", {}),
    "a best score of text": ("extra", "keeper", {"best": "x", "judged_at": 1}),
    "metrics of a list": ("extra", "metrics", [1]),
    "episodes of text": ("extra", "metrics", COUNTS | {"recent": [EPISODE | {"steps": "many"}]}),
    "rows below none": ("extra", "metrics", COUNTS | {"rows": -1}),
    "a sim-trace of 10^6 rows": (
        "extra",
        "sim_trace",
        {"files": 0, "clock": 0, "open": 0, "rows": [10**6]},
    ),
    "files outside": ("files", "../../../../etc/passwd", "0" * 64),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_that_lies_is_refused_and_the_run_left_as_it_was(run, tmp_path, capfd, name):
    table, key, value = CHECKPOINTS[name]
    (folder,) = (run / "checkpoints").glob("step-*")
    path = folder / "checkpoint.json"
    found = json.loads(path.read_text())
    found[table][key] = value
    path.write_text(json.dumps(found))
    refused(run, tmp_path, capfd, "resume")


def test_a_checkpoint_with_nan_is_refused(run, tmp_path, capfd):
    (folder,) = (run / "checkpoints").glob("step-*")
    path = folder / "state.safetensors"
    header, body = tensors(path.read_bytes())
    start, end = header["last_obs"]["data_offsets"]
    nan = np.full((end - start) // 4, np.nan, "<f4").tobytes()
    path.write_bytes(packed(header, body[:start] + nan + body[end:]))
    manifest = json.loads((folder / "checkpoint.json").read_text())
    manifest["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps(manifest))
    refused(run, tmp_path, capfd, "resume")


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"completion_pct": [], "laps": "x"}',
        b"{",
        b'{"completion_pct": %s, "laps": 1, "laps_completed": 1}' % (b"9" * 400),
        b'{"completion_pct": 1e999, "laps": 1, "laps_completed": 1}',
    ],
)
def test_a_result_that_is_none_is_not_shown(run, tmp_path, capfd, content):
    (run / "evaluation.json").write_bytes(content)
    assert main(commands(run, tmp_path)["list"]) == 0
    assert main(commands(run, tmp_path)["show"]) == 3  # the rest is shown all the same
    assert "completion   " not in capfd.readouterr().out
    refused(run, tmp_path, capfd, "compare verify")


def test_a_result_without_its_best_lap_is_not_shown(run, capfd):
    (run / "evaluation.json").write_text(
        '{"completion_pct": 1, "laps": 1, "laps_completed": 1, "mean_lap_s": 1}'
    )
    assert main(["runs", "show", str(run)]) == 3
    assert "lap time" not in capfd.readouterr().out
