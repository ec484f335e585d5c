"""A pack: one Race on several tracks. Row i is a race of one on its own track, bit for bit."""

import numpy as np
import pytest
from test_batch import actions_of, history

from racer import vehicles
from racer.actions import Continuous
from racer.config import RaceConfig, Rules
from racer.race import Race, make_race
from racer.tracks import Track

NAMES = ("oval", "bean", "s_bends")


def pack(names, n, seed=0, **rules):
    made = Race(
        [Track.load(name) for name in names],
        n,
        vehicle=vehicles.load("deepracer"),
        actions=Continuous(),
        rules=Rules(**rules),
        seed=seed,
        all_params=True,
    )
    made.reset()
    return made


def test_cars_of_a_track_are_next_to_each_other_in_equal_shares():
    assert pack(NAMES, 8).roads.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("rules", [{}, {"start": "random", "alternate_direction": True}])
def test_row_of_a_pack_equals_a_race_of_one_on_its_track(rules):
    seed, n = 4, 9
    actions = np.stack([actions_of(seed + i) for i in range(n)])
    made = pack(NAMES, n, seed, max_steps=60, **rules)
    rows = history(made, actions)
    for i in range(n):
        one = pack([NAMES[made.roads[i]]], 1, seed + i, max_steps=60, **rules)
        assert history(one, actions[i : i + 1])[0] == rows[i], f"car {i}"


def test_every_track_has_its_own_step_cap():
    caps = [pack([name], 1).max_steps for name in NAMES]
    assert len(set(caps)) > 1
    assert pack(NAMES, 3).sim["max_steps"].tolist() == caps


def test_a_track_without_a_car_is_refused():
    with pytest.raises(ValueError, match="each track needs a car"):
        pack(NAMES, 2)


# What it remembers and the waypoints it sees are of one car and one track.
STATE = """
import random
seen = []
def reward_function(params):
    seen.append(params["speed"])
    return len(seen) + len(params["waypoints"]) + random.random()
"""


@pytest.mark.parametrize("engine", ["worker", "inprocess"])
def test_rewards_of_a_pack_are_those_of_its_tracks(tmp_path, engine):
    path = tmp_path / "mine.py"
    path.write_text(STATE)
    config = RaceConfig(reward=str(path), reward_engine=engine)
    tracks = [Track.load(name) for name in NAMES]
    made = make_race(config, 6, seed=3, tracks=tracks)
    made.reset()
    for _ in range(5):
        made.step(np.zeros((6, 2), np.float32))
    for i in range(6):
        one = make_race(config, 1, seed=3 + i, tracks=[tracks[made.roads[i]]])
        one.reset()
        for _ in range(5):
            one.step(np.zeros((1, 2), np.float32))
        assert one.rewards[0] == made.rewards[i]
        one.reward.close()
    made.reward.close()


KEPT_AND_RARE_DOUBT = """
last = 0.0

def reward_function(params):
    global last
    made = params["progress"] - last if params["steps"] > 3 else 0.0
    last = params["progress"]
    rare = params["steps"] == 9 and params["is_left_of_center"] and params["track_length"] < 20.0
    exponent = -1 if rare else 1  # a whole number to a negative power is left to Python
    return made + 2 ** exponent
"""


def test_kernels_of_a_pack_leave_rows_open_without_scoring_others_twice(tmp_path):
    """Rows of some tracks go to Python within the step; what every car keeps goes on once."""
    path = tmp_path / "mine.py"
    path.write_text(KEPT_AND_RARE_DOUBT)
    tracks = [Track.load(name) for name in NAMES]
    assert 0 < sum(track.length < 20.0 for track in tracks) < len(tracks)
    seen = {}
    for engine in ("compiled", "inprocess"):
        race = make_race(RaceConfig(reward=str(path), reward_engine=engine), 6, tracks=tracks)
        race.reset()
        if engine == "compiled":  # once: copies of the code for each track would fill the cache
            assert len({id(one._kernel) for one in race.reward.engines}) == 1
        seen[engine] = np.empty((20, 6))
        for rewards in seen[engine]:
            race.step(np.full((6, 2), 0.1, np.float32))
            rewards[:] = race.rewards
        race.reward.close()
    assert (seen["inprocess"][7] < 1.99).any()  # 0.5 and what was made in a step
    np.testing.assert_allclose(seen["compiled"], seen["inprocess"], rtol=0, atol=1e-12)


def test_a_failure_in_a_pack_names_the_car_of_the_race(tmp_path):
    from racer.errors import RewardFailed

    path = tmp_path / "mine.py"
    path.write_text("def reward_function(p):\n    return 1 / (p['track_length'] < 20.0)\n")
    config = RaceConfig(reward=str(path), reward_engine="inprocess")
    tracks = sorted((Track.load(name) for name in NAMES), key=lambda track: track.length)
    assert tracks[-2].length < 20.0 < tracks[-1].length
    made = make_race(config, 6, tracks=tracks)
    made.reset()
    made.reward.failure_folder = tmp_path
    with pytest.raises(RewardFailed, match="car 4"):
        made.step(np.zeros((6, 2), np.float32))
    assert list(tmp_path.glob("reward_failed_mine.json"))
