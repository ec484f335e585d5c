"""A training whose reward is a Python function, as a notebook has it."""

import functools

import pytest

import racer
from racer import Config, evaluate, resume, train
from racer.cli import main
from racer.errors import BadConfig, RewardFailed, UsageError

SCALE = 0.5
calls = []


def pace(params):
    calls.append(params["steps"])
    return params["speed"] * 2.0


def scaled(params):
    return params["speed"] * SCALE


def small(**settings):
    settings = {"train.num_envs": 8, "train.timesteps": 512, "eval.laps": 1} | settings
    return Config().override(settings)


def trained(reward, tmp_path, **settings):
    return train(small(**settings), reward=reward, runs_dir=tmp_path, quiet=True)


def weights(run):
    return (run.folder / "policy.safetensors").read_bytes()


def test_a_function_pays_in_training_and_in_the_laps_at_the_end(tmp_path):
    calls.clear()
    run, result = trained(pace, tmp_path)
    assert len(calls) > 512  # every step of every car, and the last laps
    assert run.manifest()["reward"]["name"] == "pace"
    assert "pace" in run.name
    other, paid = evaluate(run, reward=scaled, laps=1)[0], result.laps[0].reward
    assert other.laps[0].reward == pytest.approx(paid * SCALE / 2.0)  # linear in the scale


def test_the_run_records_the_source_and_scores_with_it_where_it_stands_alone(tmp_path, capsys):
    run, result = trained(pace, tmp_path)
    assert 'return params["speed"] * 2.0' in run.reward_text()
    alone = run.reward_text().replace('    calls.append(params["steps"])\n', "")
    run.reward_file.write_text(alone)
    assert main(["evaluate", str(run.folder)]) == 0
    assert f"{result.laps[0].reward:.2f}" in capsys.readouterr().out


@pytest.mark.parametrize("reward", [lambda params: 1.0, functools.partial(pace)])
def test_what_is_no_def_is_asked_for_again(reward, tmp_path):
    run, _ = trained(reward, tmp_path)
    with pytest.raises(RewardFailed, match="a Python function without a file: give reward="):
        evaluate(run, laps=1)
    result, _ = evaluate(run, reward=reward, laps=1)
    assert result.laps[0].reward > 0.0


def test_a_resumed_training_needs_the_function_and_is_the_one_that_never_stopped(tmp_path):
    end = {"train.timesteps": 1024}
    whole, _ = trained(scaled, tmp_path, **end, **{"train.eval_every": 100_000})
    run, _ = trained(scaled, tmp_path, **{"train.eval_every": 100_000})
    again = (
        rf"trained with the Python function scaled.*racer.resume\('{run.folder}', reward=scaled\)"
    )
    with pytest.raises(UsageError, match=again):
        resume(run, end, quiet=True)
    assert main(["train", "--resume", str(run.folder), "--timesteps", "1024"]) == 2
    resume(run, end, reward=scaled, quiet=True)
    assert weights(run) == weights(whole)


def test_another_function_is_a_change_that_is_recorded(tmp_path):
    run, _ = trained(scaled, tmp_path)
    end = {"train.timesteps": 1024}
    with pytest.raises(UsageError, match=r"was 'scaled', now 'pace'.*accept-change"):
        resume(run, end, reward=pace, quiet=True)
    resume(run, end, reward=pace, accept_change=True, quiet=True)
    assert run.function == "pace"
    assert "def pace" in run.reward_text()
    resume(run, end | {"train.timesteps": 1536, "race.reward": "heading"}, accept_change=True)
    assert run.function == ""
    assert "def reward_function" in run.reward_text()


@pytest.mark.parametrize("setting", [{"sandbox": "strict"}, {"reward_engine": "worker"}])
def test_a_function_is_refused_where_rewards_must_run_elsewhere(setting, tmp_path):
    with pytest.raises(BadConfig, match="scaled is Python, and a function runs in this process"):
        trained(scaled, tmp_path, **{f"race.{key}": value for key, value in setting.items()})
    assert not list(tmp_path.iterdir())


def test_a_failing_function_says_how_to_go_on(tmp_path):
    def fails(params):
        return 1.0 if len(calls) < 2000 and not calls.append(0) else params["nothing"]

    calls.clear()
    with pytest.raises(RewardFailed, match=r"go on: racer.resume\(.*, reward=fails\)"):
        trained(fails, tmp_path, **{"train.timesteps": 8192})


def test_functions_add_no_name_to_the_public_api():
    assert not [name for name in racer.__all__ if "unction" in name]
