"""A pendulum for N cars that need no track: enough to train on, with a state that can be saved."""

from __future__ import annotations

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import VecEnv

MAX_STEPS = 40


class ToyVecEnv(VecEnv):
    """Swing-up in 0.05 s steps; random starts keyed by (seed, car, episode), as a Race has them."""

    def __init__(self, n=4, *, discrete=False, seed=0):
        self.render_mode = None
        self.seed_value, self.discrete = seed, discrete
        low, high = np.array([-1.0], np.float32), np.array([1.0], np.float32)
        actions = gymnasium.spaces.Discrete(3) if discrete else gymnasium.spaces.Box(low, high)
        self.cars = np.zeros(
            n, [("angle", "f8"), ("rate", "f8"), ("step", "i8"), ("episode", "i8")]
        )
        self.returns = np.zeros(n)
        super().__init__(n, gymnasium.spaces.Box(-20.0, 20.0, (3,), np.float32), actions)

    def get_state(self):
        return {"cars": self.cars.copy(), "returns": self.returns.copy()}

    def set_state(self, state):
        self.cars[:] = state["cars"]
        self.returns[:] = state["returns"]

    def _observe(self):
        angle, rate = self.cars["angle"], self.cars["rate"]
        return np.stack([np.cos(angle), np.sin(angle), rate], axis=1).astype(np.float32)

    def _start(self, i):
        rng = np.random.default_rng([self.seed_value, i, int(self.cars["episode"][i])])
        self.cars["angle"][i], self.cars["rate"][i] = rng.uniform(-3, 3), rng.uniform(-1, 1)
        self.cars["step"][i], self.returns[i] = 0, 0.0

    def reset(self):
        for i in range(self.num_envs):
            self._start(i)
        return self._observe()

    def step_async(self, actions):
        self.torque = actions - 1.0 if self.discrete else np.asarray(actions)[:, 0].astype(float)

    def step_wait(self):
        cars = self.cars
        cars["rate"] += 0.05 * (10.0 * np.sin(cars["angle"]) + 3.0 * self.torque)
        np.clip(cars["rate"], -8, 8, out=cars["rate"])
        cars["angle"] += 0.05 * cars["rate"]
        cars["step"] += 1
        rewards = np.cos(cars["angle"]) - 0.01 * self.torque**2
        self.returns += rewards
        # Starts differ in length, so episodes end at different times.
        dones = cars["step"] >= MAX_STEPS - 3 * (np.arange(self.num_envs) % 5)
        infos = [{} for _ in range(self.num_envs)]
        last = self._observe()
        for i in np.flatnonzero(dones):
            episode = {"r": float(self.returns[i]), "l": int(cars["step"][i]), "t": 0.0}
            infos[i] = {
                "terminal_observation": last[i],
                "TimeLimit.truncated": True,
                "episode": episode,
            }
            cars["episode"][i] += 1
            self._start(i)
        return self._observe(), rewards.astype(np.float32), dones, infos

    def close(self):
        pass

    def get_attr(self, name, indices=None):
        return [getattr(self, name)] * self.num_envs

    def set_attr(self, name, value, indices=None):
        setattr(self, name, value)

    def env_method(self, name, *args, indices=None, **kwargs):
        return [getattr(self, name)(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


def build(algo, *, n=4, discrete=False, seed=0, **options):
    """A small PPO or SAC model on the toy."""
    import torch
    from stable_baselines3 import PPO, SAC

    torch.set_num_threads(1)
    env = ToyVecEnv(n, discrete=discrete, seed=seed)
    hidden = {"net_arch": {"pi": [16, 12], "vf" if algo == "ppo" else "qf": [14, 10]}}
    policy = hidden | options.pop("policy_kwargs", {})
    if algo == "ppo":
        sizes = {"n_steps": 32, "batch_size": 64, "n_epochs": 2} | options
        return PPO("MlpPolicy", env, seed=seed, device="cpu", policy_kwargs=policy, **sizes)
    sizes = {"buffer_size": 400, "learning_starts": 40, "batch_size": 32, "train_freq": 2} | options
    return SAC("MlpPolicy", env, seed=seed, device="cpu", policy_kwargs=policy, **sizes)
