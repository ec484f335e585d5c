"""Fetch a run from object storage or another disk; every byte is checked, nothing is executed."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_runs_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer pull`."""
    parser.add_argument("url", metavar="URL/RUN", help="where `racer push` said it pushed a run to")
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Fetch it, unless it is here already."""
    from racer.release import remote
    from racer.runs.summary import say

    found, fetched = remote.pull(args.url, args.runs_dir)
    say(f"{'pulled' if fetched else 'already here, unchanged:'} {found.folder}")
