"""Make a run of a Stable-Baselines3 zip: its weights only, no code in it is run."""

from __future__ import annotations

import argparse
from pathlib import Path

from racer.cli.parser import add_runs_dir
from racer.cli.settings import with_set


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer import-sb3`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the zip that model.save() wrote")
    parser.add_argument("--track", help="the track it is for (default: oval)")
    parser.add_argument("--reward", help="the reward to train on with (default: center_line)")
    parser.add_argument("--actions", help="its action space (default: continuous)")
    parser.add_argument("--vehicle", help="its vehicle (default: deepracer)")
    parser.add_argument("--observation", help="what it sees (default: features)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting it was trained with, e.g. race.camera.width=160",
    )
    parser.add_argument(
        "--activation",
        choices=("relu", "tanh", "elu"),
        help="activation of the hidden layers (default: what the zip says)",
    )
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Import and say what to do next."""
    from racer.config import Config
    from racer.export.sb3 import import_sb3
    from racer.policy import Policy
    from racer.process.typed import command

    names = ("track", "reward", "actions", "vehicle", "observation")
    settings = {f"race.{n}": getattr(args, n) for n in names if getattr(args, n) is not None}
    config = Config().override(with_set(settings, args.set))
    made = import_sb3(args.file, config, args.runs_dir, activation=args.activation)
    print(f"run           {made.folder}")
    print(f"evaluate it   {command('evaluate', made.folder)}")
    if Policy.load(made.folder).network.activation == "relu":  # as all our networks are
        print(f"train it on   {command('train', '--from', made.folder)}")
