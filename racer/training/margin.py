"""How many wheels off the road end an episode while a training goes on: a margin to the border.

Officially a car is off with all four. A policy that learns by that rule drives to its very edge,
and on a road that it never saw a few centimetres more are off. Ended with two wheels off, it learns
to keep the outer pair on the road; when the number rises late, while steps are small, it takes back
a part of the room and keeps the habit (docs/fast-laps.md). Evaluations always drive by the official
rule.
"""

from __future__ import annotations

from racer.config import Config, TrainConfig
from racer.errors import BadConfig
from racer.race import Race


def check_off_track_wheels(config: Config) -> None:
    """Refuse a number of wheels where leaving the road ends nothing.

    Raises:
        BadConfig: names both settings.
    """
    if config.train.off_track_wheels is not None and not config.race.rules.end_off_track:
        raise BadConfig(
            "train.off_track_wheels says when a car is off the track, and with "
            "race.rules.end_off_track = false that ends no episode. Leave one of them out."
        )


def off_track_wheels(config: TrainConfig, timesteps: int) -> int | None:
    """Wheels off the road that end an episode after `timesteps`; None for the official rule."""
    parts = config.off_track_wheels
    if parts is None:
        return None
    return parts[min(timesteps * len(parts) // config.timesteps, len(parts) - 1)]


def set_off_track_wheels(race: Race, config: TrainConfig, timesteps: int) -> None:
    """Give a race the rule of this moment, if there is one."""
    wheels = off_track_wheels(config, timesteps)
    if wheels is not None:
        race.sim["off_track_wheels"] = wheels
