"""Measure speed on this machine: the engine, the doors, start-up, training, and peers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from racer.cli.parser import belongs, names, number, png, whole

COUNTS = {  # option: what it counts for
    "--png": ("engine", "all"),
    "--against": ("engine", "all"),
    "--quick": ("engine", "all"),
    "--seeds": ("train", "lessons", "roads", "all"),
    "--track": ("engine", "train", "lessons", "all"),
    "--rewards": ("train", "lessons", "all"),
    "--seconds": ("train", "all"),
    "--sb3-loops": ("train", "all"),
    "--timesteps": ("lessons",),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer bench`."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=("engine", "train", "all", "lessons", "roads"),
        default="all",
        help="all (the default) is engine and train; lessons: how fast each example reward teaches "
        "a car to drive, in percent of the best possible; roads: when one policy laps tracks it "
        "never saw, and what training on many costs",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every raw repetition")
    parser.add_argument("--png", type=png, metavar="FILE", help="draw speed against cars")
    parser.add_argument(
        "--against",
        type=names,
        metavar="PEERS",
        help="measure peers too: carracing,highway (pip install 'racer[bench]')",
    )
    parser.add_argument(
        "--track",
        nargs="+",
        default=[],
        metavar="NAME",
        help="tracks to train on, the engine drives the first (default: oval)",
    )
    parser.add_argument(
        "--rewards",
        type=names,
        metavar="NAMES",
        help="rewards to train with (default: center_line,progress; of lessons: all)",
    )
    parser.add_argument(
        "--seeds", type=whole, metavar="N", help="trainings for each reward (default: 5)"
    )
    parser.add_argument(
        "--seconds", type=number, metavar="S", help="how long each training learns, s (default: 30)"
    )
    parser.add_argument(
        "--timesteps",
        type=whole,
        metavar="N",
        help="of lessons: steps of learning in each training (default: 1000000)",
    )
    parser.add_argument(
        "--sb3-loops",
        action="store_true",
        help="train once more with the loops of Stable-Baselines3's own PPO",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="measure the engine for a few seconds: shows that it works, not how fast it is",
    )


def run(args: argparse.Namespace) -> None:
    """Print Markdown tables."""
    from racer.bench import report as bench
    from racer.config import RaceConfig
    from racer.errors import UsageError

    for option, places in COUNTS.items():
        if args.what not in places:
            belongs(args, f"racer bench {' or '.join(places)}", option)
    seeds = 5 if args.seeds is None else args.seeds
    seconds = 30.0 if args.seconds is None else args.seconds
    if seeds < 1:
        raise UsageError(f"--seeds is {seeds}; give at least 1.")
    if seconds <= 0.0:
        raise UsageError(f"--seconds is {seconds:g}; give more than 0.")
    if args.what == "engine" and len(args.track) > 1:
        raise UsageError("several tracks belong to `racer bench train` or `all`.")
    if args.what == "lessons":
        _lessons(args, seeds)
        return
    if args.what == "roads":
        _roads(args, seeds)
        return
    report = bench.bench(
        args.what,
        races=[RaceConfig(track=name) for name in args.track or [RaceConfig.track]],
        against=args.against or [],
        quick=args.quick,
        seeds=seeds,
        seconds=seconds,
        rewards=tuple(args.rewards or bench.REWARDS),
        sb3_loops=args.sb3_loops,
        quiet=False,
    )
    print(report.markdown())
    if args.json:
        bench.save_json(report, args.json)
    if args.png:
        bench.picture(report, args.png)
    for path in filter(None, (args.json, args.png)):
        print(f"written       {path}", file=sys.stderr)


def _roads(args: argparse.Namespace, seeds: int) -> None:
    """Train one policy for every track, and print the tables."""
    import json

    from racer.bench import roads
    from racer.storage.files import write_output

    report = roads.bench(seeds=seeds, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(report.markdown())
    if args.json:
        write_output(args.json, json.dumps(report.to_json(), indent=1).encode())


def _lessons(args: argparse.Namespace, seeds: int) -> None:
    """Train with every lesson, and print the table."""
    import json

    from racer.bench import lessons
    from racer.errors import UnknownName, UsageError
    from racer.storage.files import write_output

    timesteps = 1_000_000 if args.timesteps is None else args.timesteps
    if timesteps < 1:
        raise UsageError(f"--timesteps is {timesteps}; give at least 1.")
    known = [one.name for one in lessons.lessons()]
    for name in args.rewards or []:
        if name not in known:
            raise UnknownName("lesson", name, known)
    report = lessons.bench(
        lessons.lessons(args.rewards or ()),
        args.track or ["oval"],
        seeds=seeds,
        timesteps=timesteps,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(report.markdown())
    if args.json:
        write_output(args.json, json.dumps(report.to_json(), indent=1).encode())
