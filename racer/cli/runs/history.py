"""Show which run has a tag like champion, and which had it before."""

from __future__ import annotations

import argparse

from racer.cli.parser import add_runs_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer runs history`."""
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> None:
    """Print the events of every tag, oldest first."""
    from racer import console
    from racer.runs import promoted
    from racer.runs.summary import say

    rows = []
    for tag in promoted.tags(args.runs_dir):
        now = promoted.current(args.runs_dir, tag)
        events = promoted.history(args.runs_dir, tag)
        for k, one in enumerate(events):
            lap = "" if one.mean_lap_s is None else f"{one.mean_lap_s:.3f} s"
            pct = "" if one.completion_pct is None else f"{one.completion_pct:.1f} %"
            last = "now" if now and k == len(events) - 1 else ""
            rows.append((tag, one.event, one.run, pct, lap, one.when, last))
    if not rows:
        say(f"no run in {args.runs_dir} was promoted; racer gate RUN --against champion does")
        return
    heads = ("tag", "event", "run", "completion", "mean lap", "when", "")
    for line in console.table(heads, rows, right=(3, 4)).splitlines():
        say(line)
