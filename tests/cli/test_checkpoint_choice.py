"""--checkpoint best, last or STEP, and --stochastic: what drives is what was asked for."""

import json

import pytest

from racer import cli
from racer.policy import Policy, Sampler
from racer.runs import Run
from racer.training import checkpoint

TRAIN = ["train", "--reward", "center_line", "--timesteps", "4096", "--num-envs", "8"]
TRAIN += ["--laps", "1", "--set", "train.n_steps=64", "--set", "train.batch_size=64"]


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory):
    """One finished run, whose best policy is not its last."""
    folder = tmp_path_factory.mktemp("choice") / "runs"
    assert cli.main([*TRAIN, "--runs-dir", str(folder)]) == 0
    (run,) = map(Run, folder.iterdir())
    (best,) = run.checkpoints.glob("best-*")
    newer = checkpoint.steps(run.checkpoints)[0]
    if best.name.split("-")[1] == newer.name.split("-")[1]:  # make them differ
        pytest.skip("the best policy is the last one")
    return folder


def evaluated(runs_dir, capsys, *words):
    capsys.readouterr()
    command = ["evaluate", "latest", "--runs-dir", str(runs_dir), "--laps", "1", "--json", "-"]
    assert cli.main([*command, *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_best_is_the_result_and_last_is_another(runs_dir, capsys):
    plain = evaluated(runs_dir, capsys)
    best = evaluated(runs_dir, capsys, "--checkpoint", "best")
    last = evaluated(runs_dir, capsys, "--checkpoint", "last")
    assert best["attempts"] == plain["attempts"] != last["attempts"]
    assert "checkpoint" not in plain
    assert (best["checkpoint"], last["checkpoint"]) == ("best", "last")
    assert last["checkpoint_step"] == 4096 > best["checkpoint_step"]
    step = evaluated(runs_dir, capsys, "--checkpoint", "4,096")
    assert step["attempts"] == last["attempts"]


def test_a_step_that_was_not_kept_is_refused_with_those_that_were(runs_dir, capsys):
    words = ["evaluate", "latest", "--runs-dir", str(runs_dir), "--checkpoint", "17"]
    assert cli.main(words) == 3
    error = capsys.readouterr().err
    assert "has no checkpoint of step 17. It has: 4096 (last), " in error
    assert "(best). Try --checkpoint best." in error


def test_as_many_checkpoints_are_kept_as_were_asked_for(tmp_path, capsys):
    folder = tmp_path / "runs"
    words = ["--set", "train.keep_checkpoints=3", "--set", "train.checkpoint_every_s=0"]
    assert cli.main([*TRAIN, *words, "--runs-dir", str(folder)]) == 0
    (run,) = map(Run, folder.iterdir())
    kept = [int(path.name.split("-")[1]) for path in checkpoint.steps(run.checkpoints)]
    assert kept == [4096, 3584, 3072]  # 8 cars x 64 steps between two moments
    assert evaluated(folder, capsys, "--checkpoint", "3072")["checkpoint_step"] == 3072


def test_export_watch_and_from_take_the_same_choice(runs_dir, capsys, tmp_path):
    common = ["latest", "--runs-dir", str(runs_dir), "--checkpoint", "last"]
    assert cli.main(["export", *common, "--sb3", str(tmp_path / "last.zip")]) == 0
    from racer.export.sb3 import read_sb3

    run = Run.open("latest", runs_dir)
    last = checkpoint.policy_of(run.folder, "last")
    weights = read_sb3(tmp_path / "last.zip").weights
    assert all((weights[name] == last.weights[name]).all() for name in last.weights)
    assert cli.main(["watch", *common, "--video", str(tmp_path / "x.gif"), "--speed", "20"]) == 0
    words = [*TRAIN, "--from", run.name, "--checkpoint", "last", "--runs-dir", str(tmp_path / "r")]
    assert cli.main(words) == 2  # the run is looked for in the same folder
    words = [*TRAIN, "--from", str(run.folder), "--checkpoint", "last", "--runs-dir"]
    assert cli.main([*words, str(tmp_path / "r")]) == 0
    (child,) = (tmp_path / "r").iterdir()
    assert Run(child).manifest()["parent"]["checkpoint"] == "last"


@pytest.mark.parametrize(
    ("more", "sees"), [([], "features"), (["--observation", "far_features"], "far_features")]
)
def test_old_weights_see_what_they_saw_whatever_the_preset_says(more, sees, runs_dir, monkeypatch):
    run = Run.open("latest", runs_dir)
    words = ["train", "--from", str(run.folder), "--preset", "race", *more]
    given = []
    monkeypatch.setattr("racer.api.train", lambda config, **_: given.append(config) or (run, None))
    monkeypatch.setattr("racer.cli.train.report", lambda *_: None)
    assert cli.main(words) == 0
    (config,) = given
    assert config.race.observation == sees
    assert config.train.action_std_end == 0.07


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["evaluate", "latest", "--seed", "1"], "--seed belongs to --stochastic"),
        (["train", "--checkpoint", "best"], "--checkpoint belongs to --from RUN"),
        (["watch", "x.npz", "--checkpoint", "best"], "a recording or log has none"),
        (["evaluate", "latest", "--rules", "strict", "--min-laps", "2"], "Add --ranking average"),
    ],
)
def test_what_would_not_count_is_refused(runs_dir, capsys, words, sentence):
    assert cli.main([*words, "--runs-dir", str(runs_dir)]) == 2
    assert sentence in capsys.readouterr().err


