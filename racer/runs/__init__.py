"""Run folders: each holds one training. Find, list, compare and remove them."""

from racer.runs.run import REWARD_FILES, RUNS, Run, find, list_runs, remove

__all__ = [
    "REWARD_FILES",
    "RUNS",
    "Run",
    "find",
    "list_runs",
    "remove",
]
