"""The main job where nothing of POSIX is: what Windows lacks is hidden from every line of racer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HIDE = Path(__file__).parent / "hide"
REPOSITORY = Path(__file__).parents[2]
SMALL = ["--timesteps", "512", "--num-envs", "8", "--set", "eval.laps=1"]
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


def racer(folder, *commands):
    """Run commands in one process, which says the exit code of each after what it prints."""
    paths = [str(HIDE), str(REPOSITORY)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "SDL_VIDEODRIVER": "dummy"}
    code = "from racer.cli import main\n"
    code += "".join(f"print('exit', main({list(map(str, words))!r}))\n" for words in commands)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    codes = [int(line[5:]) for line in done.stdout.splitlines() if line.startswith("exit ")]
    return codes, done.stderr


def test_the_names_are_hidden_from_racer_and_only_from_it(folder):
    code = "import os, racer.storage.files as f\n"
    code += "print(f._CAN_SYNC_FOLDERS, hasattr(os, 'O_DIRECTORY'))"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HIDE), str(REPOSITORY)])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "False True\n", done.stderr


def test_train_resume_evaluate_watch_list_compare(folder):
    guarded = ("--reward", "mine.py", "--reward-engine", "worker")
    codes, said = racer(folder, ("train", *guarded, "--seed", 1, *SMALL))
    assert codes == [0], said
    assert "mine: step 2.0" in said
    run = next((folder / "runs").iterdir()).name
    assert (folder / "runs" / run / "prints.txt").read_text(encoding="utf-8").startswith("step 2.0")
    codes, said = racer(
        folder,
        ("train", "--resume", run, "--timesteps", "768"),
        ("evaluate", run, "--laps", "1"),
        ("watch", run, "--video", "lap.mp4"),
        ("runs", "list"),
        ("runs", "verify", run),
        ("train", "--reward", "mine.py", "--seed", 2, *SMALL),
        ("compare", run, "latest"),
        ("reward", "check", "mine.py"),
    )
    assert codes[:-1] == [0] * 7, said
    assert codes[-1] in (0, 1), said  # 1: it found something to say
    assert (folder / "lap.mp4").stat().st_size > 0
    manifest = json.loads((folder / "runs" / run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "finished"
