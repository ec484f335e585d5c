"""Give a tag like champion back to the run that had it before."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_runs_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs rollback`."""
    parser.add_argument("tag", metavar="TAG", help="the tag, for example champion")
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Roll back and say who has it now."""
    from racer.runs import promoted
    from racer.runs.summary import say

    before = promoted.roll_back(args.runs_dir, promoted.check_tag(args.tag))
    say(f"{before.run} is {args.tag} again")
