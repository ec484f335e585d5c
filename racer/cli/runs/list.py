"""List the runs, newest first, with how they ended and how they drive."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_runs_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs list`."""
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="show only runs with this in their name or a tag"
    )
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Print one line per run."""
    from racer import console
    from racer.runs import list_runs
    from racer.runs.laps import share_of
    from racer.runs.summary import result_of, say, status_of

    found = list_runs(args.runs_dir, args.words)
    if not found:
        words = " ".join(args.words)
        say(f"no runs in {args.runs_dir}" + (f" with {words}" if words else ""))
        return
    rows = []
    for one in found:
        result, share = result_of(one), share_of(one)
        completion, lap = result.get("completion_pct"), result.get("mean_lap_s")
        rows.append(
            (
                one.name,
                status_of(one),
                "" if completion is None else f"{completion:.1f} %",
                "" if lap is None else f"{lap:.2f} s",
                "" if share is None else f"{share:.1f} %",
                " ".join(one.manifest().get("tags", [])),
            )
        )
    heads = ("name", "status", "completion", "mean lap", "optimal", "tags")
    for line in console.table(heads, rows, right=(2, 3, 4)).splitlines():
        say(line)
