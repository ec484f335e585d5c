"""Checkpoints of a training on disk, each whole or absent; `racer train --resume` reads them."""

from __future__ import annotations

from racer.race import Race
from racer.runs import Run
from racer.training import checkpoint
from racer.training.listener import Listener
from racer.training.state import State

KEEP = 2  # the last but one too: the last may turn out to be damaged


class Checkpointing(Listener):
    """Writes every moment it is told of to the run's checkpoints folder.

    Args:
        timesteps: of the whole training; at its end one checkpoint is kept.
    """

    def __init__(self, timesteps: int) -> None:
        self._timesteps = timesteps

    def on_start(self, run: Run, race: Race) -> None:
        self._folder = run.checkpoints

    def on_checkpoint(self, state: State) -> None:
        keep = 1 if state.timesteps >= self._timesteps else KEEP
        checkpoint.save(self._folder, state, keep=keep)
