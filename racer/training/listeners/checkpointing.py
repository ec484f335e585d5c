"""Checkpoints of a training on disk, each whole or absent; `racer train --resume` reads them."""

from __future__ import annotations

from racer.config import TrainConfig
from racer.race import Race
from racer.runs import Run
from racer.training import checkpoint
from racer.training.listener import Listener
from racer.training.state import State

KEEP = 2  # the last but one too: the last may turn out to be damaged


class Checkpointing(Listener):
    """Writes every moment it is told of to the run's checkpoints folder.

    Args:
        config: how long the training is, and how many checkpoints it keeps.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config = config

    def on_start(self, run: Run, race: Race) -> None:
        self._folder = run.checkpoints

    def on_checkpoint(self, state: State) -> None:
        over = state.timesteps >= self._config.timesteps
        keep = self._config.keep_checkpoints or (1 if over else KEEP)
        checkpoint.save(self._folder, state, keep=keep)
