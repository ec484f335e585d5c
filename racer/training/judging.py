"""The best policy of a training: judged by driving laps, kept in checkpoints/best-<step>."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from racer.config import TrainConfig
from racer.errors import BadRun
from racer.policy import Policy
from racer.runs import Run
from racer.training import checkpoint
from racer.training.state import State

BEST_OF = 10  # policies judged during a training, at equal distances, unless settings say otherwise

Judge = Callable[[Policy], Mapping[str, float | None]]


class Judging:
    """Drives the policy now and then and keeps the best one so far.

    Args:
        run: where the best is kept.
        config: how often.
        judge: drives a policy and says {"completion_pct", "lap_time_s"}.

    Attributes:
        best: the score of the best policy so far; None when none was judged.
    """

    def __init__(self, run: Run, config: TrainConfig, judge: Judge) -> None:
        self._run, self._config, self._judge = run, config, judge
        self.best: dict[str, float | None] | None = None
        self._judged_at = 0  # timesteps

    def due(self, timesteps: int) -> bool:
        """At fixed steps, whatever the clock says, so that the best is reproducible."""
        return self._count(timesteps) > self._count(self._judged_at)

    def judge(self, state: State) -> None:
        """Drive the policy of `state`; keep it when it is the best."""
        score = dict(self._judge(state.policy))
        if checkpoint.better(score, self.best):
            checkpoint.save_best(self._run.checkpoints, state, score)
            self.best = score
        self._judged_at = state.timesteps

    def get_state(self) -> dict[str, Any]:
        """For a checkpoint, as JSON."""
        return {"best": self.best, "judged_at": self._judged_at}

    def set_state(self, facts: Any) -> None:
        """Go on from `get_state`.

        Raises:
            BadRun: it is damaged.
        """
        try:
            self.best, self._judged_at = facts["best"], int(facts["judged_at"])
            checkpoint.better({"completion_pct": 0.0}, self.best)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRun(f"the checkpoint's best score is damaged: {error}.") from error

    def best_policy(self) -> Policy | None:
        """The best policy so far; None when none was judged yet."""
        folder = checkpoint.best(self._run.checkpoints)
        return None if folder is None else checkpoint.load_policy(folder)

    def _count(self, timesteps: int) -> int:
        """How many judgements are due by then."""
        if self._config.eval_every is not None:
            return timesteps // self._config.eval_every
        return timesteps * BEST_OF // self._config.timesteps
