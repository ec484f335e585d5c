"""Options that are settings of a training, as `racer train` and `racer sweep` take them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from racer.cli.others import add_others, settings_of_others
from racer.cli.parser import duration

# option, Config key, type; what it does stands beside the setting in racer/config
OPTIONS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("reward", "race.reward", str),
    ("track", "race.track", str),
    ("tracks", "race.tracks", str),
    ("vehicle", "race.vehicle", str),
    ("actions", "race.actions", str),
    ("observation", "race.observation", str),
    ("randomize", "race.randomize", str),
    ("reward-engine", "race.reward_engine", str),
    ("sandbox", "race.sandbox", str),
    ("algo", "train.algo", str),
    ("timesteps", "train.timesteps", str),
    ("seed", "train.seed", str),
    ("device", "train.device", str),
    ("num-envs", "train.num_envs", str),
    ("torch-threads", "train.threads", str),
    ("laps", "eval.laps", str),
    ("time-limit", "train.time_limit_s", duration),
)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Options that `config_of` reads."""
    from racer.config import Config, each

    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="a config.toml to take settings from"
    )
    parser.add_argument(
        "--hyperparameters",
        type=Path,
        metavar="FILE",
        help="a DeepRacer hyper-parameter JSON; prints the settings that it becomes",
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="settings measured together to start from: race or race_sac for the fastest laps, "
        "roads for one policy on many tracks, among where others are on the road, self_play to "
        "go on with --from among cars of its own kind",
    )
    known = {key: (value, about) for key, value, about in each(Config())}
    for option, key, kind in OPTIONS:
        value, about = known[key]
        words = f": {about.range}" if about.choices else ", e.g. 5m" if kind is duration else ""
        shown = about.unset if value is None else value
        text = f"{about.help}{words} (default: {shown})".replace("%", "%%")
        parser.add_argument(f"--{option}", dest=key, type=kind, metavar="X", help=text)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting, e.g. train.learning_rate=3e-4 or race.rules.start=random",
    )
    parser.add_argument(
        "--early-stop",
        dest="train.early_stop",
        action="store_const",
        const=True,
        help="stop learning when completion and lap time have settled",
    )
    add_others(parser)


def config_of(args: argparse.Namespace, start: Any = None) -> Any:
    """The Config that the command line asks for.

    Args:
        args: the command line.
        start: the settings that hold where there is no --config; None for the defaults. Of those
            of an old run only what it sees is kept beside a --preset.

    Raises:
        BadConfig: an unknown key or a value outside its range.
    """
    from racer.config import Config
    from racer.errors import UsageError

    if args.preset and args.config:
        raise UsageError("--preset and --config both give settings to start from; give one.")
    if args.preset:
        sees = {} if start is None else {"race.observation": start.race.observation}
        start = Config.preset(args.preset).override(sees)  # old weights see what they saw
    config = Config.from_toml(args.config) if args.config else start or Config()
    settings = settings_of(args)
    if args.hyperparameters:
        from racer.deepracer.hyperparameters import read

        found = read(args.hyperparameters, config.override(settings).train)
        print(found.table(), file=sys.stderr)
        settings = found.settings | settings
    return config.override(settings)


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """The settings given on the command line, by Config key."""
    settings: dict[str, Any] = {}
    for key in (*(option[1] for option in OPTIONS), "train.early_stop"):
        value = getattr(args, key)
        if value is not None:
            settings[key] = value
    settings |= settings_of_others(args)
    return with_set(settings, args.set)


def with_set(settings: dict[str, Any], given: list[str]) -> dict[str, Any]:
    """The settings, and what each --set says.

    Raises:
        BadConfig: a text without =, or a setting that was given already.
    """
    from racer.errors import BadConfig

    settings = dict(settings)
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise BadConfig(f"--set {text}: write KEY=VALUE, e.g. train.learning_rate=3e-4.")
        if key.strip() in settings:
            raise BadConfig(f"{key.strip()} is given twice; only one can count. Leave one out.")
        settings[key.strip()] = value.strip()
    return settings
