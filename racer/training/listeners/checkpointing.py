"""What to keep while SB3 learns and when to stop: checkpoints, the best policy, limits, signals.

Everything happens between an update and the next rollout, where training can be cut and continued
bit for bit. For PPO a copy of that moment is held in memory, so a signal or a failing reward in
the middle of a rollout ends it at once and saves the moment before; SAC reaches the next such
moment within a few steps.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from racer.config import TrainConfig
from racer.deepracer.run_files import SimTrace
from racer.errors import BadRun, Diverged, RacerError, ResourceError
from racer.policy import Policy, from_model
from racer.process.signals import Stop
from racer.runs import Run
from racer.training import checkpoint
from racer.training.listeners.metrics import Metrics
from racer.training.state import State, capture, restore_log

BEST_OF = 10  # policies judged during a training, at equal distances
DISK_TRIES = 3  # checkpoints in a row that may fail before training stops
_SETTLED_ROWS = 20  # metrics rows that early stopping looks back
_SETTLED_LAPS_PCT = 95.0
_SETTLED_CHANGE = 0.01  # of the lap time

Judge = Callable[[Policy], Mapping[str, float | None]]


class Halt(Exception):
    """Unwinds `learn` when training should end here; `why` is for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Keeper(BaseCallback):
    """Keeps checkpoints and the best policy in `run`; raises Halt when training should end.

    Args:
        run: where; its lock is held.
        config: how often, how long.
        metrics: saved with every checkpoint.
        sim_trace: likewise.
        judge: drives a policy and says {"completion_pct", "lap_time_s"}.
        stop: set by a signal.
        about: what the policies should say they were trained on.
    """

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        metrics: Metrics,
        sim_trace: SimTrace,
        *,
        judge: Judge,
        stop: Stop,
        about: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.run, self.config = run, config
        self.metrics, self.sim_trace = metrics, sim_trace
        self.judge, self.stop, self.about = judge, stop, about
        self.best: dict[str, float | None] | None = None
        self.last_good: State | None = None
        self._resumed: State | None = None
        self._began = self._saved_at = time.monotonic()
        self._judged_at = self._saved_step = 0  # timesteps
        self._failures = 0

    def resume(self, state: State) -> None:
        """Go on from a checkpoint's extra facts."""
        try:
            kept = state.extra["keeper"]
            self.best, self._judged_at = kept["best"], int(kept["judged_at"])
            checkpoint.better({"completion_pct": 0.0}, self.best)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRun(f"the checkpoint's best score is damaged: {error}.") from error
        if "sim_trace" in state.arrays:
            self.sim_trace.set_state(state.arrays["sim_trace"], state.extra.get("sim_trace", {}))
        self._resumed = state
        self._saved_step = state.timesteps

    def finish(self, losses: dict[str, float]) -> None:
        """Keep the end of training with a last metrics row; a longer training starts from here."""
        rows, sampled = len(self.metrics.rows), self.metrics.sampled
        self.metrics.sample(self.num_timesteps, losses)
        state = self._capture()
        # A longer training never had this row; see `metrics_to_go_on`.
        state.extra["metrics"]["open"] = {"rows": rows, "sampled": sampled}
        self._judge(state)
        self.commit(state, keep=1)

    def commit(self, state: State | None = None, *, keep: int = 2) -> None:
        """Save `state`, or the last good moment, or raise ResourceError."""
        state = state or self.last_good
        if state is not None:
            self.metrics.save(self.run.metrics_file, rows=state.extra["metrics"]["rows"])
            self.sim_trace.save()
            checkpoint.save(self.run.checkpoints, self._with_facts(state), keep=keep)
            self._saved_at = time.monotonic()
            self._saved_step = state.timesteps
            self._failures = 0

    def best_policy(self) -> Policy:
        """The best policy so far, or the last one when none was judged yet."""
        folder = checkpoint.best(self.run.checkpoints)
        if folder is not None:
            return checkpoint.load_policy(folder)
        return from_model(self.model, self.about)

    def rescued(self, error: RacerError) -> RacerError:
        """Save the moment before a failure; the error to raise, which says how to go on."""
        if isinstance(error, ResourceError):  # saving needs memory too, the rollout no more
            vars(self.model).pop("rollout_buffer", None)
        with contextlib.suppress(ResourceError, MemoryError):
            self.commit()
        step = self._saved_step
        hint = f"Saved up to step {step:,}; go on: racer train --resume {self.run.typed}"
        error.args = (f"{error}\n{hint}", *error.args[1:])
        return error

    def poisoned(self) -> bool:
        """Whether a weight is not finite."""
        import torch

        # One sum per tensor and one look: this runs after every update.
        sums = [tensor.detach().sum() for tensor in self.model.policy.parameters()]
        return not bool(torch.isfinite(torch.stack(sums)).all())

    def _on_training_start(self) -> None:
        if self._resumed is not None:
            restore_log(self._resumed, self.logger)

    def _on_rollout_start(self) -> None:
        self._check_finite()
        why = self._why_stop()
        best_due = self._best_due()
        due = time.monotonic() - self._saved_at >= self.config.checkpoint_every_s
        due |= self._resumed is None and self.num_timesteps == 0
        if self._is_off_policy() and not (due or why or best_due):
            return
        state = self.last_good = self._capture()
        if why:
            if not self.stop:
                self._judge(state)
            self.commit(state)
            raise Halt(why)
        if due or best_due:
            self._try_keep(state, judge=best_due)

    def _on_step(self) -> bool:
        if self.stop and not self._is_off_policy():
            self.commit()
            raise Halt(self.stop.name)
        return True

    def _is_off_policy(self) -> bool:
        return isinstance(self.model, OffPolicyAlgorithm)

    def _capture(self) -> State:
        state = capture(self.model, about=self.about)
        state.extra["metrics"] = self.metrics.to_facts()
        state.arrays["sim_trace"], state.extra["sim_trace"] = self.sim_trace.get_state()
        return state

    def _with_facts(self, state: State) -> State:
        state.extra["keeper"] = {"best": self.best, "judged_at": self._judged_at}
        return state

    def _try_keep(self, state: State, *, judge: bool) -> None:
        """A full disk is worth a warning; a disk that stays full is worth stopping."""
        try:
            if judge:
                self._judge(state)
            self.commit(state)
        except ResourceError as error:
            self._failures += 1
            if self._failures >= DISK_TRIES:
                raise
            self._saved_at = time.monotonic()
            print(f"warning: {error} Training goes on.", file=sys.stderr, flush=True)

    def _why_stop(self) -> str:
        if self.stop:
            return self.stop.name
        if self.config.time_limit_s and self._elapsed() >= self.config.time_limit_s:
            return f"the time limit of {self.config.time_limit_s:g} s"
        if self.config.early_stop and settled(self.metrics.rows):
            return "early stopping: completion and lap time have settled"
        return ""

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _best_due(self) -> bool:
        """At tenths of the training, whatever the clock says, so that the best is reproducible."""
        return self._tenth(self.num_timesteps) > self._tenth(self._judged_at)

    def _tenth(self, timesteps: int) -> int:
        return timesteps * BEST_OF // self.config.timesteps

    def _judge(self, state: State) -> None:
        score = dict(self.judge(state.policy))
        if checkpoint.better(score, self.best):
            checkpoint.save_best(self.run.checkpoints, state, score)
            self.best = score
        self._judged_at = state.timesteps

    def _check_finite(self) -> None:
        """Losses and weights right after an update; raises before anything is saved."""
        for name, value in self.logger.name_to_value.items():
            # Explained variance is 0/0 on constant returns; the others are means of losses.
            if name.startswith("train/") and "explained" not in name and not _finite(value):
                raise self.diverged(name.removeprefix("train/"))
        if self.poisoned():
            raise self.diverged("a weight")

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
            f"racer train --from {self.run.name}"
        )


