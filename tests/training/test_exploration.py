"""The deviation of actions falls during a training, by a schedule that a resume keeps."""

import dataclasses
import math

import pytest

from racer import Config, train
from racer.config.whole import PRESETS
from racer.errors import BadConfig, UnknownName
from racer.training.algorithms import build, settings
from racer.training.exploration import action_std, check_action_std, set_action_std

SMALL = {"train.num_envs": 16, "train.n_steps": 32, "train.timesteps": 2048, "eval.laps": 1}


def config(**settings):
    given = {key.replace("__", "."): value for key, value in settings.items()}
    return Config().override(SMALL | given)


def annealed(**settings):
    return config(train__action_std_start=1.0, train__action_std_end=0.1, **settings)


def test_it_falls_evenly_on_a_logarithmic_scale():
    train_config = annealed().train
    found = [action_std(train_config, step) for step in (0, 1024, 2048, 9999)]
    assert found == pytest.approx([1.0, math.sqrt(0.1), 0.1, 0.1])
    assert action_std(config().train, 1024) is None


def test_the_policy_of_a_finished_training_has_the_last_rollouts_deviation(tmp_path):
    from racer.training.checkpoint import policy_of

    run, _ = train(annealed(), runs_dir=tmp_path, quiet=True)
    std = math.exp(policy_of(run.folder, "last").weights["log_std"].mean())
    assert 0.09 < std < 0.2  # 0.18 in the last rollout, then one update


def test_a_model_gets_it_at_its_number_of_steps(env):
    model = build(annealed().train, env)
    model.num_timesteps = 1024
    set_action_std(model, annealed().train)
    assert model.policy.log_std.exp().tolist() == pytest.approx([math.sqrt(0.1)] * 2)


@pytest.fixture
def env():
    from racer import make_race
    from racer.envs.sb3 import RacerVecEnv

    return RacerVecEnv(make_race(config().race, 16))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"train.action_std_start": 1.0},
            "start is set and train.action_std_end is not",
        ),
        ({"train.action_std_end": 1.0}, "action_std_end is set and train.action_std_start is not"),
        (
            {"train.action_std_start": 1.0, "train.action_std_end": 0.1, "train.algo": "sac"},
            "action_std_start is a setting of ppo",
        ),
    ],
)
def test_half_a_schedule_or_another_algorithm_is_refused(settings, said, env):
    with pytest.raises(BadConfig, match=said):
        build(Config().override({"train.num_envs": 16} | settings).train, env)


def test_a_list_of_choices_has_no_deviation():
    from racer import make_race
    from racer.envs.sb3 import RacerVecEnv

    discrete = annealed(race__actions="discrete")
    with pytest.raises(BadConfig, match="a list of choices has no standard"):
        build(discrete.train, RacerVecEnv(make_race(discrete.race, 16)))


def test_presets_are_configs_by_name():
    race = Config.preset("race")
    assert race.race.rules.continuous
    assert race.train.action_std_end == 0.07
    assert race.race.observation == "far_features"
    with pytest.raises(UnknownName, match=r"no preset 'rac'\. Did you mean 'race'"):
        Config.preset("rac")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_has_only_settings_of_its_algorithm(name):
    config = Config.preset(name)
    assert settings(config.train)["gamma"] == config.train.gamma
    check_action_std(config.train, discrete=False)
    few = dataclasses.replace(config.train, num_envs=4)  # a batch of 1024 is then all 64 steps
    assert settings(few)["batch_size"] == {"ppo": 64, "sac": 512}[few.algo]
