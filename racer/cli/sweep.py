"""Train many configurations and seeds, here or on a cluster, and find what matters.

racer sweep sweep.toml                      what a file describes
racer sweep --vary reward=a,b --seeds 10    or the command line
racer sweep --resume FOLDER                 go on after a stop, a crash or a kill
racer sweep show FOLDER                     table, CSV, pictures, what mattered
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from racer.cli.others import only_with
from racer.cli.parser import belongs, whole
from racer.cli.settings import OPTIONS, add_config, config_of
from racer.process.signals import steady_output

_PLANNED = (
    *("--vary", "--search", "--trials", "--seeds", "--prune", "--folder"),
    *("--set", "--config", "--preset", "--hyperparameters"),
)
_RUN = ("--engine", "--address", "--workers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer sweep`."""
    parser.add_argument(
        "words", nargs="*", metavar="FILE | show FOLDER", help="a sweep.toml; or show and a sweep"
    )
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="a setting and its values, e.g. train.learning_rate=1e-5,3e-4 or reward=a,b, or a "
        "range, e.g. train.gamma=0.9..0.99 or train.learning_rate=log:1e-5..1e-2",
    )
    parser.add_argument(
        "--search",
        metavar="X",
        help="grid: every combination; random: drawn evenly; tpe: Optuna proposes what looks "
        "promising (default: grid)",
    )
    parser.add_argument(
        "--trials", type=whole, metavar="N", help="configurations of a random or tpe search"
    )
    parser.add_argument(
        "--seeds", type=whole, metavar="N", help="runs of each configuration (default: 1)"
    )
    parser.add_argument(
        "--prune",
        metavar="X",
        help="end hopeless runs early, by Optuna: none, median or halving (default: none)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="the new folder of the sweep (default: one in sweeps/, named by date)",
    )
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="go on with a sweep that was stopped"
    )
    parser.add_argument(
        "--engine",
        metavar="X",
        help="loky: processes of this machine; dask or ray: a cluster (default: loky)",
    )
    parser.add_argument(
        "--address", metavar="X", help="address of the cluster, e.g. tcp://10.0.0.1:8786 for dask"
    )
    parser.add_argument(
        "--workers",
        type=whole,
        metavar="N",
        help="how many processes loky starts (default: one for each CPU)",
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Run, go on with, or show a sweep; 1 when runs failed."""
    if args.words[:1] == ["show"]:
        return _show(args)
    with steady_output():
        return _sweep(args)


def _sweep(args: argparse.Namespace) -> int:
    from racer.errors import UsageError
    from racer.sweep import engines, report
    from racer.sweep.folder import Folder
    from racer.sweep.run import run as run_sweep

    if len(args.words) > 1:
        raise UsageError(f"{args.words[1]!r} is one word too many; give one sweep.toml.")
    if args.resume:
        _refuse(args, "a new sweep; --resume goes on with one as it was planned")
        folder = Folder.open(args.resume)
        engine = engines.start(args.engine or "loky", address=args.address, workers=args.workers)
    else:
        plan, inputs = _planned(args)
        engine = engines.start(args.engine or "loky", address=args.address, workers=args.workers)
        folder = Folder.create(args.folder, plan, inputs.files)
        print(f"sweep         {folder.path}: {plan.runs} runs", file=sys.stderr)
    rows = run_sweep(folder, engine)
    _tell(folder, rows, report)
    return int(len(rows) < folder.plan().runs)


def _planned(args: argparse.Namespace) -> Any:
    """The plan of a file and of options, which win."""
    from racer.errors import UsageError
    from racer.sweep import plan

    file = Path(args.words[0]) if args.words else None
    if file and (args.config or args.preset):
        raise UsageError(f"--config and --preset do not go with {file}: it has [settings].")
    start, asked = plan.from_toml(file) if file else (None, plan.Asked())
    options = plan.Asked(
        plan.from_texts(args.vary), args.search, args.trials, args.seeds, args.prune
    )
    return plan.make(config_of(args, start), options.over(asked))


def _show(args: argparse.Namespace) -> int:
    from racer.errors import UsageError
    from racer.sweep import report
    from racer.sweep.folder import Folder

    if len(args.words) != 2:
        raise UsageError("racer sweep show needs one folder: racer sweep show FOLDER.")
    _refuse(args, "running a sweep, not to show", *_RUN, "--resume")
    folder = Folder.open(Path(args.words[1]))
    _tell(folder, report.rows_of(folder), report)
    return 0


def _tell(folder: Any, rows: Any, report: Any) -> None:
    """Table and sentence to stdout, CSV and pictures into the folder."""
    plan = folder.plan()
    print(report.text(folder, plan, rows))
    for path in report.write(folder, plan, rows):
        print(f"written       {path}", file=sys.stderr)


def _refuse(args: argparse.Namespace, place: str, *more: str) -> None:
    """Refuse all that plans a sweep."""
    from racer.errors import UsageError

    if args.resume and args.words:
        raise UsageError(f"--resume FOLDER takes no {args.words[0]!r}: the plan is in the folder.")
    belongs(args, place, *_PLANNED, *more)
    for option, key, _ in OPTIONS:
        if getattr(args, key) is not None:
            raise UsageError(f"--{option} belongs to {place}.")
    only_with(args, place)
    only_with(args, place)
    if getattr(args, "train.early_stop"):
        raise UsageError(f"--early-stop belongs to {place}.")
