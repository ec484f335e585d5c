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
    "--seeds": ("train", "lessons", "references", "roads", "among", "eyes", "devices", "all"),
    "--track": ("engine", "train", "lessons", "references", "among", "eyes", "devices", "all"),
    "--vehicles": ("references",),
    "--rules": ("references",),
    "--rewards": ("train", "lessons", "devices", "all"),
    "--seconds": ("train", "eyes", "devices", "all"),
    "--runs": ("eyes",),
    "--set": ("eyes",),
    "--observations": ("devices",),
    "--threads": ("devices",),
    "--price": ("devices",),
    "--sb3-loops": ("train", "all"),
    "--cpu": ("train", "all"),
    "--timesteps": ("lessons", "among"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer bench`."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=(
            "engine",
            "train",
            "all",
            "lessons",
            "references",
            "roads",
            "among",
            "eyes",
            "devices",
            "lab",
        ),
        default="all",
        help="all (the default) is engine and train; lessons: how fast each example reward teaches "
        "a car to drive, in percent of the best possible; references: the search for the fastest "
        "lap, with several seeds; roads: when one policy laps tracks it never saw, and what "
        "training on many costs; among: what a car learns among boxes, bots and cars like itself; "
        "eyes: how fast tracks are learned from pixels, or what policies "
        "that see do where they have not trained; devices: CPU threads against a GPU; "
        "lab: how long one waits for `racer lab`",
    )
    _add_files(parser)
    _add_subjects(parser)
    _add_effort(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Where results go."""
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write every raw repetition; references are written search by search, and a table "
        "that was interrupted goes on from its file",
    )
    parser.add_argument("--png", type=png, metavar="FILE", help="draw speed against cars")


def _add_subjects(parser: argparse.ArgumentParser) -> None:
    """What is measured."""
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
        help="tracks to train on, the engine drives the first (default: oval); of references: "
        "tracks and folders of tracks (default: all that are built in)",
    )
    parser.add_argument(
        "--vehicles", type=names, metavar="NAMES", help="of references (default: deepracer)"
    )
    parser.add_argument(
        "--rules",
        type=names,
        metavar="NAMES",
        help="of references: official, strict or both (default: official)",
    )
    parser.add_argument(
        "--rewards",
        type=names,
        metavar="NAMES",
        help="rewards to train with (default: center_line,progress; of lessons: all)",
    )
    parser.add_argument(
        "--observations",
        type=names,
        metavar="NAMES",
        help="of devices: what the policy sees, each a table of its own (default: features)",
    )
    parser.add_argument(
        "--runs",
        nargs="+",
        metavar="RUN",
        help="of eyes: train nothing, and let the policies of these runs drive every built-in "
        "track, or those of --track, in the colours of several worlds",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of eyes: a setting of the trainings, e.g. race.observation=stereo or train.algo=sac",
    )


def _add_effort(parser: argparse.ArgumentParser) -> None:
    """How often, how long and on what."""
    parser.add_argument(
        "--seeds",
        type=whole,
        metavar="N",
        help="trainings for each reward, searches for each lap (default: 5)",
    )
    parser.add_argument(
        "--seconds", type=number, metavar="S", help="how long each training learns, s (default: 30)"
    )
    parser.add_argument(
        "--timesteps",
        type=whole,
        metavar="N",
        help="of lessons and among: steps of learning in each training (default: 1000000 of "
        "lessons, 2000000 of among)",
    )
    parser.add_argument(
        "--threads",
        type=_threads,
        metavar="N,N",
        help="of devices: threads of the CPU to try, e.g. 1,4 (default: 1, 2, 4, … to all cores)",
    )
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="DEVICE=X",
        help="of devices: what an hour of cpu, cuda or mps costs, e.g. --price cpu=0.05",
    )
    parser.add_argument(
        "--sb3-loops",
        action="store_true",
        help="train once more with the loops of Stable-Baselines3's own PPO",
    )
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="of train: seconds are CPU time of this process, for a machine that is busy",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="measure the engine for a few seconds: shows that it works, not how fast it is",
    )


def run(args: argparse.Namespace) -> None:
    """Print Markdown tables."""
    from racer.bench import report as bench
    from racer.cli import benches
    from racer.config import RaceConfig
    from racer.errors import UsageError

    for option, places in COUNTS.items():
        if args.what not in places:
            belongs(args, f"racer bench {' or '.join(places)}", option)
    if args.runs:
        belongs(args, "racer bench eyes without --runs", "--seeds", "--seconds", "--set")
    seeds = 5 if args.seeds is None else args.seeds
    seconds = 30.0 if args.seconds is None else args.seconds
    if seeds < 1:
        raise UsageError(f"--seeds is {seeds}; give at least 1.")
    if seconds <= 0.0:
        raise UsageError(f"--seconds is {seconds:g}; give more than 0.")
    if args.what == "engine" and len(args.track) > 1:
        raise UsageError("several tracks belong to `racer bench train` or `all`.")
    args.seeds, args.seconds = seeds, seconds
    if args.what in benches.BENCHES:
        benches.BENCHES[args.what](args)
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
        cpu=args.cpu,
        quiet=False,
    )
    print(report.markdown())
    if args.json:
        bench.save_json(report, args.json)
    if args.png:
        bench.picture(report, args.png)
    for path in filter(None, (args.json, args.png)):
        print(f"written       {path}", file=sys.stderr)


def _threads(text: str) -> list[int]:
    """Numbers with commas between them."""
    return [whole(one) for one in text.split(",")]
