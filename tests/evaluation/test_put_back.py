"""Where a car goes on after a fault among boxes: measured rows of the reference."""

import numpy as np
import pytest

from racer.config import Others, RaceConfig
from racer.evaluation import protocol
from racer.evaluation.drive import Drive, from_the_line
from racer.evaluation.put_back import Put
from racer.race import make_race
from racer.sim.types import CRASHED, OFF_TRACK

NEAR = {"abs": 1.1e-4}


def race_of(reference, *places):
    others = Others(race="object_avoidance", obstacle_positions="; ".join(places))
    track = str(reference / "tracks" / "reinvent_base.npy")
    race = make_race(RaceConfig(track=track, others=others), with_reward=False)
    race.reset()
    return race


def put(race, rules, s, status=CRASHED, hit=0):
    """Where the car is put back after a fault at `s` m; the origin's projection, m."""
    race.cars["progress"] = race.cars["progress_before"] = 100.0 * s / race.track.length
    x, y, yaw = race.track.pose_at(s)
    race.cars["x"], race.cars["y"] = x - 0.1 * np.sin(yaw), y + 0.1 * np.cos(yaw)
    race.hits[0] = 1 + hit
    rules.back(race.cars[0].copy(), status)
    return float(race.track.nearest(race.cars["x"][0], race.cars["y"][0])["s"][0])


def test_mercy_is_shown_at_the_third_fault_at_the_same_box(reference):
    race = race_of(reference, "0.30,inner", "0.60,outer")  # row 75
    rules = Put(race, protocol("deepracer", mercy=3))
    found, counts = [], []
    for _ in range(4):
        found.append(put(race, rules, 5.0))
        counts.append(rules._mercy[0][1])
    assert found == pytest.approx([4.3127, 4.3127, 6.3125, 4.3127], **NEAR)
    assert counts == [1, 2, 0, 1]
    for s, box in ((10.6, 1), (5.0, 0), (10.6, 1)):  # by turns: nobody is merciful
        put(race, rules, s, hit=box)
        assert rules._mercy[0] == (box, 1)


def test_a_car_is_put_back_by_its_progress_wherever_its_lap_began(reference):
    race = race_of(reference, "0.9,inner")
    race.cars["start_s"] = 0.5 * race.track.length  # row 80
    found = put(race, Put(race, protocol("deepracer")), 0.1 * race.track.length, OFF_TRACK)
    assert found == pytest.approx(1.7709, **NEAR)


class OffTheRoad:
    """Full lock to the left, for ever."""

    def act(self, obs):
        return np.array([[1.0, 0.0]], np.float32)


@pytest.mark.parametrize(("penalty_s", "rows"), [(0, 1), (2, 30), (3, 45), (5, 75)])
def test_rows_of_a_penalty(penalty_s, rows):
    rules = protocol("deepracer", laps=1, resets=1, off_track_penalty_s=float(penalty_s))
    ends = dict.fromkeys(("end_off_track", "end_immobilized", "end_reversed"), True)
    race = make_race(from_the_line(RaceConfig(), **ends), all_params=True)
    drive = Drive(OffTheRoad(), race, 1, rules)
    drive.run()
    trace = drive.trace()
    held = sum(count for _, count in trace.meta["pauses"])
    assert held == pytest.approx(rows, abs=1)  # row 81
    for first, count in trace.meta["pauses"]:  # row 59: nothing counts while a car is held
        assert not trace.rows["reward"][first : first + count].any()
