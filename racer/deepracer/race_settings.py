"""DeepRacer's settings of a race: obstacles and bots from its env and yaml files.

    run.env of deepracer-for-cloud       DR_OA_NUMBER_OF_OBSTACLES=6
    yaml of a training or evaluation     NUMBER_OF_OBSTACLES: "6"

Of a yaml file only flat keys with a value or a list are read: the simulator has no others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from racer.deepracer.hyperparameters import Mapped, Row
from racer.errors import BadConfig, BadInput, reason
from racer.storage import files

_BYTES_MAX = 2**20
_ALIKE = 0.85  # a key so like one of ours is a slip; no other key of a run.env is
_PREFIX = re.compile(r"^(?:export\s+)?(?:DR_)?(?:OA_|H2B_)?")
_LINE = re.compile(r"^(?P<key>[A-Za-z_][\w ]*?)\s*(?:=|:)\s*(?P<value>.*)$")
_RACES = {
    "TIME_TRIAL": "time_trial",
    "OBJECT_AVOIDANCE": "object_avoidance",
    "HEAD_TO_BOT": "head_to_bot",
    "H2B": "head_to_bot",
}
_TYPES = {
    "box_obstacle": "box",
    "deepracer_box_obstacle": "deepracer_box",
    "amazon_box_obstacle": "amazon_box",
}


def read(path: Path) -> Mapped:
    """The `race.others` that an env or yaml file asks for; what else is in it is left alone,
    but a key that is nearly one of ours is named.

    Raises:
        BadInput: not such a file, or nothing of a race in it.
        BadConfig: a value that cannot be, with its name.
    """
    try:
        text = files.read_whole(path, _BYTES_MAX).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no env or yaml file: {reason(error)}.") from None
    return mapped(entries(text), str(path))


def entries(text: str) -> dict[str, str | list[str]]:
    """Keys and values of an env or yaml file, comments and quotes gone."""
    found: dict[str, str | list[str]] = {}
    last = ""
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        item = re.match(r"^-\s*(.*)$", line)
        if item and last:
            kept = found[last]
            found[last] = [*(kept if isinstance(kept, list) else []), _plain(item[1])]
            continue
        match = _LINE.match(line)
        if match is None:
            continue
        last, value = match["key"].removeprefix("export").strip(), match["value"].strip()
        if value.startswith("[") and value.endswith("]"):
            found[last] = [_plain(one) for one in _parts(value[1:-1])]
        else:
            found[last] = _plain(value)
    return found


def mapped(content: dict[str, str | list[str]], source: str) -> Mapped:
    """`read` for the entries of a file."""
    settings: dict[str, Any] = {}
    rows, misspelt = list[Row](), list[Row]()
    for key, value in content.items():
        name = _PREFIX.sub("", key)
        if name in _SETTINGS:
            became = _SETTINGS[name](value, f"{source}: {key}")
            settings |= {f"race.others.{one}": given for one, given in became.items()}
            shown = value if isinstance(value, str) else "; ".join(value)
            text = ", ".join(f"race.others.{one} = {given}" for one, given in became.items())
            rows.append(Row(key[:40], shown[:40], text or "the default"))
        elif near := difflib.get_close_matches(name[:80], _SETTINGS, n=1, cutoff=_ALIKE):
            misspelt.append(Row(key[:40], str(value)[:40], f"not read: did you mean {near[0]}?"))
    if not rows:
        raise BadInput(
            f"{source} has no setting of a race. Known: {', '.join(_SETTINGS)}, with DR_OA_ or "
            "DR_H2B_ before them or without."
        )
    _settle(settings, content, source)
    return Mapped(settings, (*rows, *misspelt))


def _settle(settings: dict[str, Any], content: dict[str, Any], source: str) -> None:
    """One pair of times for changes of lanes; a race of the kind that its settings are for."""
    pair = [settings.pop(f"race.others.lane_change_{end}", None) for end in ("low", "high")]
    if pair != [None, None]:
        low, high = pair[0] or 3.0, pair[1] or 5.0
        settings["race.others.lane_change_s"] = f"{low:g}..{high:g}"
    if settings.get("race.others.obstacle_positions"):
        settings.pop("race.others.obstacles", None)
        settings.pop("race.others.randomize_obstacles", None)
    race = settings.get("race.others.race")
    if race == "time_trial":
        for key in list(settings):
            if key != "race.others.race":
                del settings[key]
    elif race == "object_avoidance":  # the other kind's settings stand in every run.env
        settings.pop("race.others.bots", None)
    elif race == "head_to_bot":
        for name in ("obstacles", "obstacle_positions"):
            settings.pop(f"race.others.{name}", None)
    elif race is None:
        bots = settings.get("race.others.bots")
        settings["race.others.race"] = "head_to_bot" if bots else "object_avoidance"


Entry = str | list[str]
Became = dict[str, Any]


def _plain(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _parts(text: str) -> list[str]:
    """Items of `"0.25,1", "0.5,-1"`: commas within quotes stay."""
    return re.findall(r"\"[^\"]*\"|'[^']*'", text) or [
        one for one in text.split(",") if one.strip()
    ]


def _number(name: str, *, whole: bool = False) -> Callable[[Entry, str], Became]:
    def convert(value: Entry, where: str) -> Became:
        try:
            if isinstance(value, list):
                raise ValueError
            number = float(value)
            if whole and not number.is_integer():
                raise ValueError
        except ValueError:
            kind = "a whole number" if whole else "a number"
            raise BadConfig(f"{where} is {value!r}; {kind} is needed.") from None
        return {name: int(number) if whole else number}

    return convert


def _flag(name: str) -> Callable[[Entry, str], Became]:
    def convert(value: Entry, where: str) -> Became:
        if str(value).lower() not in ("true", "false"):
            raise BadConfig(f"{where} is {value!r}; True or False is needed.")
        return {name: str(value).lower() == "true"}

    return convert


def _race(value: Entry, where: str) -> Became:
    if str(value).upper() not in _RACES:
        raise BadConfig(f"{where} is {value!r}; allowed is {', '.join(_RACES)}.")
    return {"race": _RACES[str(value).upper()]}


def _positions(value: Entry, where: str) -> Became:
    parts = value if isinstance(value, list) else value.split(";")
    return {"obstacle_positions": "; ".join(_position(one, where) for one in parts if one.strip())}


def _position(text: str, where: str) -> str:
    """`0.25,1` is 0.25,inner: lane -1 is the outer one, and every other number the inner one."""
    share, _, lane = (part.strip() for part in _plain(text).partition(","))
    try:
        return f"{float(share):g},{'outer' if int(lane) == -1 else 'inner'}"
    except ValueError:
        raise BadConfig(
            f"{where} has {text!r}; a part of the lap and a lane are needed, e.g. 0.25,-1."
        ) from None


def _type(value: Entry, where: str) -> Became:
    if value not in _TYPES:
        raise BadConfig(f"{where} is {value!r}; allowed is {', '.join(_TYPES)}.")
    return {"obstacle_type": _TYPES[str(value)]}


def _as_car(value: Entry, where: str) -> Became:
    return {"obstacle_type": "car"} if _flag("")(value, where)[""] else {}


def _speed(value: Entry, where: str) -> Became:
    return {"bot_speed": f"{_number('')(value, where)['']:g}"}


_SETTINGS: dict[str, Callable[[Entry, str], Became]] = {
    "RACE_TYPE": _race,
    "NUMBER_OF_OBSTACLES": _number("obstacles", whole=True),
    "OBJECT_POSITIONS": _positions,
    "RANDOMIZE_OBSTACLE_LOCATIONS": _flag("randomize_obstacles"),
    "MIN_DISTANCE_BETWEEN_OBSTACLES": _number("obstacle_gap_m"),
    "OBSTACLE_TYPE": _type,
    "IS_OBSTACLE_BOT_CAR": _as_car,
    "NUMBER_OF_BOT_CARS": _number("bots", whole=True),
    "BOT_CAR_SPEED": _speed,
    "RANDOMIZE_BOT_CAR_LOCATIONS": _flag("randomize_bots"),
    "MIN_DISTANCE_BETWEEN_BOT_CARS": _number("bot_gap_m"),
    "IS_LANE_CHANGE": _flag("lane_changes"),
    "LOWER_LANE_CHANGE_TIME": _number("lane_change_low"),
    "UPPER_LANE_CHANGE_TIME": _number("lane_change_high"),
    "LANE_CHANGE_DISTANCE": _number("lane_change_m"),
    "PENALTY_SECONDS": _number("bot_pause_s"),
    "BOT_CAR_PENALTY": _number("bot_pause_s"),
}
