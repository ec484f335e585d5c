"""Print a log as the SIM_TRACE_LOG lines that the simulator prints."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.log.output import LOG_HELP, notes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log lines`."""
    parser.add_argument("log", type=Path, metavar="LOG", help=f"{LOG_HELP}; a run folder, too")


def run(args: argparse.Namespace) -> None:
    """Print one line per step."""
    from racer.deepracer.logs import open_logs
    from racer.deepracer.logs.write import from_log

    for log in open_logs(args.log):
        for row in from_log(log):
            print(row.line())
        notes(log.notes)
