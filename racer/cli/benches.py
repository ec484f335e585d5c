"""What each `racer bench` runs, by the name that follows it; engine and train are in `bench`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from racer.cli.parser import number
from racer.cli.settings import with_set


def _tell(line: str) -> None:
    """What is measured by now, beside the tables."""
    print(line, file=sys.stderr, flush=True)


def lab(args: argparse.Namespace) -> None:
    """Wait for the lab, and print for how long."""
    from racer.lab import measure
    from racer.storage.files import json_bytes, write_output

    rows = measure.bench(_tell)
    print(measure.markdown(rows))
    if args.json:
        write_output(args.json, json_bytes({"rows": [row._asdict() for row in rows]}))


def roads(args: argparse.Namespace) -> None:
    """Train one policy for every track, and print the tables."""
    import json

    from racer.bench import roads as bench
    from racer.storage.files import write_output

    report = bench.bench(seeds=args.seeds, tell=_tell)
    print(report.markdown())
    if args.json:
        write_output(args.json, json.dumps(report.to_json(), indent=1).encode())


def eyes(args: argparse.Namespace) -> None:
    """Learn from pixels, or let trained policies drive where they have not trained."""
    from racer.bench import eyes as bench
    from racer.storage.files import json_bytes, write_output
    from racer.tracks.track import BUILTIN

    if args.runs:
        tracks = args.track or [str(path) for path in sorted(BUILTIN.glob("*.txt"))]
        found = bench.unseen(args.runs, tracks, Path("runs"))
        text, raw = bench.unseen_table(found), {"unseen": [vars(one) for one in found]}
    else:
        report = bench.bench(
            args.track or ["oval"],
            seeds=args.seeds,
            seconds=args.seconds,
            tell=_tell,
            settings=with_set({}, args.set),
        )
        text, raw = report.markdown(), report.to_json()
    print(text)
    if args.json:
        write_output(args.json, json_bytes(raw))


def among(args: argparse.Namespace) -> None:
    """Train among boxes, bots and cars, and print the tables."""
    from racer.bench import among as bench
    from racer.storage.files import json_bytes, write_output

    report = bench.bench(
        args.track or ["oval"],
        seeds=args.seeds,
        timesteps=_timesteps(args, 2_000_000),
        tell=_tell,
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


def devices(args: argparse.Namespace) -> None:
    """Train on each device, print the table and what to use."""
    from racer import console
    from racer.bench import devices as bench
    from racer.config import RaceConfig
    from racer.errors import UsageError
    from racer.storage.files import json_bytes, write_output

    if len(args.track) > 1 or len(args.rewards or []) > 1:
        raise UsageError("racer bench devices takes one --track and one of --rewards.")
    prices = _prices(args.price)
    race = RaceConfig(track=(args.track or ["oval"])[0], reward=(args.rewards or ["progress"])[0])
    found = bench.measure(
        race,
        bench.choices(args.observations or ["features"], args.threads or ()),
        seeds=args.seeds,
        limit_s=args.seconds,
        tell=_tell,
    )
    print(console.table(bench.HEADER, bench.rows(found, prices), right=range(2, 10)))
    print()
    print("\n".join(bench.advice(found)))
    if args.json:
        write_output(args.json, json_bytes({"trainings": bench.to_json(found)}))


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


def references(args: argparse.Namespace) -> None:
    """Search the fastest laps, and print the table; an interrupted one goes on from its --json."""
    from racer import console
    from racer.bench import references as bench
    from racer.config import RaceConfig
    from racer.storage.files import is_device, json_bytes, write_output
    from racer.tracks import packs
    from racer.tracks.track import BUILTIN

    kept = args.json is not None and not is_device(args.json)  # a terminal is told once

    def write(report: bench.Report) -> None:
        write_output(args.json, json_bytes(report.to_json()))

    builtin = sorted(str(path) for path in BUILTIN.glob("*.txt"))
    pack = packs.load(",".join(args.track or builtin))
    for why in pack.left_out:
        console.log(__name__).warning("left out: %s", why)
    report = bench.bench(
        pack.tracks,
        vehicles=args.vehicles or [RaceConfig.vehicle],
        rules=args.rules or ["official"],
        seeds=args.seeds,
        before=bench.known(args.json) if kept else (),
        keep=write if kept else lambda report: None,
        tell=_tell,
    )
    print(report.markdown())
    if args.json:
        write(report)


def lessons(args: argparse.Namespace) -> None:
    """Train with every lesson, and print the table."""
    import json

    from racer.bench import lessons as bench
    from racer.errors import UnknownName
    from racer.storage.files import write_output

    timesteps = _timesteps(args, 1_000_000)
    known = [one.name for one in bench.lessons()]
    for name in args.rewards or []:
        if name not in known:
            raise UnknownName("lesson", name, known)
    report = bench.bench(
        bench.lessons(args.rewards or ()),
        args.track or ["oval"],
        seeds=args.seeds,
        timesteps=timesteps,
        tell=_tell,
    )
    print(report.markdown())
    if args.json:
        write_output(args.json, json.dumps(report.to_json(), indent=1).encode())


BENCHES: dict[str, Callable[[argparse.Namespace], None]] = {
    "lessons": lessons,
    "references": references,
    "roads": roads,
    "among": among,
    "eyes": eyes,
    "devices": devices,
    "lab": lab,
}
