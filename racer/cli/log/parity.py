"""Compare what a log recorded with what the engine computes; exit code 1 when they differ."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from racer.cli.log.output import add_driven_log, add_json, notes, open_driven_log, table, write_json

if TYPE_CHECKING:
    from racer.deepracer.logs import Parity


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer log parity`."""
    add_driven_log(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """0, or 1 when a field is below its bar."""
    from racer.deepracer.logs import check_parity

    logs, track = open_driven_log(args)
    results = [check_parity(log, track) for log in logs]
    for result in results:
        _show(result)
    passed = all(result.passed for result in results)
    write_json(args.json, {"passed": passed, "logs": [result.as_dict() for result in results]})
    return 0 if passed else 1


def _show(result: Parity) -> None:
    print(f"{result.source} on {result.track}")
    table(
        ("field", "matches", "nearby", "share", "bar", "worst difference", ""),
        (
            (
                field.name,
                f"{field.matches}/{field.rows}",
                str(field.nearby),
                f"{field.match_pct:.2f} %",
                f"{field.bar_pct:g} %",
                f"{field.worst:.3g}",
                "ok" if field.passed else "BELOW",
            )
            for field in result.fields
        ),
    )
    for field in result.fields:
        if field.first:
            at = field.first
            print(
                f"  first difference of {field.name}: line {at['line']}, episode {at['episode']}, "
                f"step {at['steps']}: logged {at['logged']}, computed {at['computed']}"
            )
    notes(result.notes)
