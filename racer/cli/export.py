"""Write a run's policy in another program's format."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.parser import add_checkpoint, add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer export`."""
    add_run(parser)
    add_checkpoint(parser, "the policy to write: best, last, or a step (default: the run's result)")
    parser.add_argument(
        "--sb3",
        type=Path,
        required=True,
        metavar="FILE",
        help="a zip for Stable-Baselines3's PPO.load or SAC.load",
    )


def run(args: argparse.Namespace) -> None:
    """Export and say how to open it."""
    from racer.export.sb3 import write_sb3
    from racer.runs import Run

    found = Run.open(args.run, args.runs_dir)
    path = write_sb3(found, args.sb3, checkpoint=args.checkpoint or "")
    algo = found.config().train.algo.upper()
    print(f"wrote {path}\nopen it      stable_baselines3.{algo}.load({str(path)!r})")
