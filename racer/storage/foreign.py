"""The door for what others made: the shape of every JSON in a run, checked once, then trusted.

A shape is a type; a tuple of shapes, any of which will do; `[shape]`, a list; `{str: shape}`, a
table with any keys; or `{"key": shape, "other?": shape}`, a table with these keys, `?` for those
that may be missing, and perhaps more. `check` names the place, what belongs there and what is.

Written by hand because these few shapes need 50 lines, and importing msgspec takes 19 to 35 ms and
pydantic 230 to 330 ms of the 175 ms that `racer runs list` needs to its first line (2-core CPU).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from racer.errors import BadInput, BadRun

NUMBER = (int, float)

MANIFEST = {
    "schema": int,
    "name?": str,
    "created?": str,
    "status?": str,
    "tags?": [str],
    "resumed?": [{"timesteps?": int}],
    "files?": {str: str},
    "track?": {"name?": str, "sha256?": str},
    "tracks?": [{"name?": str, "sha256?": str, "source?": str}],
    "vehicle?": {"name?": str, "sha256?": str},
    "actions?": {"name?": str, "sha256?": str},
    "reward?": {"function?": str},
    "parent?": dict,
    "imported?": dict,
    "versions?": dict,
}
CHECKPOINT = {"files": {str: str}}
FACTS = {  # of a checkpoint to go on from, as SB3's means, logger and generators take them
    "episodes": [{"r": NUMBER, "l": NUMBER}],
    "successes": [(*NUMBER, bool)],
    "random": dict,
    "log": {str: [(int, float, list, None)]},
    "progress_remaining": float,
}
RESUMABLE = {"facts": FACTS, "extra": dict, "fields": dict}
METRICS = {  # of a checkpoint; `recent` are the newest episodes
    "rows": int,
    "episodes": int,
    "laps": int,
    "best_lap_s": (*NUMBER, None),
    "sampled": int,
    "recent": [{"progress_pct": NUMBER, "return": NUMBER, "steps": NUMBER, "lap_time_s?": NUMBER}],
    "components?": {str: [NUMBER]},
    "open?": {"rows": int, "sampled": int, "components?": {str: [NUMBER]}},
}
POLICY = {"network": dict, "sha256": str, "about?": dict}
RACE = {  # of a recorded race: what is shown beside its cars
    "names": [str],
    "laps": int,
    "order": [{"time_s": NUMBER, "cars": [int]}],
    "crossings": [{"time_s": NUMBER, "car": int, "lap": int, "gap_s": NUMBER}],
    "events": [{"time_s": NUMBER, "words": str}],
}
RECORDING = {"dt_s": NUMBER, "track": str, "meta?": {"race?": RACE}}
RESULT = {
    "completion_pct": NUMBER,
    "laps": int,
    "laps_completed": int,
    "mean_lap_s": (*NUMBER, None),
    "best_lap_s": (*NUMBER, None),
    "median_pct_of_optimal_official?": (*NUMBER, None),  # on several tracks
    "tracks?": [{"reference_official_s?": (*NUMBER, None)}],
}

_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_WORDS |= {dict: "a table", list: "a list", type(None): "null"}


def check(
    value: Any, shape: Any, where: str, *, advice: str, error: type[BadInput] = BadRun
) -> None:
    """Refuse what has another shape.

    Args:
        value: from JSON.
        shape: see above.
        where: the file, for people.
        advice: what to do about it.

    Raises:
        BadRun (or `error`): names the place in the file.
    """
    wrong = _difference(value, shape, "")
    if wrong:
        raise error(f"{where}: {wrong}. {advice}")


def _difference(value: Any, shape: Any, at: str) -> str:
    """What is wrong with `value`, a sentence without its stop; empty when nothing is."""
    if isinstance(shape, tuple):
        fits = any(not _difference(value, one, at) for one in shape)
        return "" if fits else _mismatch(value, shape, at)
    kind: Any = type(shape) if isinstance(shape, list | dict | None) else shape
    if type(value) is not kind:
        return _mismatch(value, (kind,), at)
    parts: Iterable[tuple[Any, Any, str]] = ()
    if isinstance(shape, list):
        parts = ((item, shape[0], f"{at}[{i}]") for i, item in enumerate(value))
    elif isinstance(shape, dict) and str in shape:
        parts = ((item, shape[str], _below(at, key)) for key, item in value.items())
    elif isinstance(shape, dict):
        missing = [key for key in shape if not key.endswith("?") and key not in value]
        if missing:
            return f"{at or 'it'} must have {', '.join(missing)}"
        names = {key.rstrip("?"): part for key, part in shape.items()}
        parts = ((value[key], names[key], _below(at, key)) for key in names if key in value)
    return next(filter(None, (_difference(*part) for part in parts)), "")


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _mismatch(value: Any, kinds: tuple[Any, ...], at: str) -> str:
    plain = (type(k) if isinstance(k, list | dict | None) else k for k in kinds)
    needed = " or ".join(dict.fromkeys(_WORDS[kind] for kind in plain))
    return f"{at or 'it'} must be {needed} and is {_WORDS.get(type(value), 'something else')}"
