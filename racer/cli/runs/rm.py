"""Delete a run, unless it is being trained."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs rm`."""
    add_run(parser)


def run(args: argparse.Namespace) -> None:
    """Delete it, also when nobody should open it."""
    from racer.runs import Run, find, remove
    from racer.runs.summary import say

    found = Run(find(args.run, args.runs_dir))
    remove(found)
    say(f"removed {found.folder}")
