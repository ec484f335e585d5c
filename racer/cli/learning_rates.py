"""Show what too low, good, too high and diverging learning rates look like for a reward."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from racer.cli.parser import REWARD_HELP, names, png, whole
from racer.process.signals import steady_output

if TYPE_CHECKING:
    from racer.sweep.folder import Folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer learning-rates`."""
    parser.add_argument("--reward", default="center_line", metavar="R", help=REWARD_HELP)
    parser.add_argument(
        "--track", default="oval", metavar="T", help="a name from `racer track list`, or a file"
    )
    parser.add_argument(
        "--rates",
        type=names,
        metavar="N,N",
        help="learning rates to try (default: every power of ten from 1e-6 to 1)",
    )
    parser.add_argument(
        "--timesteps",
        type=whole,
        default=200_000,
        metavar="N",
        help="length of each training (default: 200000)",
    )
    parser.add_argument(
        "--seeds", type=whole, default=2, metavar="N", help="trainings of each rate (default: 2)"
    )
    parser.add_argument(
        "--num-envs", metavar="N", help="cars that train at once (default: measured best)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="where the runs go; the same command with the same folder goes on after a stop",
    )
    parser.add_argument(
        "--png",
        type=png,
        default=Path("learning-rates.png"),
        help="the picture to write (default: learning-rates.png)",
    )


def run(args: argparse.Namespace) -> int:
    """Train with each rate, judge them, draw."""
    from racer.render import learning_rates as render
    from racer.sweep import engines, learning_rates
    from racer.sweep.run import run as run_sweep

    with steady_output():
        folder = _folder(args)
        rows = run_sweep(folder, engines.start("loky", address=None, workers=None))
        rates = learning_rates.rates_of(folder, rows, args.timesteps)
        judged = learning_rates.judge(rates)
        for one in judged:
            print(f"{one.rate.rate:<8g} {one.kind:<10} {one.text}")
        print(f"\n{learning_rates.summary(judged)}")
        lines = [
            render.Line(r.rate, one.kind, r.steps, r.completion, r.loss, r.end)
            for one in judged
            for r in [one.rate]
        ]
        title = f"{Path(args.reward).stem} on {Path(args.track).stem}, {args.seeds} seed"
        title += "s of each" if args.seeds > 1 else ""
        render.picture(lines, title, args.png)
        print(f"picture       {args.png}")
        print(f"runs          {folder.runs}")
    return int(len(rows) < folder.plan().runs)


def _folder(args: argparse.Namespace) -> Folder:
    """A new sweep over learning rates, or the one that is in the folder already.

    Raises:
        UsageError: the folder holds another sweep, or a rate is none.
    """
    from racer.config import Config
    from racer.errors import UsageError
    from racer.process import paths
    from racer.sweep import learning_rates
    from racer.sweep import plan as plans
    from racer.sweep.folder import Folder
    from racer.sweep.space import Values

    settings = {
        "race.reward": args.reward,
        "race.track": args.track,
        "train.timesteps": args.timesteps,
    }
    if args.num_envs:
        settings["train.num_envs"] = args.num_envs
    rates = learning_rates.RATES
    if args.rates:
        try:
            rates = tuple(sorted({float(text) for text in args.rates}))
        except ValueError:
            given = ",".join(args.rates)
            raise UsageError(f"--rates {given}: give numbers, e.g. --rates 1e-5,1e-3.") from None
    if not all(rate > 0 for rate in rates):
        raise UsageError("--rates are learning rates, each more than 0, e.g. --rates 1e-5,1e-3.")
    asked = plans.Asked({learning_rates.KEY: Values(rates)}, seeds=args.seeds)
    plan, inputs = plans.make(Config().override(settings), asked)
    if args.folder and paths.exists(paths.expanded(args.folder)):
        folder = Folder.open(args.folder)
        if folder.plan() != plan:
            raise UsageError(f"{args.folder} holds another sweep. Name a new folder.")
        return folder
    return Folder.create(args.folder, plan, inputs.files)
