"""Rank the laps of runs and people, beside the fastest laps known.

Laps of one track, vehicle and action space are compared; each of these has its own table.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from racer.cli.parser import add_runs_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer board`."""
    parser.add_argument("--track", metavar="T", help="show only laps of this track")
    parser.add_argument(
        "--all", action="store_true", help="show every lap, not only the best one of each driver"
    )
    add_runs_dir(parser)
    parser.add_argument(
        "--laps-dir",
        type=Path,
        default=Path("laps"),
        metavar="DIR",
        help="the folder of laps that people drove (default: laps)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the laps as JSON; - prints nothing but it"
    )


def run(args: argparse.Namespace) -> None:
    """Print the tables; name what was skipped."""
    from racer.config import RaceConfig
    from racer.runs.board import boards, references_of
    from racer.storage import files
    from racer.tracks import Track

    track = Track.load(args.track) if args.track else None
    found, skipped = boards(args.runs_dir, args.laps_dir, track)
    if not found and track is not None:
        known = references_of(track, RaceConfig())
        found = [known] if known else []
    if not args.all:
        found = [one.best() for one in found]
    about = {"boards": [one.to_json() for one in found], "skipped": skipped}
    for line in skipped:
        print(f"warning: skipped {line}", file=sys.stderr)
    if args.json == "-":
        print(json.dumps(about, indent=2))
        return
    print("\n\n".join(one.table() for one in found) or _none(args))
    if args.json:
        files.write_output(args.json, files.json_bytes(about))


def _none(args: argparse.Namespace) -> str:
    from racer.process.typed import command

    where = f"{args.runs_dir} or {args.laps_dir}"
    if not args.track:
        return (
            f"no laps in {where}. racer train drives some after training; racer drive lets you "
            "drive."
        )
    return (
        f"no laps on {args.track} in {where}, and no reference lap of it is known. "
        f"{command('train', '--track', args.track)} drives some after training; "
        f"{command('drive', '--track', args.track)} lets you drive; "
        f"{command('line', args.track)} searches for the fastest."
    )
