"""Several cars as a PettingZoo ParallelEnv."""

import numpy as np
import pytest

import racer
from racer.errors import BadConfig

parallel = pytest.importorskip("pettingzoo.test")


@pytest.fixture(scope="module")
def env():
    made = racer.parallel_env(track="oval", cars=3, max_episode_steps=40)
    yield made
    made.close()


def test_it_passes_pettingzoos_own_tests(env):
    parallel.parallel_api_test(env, num_cycles=60)
    make = lambda: racer.parallel_env(track="oval", cars=2, reward_engine="inprocess")  # noqa: E731
    parallel.parallel_seed_test(make, num_cycles=20)


def forward(env, steer=0.0):
    return {name: np.array([steer, -0.5], np.float32) for name in env.agents}


def test_a_car_that_ended_is_parked_and_the_others_drive_on(env):
    env.reset(seed=1)
    actions = forward(env)
    actions["car_0"][:] = 0.4, 0.2  # soon off the road
    while "car_0" in env.agents:
        mine = {"car_0": actions["car_0"]}
        _, _, ends, _, infos = env.step(forward(env, 0.05) | mine)
    assert ends["car_0"]
    assert infos["car_0"]["status"] in ("off_track", "crashed")
    assert not env.race.objects["present"][0, 0]
    kept = env.race.cars[0].copy()
    driving = list(env.agents)
    seen, rewards, *_ = env.step(forward(env))
    assert sorted(seen) == sorted(rewards) == driving
    assert env.race.cars[0] == kept
    while env.agents:
        env.step(forward(env))
    with pytest.raises(Exception, match="reset"):
        env.step({})


def test_a_world_is_that_of_the_vector_environment(env):
    obs, _ = env.reset(seed=5)
    vector = racer.RacerVectorEnv(3, track="oval", others={"race": "multi", "cars": 3})
    rows, _ = vector.reset(seed=5)
    assert (np.stack([obs[name] for name in env.possible_agents]) == rows).all()
    for _ in range(5):
        seen, rewards, *_ = env.step(forward(env, 0.1))
        rows, paid, *_ = vector.step(np.tile(np.array([0.1, -0.5], np.float32), (3, 1)))
        assert (np.stack([seen[name] for name in env.agents]) == rows).all()
        assert list(rewards.values()) == paid.tolist()
    vector.close()


def test_what_cannot_be_is_refused():
    with pytest.raises(BadConfig, match="2 to 16"):
        racer.parallel_env(cars=1)
    with pytest.raises(BadConfig, match="no setting"):
        racer.parallel_env(others={"boxes": 3})
