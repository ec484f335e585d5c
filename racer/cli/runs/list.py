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
    from racer.runs import list_runs
    from racer.runs.laps import share_of
    from racer.runs.summary import result_of, say, status_of

    found = list_runs(args.runs_dir, args.words)
    if not found:
        words = " ".join(args.words)
        say(f"no runs in {args.runs_dir}" + (f" with {words}" if words else ""))
        return
    width = max(len(one.name) for one in found)
    say(f"{'name':<{width}}  {'status':<9} {'completion':>10} {'mean lap':>9} {'optimal':>8}  tags")
    for one in found:
        result = result_of(one)
        completion, lap = result.get("completion_pct"), result.get("mean_lap_s")
        shown = "" if completion is None else f"{completion:.1f} %"
        time = "" if lap is None else f"{lap:.2f} s"
        share = share_of(one)
        optimal = "" if share is None else f"{share:.1f} %"
        tags = " ".join(one.manifest().get("tags", []))
        line = (
            f"{one.name:<{width}}  {status_of(one):<9} {shown:>10} {time:>9} {optimal:>8}  {tags}"
        )
        say(line.rstrip())
