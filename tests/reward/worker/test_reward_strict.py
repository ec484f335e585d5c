"""`--sandbox strict`: no line of a reward, compiled or not, runs in the trainer's process."""

import os
from contextlib import closing

import numpy as np
import pytest

from racer.config import RaceConfig
from racer.errors import BadConfig, ResourceError
from racer.race import make_race
from racer.reward import make_engine
from racer.reward.compiler import background, codegen
from racer.reward.compiler import engine as compiler

# Both the module and the function tell which process runs them.
WHERE = """
import os
AT_IMPORT = os.getpid()
def reward_function(params):
    return float(AT_IMPORT % 1000 * 100 + os.getpid() % 100)
"""
COMPILES = "def reward_function(params):\n    return params['speed']\n"


def _refuse(*_args, **_options):
    raise AssertionError("the trainer's process compiles or runs a reward")


@pytest.fixture
def trainer(monkeypatch):
    """A trainer in which every way to run a reward here is an error."""
    monkeypatch.setattr(compiler, "build", _refuse)
    monkeypatch.setattr(codegen, "generate", _refuse)
    monkeypatch.setattr(background, "_start", _refuse)
    monkeypatch.setattr("racer.reward.namespace.exec", _refuse, raising=False)
    monkeypatch.setattr("racer.reward.inprocess.fresh", _refuse)


def _strict(path, **options):
    try:
        return make_engine(path, sandbox="strict", **options)
    except ResourceError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize("engine", ["auto", "worker"])
def test_module_and_function_run_in_the_worker_only(engine, write, waypoints, rows):
    with closing(_strict(write(WHERE), n=2, waypoints=waypoints, engine=engine)) as made:
        out = np.zeros(2)
        made.compute(rows[:2].copy(), None, out)
        pid = made._process.pid
        assert made.name == "worker"
    assert out.tolist() == [float(pid % 1000 * 100 + pid % 100)] * 2
    assert pid != os.getpid()


@pytest.mark.usefixtures("trainer")
def test_a_reward_that_compiles_is_not_compiled(write, waypoints):
    with closing(_strict(write(COMPILES), n=2, waypoints=waypoints)) as made:
        assert made.name == "worker"
        assert made.why_not == "--sandbox strict runs rewards in a worker"
        assert made.bind(np.zeros(2), np.zeros(2)) is None  # no kernel joins the step


@pytest.mark.usefixtures("trainer")
def test_a_race_is_strict_all_the_way(write):
    try:
        race = make_race(RaceConfig(reward=str(write(COMPILES)), sandbox="strict"), 2)
    except ResourceError as error:
        pytest.skip(str(error))
    race.reset()
    race.step(np.zeros((2, 2)))
    assert race.rewards.tolist() == [2.5, 2.5]  # the middle of 1 to 4 m/s
    race.reward.close()


@pytest.mark.parametrize("engine", ["compiled", "inprocess"])
def test_the_other_engines_are_refused(engine, write, waypoints):
    with pytest.raises(BadConfig, match="strict runs rewards in a worker"):
        make_engine(write(COMPILES), n=1, waypoints=waypoints, engine=engine, sandbox="strict")


def test_a_function_of_this_process_is_refused():
    with pytest.raises(BadConfig, match="a function runs in this process"):
        make_race(RaceConfig(sandbox="strict"), 2, reward=lambda params: 1.0)
