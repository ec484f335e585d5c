"""Let a run drive again, and promote it only if it is good enough; for scripts and CI.

exit codes: 0 passed, 1 not good enough, 2 usage, 3 a run that cannot be used, 6 the tag changed
hands meanwhile.
"""

from __future__ import annotations

import argparse
import json

from racer.cli.parser import add_run, number, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer gate`."""
    add_run(parser)
    parser.add_argument(
        "--min-completion",
        type=number,
        default=100.0,
        metavar="PCT",
        help="the least completion of its laps, in %% (default: 100)",
    )
    parser.add_argument(
        "--max-lap", type=number, metavar="S", help="the longest mean lap, in seconds"
    )
    parser.add_argument(
        "--against",
        metavar="TAG",
        help="the run with this tag, e.g. champion, must not be better; if this run passes, it "
        "gets the tag",
    )
    parser.add_argument(
        "--no-promote", action="store_true", help="with --against: compare only, move no tag"
    )
    parser.add_argument(
        "--laps", type=whole, help="how many laps to drive (default: as the run was evaluated)"
    )
    parser.add_argument("--track", help="the track to drive on (default: where it trained)")
    parser.add_argument(
        "--json", metavar="FILE", help="also write the verdict as JSON; - prints nothing but it"
    )


def run(args: argparse.Namespace) -> int:
    """Judge, promote, and say so."""
    from racer.cli.parser import belongs
    from racer.errors import UsageError
    from racer.release import gate
    from racer.runs import Run, promoted
    from racer.runs.summary import say
    from racer.storage import files

    if not 0.0 <= args.min_completion <= 100.0:
        raise UsageError(f"--min-completion {args.min_completion:g}; allowed is 0 to 100 %.")
    if args.against is None:
        belongs(args, "--against", "--no-promote")
    else:
        promoted.check_tag(args.against)
    found = Run.open(args.run, args.runs_dir)
    seen = promoted.history(args.runs_dir, args.against) if args.against else []
    best = gate.champion(args.runs_dir, args.against) if args.against else None
    verdict = gate.judge(
        found,
        min_completion_pct=args.min_completion,
        max_lap_s=args.max_lap,
        laps=args.laps,
        track=args.track,
        against=None if best is None or best.name == found.name else best,
    )
    promote = args.against if verdict.passed and not args.no_promote else None
    if promote and (best is None or best.name != found.name):
        gate.pass_through(found, args.runs_dir, promote, verdict, seen)
    if args.json:
        content = files.json_bytes(verdict.to_json())
        if args.json != "-":
            files.write_output(args.json, content)
    if args.json == "-":
        print(json.dumps(verdict.to_json(), indent=2))
        return 0 if verdict.passed else 1
    for line in verdict.table().splitlines():
        say(line)
    if promote:
        say(f"{found.name} is {promote} now")
    elif not verdict.passed:
        say(f"{found.name} is not good enough")
    return 0 if verdict.passed else 1
