"""`racer reward map` with boxes on the road."""

import numpy as np

from racer.config import Others
from racer.reward_check.around import around
from racer.reward_check.map import View, draw, rows_on
from racer.tracks import Track

BOXES = Others(race="object_avoidance", obstacle_positions="0.25,inner; 0.7,outer")


def test_rows_of_a_map_know_what_is_around_and_what_they_hit():
    track = Track.load("oval")
    known = around(track, BOXES)
    rows = rows_on(track, View(2.0, 0.0), known)
    assert (rows["objects_count"] == 2).all()
    assert (rows["objects"]["distance"][:, 0] == known.world["s"][0]).all()
    crashed = rows[rows["is_crashed"]]
    reach = np.hypot(
        crashed["x"][:, None] - known.world["x"], crashed["y"][:, None] - known.world["y"]
    ).min(axis=1)
    assert 0 < len(crashed) < 0.1 * len(rows)
    assert reach.max() < 0.7  # from the nose to the middle: half a box's diagonal and a car


def test_a_map_of_a_reward_that_reads_objects_is_drawn(tmp_path):
    path = tmp_path / "gap.py"
    path.write_text(
        "def reward_function(params):\n"
        "    ahead = params['objects_distance'][params['closest_objects'][1]]\n"
        "    return (ahead - params['projection_distance']) % params['track_length']\n"
    )
    picture = tmp_path / "map.png"
    draw(str(path), "oval", picture, speed=2.0, heading="along", others=BOXES)
    assert picture.stat().st_size > 20_000
