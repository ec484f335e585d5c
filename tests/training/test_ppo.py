"""RacerPPO against Stable-Baselines3's PPO: the same rollout gives the same numbers and weights."""

import copy
import warnings

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import configure_logger

from racer.config import RaceConfig, Rules, TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.race import make_race
from racer.training import algorithms

CARS, STEPS = 8, 64


def collected(actions, **rules):
    """A RacerPPO with one rollout in its buffer, and its environment."""
    config = RaceConfig(actions=actions, reward_engine="inprocess", rules=Rules(**rules))
    env = RacerVecEnv(make_race(config, CARS))
    size = CARS * STEPS  # one batch: in which order a rollout is cut is chance
    model = algorithms.build(
        TrainConfig(num_envs=CARS, n_steps=STEPS, batch_size=size, n_epochs=3, seed=1), env
    )
    model.set_logger(configure_logger(verbose=0))
    _, callback = model._setup_learn(size)
    model.collect_rollouts(env, callback, model.rollout_buffer, STEPS)
    return model, env


def in_sb3(model):
    """A copy with the loops of SB3's own class."""
    env, model.env = model.env, None
    try:
        twin = copy.deepcopy(model)
    finally:
        model.env = env
    twin.__class__ = PPO
    return twin


ACTIONS = ["continuous", "discrete"]


@pytest.mark.parametrize("actions", ACTIONS)
def test_what_a_rollout_holds_is_what_sb3_computes(actions):
    model, env = collected(actions, max_steps=20)  # episodes are cut in it
    buffer = model.rollout_buffer
    obs = torch.as_tensor(buffer.observations).flatten(0, 1)
    taken = torch.as_tensor(buffer.actions).flatten(0, 1)
    with torch.no_grad():
        values, log_probs, _ = model.policy.evaluate_actions(obs, taken.squeeze(-1))
    np.testing.assert_allclose(buffer.values.ravel(), values.ravel(), atol=1e-5)
    np.testing.assert_allclose(buffer.log_probs.ravel(), log_probs, atol=1e-4)
    assert buffer.episode_starts[1:].sum() > CARS
    env.close()


@pytest.mark.parametrize("actions", ACTIONS)
def test_sb3_collects_the_same_rollout_from_the_same_actions(actions):
    model, env = collected(actions, max_steps=20)
    expected = copy.deepcopy(model.rollout_buffer)
    env.seed(1)  # as the model did
    twin = in_sb3(model)
    twin.set_env(env)
    taken = iter(torch.as_tensor(expected.actions))
    forward = twin.policy.forward

    def same_actions(obs, deterministic=False):
        _, values, _ = forward(obs, deterministic)
        actions_now = next(taken)
        if actions == "discrete":
            actions_now = actions_now.flatten().long()
        _, log_prob, _ = twin.policy.evaluate_actions(obs, actions_now)
        return actions_now, values, log_prob

    twin.policy.forward = same_actions
    twin._last_obs = None
    _, callback = twin._setup_learn(CARS * STEPS)
    twin.collect_rollouts(env, callback, twin.rollout_buffer, STEPS)
    for name in ("observations", "rewards", "episode_starts", "advantages", "returns"):
        np.testing.assert_allclose(
            getattr(twin.rollout_buffer, name), getattr(expected, name), atol=2e-4, err_msg=name
        )
    env.close()


@pytest.mark.parametrize("actions", ACTIONS)
def test_an_update_is_sb3_s_own(actions):
    model, env = collected(actions)
    twin = in_sb3(model)
    before = [p.detach().clone() for p in model.policy.parameters()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.train()
        twin.train()
    moved = 0.0
    for name, start in zip(dict(model.policy.named_parameters()), before, strict=True):
        ours, theirs = (dict(m.policy.named_parameters())[name] for m in (model, twin))
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)
        moved = max(moved, (ours - start).abs().max().item())
    assert moved > 1e-3  # the update was one
    for name in ("clip_fraction", "entropy_loss", "value_loss", "explained_variance"):
        ours, theirs = (m.logger.name_to_value[f"train/{name}"] for m in (model, twin))
        assert ours == pytest.approx(theirs, abs=1e-4, rel=1e-4), name
    env.close()
