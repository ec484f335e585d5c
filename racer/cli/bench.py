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
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write every raw repetition; references are written search by search, and a table "
        "that was interrupted goes on from its file",
    )
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
        "--seeds",
        type=whole,
        metavar="N",
        help="trainings for each reward, searches for each lap (default: 5)",
    )
    parser.add_argument(
        "--seconds", type=number, metavar="S", help="how long each training learns, s (default: 30)"
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
        "--threads",
        type=_threads,
        metavar="N,N",
        help="of devices: threads of the CPU to try, e.g. 1,4 (default: 1, 2, 4, … to all cores)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of eyes: a setting of the trainings, e.g. race.observation=stereo or train.algo=sac",
    )
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="DEVICE=X",
        help="of devices: what an hour of cpu, cuda or mps costs, e.g. --price cpu=0.05",
    )
    parser.add_argument(
        "--timesteps",
        type=whole,
        metavar="N",
        help="of lessons and among: steps of learning in each training (default: 1000000 of "
        "lessons, 2000000 of among)",
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
    if args.what == "references":
        _references(args, seeds)
        return
    if args.what == "among":
        _among(args, seeds)
        return
    if args.what == "devices":
        _devices(args, seeds, seconds)
        return
    if args.what == "roads":
        _roads(args, seeds)
        return
    if args.what == "eyes":
        _eyes(args, seeds, seconds)
        return
    if args.what == "lab":
        _lab(args)
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


def _lab(args: argparse.Namespace) -> None:
    """Wait for the lab, and print for how long."""
    from racer.lab import measure
    from racer.storage.files import json_bytes, write_output

    rows = measure.bench(lambda line: print(line, file=sys.stderr, flush=True))
    print(measure.markdown(rows))
    if args.json:
        write_output(args.json, json_bytes({"rows": [row._asdict() for row in rows]}))


def _roads(args: argparse.Namespace, seeds: int) -> None:
    """Train one policy for every track, and print the tables."""
    import json

    from racer.bench import roads
    from racer.storage.files import write_output

    report = roads.bench(seeds=seeds, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(report.markdown())
    if args.json:
        write_output(args.json, json.dumps(report.to_json(), indent=1).encode())


def _eyes(args: argparse.Namespace, seeds: int, seconds: float) -> None:
    """Learn from pixels, or let trained policies drive where they have not trained."""
    from racer.bench import eyes
    from racer.storage.files import json_bytes, write_output
    from racer.tracks.track import BUILTIN

    if args.runs:
        belongs(args, "racer bench eyes without --runs", "--seeds", "--seconds", "--set")
        roads = args.track or [str(path) for path in sorted(BUILTIN.glob("*.txt"))]
        found = eyes.unseen(args.runs, roads, Path("runs"))
        text, raw = eyes.unseen_table(found), {"unseen": [vars(one) for one in found]}
    else:
        report = eyes.bench(
            args.track or ["oval"],
            seeds=seeds,
            seconds=seconds,
            tell=lambda line: print(line, file=sys.stderr, flush=True),
            settings=_settings(args.set),
        )
        text, raw = report.markdown(), report.to_json()
    print(text)
    if args.json:
        write_output(args.json, json_bytes(raw))


def _settings(given: list[str]) -> dict[str, str]:
    """What --set says, by Config key."""
    from racer.errors import BadConfig

    settings: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or key.strip() in settings:
            raise BadConfig(f"--set {text}: write KEY=VALUE once, e.g. race.camera.width=160.")
        settings[key.strip()] = value.strip()
    return settings


def _among(args: argparse.Namespace, seeds: int) -> None:
    """Train among boxes, bots and cars, and print the tables."""
    from racer.bench import among
    from racer.storage.files import json_bytes, write_output

    report = among.bench(
        args.track or ["oval"],
        seeds=seeds,
        timesteps=_timesteps(args, 2_000_000),
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(report.markdown())
    if args.json:
        write_output(args.json, json_bytes(report.to_json()))


def _timesteps(args: argparse.Namespace, usual: int) -> int:
    """Steps of each training, where the bench counts steps."""
    from racer.errors import UsageError

    timesteps = usual if args.timesteps is None else args.timesteps
    if timesteps < 1:
        raise UsageError(f"--timesteps is {timesteps}; give at least 1.")
    return int(timesteps)


def _devices(args: argparse.Namespace, seeds: int, seconds: float) -> None:
    """Train on each device, print the table and what to use."""
    from racer import console
    from racer.bench import devices
    from racer.config import RaceConfig
    from racer.errors import UsageError
    from racer.storage.files import json_bytes, write_output

    if len(args.track) > 1 or len(args.rewards or []) > 1:
        raise UsageError("racer bench devices takes one --track and one of --rewards.")
    prices = _prices(args.price)
    race = RaceConfig(track=(args.track or ["oval"])[0], reward=(args.rewards or ["progress"])[0])
    found = devices.measure(
        race,
        devices.choices(args.observations or ["features"], args.threads or ()),
        seeds=seeds,
        limit_s=seconds,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(console.table(devices.HEADER, devices.rows(found, prices), right=range(2, 10)))
    print()
    print("\n".join(devices.advice(found)))
    if args.json:
        write_output(args.json, json_bytes({"trainings": devices.to_json(found)}))


def _threads(text: str) -> list[int]:
    """Numbers with commas between them."""
    return [whole(one) for one in text.split(",")]


def _prices(texts: list[str]) -> dict[str, float]:
    """Device → what an hour of it costs."""
    from racer.errors import UsageError

    found = {}
    for text in texts:
        device, _, price = text.partition("=")
        try:
            found[device] = number(price)
        except argparse.ArgumentTypeError:
            device = ""
        if device not in ("cpu", "cuda", "mps"):
            raise UsageError(f"--price {text}: write cpu=X, cuda=X or mps=X, X for an hour.")
    return found


def _references(args: argparse.Namespace, seeds: int) -> None:
    """Search the fastest laps, and print the table; an interrupted one goes on from its --json."""
    from racer import console
    from racer.bench import references
    from racer.config import RaceConfig
    from racer.storage.files import is_device, json_bytes, write_output
    from racer.tracks import packs
    from racer.tracks.track import BUILTIN

    kept = args.json is not None and not is_device(args.json)  # a terminal is told once

    def write(report: references.Report) -> None:
        write_output(args.json, json_bytes(report.to_json()))

    builtin = sorted(str(path) for path in BUILTIN.glob("*.txt"))
    pack = packs.load(",".join(args.track or builtin))
    for why in pack.left_out:
        console.log(__name__).warning("left out: %s", why)
    report = references.bench(
        pack.tracks,
        vehicles=args.vehicles or [RaceConfig.vehicle],
        rules=args.rules or ["official"],
        seeds=seeds,
        before=references.known(args.json) if kept else (),
        keep=write if kept else lambda report: None,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(report.markdown())
    if args.json:
        write(report)


def _lessons(args: argparse.Namespace, seeds: int) -> None:
    """Train with every lesson, and print the table."""
    import json

    from racer.bench import lessons
    from racer.errors import UnknownName
    from racer.storage.files import write_output

    timesteps = _timesteps(args, 1_000_000)
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
