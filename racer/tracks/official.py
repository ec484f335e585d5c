"""Names of the official simulator's tracks, whose files are not ours to ship.

Source: the 127 route files of the simulator, `bundle/routes/*.npy`.
"""

from __future__ import annotations

PLACE = "https://github.com/aws-deepracer-community/deepracer-race-data, raw_data/tracks/npy"
_ROUTES = """
2022_april_open 2022_april_open_ccw 2022_april_open_cw 2022_april_pro 2022_april_pro_ccw
2022_april_pro_cw 2022_august_open 2022_august_open_ccw 2022_august_open_cw 2022_august_pro
2022_august_pro_ccw 2022_august_pro_cw 2022_july_open 2022_july_pro 2022_july_pro_ccw
2022_july_pro_cw 2022_june_open 2022_june_open_ccw 2022_june_open_cw 2022_june_pro
2022_june_pro_ccw 2022_june_pro_cw 2022_march_open 2022_march_open_ccw 2022_march_open_cw
2022_march_pro 2022_march_pro_ccw 2022_march_pro_cw 2022_may_open 2022_may_open_ccw
2022_may_open_cw 2022_may_pro 2022_may_pro_ccw 2022_may_pro_cw 2022_october_open
2022_october_open_ccw 2022_october_open_cw 2022_october_pro 2022_october_pro_ccw
2022_october_pro_cw 2022_reinvent_champ_ccw 2022_reinvent_champ_cw 2022_september_open
2022_september_open_ccw 2022_september_open_cw 2022_september_pro 2022_september_pro_ccw
2022_september_pro_cw 2022_summit_speedway 2022_summit_speedway_ccw 2022_summit_speedway_cw
2022_summit_speedway_mini 2024_reinvent_champ_ccw 2024_reinvent_champ_cw Albert
AmericasGeneratedInclStart Aragon arctic_open arctic_open_ccw arctic_open_cw arctic_pro
arctic_pro_ccw arctic_pro_cw Austin AWS_track Belille Bowtie_track caecer_gp caecer_loop
Canada_Training China_track dubai_open dubai_open_ccw dubai_open_cw dubai_pro FS_June2020
hamption_open hamption_pro July_2020 jyllandsringen_open jyllandsringen_open_ccw
jyllandsringen_open_cw jyllandsringen_pro jyllandsringen_pro_ccw jyllandsringen_pro_cw LGSWide
Mexico_track Monaco Monaco_building morgan_open morgan_pro New_York_Track Oval_track penbay_open
penbay_open_ccw penbay_open_cw penbay_pro penbay_pro_ccw penbay_pro_cw red_star_open
red_star_pro red_star_pro_ccw red_star_pro_cw reInvent2019_track reInvent2019_track_ccw
reInvent2019_track_cw reInvent2019_wide reInvent2019_wide_ccw reInvent2019_wide_cw
reInvent2019_wide_mirrored reinvent_base reinvent_carpet reinvent_concrete reinvent_wood
Singapore Singapore_building Singapore_f1 Spain_track Spain_track_f1 Straight_track
thunder_hill_open thunder_hill_pro thunder_hill_pro_ccw thunder_hill_pro_cw Tokyo_Training_track
Vegas_track Virtual_May19_Train_track
"""
NAMES = _ROUTES.split()
_BY_LOWER = {name.lower(): name for name in NAMES}


def hint(name: str) -> str:
    """Where the file of an official track comes from; empty for other names."""
    official = _BY_LOWER.get(name.lower().removesuffix(".npy").rsplit("/", 1)[-1])
    if official is None:
        return ""
    return (
        f"It is a track of the official simulator, and its file is not ours to ship: download "
        f"{official}.npy ({PLACE}) into the folder tracks/."
    )
