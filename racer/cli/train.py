"""Train a car with a reward, evaluate it, and keep everything in a run folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

# option, Config key, type or None for text, help
OPTIONS: tuple[tuple[str, str, type | None, str], ...] = (
    ("reward", "race.reward", None, "a name (racer reward list) or a .py file"),
    ("track", "race.track", None, "a name (racer track list) or a .npy, .csv, .txt file"),
    ("vehicle", "race.vehicle", None, "a vehicle preset"),
    ("actions", "race.actions", None, "continuous, discrete or a model_metadata.json"),
    ("reward-engine", "race.reward_engine", None, "auto, compiled, worker or inprocess"),
    ("sandbox", "race.sandbox", None, "auto, or strict: refuse to run without full lock-down"),
    ("algo", "train.algo", None, "ppo or sac"),
    ("timesteps", "train.timesteps", int, "actions to learn from, over all cars"),
    ("seed", "train.seed", int, "same seed, same run"),
    ("device", "train.device", None, "auto (the CPU, faster here), cpu or cuda"),
    ("num-envs", "train.num_envs", int, "cars that train at once"),
    ("torch-threads", "train.threads", int, "threads of torch; 1 is fastest for small networks"),
    ("laps", "eval.laps", int, "evaluation laps"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer train` and of train_agent.py."""
    from racer.config import Config

    defaults = Config()
    parser.add_argument("--config", type=Path, metavar="FILE", help="a config.toml to start from")
    for option, key, kind, text in OPTIONS:
        group, name = key.split(".")
        value = getattr(getattr(defaults, group), name)
        shown = "measured best" if value is None else value
        parser.add_argument(
            f"--{option}", dest=key, type=kind, metavar="X", help=f"{text} (default: {shown})"
        )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting, e.g. train.learning_rate=3e-4 or race.rules.start=random",
    )
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"), help="default: runs")
    parser.add_argument("--tag", action="append", default=[], help="a word to find the run by")
    parser.add_argument("--watch", action="store_true", help="then show the laps in a window")


def config_of(args: argparse.Namespace) -> Any:
    """The Config that the command line asks for.

    Raises:
        BadConfig: an unknown key or a value outside its range.
    """
    from racer.config import Config
    from racer.errors import BadConfig

    config = Config.from_toml(args.config) if args.config else Config()
    settings: dict[str, Any] = {}
    for _, key, _, _ in OPTIONS:
        value = getattr(args, key)
        if value is not None:
            settings[key] = value
    for text in args.set:
        key, equals, value = text.partition("=")
        if not equals:
            raise BadConfig(f"--set {text}: write KEY=VALUE, e.g. train.learning_rate=3e-4.")
        settings[key.strip()] = value.strip()
    return config.override(settings)


def run(args: argparse.Namespace) -> None:
    """Train, then say what came out."""
    from racer.train import train

    config = config_of(args)
    finished, result = train(config, runs_dir=args.runs_dir, tags=args.tag)
    report(finished, result)
    if args.watch:
        watch(finished)


def report(finished: Any, result: Any) -> None:
    """Print the result, where it is, and how to see it drive."""
    found = result.to_json()
    print(result.table())
    print()
    print(
        f"completion    {found['completion_pct']:.1f} % "
        f"({found['laps_completed']} of {found['laps']} evaluation laps)"
    )
    if found["best_lap_s"] is not None:
        print(f"best lap      {found['best_lap_s']:.2f} s")
        print(f"mean lap      {found['mean_lap_s']:.2f} s")
    print(f"run           {finished.folder}")
    print(f"watch it      {watch_command(finished)}")


def watch_command(finished: Any) -> str:
    """What to type to see the run drive."""
    import os
    import shutil
    import sys

    here = shutil.which("racer")
    racer = "racer" if here else os.path.relpath(Path(sys.executable).parent / "racer")
    return f"{racer} watch {finished.folder}"


def watch(finished: Any) -> None:
    """Show the evaluation laps in a window."""
    from racer.render import viewer
    from racer.trace import Trace

    viewer.watch(Trace.load(finished.laps_file))
