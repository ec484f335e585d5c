"""Turn a log into a recording for `racer watch`."""

from __future__ import annotations

import argparse

from racer.cli.log.output import add_driven_log, notes
from racer.cli.parser import recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log import`."""
    add_driven_log(parser)
    parser.add_argument(
        "--out",
        type=recording,
        required=True,
        metavar="FILE",
        help="the recording to write, a .npz",
    )


def run(args: argparse.Namespace) -> None:
    """Write the recording."""
    from racer.deepracer.logs.convert import log_trace

    trace = log_trace(args.log, args.track)
    trace.save(args.out)
    print(f"{args.out}: {len(trace.rows)} steps of {len(trace.laps())} episodes")
    notes([trace.note] if trace.note else [])
