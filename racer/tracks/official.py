"""Names of the official simulator's tracks, whose files are not ours to ship."""

from __future__ import annotations

import re

PLACE = "https://github.com/aws-deepracer-community/deepracer-race-data, raw_data/tracks/npy"
_NAMES = [
    "2022_april",
    "2022_august",
    "2022_december",
    "2022_june",
    "2022_july",
    "2022_march",
    "2022_may",
    "2022_october",
    "2022_reinvent_champ",
    "2022_september",
    "2022_summit_speedway",
    "Albert",
    "AmericasGeneratedInclStart",
    "Aragon",
    "Austin",
    "AWS_track",
    "Belille",
    "Bowtie_track",
    "Canada_Training",
    "China_track",
    "FS_June2020",
    "H_track",
    "July_2020",
    "LGSWide",
    "Mexico_track",
    "Monaco",
    "New_York_Track",
    "Oval_track",
    "Singapore",
    "Spain_track",
    "Straight_track",
    "Tokyo_Training_track",
    "Vegas_track",
    "Virtual_May19_Train_track",
    "arctic",
    "caecer_gp",
    "caecer_loop",
    "dubai",
    "hamption",
    "jyllandsringen",
    "morgan",
    "penbay",
    "reInvent2019_track",
    "reInvent2019_wide",
    "reinvent_base",
    "reinvent_carpet",
    "reinvent_concrete",
    "reinvent_wood",
    "red_star",
    "thunder_hill",
]
_VARIANT = re.compile(r"(_(open|pro|cw|ccw|mirrored|building))+$", re.IGNORECASE)
_KNOWN = {name.lower() for name in _NAMES}


def hint(name: str) -> str:
    """Where the file of an official track comes from; empty for other names."""
    stem = name.lower().removesuffix(".npy").rsplit("/", 1)[-1]
    if not {stem, _VARIANT.sub("", stem)} & _KNOWN:
        return ""
    return (
        f"It is a track of the official simulator, and its file is not ours to ship: download "
        f"{name.rsplit('/', 1)[-1].removesuffix('.npy')}.npy ({PLACE}) into the folder tracks/."
    )
