"""A wrong type given to a verb of the public API is one sentence, as on the command line."""

import re

import pytest

import racer
from racer import Config, RaceConfig

CALLS = [
    (lambda: racer.train([]), "config = []; give a Config"),
    (lambda: racer.train(reward=3), "reward = 3; give a function of params"),
    (lambda: racer.train(listeners=[print]), "a listener = <built-in function print>"),
    (lambda: racer.train(listeners=5), "listeners = 5; give a list"),
    (lambda: racer.train(parent="latest"), "parent = 'latest'; give a Run"),
    (lambda: racer.train(runs_dir=5), "runs_dir = 5; give a folder"),
    (lambda: racer.resume(5), "run = 5; give a run"),
    (lambda: racer.resume("latest", 5), "settings = 5; give a dict"),
    (lambda: racer.evaluate(None), "driver = None; give a run"),
    (lambda: racer.evaluate("latest", "oval"), "race = 'oval'; give a RaceConfig"),
    (lambda: racer.evaluate("latest", laps="3"), "laps = '3'; give a whole number, 1 or more"),
    (lambda: racer.compare(5), "runs = 5; give a list of runs"),
    (lambda: racer.compare([None]), "a run = None; give a run"),
    (lambda: racer.make_race("oval"), "config = 'oval'; give a RaceConfig"),
    (lambda: racer.make_race(RaceConfig(), "4"), "num_envs = '4'; give a whole number, 1 or more"),
    (lambda: racer.make_race(RaceConfig(), True), "num_envs = True; give a whole number"),
    (lambda: racer.make_race(RaceConfig(), 4, seed=1.5), "seed = 1.5; give a whole number, 0"),
    (lambda: racer.RacerVectorEnv(1.5), "num_envs = 1.5; give a whole number"),
    (lambda: racer.make_race(RaceConfig(), 10**12), "Use fewer cars"),
    (lambda: Config().override(None), "settings = None; give a dict of dotted keys"),
    (lambda: Config().override({5: 1}), "a key of the settings = 5"),
]


@pytest.mark.parametrize(("call", "says"), CALLS, ids=[says for _, says in CALLS])
def test_a_wrong_type_is_one_sentence(call, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(racer.RacerError, match=re.escape(says)):
        call()
    assert list(tmp_path.iterdir()) == []


def test_one_run_is_compared_as_a_list_of_one(tmp_path):
    with pytest.raises(racer.RacerError, match="'mine'"):
        racer.compare("mine", runs_dir=tmp_path)
