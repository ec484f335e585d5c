"""Compare runs: which is better, by how much, and is that more than noise?"""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.parser import add_runs_dir, png


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer compare`."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run folder, its name, `latest`, or a tag"
    )
    parser.add_argument(
        "--png",
        type=png,
        default=Path("compare.png"),
        help="the plot to write (default: compare.png)",
    )
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Print a table and a sentence, draw the plot."""
    from racer.runs.comparison import groups_of, picture, table, verdict

    groups = groups_of(args.runs, args.runs_dir)
    print(table(groups))
    print(verdict(groups))
    picture(groups, args.png)
    print(f"plot          {args.png}")
