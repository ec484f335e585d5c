"""Add tags to a run: words to find it by."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_run, tag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs tag`."""
    add_run(parser)
    parser.add_argument("words", nargs="+", type=tag, metavar="WORD", help="the tags to add")


def run(args: argparse.Namespace) -> None:
    """Add them and print all tags of the run."""
    from racer.runs import Run
    from racer.runs.summary import say

    found = Run.open(args.run, args.runs_dir)
    tags = sorted({*found.manifest().get("tags", []), *args.words})
    found.record(tags=tags)
    say(f"{found.name}: {' '.join(tags)}")
