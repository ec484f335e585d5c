"""Write a run's policy in another program's format."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer export`."""
    parser.add_argument("run", metavar="RUN", help="a run folder, its name, or `latest`")
    parser.add_argument(
        "--sb3",
        type=Path,
        required=True,
        metavar="FILE",
        help="a zip for Stable-Baselines3's PPO.load or SAC.load",
    )
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"), help="default: runs")


def run(args: argparse.Namespace) -> None:
    """Export and say how to open it."""
    from racer.export.sb3 import write_sb3
    from racer.runs import Run

    found = Run.open(args.run, args.runs_dir)
    path = write_sb3(found, args.sb3)
    algo = found.config().train.algo.upper()
    print(f"wrote {path}\nopen it      stable_baselines3.{algo}.load({str(path)!r})")
