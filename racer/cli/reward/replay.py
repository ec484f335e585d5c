"""Score a real log with a reward: old against new reward, per episode."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from racer.cli.parser import REWARD_HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward replay`."""
    parser.add_argument("file", metavar="FILE", help=REWARD_HELP)
    parser.add_argument(
        "log",
        metavar="LOG",
        type=Path,
        help="a log: sim-trace CSV, text log with SIM_TRACE_LOG lines, model folder or .tar.gz",
    )
    parser.add_argument(
        "--track", required=True, help="the track it was driven on: a name or a file"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the scores as JSON; - prints nothing but them"
    )


def run(args: argparse.Namespace) -> None:
    """Print both rewards of every episode."""
    from racer.deepracer.logs.rescore import rescore
    from racer.storage import files

    found = rescore(args.file, args.log, args.track)
    for note in found.notes:
        print(f"racer: note: {note}", file=sys.stderr)
    if args.json == "-":
        print(json.dumps(found.to_json(), indent=2))
        return
    print(found.table())
    if args.json:
        files.write_output(args.json, files.json_bytes(found.to_json()))
