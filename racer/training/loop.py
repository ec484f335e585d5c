"""What happens between Stable-Baselines3's rollouts: metrics, judging, saving, stopping.

Everything is done between an update and the next rollout, where training can be cut and continued
bit for bit. For PPO a copy of that moment is held in memory, so a signal or a failing reward in
the middle of a rollout ends it at once and saves the moment before; SAC reaches the next such
moment within a few steps.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from racer import console
from racer.config import TrainConfig
from racer.envs.sb3 import RacerVecEnv
from racer.errors import BadRun, Diverged, RacerError, ResourceError, RewardFailed
from racer.policy import Policy, from_model
from racer.process.signals import Stop
from racer.process.typed import command
from racer.runs import Run
from racer.storage import foreign
from racer.training import checkpoint
from racer.training.exploration import set_action_std
from racer.training.judging import Judging
from racer.training.listener import Listeners
from racer.training.margin import set_off_track_wheels
from racer.training.metrics import COLUMNS, COMPONENT, LOSSES, SAMPLE_EVERY, Metrics
from racer.training.state import State, capture, restore_log

DISK_TRIES = 3  # checkpoints in a row that may fail before training stops
log = console.log(__name__)


class Halt(Exception):
    """Unwinds `learn` when training should end here; `why` is for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Loop(BaseCallback):
    """Between rollouts: counts, judges, lets listeners save; raises Halt when it should end.

    Args:
        run: what is trained; its lock is held.
        config: how often, how long.
        env: whose episodes are counted.
        metrics: where they are counted.
        judging: keeps the best policy.
        listeners: told what happens.
        stop: set by a signal.
        about: what the policies should say they were trained on.
    """

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        env: RacerVecEnv,
        *,
        metrics: Metrics,
        judging: Judging,
        listeners: Listeners,
        stop: Stop,
        about: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.run, self.config, self.env = run, config, env
        self.metrics, self.judging, self.listeners = metrics, judging, listeners
        self.stop, self.about = stop, about
        self.last_good: State | None = None
        self._resumed: State | None = None
        self._began = self._saved_at = time.monotonic()
        self._saved_step = 0  # timesteps
        self._failures = 0
        self._asked = ""  # why a listener wants it to end

    def resume(self, state: State) -> None:
        """Go on from a checkpoint's extra facts."""
        self.judging.set_state(state.extra.get("keeper"))
        self._resumed = state
        self._saved_step = state.timesteps

    def logger_for(self) -> Logger:
        """An SB3 logger whose numbers the listeners hear."""
        return Logger(None, [_Heard(self.listeners)])

    def finish(self) -> None:
        """Keep the end of training with a last metrics row; a longer training starts from here."""
        self._hear_components()
        rows, sampled = len(self.metrics.rows), self.metrics.sampled
        components = dict(self.metrics.components)
        self.metrics.sample(self.num_timesteps, self.losses())
        state = self._capture()
        # A longer training never had this row; see `metrics_to_go_on`.
        state.extra["metrics"]["open"] = {"rows": rows, "sampled": sampled}
        if components:
            state.extra["metrics"]["open"]["components"] = components
        self.judging.judge(state)
        self.commit(state)

    def commit(self, state: State | None = None) -> None:
        """Save `state`, or the last good moment, or raise ResourceError."""
        state = state or self.last_good
        if state is not None:
            self.metrics.save(self.run.metrics_file, rows=state.extra["metrics"]["rows"])
            state.extra["keeper"] = self.judging.get_state()
            self.listeners.checkpoint(state)
            self._saved_at = time.monotonic()
            self._saved_step = state.timesteps
            self._failures = 0

    def best_policy(self) -> Policy:
        """The best policy so far, or the last one when none was judged yet."""
        return self.judging.best_policy() or from_model(self.model, self.about)

    def rescued(self, error: RacerError) -> RacerError:
        """Save the moment before a failure; the error to raise, which says how to go on."""
        if isinstance(error, ResourceError):  # saving needs memory too, the rollout no more
            self.model.__dict__.pop("rollout_buffer", None)
        with contextlib.suppress(ResourceError, MemoryError):
            self.commit()
        hint = f"Saved up to step {self._saved_step:,}; go on: {self.run.resumed_by}"
        if isinstance(error, RewardFailed) and not self.run.function:  # it would fail again
            hint = f"{hint} --accept-change, after mending the reward"
        error.args = (f"{error}\n{hint}", *error.args[1:])
        return error

    def poisoned(self) -> bool:
        """Whether a weight is not finite."""
        import torch

        # One sum per tensor and one look: this runs after every update.
        sums = [tensor.detach().sum() for tensor in self.model.policy.parameters()]
        return not bool(torch.isfinite(torch.stack(sums)).all())

    def losses(self) -> dict[str, float]:
        """The newest losses SB3 recorded, NaN for those it did not."""
        known = self.logger.name_to_value
        return {
            column: float(next((known[key] for key in keys if key in known), float("nan")))
            for column, keys in LOSSES.items()
        }

    def diverged(self, what: str) -> Diverged:
        """The error that names what is not finite, the last good checkpoint, and a way out."""
        try:
            good = checkpoint.latest(self.run.checkpoints).folder
        except BadRun:
            good = None
        return Diverged(
            f"{what} is not finite at step {self.num_timesteps:,}: training diverged. "
            f"Last good checkpoint: {good or 'none'}. Lower train.learning_rate, or scale the "
            "reward to about 1 a step, and train again, or from there: "
            f"{command('train', '--from', self.run.typed)}"
        )

    def _on_training_start(self) -> None:
        if self._resumed is not None:
            restore_log(self._resumed, self.logger)

    def _on_rollout_start(self) -> None:
        self._check_finite()
        self.listeners.policy(lambda: from_model(self.model, self.about))
        set_action_std(self.model, self.config)
        set_off_track_wheels(self.env.race, self.config, self.num_timesteps)
        why = self._why_stop()
        best_due = self.judging.due(self.num_timesteps)
        due = time.monotonic() - self._saved_at >= self.config.checkpoint_every_s
        due |= self._resumed is None and self.num_timesteps == 0
        if self._is_off_policy() and not (due or why or best_due):
            return
        state = self.last_good = self._capture()
        if why:
            if not self.stop:
                self.judging.judge(state)
            self.commit(state)
            raise Halt(why)
        if due or best_due:
            self._try_keep(state, judge=best_due)

    def _on_step(self) -> bool:
        self.listeners.step(self.locals["infos"])
        if self.stop and not self._is_off_policy():
            self.commit()
            raise Halt(self.stop.name)
        return True

    def _on_rollout_end(self) -> None:
        self.metrics.add(self.env.take_finished())
        if self.num_timesteps - self.metrics.sampled < SAMPLE_EVERY:
            return
        self._hear_components()
        row = self.metrics.sample(self.num_timesteps, self.losses())
        for name in COLUMNS[1:9]:
            if row[name] == row[name]:
                self.logger.record(f"race/{name}", row[name])
        for name, value in row.items():
            if name.startswith(COMPONENT):
                self.logger.record(f"reward/{name.removeprefix(COMPONENT)}", value)
        self._asked = self.listeners.metrics(row)

    def _hear_components(self) -> None:
        reward = self.env.race.reward
        if reward is not None:
            self.metrics.hear(reward.take_components())

    def _is_off_policy(self) -> bool:
        return isinstance(self.model, OffPolicyAlgorithm)

    def _capture(self) -> State:
        self._hear_components()
        state = capture(self.model, about=self.about)
        state.extra["metrics"] = self.metrics.to_facts()
        self.listeners.save_into(state)
        return state

    def _try_keep(self, state: State, *, judge: bool) -> None:
        """A full disk is worth a warning; a disk that stays full is worth stopping."""
        try:
            if judge:
                self.judging.judge(state)
            self.commit(state)
        except ResourceError as error:
            self._failures += 1
            if self._failures >= DISK_TRIES:
                raise
            self._saved_at = time.monotonic()
            log.warning("%s Training goes on.", error)

    def _why_stop(self) -> str:
        if self.stop:
            return self.stop.name
        limit_s = self.config.time_limit_s
        if limit_s and time.monotonic() - self._began >= limit_s:
            return f"the time limit of {limit_s:g} s"
        return self._asked

    def _check_finite(self) -> None:
        """Losses and weights right after an update; raises before anything is saved."""
        for name, value in self.logger.name_to_value.items():
            # Explained variance is 0/0 on constant returns; the others are means of losses.
            if name.startswith("train/") and "explained" not in name and not _finite(value):
                raise self.diverged(name.removeprefix("train/"))
        if self.poisoned():
            raise self.diverged("a weight")


class _Heard(KVWriter):
    """Passes what SB3 logs on to the listeners; numbers only, and none that SB3 keeps private."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: dict[str, tuple[str, ...]],
        step: int = 0,
    ) -> None:
        """Numbers of one step, by name."""
        values = {
            name: float(value)
            for name, value in sorted(key_values.items())
            if isinstance(value, int | float | np.number)
            and "tensorboard" not in (key_excluded.get(name) or ())
        }
        self._listeners.log(step, values)

    def close(self) -> None:
        """Nothing is open."""


def metrics_to_go_on(state: State, timesteps: int) -> dict[str, Any]:
    """The facts for `Metrics.load`; the row that ended a training goes when it goes on.

    Raises:
        BadRun: they have another shape.
    """
    facts: dict[str, Any] = state.extra.get("metrics", {})
    advice = "Use an earlier checkpoint."
    foreign.check(facts, foreign.METRICS, "the metrics in the checkpoint", advice=advice)
    return facts | (facts.get("open", {}) if state.timesteps < timesteps else {})


def _finite(value: Any) -> bool:
    return not isinstance(value, float | np.floating) or math.isfinite(value)
