"""Call a reward once with saved params, as a failed training leaves them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from racer.cli.parser import REWARD_HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward run`."""
    parser.add_argument("file", metavar="FILE", help=REWARD_HELP)
    parser.add_argument(
        "--params", metavar="JSON", required=True, help="the params, as a failed run saved them"
    )
    parser.add_argument(
        "--engine",
        choices=("worker", "inprocess"),
        default="worker",
        help="where the reward runs: worker guards it, inprocess is for breakpoint() and pdb "
        "(default: worker)",
    )


def run(args: argparse.Namespace) -> None:
    """Print what the reward prints and returns."""
    from racer.reward import load
    from racer.reward.failure import read_params
    from racer.reward_check.once import once

    value, printed = once(load(args.file), read_params(Path(args.params)), args.engine)
    sys.stdout.write(printed)
    print(value)
