"""What tells runs apart, in words: the settings in which they differ, whatever their seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from racer.config import Config, RaceConfig, each
from racer.errors import printable
from racer.runs.run import Run

# These change no number that a run ends with, or are what the runs of one group differ by.
_ASIDE = {
    *("train.seed", "train.device", "train.threads", "train.sim_trace_cars"),
    *("train.checkpoint_every_s", "race.reward_engine", "race.sandbox", "eval.laps"),
    *("race.track", "race.tracks", "race.reward"),  # what is in them counts
    *("race.vehicle", "race.actions"),
}
_NAMED = (
    *("race.reward", "race.track", "race.observation", "train.algo"),
    *("race.vehicle", "race.actions"),
)


def labels(runs: Sequence[Run]) -> list[str]:
    """For each run what it has that others have not: equal for runs that differ only by seed.

    Reward, track, observation, algorithm, vehicle and actions stand by their names where they
    differ, and every other setting that tells more of the runs apart with its own name. So runs of
    two observations are `camera` and `features`, although their networks differ, too. Where
    nothing differs, the reward.
    """
    if not runs:
        return []
    called = {"race.track": road_names(runs), "race.reward": reward_names(runs)}
    called |= {f"race.{kind}": _part_names(runs, kind) for kind in ("vehicle", "actions")}
    rows = [
        _settings(run.config()) | {key: names[k] for key, names in called.items()}
        for k, run in enumerate(runs)
    ]
    parts: list[tuple[str, ...]] = [()] * len(rows)
    for key in (*_NAMED, *(key for key in rows[0] if key not in _NAMED)):
        texts = [row[key] for row in rows]
        more = [(*part, text) for part, text in zip(parts, texts, strict=True)]
        if len(set(texts)) > 1 and (key in _NAMED or len(set(more)) > len(set(parts))):
            parts = more
    if not any(parts):
        parts = [(row["race.reward"],) for row in rows]
    return [printable(", ".join(part)) for part in parts]


def road_names(runs: Sequence[Run]) -> list[str]:
    """What to call the road or roads of each run: another name for other roads."""
    races = [run.config().race for run in runs]
    short, typed = [_short(race) for race in races], [race.where for race in races]
    return _told_apart(short, typed, [road_of(run) for run in runs])


def reward_names(runs: Sequence[Run]) -> list[str]:
    """What to call the reward of each run: another name for another text."""
    typed = [run.config().race.reward for run in runs]
    return _told_apart([Path(text).stem for text in typed], typed, [_reward(run) for run in runs])


def _part_names(runs: Sequence[Run], kind: str) -> list[str]:
    """What to call the vehicle or the actions of each run, by what is in their files.

    Runs of before record no hash: they count as those of the same name, if these are all alike.
    """
    typed = [str(getattr(run.config().race, kind)) for run in runs]
    short = [Path(text).stem for text in typed]
    hashes = [str(run.manifest().get(kind, {}).get("sha256", "")) for run in runs]
    known: dict[str, set[str]] = {}
    for name, sha256 in zip(short, hashes, strict=True):
        known.setdefault(name, set()).update([sha256] if sha256 else [])
    alike = {name: min(some, default="") for name, some in known.items() if len(some) < 2}
    hashes = [
        sha256 or alike.get(name, "unknown") for name, sha256 in zip(short, hashes, strict=True)
    ]
    return _told_apart(short, typed, hashes)


def road_of(run: Run) -> str:
    """Equal for runs on the same road, or the same list of them, whatever it is called."""
    about = run.manifest()
    several = about.get("tracks", [])  # a list of one has another hash than its track
    road = several[0] if len(several) == 1 else about.get("track", {})
    return str(road.get("sha256", run.config().race.where))


def _reward(run: Run) -> str:
    """Equal for runs with the same reward: its text, the files it uses, the function it is."""
    about = {k: v for k, v in run.manifest().get("reward", {}).items() if k != "name"}
    if list(about) == ["sha256"]:
        return str(about["sha256"])
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _told_apart(short: Sequence[str], given: Sequence[str], hashes: Sequence[str]) -> list[str]:
    """A name for each file, another one for another content.

    The file's short name where that is enough. Two files of one name are `d1/same.npy` and
    `d2/same.npy`, and a file that was changed between runs has the first digits of its hash, too.
    """
    keys = list(zip(short, hashes, strict=True))
    typed: dict[tuple[str, str], str] = {}  # what was typed in two ways is still one
    for key, text in zip(keys, given, strict=True):
        typed.setdefault(key, text)
    ways = (
        {key: key[0] for key in typed},
        typed,
        {key: f"{text} ({key[1][:7]})" for key, text in typed.items()},
    )
    clear = next((way for way in ways if len(set(way.values())) == len(way)), ways[-1])
    return [clear[key] for key in keys]


def _short(race: RaceConfig) -> str:
    """Names without folders and suffixes: `oval,flower` for `oval,odd/flower.npy`."""
    names = race.tracks.split(",") if race.tracks else [race.track]
    return ",".join(Path(name.strip()).stem for name in names)


def _settings(config: Config) -> dict[str, str]:
    """Key → text of every setting that counts, except those whose files have hashes."""
    found = {}
    for key, value, about in each(config):
        if key in _ASIDE:
            continue
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        text = about.unset if value is None else str(value)
        found[key] = Path(text).stem if key in _NAMED else f"{key.partition('.')[2]}={text}"
    return found
