"""Runs with a policy of random weights, made in milliseconds, for tests of what comes after."""

import dataclasses

import numpy as np

from racer.config import Config
from racer.policy import Policy
from racer.policy.network import Network
from racer.runs import Run

REWARD = "def reward_function(params):\n    return 1.0\n"


def random_policy(algo="ppo", *, inputs=21, choices=0, parts=(), seed=0, activation="tanh"):
    """A policy whose outputs are far from 0, so that its actions differ."""
    bounds = () if choices else (1.0, 1.0)
    low = tuple(-x for x in bounds)
    network = Network(algo, inputs, (16, 16), (16,), activation, low, bounds, choices, parts)
    rng = np.random.default_rng(seed)
    shapes = network.shapes().items()
    return Policy(network, {n: rng.normal(0, 0.4, s).astype(np.float32) for n, s in shapes})


def made_run(runs_dir, policy=None, *, name="made", **settings):
    """A sealed run folder; `settings` are those of the race, e.g. actions="discrete"."""
    race = {f"race.{key}": value for key, value in settings.items()}
    policy = policy or random_policy()
    config = Config().override({**race, "train.algo": policy.network.algo})
    track = {"name": config.race.track}
    texts = {"config.toml": config.to_toml(), "reward.py": REWARD}
    run = Run.create(runs_dir, (name,), texts=texts, manifest={"track": track})
    dataclasses.replace(policy, about={"observation": config.race.observation}).save(run.folder)
    run.record(status="finished")
    run.seal()
    return run


def cruising(throttle, gain=2.0):
    """A policy that steers to the road 0.8 m ahead (feature 10), at one speed.

    The hidden units are tanh of a small input, so that they are linear.
    """
    policy = random_policy()
    weights = {name: np.zeros_like(array) for name, array in policy.weights.items()}
    weights["mlp_extractor.policy_net.0.weight"][0, 10] = 0.01
    weights["mlp_extractor.policy_net.2.weight"][0, 0] = 1.0
    weights["action_net.weight"][0, 0] = 100.0 * gain
    weights["action_net.bias"][1] = throttle
    return Policy(policy.network, weights)
