"""List the runs in object storage or on another disk."""

from __future__ import annotations

import argparse

from racer.cli.push import URL_HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer ls`."""
    parser.add_argument("url", metavar="URL", help=URL_HELP)


def run(args: argparse.Namespace) -> None:
    """Print one line per run that was pushed whole."""
    from racer import console
    from racer.release import remote
    from racer.runs.summary import say

    rows = []
    for name, index in remote.listed(args.url):
        if isinstance(index, str):
            rows.append((name, "cannot be read", "", "", ""))
            console.log(__name__).warning("%s", index)
            continue
        completion, lap = index.get("completion_pct"), index.get("mean_lap_s")
        rows.append(
            (
                name,
                index.get("status", ""),
                "" if completion is None else f"{completion:.1f} %",
                "" if lap is None else f"{lap:.2f} s",
                f"{remote.size_of(index) / 1e6:.1f} MB",
            )
        )
    if not rows:
        say(f"no runs at {args.url}")
        return
    heads = ("name", "status", "completion", "mean lap", "size")
    for line in console.table(heads, rows, right=(2, 3, 4)).splitlines():
        say(line)
