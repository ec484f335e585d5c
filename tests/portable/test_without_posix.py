"""The main job where nothing of POSIX is: what Windows lacks is hidden from every line of racer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HIDE = Path(__file__).parent / "hide"
REPOSITORY = Path(__file__).parents[2]
SMALL = ["--timesteps", "4096", "--num-envs", "16", "--set", "train.n_steps=128"]
SMALL += ["--set", "train.batch_size=256", "--set", "eval.laps=1"]
REWARD = """
import math
def reward_function(params):
    print("step", params["steps"])
    return 1.0 - abs(params["distance_from_center"]) / params["track_width"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a user of such a machine works, with a reward that prints."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "mine.py").write_text(REWARD, newline="\r\n", encoding="utf-8")
    return folder


def racer(folder, *words):
    paths = [str(HIDE), str(REPOSITORY)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "SDL_VIDEODRIVER": "dummy"}
    command = [sys.executable, "-m", "racer", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8"
    )


def test_the_names_are_hidden_from_racer_and_only_from_it(folder):
    code = "import os, racer.storage.files as f\n"
    code += "print(f._CAN_SYNC_FOLDERS, hasattr(os, 'O_DIRECTORY'))"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HIDE), str(REPOSITORY)])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "False True\n", done.stderr


def test_train_resume_evaluate_watch_list_compare(folder):
    first = racer(
        folder, "train", "--reward", "mine.py", "--reward-engine", "worker", "--seed", 1, *SMALL
    )
    assert first.returncode == 0, first.stderr
    assert "mine: step 2.0" in first.stderr
    run = next((folder / "runs").iterdir()).name
    assert (folder / "runs" / run / "prints.txt").read_text(encoding="utf-8").startswith("step 2.0")
    for words in (
        ("train", "--resume", run, "--timesteps", "6144"),
        ("evaluate", run, "--laps", "1"),
        ("watch", run, "--video", "lap.mp4"),
        ("runs", "list"),
        ("runs", "verify", run),
        ("reward", "check", "mine.py"),
    ):
        done = racer(folder, *words)
        assert done.returncode in ((0, 1) if words[0] == "reward" else (0,)), done.stderr
        assert "Traceback" not in done.stderr
    assert (folder / "lap.mp4").stat().st_size > 0
    second = racer(folder, "train", "--reward", "mine.py", "--seed", 2, *SMALL)
    assert second.returncode == 0, second.stderr
    other = next(p.name for p in (folder / "runs").iterdir() if p.name != run)
    compared = racer(folder, "compare", run, other)
    assert "Traceback" not in compared.stderr
    assert compared.returncode == 0, compared.stderr
    manifest = json.loads((folder / "runs" / run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "finished"
