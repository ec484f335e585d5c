"""The command line: quick, torch-free help, errors in one sentence, exit codes, no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from racer import cli

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--timesteps", "1024", "--num-envs", "8", "--laps", "1", "--reward-engine", "inprocess"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, with a reward that is fine and some that are not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rewards").mkdir()
    for name, source in {
        "fine": "def reward_function(params):\n    return params['progress']\n",
        "torn": "def reward_function(params)\n    return 1.0\n",
        "other": "def reward(params):\n    return 1.0\n",
        "late": "def reward_function(p):\n    return 1 / (10.0 - p['steps'])\n",
    }.items():
        (tmp_path / "rewards" / f"{name}.py").write_text(source)
    return tmp_path


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from racer.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'stable_baselines3', 'pygame', 'matplotlib', 'numba', 'numpy'}\n"
        "heavy |= {'onnx', 'onnxruntime', 'fastapi', 'uvicorn', 'pydantic', 'fsspec'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("command", cli.commands())
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert cli.commands()[command] in shown


def test_help_and_track_list_need_no_torch(python):
    for words in (["train", "--help"], ["track", "list"], ["runs", "list"], ["watch", "--help"]):
        code = (
            "import sys\nfrom racer.cli import main\n"
            f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
            "assert 'torch' not in sys.modules\n"
        )
        python(code)


def test_a_command_that_is_not_there_is_told_the_nearest(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["trian"])
    assert end.value.code == 2
    assert "Did you mean 'train'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["train", "--track", "ovl"], 2, "Did you mean 'oval'"),
        (["train", "--reward", "fin"], 2, "Did you mean 'fine'"),
        (["train", "--reward", "gone.py"], 2, "does not exist"),
        (["train", "--reward", "torn"], 3, "torn.py"),
        (["train", "--reward", "other"], 3, "reward_function"),
        (["train", "--reward", "late", *TINY], 4, "late.py"),
        (["train", "--reward", "fine", "--algo", "dqn"], 2, "no algorithm 'dqn'"),
        (["train", "--reward", "fine", "--vehicle", "deepracr"], 2, "Did you mean 'deepracer"),
        (["train", "--reward", "fine", "--actions", "x.json"], 2, "does not exist"),
        (["train", "--reward", "fine", "--set", "train.sed=1"], 2, "Did you mean 'train.seed'"),
        (["train", "--reward", "fine", "--set", "train.seed"], 2, "KEY=VALUE"),
        (["train", "--reward", "fine", "--set", "train.batch_size=1000"], 2, "does not divide"),
        (["train", "--reward", "fine", "--config", "none.toml"], 2, "cannot be read"),
        (["train", "--reward", "fine", "--timesteps", "0"], 2, "train.timesteps"),
        (["train", "--algo", "sac", "--actions", "discrete", "--reward", "fine"], 2, "continuous"),
        (["evaluate", "latest"], 2, "racer train"),
        (["watch", "nothing"], 2, "nothing"),
        (["watch", "laps.npz"], 3, "laps.npz"),
        (["watch", "--speed", "0"], 2, "--speed"),
        (["track", "show", "ovl", "--no-window"], 2, "Did you mean 'oval'"),
        (["runs", "show", "latest"], 2, "racer train"),
    ],
)
def test_errors_are_one_sentence_and_an_exit_code(here, capsys, words, code, sentence):
    assert cli.main(words) == code
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    last = [line for line in shown.err.splitlines() if line.startswith("racer: ")]
    assert len(last) == 1


def test_debug_shows_the_stack(here, capsys):
    assert cli.main(["--debug", "train", "--track", "ovl"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_failing_reward_names_file_and_line_and_keeps_what_was_there(here, capsys):
    assert cli.main(["train", "--reward", "late", *TINY]) == 4
    shown = capsys.readouterr().err
    assert "late.py:2" in shown
    assert "division by zero" in shown


@pytest.mark.parametrize("text", ["[train\n", 'train.seed = "x"', "[race]\ntrack = 3"])
def test_a_broken_config_file_is_one_sentence(here, capsys, text):
    (here / "config.toml").write_text(text)
    assert cli.main(["train", "--config", "config.toml"]) == 2
    assert "racer: " in capsys.readouterr().err


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m racer track list | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_train_evaluate_film_and_list(here, capsys):
    """The main job from the command line, small."""
    assert cli.main(["train", "--reward", "fine", "--tag", "first", *TINY]) == 0
    out = capsys.readouterr().out
    for words in ("completion", "run  ", "watch it", "racer watch"):
        assert words in out
    (run,) = (here / "runs").iterdir()
    assert run.name.endswith("fine-oval")

    assert cli.main(["evaluate", "latest", "--json", "result.json", "--laps", "2"]) == 0
    result = json.loads((here / "result.json").read_text())
    assert result["laps"] == 2
    assert 0 <= result["completion_pct"] <= 100
    capsys.readouterr()
    assert cli.main(["evaluate", str(run), "--laps", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["laps"] == 1

    assert cli.main(["watch", "latest", "--video", "laps.gif", "--speed", "20"]) == 0
    assert (here / "laps.gif").read_bytes()[:3] == b"GIF"
    capsys.readouterr()
    assert cli.main(["runs", "list", "first"]) == 0
    assert run.name in capsys.readouterr().out


def test_train_agent_is_the_same_code(here):
    done = subprocess.run(
        [sys.executable, str(ROOT / "train_agent.py"), "--reward", "fine", *TINY],
        cwd=here,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "completion" in done.stdout
    assert (here / "runs").is_dir()


def test_train_agent_reads_in_a_minute():
    lines = (ROOT / "train_agent.py").read_text().splitlines()
    assert len(lines) <= 60


def test_a_closed_stdout_is_no_error():
    command = f"{sys.executable} -m racer track list >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words", ["track list", "reward check center_line --json -", "train --help", "--version"]
)
def test_a_full_disk_behind_stdout_is_one_sentence(words):
    command = f"{sys.executable} -m racer {words} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr == (
        "racer: cannot write the output: No space left on device. Free some space.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
@pytest.mark.parametrize(("words", "code"), [("train --trak oval", 2), ("runs show nope", 2)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_error_that_cannot_be_shown_has_its_exit_code(words, code, unbuffered, tmp_path):
    command = f"{sys.executable} -m racer {words} --runs-dir {tmp_path} >/dev/full 2>/dev/full"
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    assert subprocess.run(["bash", "-c", command], env=env, check=False).returncode == code


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "train --trak oval",
            "racer: no option '--trak'. Did you mean '--track'? Try racer --help.",
        ),
        ("track list more", "racer: 'more' is one word too many. Try racer --help."),
        (
            "evaluate x --laps many",
            "racer evaluate: --laps: 'many': a whole number is needed, for example 5. Try",
        ),
        ("train --timesteps 1e6x", "racer: train.timesteps = '1e6x'; a whole number is needed."),
        ("train --algo PPO", "racer: no algorithm 'PPO'. Did you mean 'ppo'? Known: ppo, sac."),
        ("track show oval --no-window --png no/x.png", "racer: cannot write no/x.png: there is no"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(here, capsys, words, sentence):
    try:
        code = cli.main(words.split())
    except SystemExit as end:
        code = end.code
    assert code in (2, 5)
    error = capsys.readouterr().err
    assert error.startswith(sentence)
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train --track oval --track bean", "--track is given twice"),
        ("train --seed 1 --timesteps 5 --seed 1", "--seed is given twice"),
        ("evaluate x --continuous --no-continuous", "--continuous is given twice"),
        ("log fit a --held-out b --held-out c", "--held-out is given twice"),
        ("evaluate x --rules leagu", "Did you mean 'league'? Use deepracer, league, strict"),
        ("log", "COMMAND is missing; choose one of fidelity, fit, import"),
        ("log fti a", "no command 'fti'. Did you mean 'fit'"),
        ("runs show", "RUN is missing"),
        ("--foo", "racer: no option '--foo'. Try racer --help"),
        ("runs show --xjson", "racer runs show: no option '--xjson'"),
        ("train --track a\0b", "NUL character"),
        ("train --time-limit 5x", "write 90s, 5m or 1h30m"),
    ],
)
def test_nothing_given_is_ignored(capsys, words, sentence):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words.split())
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_without_a_command_the_help_is_shown(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main([])
    assert "train" in capsys.readouterr().err


@pytest.fixture
def bare_machine(monkeypatch):
    """No display, and no library of an extra."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("starlette", "uvicorn", "segno", "onnxruntime", "scipy.optimize", "optuna"):
        monkeypatch.setitem(sys.modules, name, None)


