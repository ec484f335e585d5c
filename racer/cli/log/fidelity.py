"""Replay the commands of a log with a vehicle: does it move like the one in the log?"""

from __future__ import annotations

import argparse

from racer.cli.log.output import (
    add_driven_log,
    add_json,
    fidelity_table,
    notes,
    open_driven_log,
    write_json,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log fidelity`."""
    add_driven_log(parser)
    parser.add_argument(
        "--vehicle", default="deepracer", help="the vehicle to replay with (default: deepracer)"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Print how far the replayed poses are from the logged ones."""
    from racer import vehicles
    from racer.deepracer.logs.fidelity import check_clocks, own_clock

    logs, track = open_driven_log(args)
    results = check_clocks(logs, vehicles.load(args.vehicle))
    own = own_clock(results)
    print(f"{args.log} on {track.name}, driven by {args.vehicle}")
    fidelity_table(results)
    print(f"  poses of this log are taken by the {own.clock} clock: those rows count")
    for log in logs:
        notes(log.notes)
    found = {"log": str(args.log), "track": track.name, "vehicle": args.vehicle, **own.as_dict()}
    write_json(args.json, found | {"clocks": [result.as_dict() for result in results]})
