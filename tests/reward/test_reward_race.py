"""A race scores the same whichever engine computes its reward."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from racer.config import RaceConfig, Rules
from racer.race import make_race
from racer.race.drivers import DRIVERS, Line, commands, to_actions

RULES = Rules(alternate_direction=True, start="random")


def _rewards(engine, reward, steps=150):
    race = make_race(RaceConfig(reward=reward, reward_engine=engine, rules=RULES), 8, seed=5)
    assert race.reward.name == engine
    line = Line(race.track.waypoints)
    race.reset()
    centres = np.stack([race.cars["x"], race.cars["y"]], axis=1)
    seen = []
    for step in range(steps):
        wanted = commands(DRIVERS, line, race.cars, step, centres)
        race.step(to_actions(race.actions, wanted))
        seen.append(race.rewards.copy())
        race.reset(race.terminated | race.truncated)
    race.reward.close()
    return np.array(seen)


@pytest.mark.parametrize("reward", ["center_line", "racing_line"])
def test_rewards_are_equal_in_every_engine(reward):
    plain = _rewards("inprocess", reward)
    assert len(np.unique(plain)) > 1
    np.testing.assert_array_equal(_rewards("worker", reward), plain)
    np.testing.assert_allclose(_rewards("compiled", reward), plain, rtol=0, atol=1e-12)


RARE_DOUBT = """
def reward_function(params):
    step = int(params["steps"])
    rare = step == 9 and params["is_left_of_center"]
    exponent = -1 if rare else 1  # a whole number to a negative power is left to Python
    return 1.0 + 2 ** exponent + params["distance_from_center"]
"""


def test_rows_that_a_kernel_leaves_open_are_answered_within_the_step(write):
    path = write(RARE_DOUBT)
    plain = _rewards("inprocess", str(path), 20)
    assert (plain[7] < 2.5).any()  # left at step 9 pays 1.5, everything else 3, plus the distance
    assert (plain[8] >= 3.0).all()
    np.testing.assert_array_equal(_rewards("compiled", str(path), 20), plain)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends the worker on Linux only")
def test_the_worker_dies_with_a_killed_trainer():
    text = (
        "import time; from racer.reward import make_engine;"
        "e = make_engine('center_line', n=1, waypoints=[(0., 0.), (1., 0.)], engine='worker');"
        "print(e._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.01)
    with open(f"/proc/{pid}/stat") as file:
        assert file.read().rpartition(")")[2].split()[0] == "Z"  # dead, not yet collected