WRONG = {
    "drive --track ovl": "no track 'ovl'",
    "drive --out laps.csv": "must end in .npz",
    "race a b --video x.avi": "must end in .mp4 or .gif",
    "race a b --out x.csv": "must end in .npz",
    "race a b --html x.txt": "must end in .html or .htm",
    "drive --ghost nobody": "no run 'nobody'",
    "train --watch --track ovl": "no track 'ovl'",
    "train --watch --reward centre_line": "no reward 'centre_line'",
    "train --watch --observation nix": "no observation 'nix'",
    "train --watch --resume nobody": "no run 'nobody'",
    "serve nobody": "no run 'nobody'",
    "serve nobody.onnx": "nobody.onnx",
    "export nobody --onnx a.onnx": "no run 'nobody'",
    "lab --track ovl": "no track 'ovl'",
    "lab --lesson none": "no lesson 'none'",
    "lab --class --port 70000": "--port 70000",
    "league nobody none": "no run 'nobody'",
    "sweep --search tpe --trials 2 --track ovl": "--vary",
}


def exit_code(words):
    try:
        return cli.main(words)
    except SystemExit as ended:  # argparse
        return ended.code


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("words", WRONG)
def test_what_was_given_is_looked_at_before_what_the_machine_lacks(
    words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert exit_code(words.split()) in (2, 3)
    error = capsys.readouterr().err
    assert WRONG[words] in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("bare_machine")
def test_watch_without_a_display_is_refused_before_training(here, capsys):
    assert cli.main(["train", "--watch"]) == 5
    error = capsys.readouterr().err
    assert error.startswith("racer: --watch: no display")
    assert error.count("\n") == 1
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "latest", "--png", "x.jpg"],
        ["track", "show", "oval", "--png", "x.SVG"],
        ["bench", "engine", "--quick", "--png", "x.pdf"],
        ["reward", "map", "center_line", "--png", "x.jpeg"],
    ],
)
def test_a_picture_is_a_png(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)
    assert "name it 'x.png'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tag", ["", "  ", "a\nb", "\x1b[2J"])
def test_a_tag_is_a_word(tag, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["train", "--tag", tag])
    assert (
        "a tag must be printable and not empty, for example --tag baseline"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("words", [("reward", "check"), ("track", "show"), ("evaluate",)])
def test_a_name_longer_than_the_file_system_takes_is_unknown(words, capsys):
    for name in ("x" * 5000, "x" * 5000 + ".py"):
        assert cli.main([*words, name]) in (2, 3)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no current folder")
def test_a_deleted_current_folder_is_told_in_a_sentence(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main(["train"]) == 5
    assert "current folder has been deleted" in capsys.readouterr().err
