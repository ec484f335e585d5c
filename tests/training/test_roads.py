"""Training on several tracks: the run records them, goes on with them, and starts another run."""

import json
import shutil
import tomllib

import numpy as np
import pytest

from racer import api, cli
from racer.config import Config
from racer.errors import BadConfig, UsageError
from racer.recording.trace import Trace
from racer.runs import Run
from racer.tracks.track import BUILTIN
from racer.training import checkpoint

TINY = {
    "train.timesteps": 1024,
    "train.num_envs": 16,
    "train.n_steps": 32,
    "train.batch_size": 256,
    "train.net_arch": [16],
    "train.eval_laps": 1,
    "eval.laps": 1,
}


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    monkeypatch.setattr("racer.training.train.draw", lambda *_: None)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "mine"
    made.mkdir()
    for name in ("oval", "bean", "tight"):
        shutil.copy(BUILTIN / f"{name}.txt", made)
    return made


def learn(tmp_path, **more):
    settings = TINY | {key.replace("__", "."): value for key, value in more.items()}
    return api.train(Config().override(settings), runs_dir=tmp_path / "runs", quiet=True)


def test_the_run_records_every_track(tmp_path, folder, caplog):
    (folder / "broken.txt").write_text("straight four\n")
    run, result = learn(tmp_path, race__tracks=str(folder))
    assert "broken.txt" in caplog.text
    about = run.manifest()
    assert [one["name"] for one in about["tracks"]] == ["bean", "oval", "tight"]
    assert about["track"]["name"] == f"3 tracks: {folder}"
    assert run.name.endswith("center_line-3_tracks")
    assert "track" not in tomllib.loads(run.config_file.read_text())["race"]
    assert Config.from_toml(run.config_file).race.tracks == str(folder)
    assert [one.name for one in result.tracks] == ["bean", "oval", "tight"]
    assert json.loads(run.evaluation_file.read_text()) == result.to_json()
    assert Trace.load(run.laps_file).track.name == "bean"


def test_a_run_on_one_track_says_nothing_of_several(tmp_path):
    run, result = learn(tmp_path)
    assert "tracks" not in run.config_file.read_text()
    assert "tracks" not in run.manifest()
    assert "tracks" not in result.to_json()


def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path, folder):
    whole, _ = learn(tmp_path, race__tracks=str(folder), train__timesteps=2048)
    run, _ = learn(tmp_path, race__tracks=str(folder))
    api.resume(run, {"train.timesteps": 2048}, quiet=True)
    ends = [checkpoint.latest(one.checkpoints).state.arrays for one in (whole, run)]
    assert ends[0].keys() == ends[1].keys()
    for name, content in ends[0].items():
        np.testing.assert_array_equal(content, ends[1][name], err_msg=name)


def test_a_track_that_is_missing_or_changed_is_named(tmp_path, folder):
    run, _ = learn(tmp_path, race__tracks=str(folder))
    more = {"train.timesteps": 2048}
    (folder / "oval.txt").rename(tmp_path / "oval.txt")
    shutil.copy(BUILTIN / "s_bends.txt", folder)
    with pytest.raises(UsageError, match=r"track oval is missing; the track s_bends is new"):
        api.resume(run, more, quiet=True)
    (tmp_path / "oval.txt").rename(folder / "oval.txt")
    (folder / "s_bends.txt").unlink()
    shutil.copy(BUILTIN / "s_bends.txt", folder / "tight.txt")
    with pytest.raises(UsageError, match=r"the track tight is of another geometry"):
        api.resume(run, more, quiet=True)


def test_a_run_on_one_track_starts_from_a_run_on_several(tmp_path, capsys):
    run, _ = learn(tmp_path, race__tracks="oval,bean")
    command = ["train", "--from", str(run.folder), "--track", "tight"]
    assert cli.main([*command, "--runs-dir", str(tmp_path / "runs")]) == 0
    (fine,) = [p for p in (tmp_path / "runs").iterdir() if p.name.endswith("-tight")]
    assert Run(fine).manifest()["parent"]["name"] == run.name
    assert Run(fine).config().race.tracks is None
    capsys.readouterr()


def test_one_track_and_several_are_not_both_given():
    with pytest.raises(BadConfig, match="give only one"):
        Config().override({"race.track": "oval", "race.tracks": "oval,bean"})


def test_fewer_cars_than_tracks_are_refused(tmp_path):
    with pytest.raises(BadConfig, match=r"2 cars cannot race on 3 tracks.*num_envs=24"):
        learn(tmp_path, race__tracks="oval,bean,tight", train__num_envs=2)
    assert not list((tmp_path / "runs").glob("*"))


def test_evaluation_prints_a_line_for_each_track(tmp_path, folder, capsys):
    run, _ = learn(tmp_path)
    (folder / "broken.txt").write_text("straight four\n")
    found = tmp_path / "found.json"
    command = ["evaluate", str(run.folder), "--tracks", str(folder), "--laps", "1"]
    assert cli.main([*command, "--json", str(found)]) == 0
    shown = capsys.readouterr()
    for name in ("bean", "oval", "tight"):
        assert any(line.startswith(f"{name} ") for line in shown.out.splitlines())
    assert "of 3 tracks" in shown.out
    about = json.loads(found.read_text())
    assert [one["track"] for one in about["tracks"]] == ["bean", "oval", "tight"]
    assert "broken.txt" in about["left_out"][0]
    assert cli.main([*command, "--rules", "league"]) == 2
    assert "add --track" in capsys.readouterr().err