def test_stochastic_evaluation_follows_its_seed(runs_dir, capsys):
    plain = evaluated(runs_dir, capsys)
    one = evaluated(runs_dir, capsys, "--stochastic", "--seed", "1")
    again = evaluated(runs_dir, capsys, "--stochastic", "--seed", "1")
    two = evaluated(runs_dir, capsys, "--stochastic", "--seed", "2")
    assert one == again
    assert len({json.dumps(r["attempts"]) for r in (plain, one, two)}) == 3
    assert (one["stochastic"], one["seed"]) == (True, 1)
    assert "stochastic" not in plain


def test_the_verbs_choose_alike(runs_dir, capsys):
    import racer

    last = evaluated(runs_dir, capsys, "--checkpoint", "last", "--stochastic", "--seed", "3")
    result, _ = racer.evaluate(
        "latest", runs_dir=runs_dir, laps=1, checkpoint="last", stochastic=True, seed=3
    )
    assert result.to_json()["attempts"] == last["attempts"]


def test_an_imported_run_says_how_to_get_laps(runs_dir, capsys, tmp_path):
    zipped = str(tmp_path / "p.zip")
    assert cli.main(["export", "latest", "--runs-dir", str(runs_dir), "--sb3", zipped]) == 0
    folder = str(tmp_path / "runs")
    assert cli.main(["import-sb3", zipped, "--runs-dir", folder]) == 0
    capsys.readouterr()
    assert cli.main(["watch", "latest", "--runs-dir", folder]) == 3
    error = capsys.readouterr().err
    assert "has no recorded laps (status: imported)" in error
    assert "--checkpoint best" in error
    words = ["watch", "latest", "--runs-dir", folder, "--checkpoint", "best", "--speed", "20"]
    assert cli.main([*words, "--video", str(tmp_path / "x.gif")]) == 0


def test_a_sampler_draws_from_the_distribution_of_training(runs_dir):
    """Mean and width of 4,000 draws are those SB3's policy has; its clip is far away."""
    import numpy as np
    import torch
    from stable_baselines3 import PPO

    run = Run.open("latest", runs_dir)
    policy = Policy.load(run.folder)
    from racer.export.sb3 import write_sb3

    model = PPO.load(write_sb3(run, runs_dir.parent / "s.zip"), device="cpu")
    obs = np.zeros((4000, policy.network.inputs), np.float32)
    normal = model.policy.get_distribution(torch.from_numpy(obs[:1])).distribution
    wide = Policy(policy.network, policy.weights)
    object.__setattr__(wide, "_low", np.full(2, -100.0))
    object.__setattr__(wide, "_high", np.full(2, 100.0))
    drawn = Sampler(wide, 5).act(obs)
    std = normal.stddev.detach().numpy()[0]
    error = 5 * std / np.sqrt(len(obs))  # five standard errors
    assert (np.abs(drawn.mean(axis=0) - normal.mean.detach().numpy()[0]) < error).all()
    assert np.allclose(drawn.std(axis=0), std, rtol=0.06)
