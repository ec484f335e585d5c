"""Why a recorded step is paid what it is paid: lines, values, prints, and what decided."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from racer.cli.parser import REWARD_HELP, add_runs_dir, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward why`."""
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run folder, its name, `latest`, a tag, or a recording (.npz)",
    )
    parser.add_argument(
        "--reward",
        metavar="FILE",
        help=f"pay by another reward than the run's own: {REWARD_HELP} (needed for a recording)",
    )
    parser.add_argument("--lap", type=whole, help="which lap, from 1 (default: the best)")
    parser.add_argument(
        "--step",
        type=whole,
        help="which step: steps of its params (default: the one that is paid least)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write it as JSON; - prints nothing but that"
    )
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Print the lines that ran for one step, and why it was paid that."""
    from racer.cli.watch import open_trace
    from racer.reward_check.look import look_at
    from racer.storage import files

    trace = open_trace(args.run, args.runs_dir)
    found = look_at(trace, _reward(args), lap=args.lap, step=args.step)
    if args.json == "-":
        print(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    print(found.text())
    if args.json:
        files.write_output(args.json, files.json_bytes(found.to_json()))


def _reward(args: argparse.Namespace) -> Any:
    from racer import runs
    from racer.errors import UsageError
    from racer.process import paths
    from racer.reward import load

    if args.reward:
        return load(args.reward)
    if paths.expanded(args.run).suffix == ".npz":
        raise UsageError(
            f"{args.run} is a recording, which has no reward in it: add --reward FILE."
        )
    return load(Path(runs.Run(runs.find(args.run, args.runs_dir)).reward_file))
