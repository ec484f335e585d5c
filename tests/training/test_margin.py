"""How many wheels off the road end an episode changes while a training goes on."""

import numpy as np
import pytest

from racer import Config, make_race, resume, train
from racer.errors import BadConfig, UsageError
from racer.evaluation.drive import from_the_line
from racer.sim.types import OFF_TRACK
from racer.training.margin import off_track_wheels, set_off_track_wheels

SMALL = {
    "train.num_envs": 16,
    "train.n_steps": 32,
    "train.timesteps": 2048,
    "train.net_arch": [16],
    "train.off_track_wheels": "2,2,3",
    "eval.laps": 1,
}


def config(**settings):
    return Config().override(SMALL | {key.replace("__", "."): v for key, v in settings.items()})


def test_it_changes_after_equal_parts_of_the_training():
    made = config(train__timesteps=3000).train
    assert [off_track_wheels(made, step) for step in (0, 1999, 2000, 9999)] == [2, 2, 3, 3]
    assert off_track_wheels(Config().train, 0) is None


def steps_until_off(wheels):
    """Of a car that slowly drives straight on where the road bends."""
    made = make_race(Config().override({"race.rules.start": "line"}).race, 1)
    set_off_track_wheels(made, config(train__off_track_wheels=wheels).train, 0)
    made.reset()
    for step in range(400):
        made.step(np.array([[0.05, -0.5]], np.float32))
        if made.terminated[0]:
            assert made.cars["status"][0] == OFF_TRACK
            return step
    raise AssertionError("it never left the road")


def test_an_episode_ends_earlier_with_fewer_wheels_off_the_road():
    assert steps_until_off("1") < steps_until_off("2") < steps_until_off("4")


def test_a_training_ends_with_the_last_number_and_is_evaluated_by_the_official_rule(tmp_path):
    race = make_race(from_the_line(config().race, continuous=True), 4)
    assert (race.sim["off_track_wheels"] == 4).all()
    run, _ = train(config(), runs_dir=tmp_path, quiet=True, pictures=False)
    assert run.config().train.off_track_wheels == (2, 2, 3)
    with pytest.raises(UsageError, match=r"train\.timesteps was 2048, now 4096"):
        resume(run, {"train.timesteps": 4096}, quiet=True)


def test_a_number_where_leaving_the_road_ends_nothing_is_refused(tmp_path):
    with pytest.raises(BadConfig, match="ends no episode"):
        train(config(race__rules__end_off_track="false"), runs_dir=tmp_path, quiet=True)
