"""racer runs, export, import-sb3, compare and train --seeds, as typed."""

from __future__ import annotations

import os

import pytest

from racer.cli import main
from racer.runs import Run

SMALL = [
    "--num-envs=8",
    "--timesteps=512",
    "--laps=1",
    "--reward-engine=inprocess",
    "--set=train.n_steps=32",
    "--set=train.net_arch=8",
]


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("racer.render.figures.laps_picture", lambda *_: None)
        patch.setattr("racer.render.figures.curve_picture", lambda *_: None)
        for tag in ("one", "two"):
            assert main(["train", *SMALL, "--tag", tag, "--runs-dir", str(folder)]) == 0
    return folder


@pytest.fixture
def racer(runs_dir, capsys):
    """Run a command on the two runs; returns exit code, stdout and stderr."""

    def run(*words):
        code = main([*words, "--runs-dir", str(runs_dir)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_list_shows_status_and_tags_and_searches_both(racer):
    code, out, _ = racer("runs", "list")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert "finished" in out
    _, out, _ = racer("runs", "list", "two", "oval")
    assert len(out.splitlines()) == 2
    _, out, _ = racer("runs", "list", "nothing")
    assert out.startswith("no runs in")


@pytest.mark.parametrize("words", [["runs", "list"], ["board"], ["watch", "latest"]])
def test_runs_that_cannot_be_listed_are_not_none(words, tmp_path, capsys):
    file = tmp_path / "runs"
    file.write_text("")
    assert main([*words, "--runs-dir", str(file)]) == 3
    assert f"the runs in {file} cannot be listed: " in capsys.readouterr().err


def test_a_folder_of_runs_that_may_not_be_read_is_named(racer, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.listdir", refused)
    code, out, err = racer("runs", "list")
    assert (code, out) == (3, "")
    assert "cannot be listed: Permission denied. Give a folder to --runs-dir." in err


def test_show_and_verify(racer):
    code, out, _ = racer("runs", "show", "latest")
    assert code == 0
    assert "completion" in out
    assert "step-000000000512" in out
    code, out, _ = racer("runs", "verify", "latest")
    assert code == 0
    assert "2 checkpoints are as they were written" in out


def test_show_of_a_damaged_result_shows_the_rest_and_exits_3(racer, runs_dir):
    run = Run.open("latest", runs_dir)
    good = run.evaluation_file.read_bytes()
    run.evaluation_file.write_bytes(b'{"laps": "many"}')
    code, out, err = racer("runs", "show", "latest")
    run.evaluation_file.write_bytes(good)
    assert code == 3
    assert "finished" in out
    assert "evaluation.json" in err


def test_verify_names_what_changed_and_exits_3(racer, runs_dir):
    run = Run.open("latest", runs_dir)
    good = run.reward_file.read_text()
    run.reward_file.write_text(good + "\n")
    code, _, err = racer("runs", "verify", "latest")
    run.reward_file.write_text(good)
    assert code == 3
    assert "reward.py changed since it was written" in err


def test_tags_are_added(racer):
    assert racer("runs", "tag", "latest", "good", "two")[1].endswith(": good two\n")
    assert len(racer("runs", "list", "good")[1].splitlines()) == 2


def test_a_trainer_that_died_shows_as_killed(racer, runs_dir):
    run = Run.open("latest", runs_dir)
    run.record(status="training")
    assert "killed" in racer("runs", "show", "latest")[1]
    with run.lock():
        assert "killed" not in racer("runs", "show", "latest")[1]
    run.record(status="finished")


def test_export_import_and_remove(racer, tmp_path):
    code, out, _ = racer("export", "latest", "--sb3", str(tmp_path / "car"))
    assert code == 0
    assert "PPO.load" in out
    if os.path.exists("/dev/full"):
        code, _, err = racer("export", "latest", "--sb3", "/dev/full")
        assert code == 5
        assert "/dev/full: No space" in err
        assert not os.path.exists("/dev/full.zip")
    code, out, _ = racer("import-sb3", str(tmp_path / "car.zip"))
    assert code == 0
    assert "racer evaluate" in out
    code, out, _ = racer("evaluate", "latest", "--laps", "1")
    assert code == 0
    assert racer("runs", "rm", "latest")[0] == 0
    assert len(racer("runs", "list")[1].splitlines()) == 3


def test_compare_prints_a_table_a_sentence_and_a_plot(racer, tmp_path):
    code, out, _ = racer("compare", "one", "two", "--png", str(tmp_path / "c.png"))
    assert code == 0
    assert "fewer than 3 runs" in out
    assert (tmp_path / "c.png").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resume", "latest", "--tag", "x"], "goes on with a run as it is"),
        (["--accept-change"], "belongs to --resume"),
        (["--seeds", "0"], "at least 1"),
        (["--resume", "latest"], "Ask for more"),
        (["--resume", "latest", "--timesteps", "100"], "steps already, and 100 were asked for"),
        (["--resume", "no-such"], "no run 'no-such'"),
    ],
)
def test_what_makes_no_sense_together_is_refused(racer, words, message):
    code, _, err = racer("train", *words)
    assert code == 2
    assert message in err


@pytest.mark.slow
def test_seeds_train_side_by_side(racer, runs_dir):
    code, out, err = racer("train", *SMALL, "--seeds", "2", "--tag", "many")
    assert code == 0, err
    found = [run for run in runs_dir.iterdir() if "many" in Run(run).manifest()["tags"]]
    assert {Run(run).manifest()["seed"] for run in found} == {0, 1}
    assert "interquartile mean" in out


@pytest.mark.slow
def test_a_seed_that_fails_is_told_and_the_others_go_on(racer, tmp_path):
    path = tmp_path / "r.py"
    path.write_text("def reward_function(params):\n    return 1.0 / (params['steps'] < 5)\n")
    code, out, _ = racer("train", *SMALL, "--seeds", "2", "--reward", str(path))
    assert code == 1
    assert out.count("ZeroDivisionError") == 2


def test_the_list_says_percent_of_optimal_where_it_is_known(racer, monkeypatch):
    monkeypatch.setattr("racer.runs.laps.share_of", lambda _run: 91.26)
    _, out, _ = racer("runs", "list")
    assert out.splitlines()[0].split()[-2:] == ["optimal", "tags"]
    assert all("91.3 %" in line for line in out.splitlines()[1:])
