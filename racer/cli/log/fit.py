"""Identify a vehicle's numbers from logs; needs scipy: pip install 'racer[fit]'."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from racer.cli.log.output import add_json, fidelity_table, notes, table, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log fit`."""
    parser.add_argument(
        "log", nargs="+", type=Path, metavar="LOG", help="logs to fit the vehicle to"
    )
    parser.add_argument(
        "--held-out",
        nargs="+",
        type=Path,
        default=[],
        metavar="LOG",
        help="logs that are not fitted to, only reported on",
    )
    parser.add_argument(
        "--vehicle", default="deepracer", help="the vehicle to begin with (default: deepracer)"
    )
    parser.add_argument(
        "--clock",
        choices=("fixed", "log"),
        default="fixed",
        help="time between steps: fixed is 1/15 s, log is the log's own time stamps "
        "(default: fixed)",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> None:
    """Fit, and print how well the fitted vehicle moves."""
    from racer import vehicles
    from racer.deepracer.logs import check_fidelity, open_logs
    from racer.deepracer.logs.fit import FREE, fit

    logs = [log for path in args.log for log in open_logs(path)]
    held_out = [log for path in args.held_out for log in open_logs(path)]
    found = fit(logs, vehicles.load(args.vehicle), args.clock)
    values = {name: round(float(found.vehicle[name][0]), 4) for name in FREE}
    print(f"fitted to {len(logs)} logs with {found.evaluations} replays, loss {found.loss:.4f}")
    table(("field", "value"), ((name, f"{value:g}") for name, value in values.items()))
    result: dict[str, Any] = {"vehicle": values, "loss": found.loss, "clock": args.clock}
    for title, part in (("fitted", logs), ("held out", held_out)):
        if part:
            fidelity = check_fidelity(part, found.vehicle, args.clock)
            print(title)
            fidelity_table([fidelity])
            result[title.replace(" ", "_")] = fidelity.as_dict()
            for log in part:
                notes(log.notes)
    write_json(args.json, result)
