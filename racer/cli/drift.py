"""Compare what a served policy saw and did with its training and evaluation.

exit codes: 0 as before, 1 it parts from both, 2 usage, 3 a log or run that cannot be used.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from racer.cli.parser import add_checkpoint, add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer drift`."""
    add_run(parser)
    add_checkpoint(parser, "the policy that was served: best, last, or a step")
    parser.add_argument(
        "log", type=Path, metavar="LOG", help="a file that `racer serve --log` wrote"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write every number as JSON; - prints nothing but it"
    )


def run(args: argparse.Namespace) -> int:
    """Say whether they part, and where."""
    from racer.runs import Run
    from racer.serve import drift
    from racer.storage import files

    found = Run.open(args.run, args.runs_dir)
    result = drift.compare(found, args.log, checkpoint=args.checkpoint or "")
    if args.json == "-":
        print(json.dumps(result.to_json(), indent=2))
        return 1 if result.parted else 0
    print(result.table())
    print(f"\n{result.text()}")
    if args.json:
        files.write_output(args.json, files.json_bytes(result.to_json()))
    return 1 if result.parted else 0
