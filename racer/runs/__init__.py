"""Runs: the folders that trainings leave behind, found, listed, compared."""

from racer.runs.run import RUNS, Run, find, list_runs, remove

__all__ = [
    "RUNS",
    "Run",
    "find",
    "list_runs",
    "remove",
]
