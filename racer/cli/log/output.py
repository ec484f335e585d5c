"""What the commands about logs share: how a log is named on the command line, tables, notes."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racer import console

if TYPE_CHECKING:
    from racer.deepracer.logs import Fidelity, Log
    from racer.tracks import Track

LOG_HELP = "a log: sim-trace CSV, text log with SIM_TRACE_LOG lines, model folder or .tar.gz"


def add_driven_log(parser: argparse.ArgumentParser) -> None:
    """A log and the track it was driven on."""
    parser.add_argument("log", type=Path, metavar="LOG", help=LOG_HELP)
    parser.add_argument(
        "--track", required=True, help="the track it was driven on: a name or a file"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Where the result goes as JSON."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")


def open_driven_log(args: argparse.Namespace) -> tuple[list[Log], Track]:
    """The log and the track that the command line names."""
    from racer.deepracer.logs.convert import open_driven
    from racer.tracks import Track

    track = Track.load(args.track)
    return open_driven(args.log, track), track


def fidelity_table(results: Iterable[Fidelity]) -> None:
    """Print how far replays are from logs, a row for each clock and number of steps."""
    rows = []
    for result in results:
        for steps, entry in result.as_dict()["steps"].items():
            rows.append(
                (
                    result.clock,
                    steps,
                    str(entry["states"]),
                    f"{entry['driven_m']:.2f} m",
                    f"{entry['position_median_m']:.4f} / {entry['position_p90_m']:.4f} m",
                    f"{entry['heading_median_deg']:.2f} / {entry['heading_p90_deg']:.2f} deg",
                )
            )
    heads = ("clock", "steps", "states", "driven", "position median / p90", "heading median / p90")
    table(heads, rows)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print columns, indented."""
    print(textwrap.indent(console.table(heads, list(rows)), "  "))


def notes(found: Iterable[str]) -> None:
    """Print what is worth knowing beside the result."""
    for note in found:
        print(f"racer: note: {note}", file=sys.stderr)


def write_json(path: Path | None, value: dict[str, Any]) -> None:
    """Write the result to the file that --json names, if it does."""
    if path is not None:
        from racer.storage import files

        files.write_output(path, files.json_bytes(value))
