"""Print parity and fidelity of every log in a folder, as Markdown."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.log.output import notes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log report`."""
    parser.add_argument("log", type=Path, metavar="FOLDER", help="a folder of logs")
    parser.add_argument(
        "--tracks",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder with the track files that the logs were driven on",
    )


def run(args: argparse.Namespace) -> None:
    """Print the tables."""
    from racer.deepracer.logs.report import report

    text, found = report(args.log, args.tracks)
    print(text, end="")
    notes(found)
