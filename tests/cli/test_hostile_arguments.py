"""No traceback for any argument: every option of every command, with values nobody expects."""

import argparse
import os
import subprocess
import sys

import pytest

from racer import cli

VALUES = {
    "longer than a file name": "n" * 300,
    "longer than a path": "p" * 5000,
    "a deep path": "d/" * 3000 + "x",
    "empty": "",
    "blank": " ",
    "not UTF-8": "\udcff.npy",
    "a NUL": "a\0b",
    "control characters": "\x1b[2J\n",
    "a huge number": "9" * 400,
    "beyond floats": "1e400",
    "negative": "-1",
    "not a number": "nan",
    "a folder": "/",
    "above": "..",
    "nobody's home": "~nobody_here/x",
    "a file below a file": "file.txt/x.csv",
    "a pattern": "%s{}$(x)*",
    "a suffix alone": ".npz",
}
# Beside the argument under test: what is refused before it trains or measures for seconds.
BESIDE = {
    "train": {"--track": "nothing"},
    "bench": {"what": "engine", "--track": "nothing"},
    "lab": {"--track": "nothing"},
    "learning-rates": {"--track": "nothing"},
}
ALONE = {"--reward", "--runs-dir"}  # looked at after the track
SMALL = {"--timesteps": "64", "--num-envs": "1", "--laps": "1", "--reward": "nothing"}
CODES = {0, 1, 2, 3, 4, 5, 6, 7}


def arguments(parser, words=()):
    """(words, parser, action) for every argument of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from arguments(sub, (*words, name))
        elif words and action.nargs != 0:
            yield words, parser, action


ARGUMENTS = list(arguments(cli.build()))


def command_line(words, parser, action, value):
    """Words of which all are harmless but one."""
    beside = BESIDE.get(words[0], {})
    if words == ("train",) and ALONE & set(action.option_strings):
        beside = SMALL
    line, options = list(words), []
    for other in parser._actions:
        name = (other.option_strings or [other.dest])[0]
        given = value if other is action else beside.get(name)
        if not other.option_strings and (given is not None or other.nargs not in ("?", "*")):
            line.append("nothing" if given is None else given)
        elif other.option_strings and (given is not None or other.required):
            options.append(f"{name}={'nothing' if given is None else given}")
    return [*line, *options]


ALWAYS = ("longer than a path", "not UTF-8", "a NUL", "a huge number", "a file below a file")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(value, id=name, marks=() if name in ALWAYS else pytest.mark.slow)
        for name, value in VALUES.items()
    ],
)
def test_no_argument_makes_a_traceback(value, tmp_path, monkeypatch, capfd):
    """Each ends with an exit code of ours and, where it is not 0, one sentence about it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("not a folder\n")
    for words, parser, action in ARGUMENTS:
        line = command_line(words, parser, action, value)
        if line[:2] == ["runs", "rm"]:
            continue  # it would delete what it finds
        try:
            code = cli.main(line)
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            raise AssertionError(f"{[word[:60] for word in line]}: {error!r}") from error
        shown = capfd.readouterr()
        assert code in CODES, line
        assert "Traceback" not in shown.err, line
        assert "\x1b[2J" not in shown.err + shown.out, line
        if code not in (0, 1):
            assert len(shown.err) < 4000, line


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that someone is in")
@pytest.mark.parametrize("words", [["track", "list"], ["runs", "list"], ["train", "--track", "x"]])
def test_a_deleted_current_folder_is_one_sentence(tmp_path, words):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys\nfrom racer.cli import main\n"
        f"os.rmdir({str(gone)!r})\nsys.exit(main({words!r}))\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=gone,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode, done.stderr.count("\n")) in [(0, 0), (2, 1), (3, 1), (5, 1)], done


@pytest.mark.parametrize(
    "words",
    [
        "learning-rates --png no/x.png",
        "evaluate missing --json no/x.json",
        "evaluate missing --sim-trace no/x.csv",
        "compare missing --png no/x.png",
        "export missing --onnx no/x.onnx",
        "export missing --sb3 no/x.zip",
        "watch missing --html no/x.html",
        "line missing --list no/x.py",
        "bench engine --track missing --json no/x.json",
        "reward map missing --png no/x.png",
        "race missing missing --out no/x.npz",
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    words, tmp_path, monkeypatch, capsys
):
    """The missing run, track or reward that it is about has not even been looked for."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(words.split()) == 5
    assert capsys.readouterr().err.startswith("racer: cannot write no")
    assert list(tmp_path.iterdir()) == []


def test_the_lab_makes_no_reward_file_when_it_refuses_to_start(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words in (["--track", "missing"], ["--set", "train.speed=1"], ["--port", "70000"]):
        assert cli.main(["lab", "mine.py", *words]) in (2, 3)
    assert list(tmp_path.iterdir()) == []
