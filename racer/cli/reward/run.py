"""Call a reward once, with saved params or those of a place on the road.

A failed training saves the params that its reward failed on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from racer.cli.others import add_others, only_with, others_of
from racer.cli.parser import REWARD_HELP, belongs, number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward run`."""
    parser.add_argument("file", metavar="FILE", help=REWARD_HELP)
    parser.add_argument(
        "--params",
        metavar="JSON",
        help="the params, as a failed run or --save wrote them (default: those of a car that "
        "stands on the road)",
    )
    parser.add_argument("--track", help="the road that the car stands on (default: oval)")
    parser.add_argument(
        "--at",
        type=number,
        metavar="PART",
        help="the part of the lap where the car stands, on the centre line (default: 0)",
    )
    parser.add_argument(
        "--save", metavar="FILE", help="also write these params, to be edited and given to --params"
    )
    add_others(parser)
    parser.add_argument(
        "--engine",
        choices=("worker", "inprocess"),
        default="worker",
        help="where the reward runs: worker guards it, inprocess is for breakpoint() and pdb "
        "(default: worker)",
    )


def run(args: argparse.Namespace) -> None:
    """Print what the reward prints and returns."""
    from racer.errors import UsageError
    from racer.reward import load
    from racer.reward.failure import read_params
    from racer.reward_check.once import once, params_at
    from racer.storage import files
    from racer.tracks import Track

    if args.params:
        place = "racer reward run without --params"
        belongs(args, place, "--track", "--at", "--save")
        only_with(args, place)
        params = read_params(Path(args.params))
    else:
        at = args.at or 0.0
        if not 0.0 <= at <= 1.0:
            raise UsageError(f"--at {at:g}; give a part of the lap from 0 to 1, e.g. 0.25.")
        params = params_at(Track.load(args.track or "oval"), others_of(args), at)
    value, printed = once(load(args.file), params, args.engine)
    if args.save:
        files.write_output(args.save, files.json_bytes({"params": params}))
    sys.stdout.write(printed)
    print(value)
