"""Runs: the folders that trainings leave behind, found, listed, compared."""

from racer.runs.run import REWARD_FILES, RUNS, Run, find, list_runs, remove

__all__ = [
    "REWARD_FILES",
    "RUNS",
    "Run",
    "find",
    "list_runs",
    "remove",
]