def metrics_to_go_on(state: State, timesteps: int) -> Any:
    """The facts for `Metrics.load`; the row that ended a training goes when it goes on.

    Raises:
        BadRun: the newest episodes are no episodes.
    """
    facts = state.extra.get("metrics")
    recent = facts.get("recent", []) if isinstance(facts, dict) else []
    needed = {"progress_pct", "return", "steps"}
    if not all(isinstance(episode, dict) and needed <= episode.keys() for episode in recent):
        raise BadRun("the checkpoint's metrics are damaged: its episodes are none.")
    ended = facts.get("open") if isinstance(facts, dict) else None
    if isinstance(facts, dict) and isinstance(ended, dict) and state.timesteps < timesteps:
        return facts | ended
    return facts


def settled(rows: list[dict[str, float]]) -> bool:
    """Whether cars complete nearly every lap, and laps no longer get shorter.

    Both halves of the last 20 metrics rows: at least 95 % of episodes are laps, and the mean lap
    time of the second differs by less than 1 % from the first.
    """
    recent = rows[-_SETTLED_ROWS:]
    if len(recent) < _SETTLED_ROWS or not all(r["laps_pct"] >= _SETTLED_LAPS_PCT for r in recent):
        return False
    times = np.array([row["lap_time_s"] for row in recent])
    before, after = times[: _SETTLED_ROWS // 2].mean(), times[_SETTLED_ROWS // 2 :].mean()
    return bool(abs(after - before) < _SETTLED_CHANGE * before)


def _finite(value: Any) -> bool:
    return not isinstance(value, float | np.floating) or math.isfinite(value)
