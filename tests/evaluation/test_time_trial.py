import dataclasses
import math

import numpy as np
import pytest

from racer.actions import Continuous
from racer.config import Others, RaceConfig
from racer.deepracer.logs import check_parity, read_one
from racer.deepracer.logs.log import PAUSE
from racer.deepracer.logs.write import csv_text, written_rows
from racer.errors import BadConfig, UnknownName
from racer.evaluation import PROTOCOLS, Lap, Protocol, Result, protocol, time_trial
from racer.evaluation.put_back import Put
from racer.evaluation.result import best_average
from racer.race import make_race
from racer.sim.types import OFF_TRACK

CONFIG = RaceConfig(track="oval", reward="rewards/center_line.py", actions="continuous",
                    vehicle="deepracer")  # fmt: skip
STEP = 1 / 15  # s


class Centered:
    """Follows the centre line; as the scripted driver of conftest.py, for one observation."""

    def act(self, obs):
        angle = np.arctan2(obs[:, 10], obs[:, 9])
        steer = np.clip(1.5 * np.degrees(angle) / 30.0, -1.0, 1.0)
        speed = np.clip(0.1 - 1.5 * np.abs(angle), -0.9, 0.1)
        return np.stack([steer, speed], axis=1).astype(np.float32)


class Straying(Centered):
    """Leaves the road to the left at chosen steps, for long enough to be off it."""

    def __init__(self, *steps):
        self.steps, self.count = steps, 0

    def act(self, obs):
        self.count += 1
        if any(at <= self.count < at + 60 for at in self.steps):
            return np.array([[1.0, 0.0]], np.float32)
        return super().act(obs)


def test_clean_laps_have_no_penalty_and_every_lap_starts_anew():
    result, trace = time_trial(Centered(), CONFIG, protocol("deepracer"))
    assert [lap.status for lap in result.laps] == ["lap_complete"] * 3
    assert len({lap.time_s for lap in result.laps}) == 1
    assert result.to_json()["resets"] == 0
    assert result.score_s == pytest.approx(3 * result.laps[0].time_s)
    assert [lap.status for lap in trace.laps()] == ["lap_complete"] * 3
    assert trace.meta["pauses"] == []


def test_flying_laps_begin_rolling():
    result, trace = time_trial(Centered(), CONFIG, protocol("league"))
    times = [lap.time_s for lap in result.laps]
    starts = [trace.rows[part.start]["v"] for part in trace.episodes()]
    assert starts[0] == 0.0
    assert min(starts[1:]) > 1.0
    assert times[1] == pytest.approx(times[2], abs=2 * STEP)
    assert trace.rows["params"]["steps"].max() > 2.5 * times[0] / STEP  # steps go on counting


def test_beside_others_a_car_is_put_back_by_its_progress_from_the_line_wherever_it_began():
    others = Others(race="object_avoidance", obstacle_positions="0.9,inner")
    race = make_race(dataclasses.replace(CONFIG, others=others), with_reward=False)
    race.reset()
    before = race.cars[0].copy()
    before["start_s"], before["progress_before"] = 0.5 * race.track.length, 10.0
    assert Put(race, protocol("deepracer")).among(0, before, OFF_TRACK) == 10.0
    at = race.track.nearest(race.cars["x"], race.cars["y"])["s"][0]
    assert at == pytest.approx(0.1 * race.track.length, abs=0.02)  # not 0.6, where it left the road


def test_leaving_the_track_costs_the_penalty_and_the_lap_goes_on():
    rules = protocol("deepracer", laps=1)
    clean, _ = time_trial(Centered(), CONFIG, rules)
    result, trace = time_trial(Straying(30), CONFIG, rules)
    (lap,) = result.laps
    assert lap.status == "lap_complete"
    assert lap.off_tracks == lap.resets >= 1
    assert lap.penalty_s == pytest.approx(5.0 * lap.off_tracks)
    assert lap.time_s > clean.laps[0].time_s + lap.penalty_s
    first, held = trace.meta["pauses"][0]
    pause = trace.rows[first : first + held]
    assert held == 75  # 5 s
    assert np.ptp(pause["x"]) == np.ptp(pause["y"]) == 0.0
    assert (pause["v"] == 0.0).all()
    assert (pause["reward"] == 0.0).all()
    assert np.diff(trace.rows["time"]) == pytest.approx(STEP)


def test_the_car_is_put_back_on_the_road_where_it_was():
    _, trace = time_trial(Straying(30), CONFIG, protocol("deepracer", laps=1))
    first, _ = trace.meta["pauses"][0]
    fault, held = trace.rows[first - 1], trace.rows[first]
    assert fault["params"]["is_offtrack"]
    where = trace.track.nearest(held["x"], held["y"])[0]
    assert where["on_road"]
    assert where["distance"] == pytest.approx(0.25 * where["width"], abs=0.02)  # middle of a lane
    before = trace.rows[first - 2]["params"]["progress"]
    assert 100.0 * where["s"] / trace.track.length == pytest.approx(before, abs=0.5)


@pytest.mark.parametrize("name", ["deepracer", "league"])
def test_a_time_trial_written_as_a_log_passes_parity(name):
    """Resets, holds and flying laps, recomputed from poses as those of the simulator are."""
    _, trace = time_trial(Straying(30, 200), CONFIG, protocol(name, laps=2))
    pauses = trace.meta["pauses"]
    written = written_rows(trace.rows, trace.track, Continuous(), dt=trace.dt, pauses=pauses)
    log = read_one(csv_text(written).encode(), "ours.csv")
    assert log.notes == ()
    result = check_parity(log, trace.track)
    assert all(field.matches == field.rows and not field.nearby for field in result.fields)
    held = log.rows["status"] == PAUSE
    assert held.sum() == sum(count for _, count in pauses) > 0
    assert np.diff(log.rows["tstamp"]).max() == pytest.approx(2 * STEP, abs=1e-5)


