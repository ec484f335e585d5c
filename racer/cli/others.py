"""Options that say what else is on the road, shared by several commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from racer.config import Others

# option, Config key; what it does stands beside the setting in racer/config/others.py
VALUES: tuple[tuple[str, str], ...] = (
    ("race", "race.others.race"),
    ("obstacles", "race.others.obstacles"),
    ("bots", "race.others.bots"),
    ("bot-speed", "race.others.bot_speed"),
    ("cars", "race.others.cars"),
)
FLAGS: tuple[tuple[str, str], ...] = (
    ("randomize-obstacles", "race.others.randomize_obstacles"),
    ("randomize-bots", "race.others.randomize_bots"),
    ("lane-changes", "race.others.lane_changes"),
)
POSITIONS = "race.others.obstacle_positions"
OPPONENTS = "race.others.opponents"


def add_others(parser: argparse.ArgumentParser) -> None:
    """The race, its obstacles, bots and cars."""
    group = parser.add_argument_group("others on the road")
    _add_values(group, VALUES)
    _add_position(group)
    group.add_argument(
        "--opponent",
        dest=OPPONENTS,
        action="append",
        metavar="RUN",
        help="a run whose policy drives against the car in head_to_model; may be given several "
        "times",
    )
    group.add_argument(
        "--race-settings",
        type=Path,
        metavar="FILE",
        help="an env or yaml file of DeepRacer to take obstacles and bots from; prints the "
        "settings that they become",
    )
    _add_flags(group)


def add_road(parser: argparse.ArgumentParser) -> None:
    """Boxes and bots among cars that the command names itself."""
    group = parser.add_argument_group("boxes and bots on the road")
    _add_values(group, [row for row in VALUES if row[0] in ("obstacles", "bots", "bot-speed")])
    _add_position(group)
    _add_flags(group)


def _add_values(group: Any, options: Iterable[tuple[str, str]]) -> None:
    from racer.config import Config, each

    known = {key: (value, about) for key, value, about in each(Config())}
    for option, key in options:
        value, about = known[key]
        words = f": {about.range}" if about.choices else ""
        shown = about.unset if value is None else value
        text = f"{about.help}{words} (default: {shown})".replace("%", "%%")
        group.add_argument(f"--{option}", dest=key, metavar="X", help=text)


def _add_position(group: Any) -> None:
    group.add_argument(
        "--obstacle",
        dest=POSITIONS,
        action="append",
        metavar="PART,LANE",
        help="a box at this part of the lap, inner or outer lane, e.g. 0.25,inner; may be given "
        "several times, in place of --obstacles",
    )


def _add_flags(group: Any) -> None:
    from racer.config import Config, each

    known = {key: about.help for key, _, about in each(Config())}
    for option, key in FLAGS:
        group.add_argument(
            f"--{option}", dest=key, action="store_const", const=True, help=known[key]
        )


def settings_of_others(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by Config key.

    Raises:
        UsageError: both a number of boxes and their places.
    """
    from racer.errors import UsageError

    keys = [key for _, key in (*VALUES, *FLAGS)]
    file = getattr(args, "race_settings", None)
    read = _read(file) if file else {}
    given = {key: getattr(args, key, None) for key in keys}
    found = {key: value for key, value in given.items() if value is not None}
    places = getattr(args, POSITIONS)
    if places:
        for option, key in (("obstacles", VALUES[1][1]), ("randomize-obstacles", FLAGS[0][1])):
            if key in found:
                raise UsageError(
                    f"--obstacle says where each box stands, so --{option} cannot count. "
                    "Leave one of them out."
                )
        found[POSITIONS] = "; ".join(places)
    if getattr(args, OPPONENTS, None):
        found[OPPONENTS] = ", ".join(getattr(args, OPPONENTS))
    return read | found


def others_of(args: argparse.Namespace) -> Others:
    """The settings that were given, on top of the defaults.

    Raises:
        BadConfig: a value that cannot be.
    """
    from racer.config import Others

    return Others.of(named_others(args))


def named_others(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by their names in `racer.Others`."""
    return {key.rpartition(".")[2]: value for key, value in settings_of_others(args).items()}


def _read(path: Path) -> dict[str, Any]:
    """Settings of a DeepRacer file, shown as a table."""
    from racer.deepracer.race_settings import read

    found = read(path)
    print(found.table(), file=sys.stderr)
    return found.settings


def only_with(args: argparse.Namespace, place: str) -> None:
    """Refuse what is on the road where it cannot count.

    Raises:
        UsageError: names the first option that was given.
    """
    from racer.errors import UsageError

    more = ("obstacle", POSITIONS), ("opponent", OPPONENTS), ("race-settings", "race_settings")
    for option, key in (*VALUES, *more, *FLAGS):
        if getattr(args, key):
            raise UsageError(f"--{option} belongs to {place}.")
