"""Training end to end, small: what a run holds, the same seed twice, both algorithms."""

import csv
import json
import tomllib

import numpy as np
import pytest

from racer.config import Config
from racer.policy import Policy
from racer.recording.trace import Trace
from racer.runs import Run

TINY = {
    "train.timesteps": 4096,
    "train.num_envs": 16,
    "train.n_steps": 64,
    "train.batch_size": 256,
    "eval.laps": 2,
}
SAC = {"train.algo": "sac", "train.timesteps": 1024, "train.num_envs": 8, "eval.laps": 1}


def config(**settings):
    return Config().override(TINY | {k.replace("__", "."): v for k, v in settings.items()})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run and its result."""
    from racer.api import train

    return train(config(), runs_dir=tmp_path_factory.mktemp("runs"), tags=["small"], quiet=True)


def test_the_run_folder_holds_everything(trained):
    run, result = trained
    names = {path.name for path in run.folder.iterdir()}
    assert {
        "config.toml",
        "reward.py",
        "manifest.json",
        "metrics.csv",
        "policy.safetensors",
        "evaluation.json",
        "laps.npz",
        "curve.png",
        "laps.png",
        "checkpoints",
        "tb",
    } <= names
    assert Config.from_toml(run.config_file) == config()
    assert "def reward_function" in run.reward_file.read_text()
    assert list((run.folder / "tb").rglob("events.*"))
    for image in (run.folder / "curve.png", run.folder / "laps.png"):
        assert image.read_bytes()[:4] == b"\x89PNG"
    assert not list(run.folder.rglob("*.pkl"))
    assert not list(run.folder.rglob("*.zip"))
    assert result.to_json() == json.loads(run.evaluation_file.read_text())


def test_the_manifest_says_what_made_it(trained):
    run, _ = trained
    manifest = run.manifest()
    assert manifest["status"] == "finished"
    assert manifest["seed"] == 0
    assert manifest["tags"] == ["small"]
    assert manifest["versions"]["numba"]
    assert manifest["track"]["name"] == "oval"
    assert run.damaged() == []
    assert Run.open("latest", run.folder.parent).folder == run.folder


def test_metrics_count_steps_up_and_stay_in_range(trained):
    run, _ = trained
    rows = list(csv.DictReader(run.metrics_file.read_text().splitlines()))
    steps = [int(row["timesteps"]) for row in rows]
    assert steps == sorted(steps)
    assert steps[-1] >= 4096
    for row in rows:
        if row["progress_pct"]:
            assert -5 <= float(row["progress_pct"]) <= 100
    assert int(rows[-1]["episodes"]) > 0


def test_the_laps_are_the_evaluation(trained):
    run, result = trained
    trace = Trace.load(run.laps_file)
    assert len(trace.episodes()) == 2
    for part, lap in zip(trace.episodes(), result.laps, strict=True):
        rows = trace.rows[part]
        assert rows["params"]["progress"][-1] == lap.progress_pct
        assert rows["reward"].sum() == pytest.approx(lap.reward)


def test_the_saved_policy_drives_the_same_laps_again(trained):
    from racer.evaluation import evaluate

    run, result = trained
    policy = Policy.load(run.folder / "policy.safetensors")
    again, _ = evaluate(policy, config().race, laps=2)
    assert again == result


@pytest.mark.parametrize("settings", [{}, SAC], ids=["ppo", "sac"])
def test_same_seed_twice_same_metrics_and_weights(tmp_path, settings):
    from racer.api import train

    chosen = Config().override((TINY if not settings else {}) | settings)
    first, second = (train(chosen, runs_dir=tmp_path, quiet=True)[0] for _ in range(2))
    assert first.folder != second.folder
    for name in ("metrics.csv", "policy.safetensors", "evaluation.json"):
        one, two = ((run.folder / name).read_bytes() for run in (first, second))
        assert one == two, name


def test_another_seed_is_another_run(tmp_path, trained):
    from racer.api import train

    other, _ = train(config(train__seed=1), runs_dir=tmp_path, quiet=True)
    weights = [
        Policy.load(run.folder / "policy.safetensors").weights for run in (other, trained[0])
    ]
    assert any((weights[0][name] != weights[1][name]).any() for name in weights[0])


def test_discrete_actions_train_and_play(tmp_path):
    from racer.api import train

    run, result = train(config(race__actions="discrete"), runs_dir=tmp_path, quiet=True)
    policy = Policy.load(run.folder / "policy.safetensors")
    chosen = policy.act(np.zeros((3, 21), np.float32))
    assert chosen.shape == (3,)
    assert chosen.dtype.kind == "i"
    assert len(result.laps) == 2


@pytest.mark.slow
def test_ppo_learns_to_drive_a_lap(tmp_path):
    """The promise of the first command, at a fifth of its length."""
    from racer.api import train

    settings = Config().override({"train.timesteps": 200_000, "eval.laps": 3})
    _, result = train(settings, runs_dir=tmp_path, quiet=True)
    assert result.completion_pct == 100.0


def test_a_run_can_be_read_without_racer(trained):
    run, _ = trained
    assert tomllib.loads(run.config_file.read_text())["race"]["track"] == "oval"
    with np.load(run.laps_file, allow_pickle=False) as laps:
        assert len(laps.files) > 1


def test_pictures_that_fail_are_warnings(tmp_path, monkeypatch, caplog):
    from racer.api import train

    def broken(*_):
        raise ValueError("no such backend")

    monkeypatch.setattr("racer.render.figures.write", broken)
    run, _ = train(config(train__timesteps=1024), runs_dir=tmp_path, quiet=True)
    assert run.manifest()["status"] == "finished"
    assert run.damaged() == []
    pictures = [r.getMessage() for r in caplog.records if "no picture" in r.getMessage()]
    assert len(pictures) == 2
    assert all("no such backend" in text for text in pictures)