def test_penalties_can_be_changed():
    base = time_trial(Straying(30), CONFIG, protocol("deepracer", laps=1))[0].laps[0]
    rules = protocol("deepracer", laps=1, off_track_penalty_s=2.0)
    lap = time_trial(Straying(30), CONFIG, rules)[0].laps[0]
    assert lap.off_tracks == base.off_tracks
    assert base.time_s - lap.time_s == pytest.approx(3.0 * lap.off_tracks)


def test_strict_ends_a_lap_at_the_first_fault():
    result, _ = time_trial(Straying(30), CONFIG, protocol("strict", laps=6))
    assert result.laps[0].status == "off_track"
    assert result.laps[-1].status == "lap_complete"
    assert result.laps[0].penalty_s == 0.0
    assert result.laps[0].resets == 0
    assert result.score_s == result.laps[-1].time_s  # the best counts


def test_resets_are_counted_in_each_lap():
    rules = protocol("deepracer", laps=1, resets=1)
    result, _ = time_trial(Straying(30, 110), CONFIG, rules)
    lap = result.laps[0]
    assert (lap.status, lap.off_tracks, lap.resets) == ("off_track", 2, 1)
    assert result.score_s is None


def test_a_car_that_never_gets_on_uses_up_the_resets():
    rules = protocol("deepracer", laps=1, resets=2)
    result, _ = time_trial(Circling(), CONFIG, rules)
    lap = result.laps[0]
    assert lap.reversals + lap.off_tracks + lap.immobilizations == 3
    assert lap.status in ("off_track", "reversed")


class Circling:
    """Full lock at walking pace: circles, so progress falls half of the time."""

    def act(self, obs):
        return np.array([[1.0, -0.5]], np.float32)


def lap(time_s, status="lap_complete"):
    return Lap(status, 100.0, time_s, 0.0)


@pytest.mark.parametrize(
    ("ranking", "score"), [("total", 41.0), ("best", 9.0), ("average", 10.333)]
)
def test_ranking(ranking, score):
    laps = tuple(map(lap, (10.0, 9.0, 12.0, 10.0)))
    rules = Protocol(laps=4, ranking=ranking, min_laps=3)
    assert Result(laps, rules).score_s == pytest.approx(score)


def test_an_average_needs_consecutive_laps():
    assert best_average([10.0, math.inf, 8.0, 9.0], 2) == 8.5
    assert best_average([10.0, math.inf, 8.0], 2) == math.inf
    assert best_average([10.0001, 10.0002], 2) == 10.0  # whole milliseconds
    assert best_average([140 / 15, 141 / 15], 2) == 9.366  # of 9.333 and 9.400: halves go down
    assert best_average([3 / 15 * 0.99999999999], 1) == 0.2  # no millisecond lost to a last digit
    laps = (lap(10.0), lap(9.0, "off_track"))
    assert Result(laps, Protocol(laps=2)).score_s is None  # total: every lap must count


def test_rules_are_named_and_checked():
    assert set(PROTOCOLS) == {"deepracer", "league", "strict"}
    with pytest.raises(UnknownName, match="Did you mean 'strict'"):
        protocol("stric")
    with pytest.raises(BadConfig, match="resets = -1"):
        protocol("league", resets=-1)
    with pytest.raises(BadConfig, match="ranking 'worst'"):
        protocol("league", ranking="worst")


def test_an_average_over_more_laps_than_are_driven_is_refused():
    with pytest.raises(BadConfig, match=r"min_laps = 3, but laps = 2: .* Try --min-laps 2"):
        protocol("league", ranking="average", laps=2)


class Veering(Centered):
    """The first car leaves the road, the others of its world drive along it."""

    def act(self, obs):
        actions = super().act(obs)
        actions[0] = 1.0, 0.0
        return actions


def test_other_cars_drive_on_while_one_is_held_and_cannot_hit_it():
    config = RaceConfig(track="oval", others=Others(race="multi", cars=2))
    rules = protocol("deepracer", laps=1, resets=2)
    drives = [time_trial(Veering(), config, rules) for _ in range(2)]
    (result, trace), (_, again) = drives
    assert (trace.rows == again.rows).all()
    assert (trace.objects == again.objects).all()
    (first, count), *_ = trace.meta["pauses"]
    held = slice(first, first + count)
    assert count == 75
    assert np.ptp(trace.rows["x"][held]) == 0.0
    other = trace.objects[held, 0]
    driven = np.hypot(np.diff(other["x"]), np.diff(other["y"]))
    assert (driven > 0.0).mean() > 0.95
    assert driven.sum() > 4.0  # m, in 5 s
    assert result.laps[0].off_tracks == 3


def test_a_lap_counts_whom_it_overtook():
    slow = Others(race="head_to_bot", bots=2, bot_speed="0.1", bot_gap_m=4.0)
    config = RaceConfig(track="oval", others=slow)
    result, _ = time_trial(Centered(), config, protocol("deepracer", laps=1))
    (lap,) = result.laps
    assert lap.complete
    assert lap.overtakes == 1  # the second bot begins a metre behind the line, and drives away
    about = result.to_json()
    assert about["overtakes"] == about["attempts"][0]["overtakes"] == 1
    assert "overtakes" in result.table()
    alone, _ = time_trial(Centered(), CONFIG, protocol("deepracer", laps=1))
    assert alone.overtakes is None
    assert "overtakes" not in alone.to_json()
    assert "overtakes" not in alone.table()
