"""What tells runs apart, in words: the settings in which they differ, whatever their seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from racer.config import Config, each
from racer.errors import printable

# These change no number that a run ends with, or are what the runs of one group differ by.
_ASIDE = {
    *("train.seed", "train.device", "train.threads", "train.sim_trace_cars"),
    *("train.checkpoint_every_s", "race.reward_engine", "race.sandbox", "eval.laps"),
}
_NAMED = (
    *("race.reward", "race.track", "race.observation", "train.algo"),
    *("race.vehicle", "race.actions"),
)


def labels(configs: Sequence[Config]) -> list[str]:
    """For each run what it has that others have not: equal for runs that differ only by seed.

    Reward, track, observation, algorithm, vehicle and actions stand by their names where they
    differ, and every other setting that tells more of the runs apart with its own name. So runs of
    two observations are `camera` and `features`, although their networks differ, too. Where
    nothing differs, the reward.
    """
    if not configs:
        return []
    rows = [_settings(config) for config in configs]
    parts: list[tuple[str, ...]] = [()] * len(rows)
    for key in (*_NAMED, *(key for key in rows[0] if key not in _NAMED)):
        texts = [row[key] for row in rows]
        more = [(*part, text) for part, text in zip(parts, texts, strict=True)]
        if len(set(texts)) > 1 and (key in _NAMED or len(set(more)) > len(set(parts))):
            parts = more
    if not any(parts):
        parts = [(row["race.reward"],) for row in rows]
    return [printable(", ".join(part)) for part in parts]


def _settings(config: Config) -> dict[str, str]:
    """Key → text of every setting that counts; several tracks stand for the one."""
    values = {key: (value, about) for key, value, about in each(config) if key not in _ASIDE}
    tracks = values.pop("race.tracks")
    if tracks[0] is not None:
        values["race.track"] = tracks
    found = {}
    for key, (value, about) in values.items():
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        text = about.unset if value is None else str(value)
        found[key] = Path(text).stem if key in _NAMED else f"{key.partition('.')[2]}={text}"
    return found
