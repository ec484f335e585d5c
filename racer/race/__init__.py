"""The engine: N cars on a road, one call a control step."""

from racer.race.episodes import EPISODE, episode_info, episode_infos, episodes
from racer.race.make import check, make_race, on, pack_of, seen, track_of
from racer.race.race import Race
from racer.race.rivals import Rival, Rivals
from racer.race.start import Start

__all__ = [
    "EPISODE",
    "Race",
    "Rival",
    "Rivals",
    "Start",
    "check",
    "episode_info",
    "episode_infos",
    "episodes",
    "make_race",
    "on",
    "pack_of",
    "seen",
    "track_of",
]
