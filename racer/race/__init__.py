"""The engine: N cars on a road, one call a control step."""

from racer.race.race import (
    EPISODE,
    Race,
    episode_info,
    episode_infos,
    episodes,
    make_race,
    track_of,
)

__all__ = [
    "EPISODE",
    "Race",
    "episode_info",
    "episode_infos",
    "episodes",
    "make_race",
    "track_of",
]
