"""RacerPPO: Stable-Baselines3's PPO with loops that do less between the matrix products.

The algorithm is SB3's, update for update. What is left out of its loops, for dense layers:

- values and log-probabilities of a rollout are computed once for all of it, not step by step: the
  network does not change in between;
- noise of a rollout is drawn at once, and distributions are their formulas, not objects;
- nothing is done per car except for cars that are done;
- a rollout becomes tensors once, and losses become numbers once.

CPU time of SB3's loops over these, median and range of 7 pairs in turns on a quiet AMD EPYC core:
1.05 (0.94 to 1.11) with the default 256 cars, 1.48 (1.32 to 1.64) with 16. They stay for few cars.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from racer import observations
from racer.policy.inputs import parts, rows
from racer.training import optim

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


class RacerPPO(PPO):
    """PPO for dense layers on a batched environment; any Box, or a Dict of them, is observed."""

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Fill `rollout_buffer` with `n_rollout_steps` per car; False when a callback stops."""
        assert self._last_obs is not None
        buffer = rollout_buffer
        self.policy.set_training_mode(False)
        buffer.reset()
        callback.on_rollout_start()
        noise = self._noise(n_rollout_steps, env.num_envs)
        truncated: list[tuple[int, int, Any]] = []  # step, car, terminal observation
        for step in range(n_rollout_steps):
            with torch.no_grad():
                actions = self._act(self._rows(self._last_obs), noise[step]).cpu().numpy()
            _keep(self._last_obs, buffer.observations, step)
            buffer.episode_starts[step] = self._last_episode_starts
            buffer.actions[step] = actions.reshape(buffer.actions.shape[1:])
            # RacerVecEnv clips to the action space, as SB3 does here
            new_obs, rewards, dones, infos = env.step(actions)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            buffer.rewards[step] = rewards
            for car in dones.nonzero()[0].tolist():
                info = infos[car]
                self._remember(info)
                if info.get("TimeLimit.truncated", False):
                    truncated.append((step, car, info["terminal_observation"]))
            self._last_obs, self._last_episode_starts = new_obs, dones  # type: ignore[assignment]
        buffer.pos, buffer.full = n_rollout_steps, True
        self._evaluate(buffer, truncated)
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def train(self) -> None:
        """SB3's clipped update over the rollout: n_epochs of minibatches."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        assert callable(self.clip_range)
        clip = self.clip_range(self._current_progress_remaining)
        rollout = self._tensors()
        size = len(rollout[0])
        losses: list[torch.Tensor] = []
        ended_early = False
        for _ in range(self.n_epochs):
            order = torch.from_numpy(np.random.permutation(size)).to(self.device)  # noqa: NPY002
            for first in range(0, size, self.batch_size):
                batch = order[first : first + self.batch_size]
                loss, figures = self._loss([part[batch] for part in rollout], clip)
                losses.append(figures)
                if self.target_kl is not None and figures[3] > 1.5 * self.target_kl:
                    ended_early = True
                    break
                self.policy.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
                optim.step(self.policy.optimizer)
            self._n_updates += 1
            if ended_early:
                break
        self._log(torch.stack(losses).mean(dim=0).tolist(), clip)

    def _noise(self, steps: int, cars: int) -> torch.Tensor:
        if isinstance(self.action_space, spaces.Box):
            width = int(np.prod(self.action_space.shape))
            return torch.randn(steps, cars, width, device=self.device)
        # Gumbel noise: the largest of logits plus noise is a sample of the softmax.
        shape = (steps, cars, int(self.action_space.n))  # type: ignore[attr-defined]
        return -torch.log(torch.empty(shape, device=self.device).exponential_())

    def _rows(self, obs: Any) -> torch.Tensor:
        """What the network is fed for observations of N cars, (N, inputs)."""
        fed = rows(parts(self.observation_space), obs)
        return torch.as_tensor(fed, device=self.device)

    def _rollout_rows(self) -> torch.Tensor:
        """The same for every step and car of the rollout, (steps x cars, inputs)."""
        seen: Any = self.rollout_buffer.observations
        if isinstance(seen, dict):
            return self._rows({k: a.reshape(-1, *a.shape[2:]) for k, a in seen.items()})
        return self._rows(seen.reshape(-1, *seen.shape[2:]))

    def _act(self, obs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        raw = self.policy.action_net(self.policy.mlp_extractor.policy_net(obs))
        if isinstance(self.action_space, spaces.Box):
            raw = raw + self.policy.log_std.exp() * noise
        else:
            raw = (raw + noise).argmax(dim=1)
        actions: torch.Tensor = raw
        return actions

    def _values(self, obs: torch.Tensor) -> torch.Tensor:
        values: torch.Tensor = self.policy.value_net(self.policy.mlp_extractor.value_net(obs))
        return values.flatten()

    def _log_prob(
        self, obs: torch.Tensor, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probability of each action and entropy of each state, (B,)."""
        raw = self.policy.action_net(self.policy.mlp_extractor.policy_net(obs))
        if isinstance(self.action_space, spaces.Box):
            log_std = self.policy.log_std
            scaled = (actions - raw) * torch.exp(-log_std)
            constant = log_std.sum() + _HALF_LOG_2PI * log_std.numel()
            entropy = (constant + 0.5 * log_std.numel()).expand(len(raw))
            return -0.5 * (scaled * scaled).sum(dim=1) - constant, entropy
        logs = torch.log_softmax(raw, dim=1)
        chosen = logs.gather(1, actions.long()).flatten()
        return chosen, -(logs.exp() * logs).sum(dim=1)

    def _evaluate(self, buffer: RolloutBuffer, truncated: list[tuple[int, int, Any]]) -> None:
        """Values, log-probabilities, bootstraps of cut episodes, returns and advantages."""
        with torch.no_grad():
            steps, cars = buffer.rewards.shape
            flat = self._rollout_rows()
            taken = torch.as_tensor(buffer.actions, device=self.device).flatten(0, 1)
            log_prob, _ = self._log_prob(flat, taken)
            buffer.log_probs[...] = log_prob.cpu().numpy().reshape(steps, cars)
            buffer.values[...] = self._values(flat).cpu().numpy().reshape(steps, cars)
            last = self._values(self._rows(self._last_obs))
            if truncated:
                ends = observations.stacked([obs for _, _, obs in truncated])
                values = self._values(self._rows(ends)).cpu().numpy()
                for (step, car, _), value in zip(truncated, values, strict=True):
                    buffer.rewards[step, car] += self.gamma * value
        buffer.compute_returns_and_advantage(last, np.asarray(self._last_episode_starts))

    def _tensors(self) -> list[torch.Tensor]:
        """Observations, actions, log-probabilities, advantages, returns; (B, ...) each."""
        buffer = self.rollout_buffer
        columns = (buffer.actions, buffer.log_probs, buffer.advantages, buffer.returns)
        flat = [torch.as_tensor(column, device=self.device).flatten(0, 1) for column in columns]
        return [self._rollout_rows(), *flat]

    def _loss(self, batch: list[torch.Tensor], clip: float) -> tuple[torch.Tensor, torch.Tensor]:
        obs, actions, old_log_prob, advantages, returns = batch
        log_prob, entropy = self._log_prob(obs, actions)
        if self.normalize_advantage and len(advantages) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_ratio = log_prob - old_log_prob
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1.0 - clip, 1.0 + clip)
        policy_loss = -torch.min(advantages * ratio, advantages * clipped).mean()
        value_loss = torch.nn.functional.mse_loss(self._values(obs), returns)
        entropy_loss = -entropy.mean()
        loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss
        with torch.no_grad():
            kl = (ratio - 1.0 - log_ratio).mean()
            outside = ((ratio - 1.0).abs() > clip).float().mean()
            figures = torch.stack((policy_loss, value_loss, entropy_loss, kl, outside, loss))
        return loss, figures

    def _remember(self, info: dict[str, Any]) -> None:
        """Count a finished episode, as SB3's _update_info_buffer."""
        assert self.ep_info_buffer is not None
        assert self.ep_success_buffer is not None
        if "episode" in info:
            self.ep_info_buffer.append(info["episode"])
        if "is_success" in info:
            self.ep_success_buffer.append(info["is_success"])

    def _log(self, means: list[float], clip: float) -> None:
        names = (
            "policy_gradient_loss",
            "value_loss",
            "entropy_loss",
            "approx_kl",
            "clip_fraction",
            "loss",
        )
        for name, value in zip(names, means, strict=True):
            self.logger.record(f"train/{name}", value)
        buffer = self.rollout_buffer
        self.logger.record(
            "train/explained_variance",
            explained_variance(buffer.values.flatten(), buffer.returns.flatten()),
        )
        if hasattr(self.policy, "log_std"):
            std = self.policy.log_std.detach().exp().mean().item()
            self.logger.record("train/std", std)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", clip)


def _keep(obs: Any, store: Any, step: int) -> None:
    """Write the observations of all cars into a rollout buffer's row `step`."""
    if not isinstance(obs, dict):
        store[step] = obs
        return
    for key, array in obs.items():
        store[key][step] = array
