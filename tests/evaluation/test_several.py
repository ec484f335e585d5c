"""Laps on several tracks at once: what each car would drive alone, and percent of optimal."""

import dataclasses

import numpy as np
import pytest
from test_time_trial import Centered

from racer import raceline
from racer.config import Config, RaceConfig, Rules
from racer.errors import BadConfig
from racer.evaluation import (
    Lap,
    Result,
    TrackLaps,
    evaluate,
    judged_on,
    make_scorer,
    on_tracks,
    protocol,
    time_trial,
)
from racer.race import on, pack_of
from racer.raceline import Setup

NAMES = "oval,bean,tight,s_bends"
PACK = RaceConfig(tracks=NAMES, reward="center_line")


class Hasty(Centered):
    """Follows the centre line too fast for the tight bends."""

    def act(self, obs):
        actions = super().act(obs)
        actions[:, 1] = np.maximum(actions[:, 1] + np.float32(0.3), np.float32(-0.3))
        return actions


@pytest.mark.parametrize("driver", [Centered, Hasty])
def test_each_track_has_the_laps_that_a_car_alone_drives_there(driver):
    result, _ = evaluate(driver(), PACK, laps=3, reward=lambda params: params["speed"])
    for found, track in zip(result.tracks, pack_of(PACK).tracks, strict=True):
        alone, _ = evaluate(
            driver(), on(PACK, track), laps=3, reward=lambda params: params["speed"]
        )
        assert found.name == track.name
        assert found.laps == alone.laps
        assert min(lap.reward for lap in found.laps) > 1.0
    assert result.tracks_lapped == sum(one.lapped for one in result.tracks)
    if driver is Hasty:
        assert 0 < result.tracks_lapped < 4  # both kinds were compared


def test_a_car_that_never_arrives_ends_its_laps_in_time():
    class Slow(Centered):
        def act(self, obs):
            return super().act(obs) * np.float32([1, 0]) + np.float32([0, -1])

    race = dataclasses.replace(PACK, tracks="oval", actions="continuous")
    result = on_tracks(Slow(), race, pack_of(race).tracks, 2)
    alone, _ = evaluate(Slow(), RaceConfig(), laps=2)
    assert [lap.status for lap in result.laps] == [lap.status for lap in alone.laps]


def test_the_lap_of_the_reference_is_all_of_optimal():
    reference = raceline.find(Setup.of(RaceConfig(track="oval")))

    class Player:
        step = 0

        def act(self, obs):
            self.step += 1
            return np.repeat(
                reference.actions[min(self.step, len(reference.actions)) - 1][None], len(obs), 0
            )

    pack = RaceConfig(tracks="oval,bean")
    result = on_tracks(Player(), pack, pack_of(pack).tracks, 2)
    assert result.tracks[0].flying_s == pytest.approx(reference.lap_times_s[1], abs=1e-9)
    assert result.tracks[0].pct == pytest.approx(100.0, abs=1e-6)


LAP, OFF = Lap("lap_complete", 100.0, 8.0, 0.0), Lap("off_track", 40.0, 3.0, 0.0)


def test_the_summary_counts_a_track_that_was_not_lapped_as_nothing():
    tracks = (
        TrackLaps("a", 20.0, (LAP, LAP), 8.0, 6.0),  # 75 %
        TrackLaps("b", 20.0, (LAP, LAP), 8.0, 7.2),  # 90 %
        TrackLaps("c", 20.0, (LAP, OFF), 8.0, 7.9),
        TrackLaps("d", 20.0, (LAP, LAP), 8.0, None),
    )
    found = Result.on(tracks)
    assert found.tracks_lapped == 3
    assert found.median_pct == pytest.approx(75.0)
    assert found.completion_pct == pytest.approx((7 * 100.0 + 40.0) / 8)
    assert "lapped 3 of 4 tracks (75 %), median 75.0 % of optimal on 3" in found.table()
    assert "off track at 40 %" in found.table()
    assert found.to_json()["tracks"][1]["pct_of_optimal_official"] == pytest.approx(90.0)


def test_evaluation_of_a_pack_records_the_first_track():
    result, trace = evaluate(Centered(), PACK, laps=1)
    assert [one.name for one in result.tracks] == NAMES.split(",")
    assert trace.track.name == "oval"


def test_a_time_trial_is_driven_on_one_track():
    with pytest.raises(BadConfig, match="1 car cannot race on 4 tracks"):
        time_trial(Centered(), PACK, protocol("league"))


def test_generated_packs_are_judged_on_circuits_that_are_not_trained_on():
    trained = {track.sha256 for track in pack_of(RaceConfig(tracks="generated:12")).tracks}
    judged = judged_on(RaceConfig(tracks="generated:12"))
    assert len(judged) == 16
    assert not trained & {track.sha256 for track in judged}


def test_own_tracks_are_judged_on_themselves():
    assert [track.name for track in judged_on(PACK)] == NAMES.split(",")


def test_the_scorer_of_a_pack_is_the_same_every_time():
    race = dataclasses.replace(PACK, rules=Rules(continuous=True, max_steps=50))
    score = make_scorer(race, laps=2)
    first = score(Centered())
    assert first == score(Centered())
    assert first["completion_pct"] == 100.0
    times = [
        time
        for track in pack_of(PACK).tracks
        for time in evaluate(Centered(), on(PACK, track), laps=2)[0].lap_times_s
    ]
    assert first["lap_time_s"] == pytest.approx(np.exp(np.mean(np.log(times))))


class Looks:
    """A driver that remembers what it saw first, and drives on no further."""

    def act(self, obs):
        self.seen = obs
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("others", "cars", "layouts"),
    [
        ({"race": "object_avoidance", "randomize_obstacles": True}, 64, 64),
        ({"race": "head_to_bot", "bot_speed": "0.5..1.5"}, 64, 64),
        ({"race": "object_avoidance"}, 1, 1),
    ],
)
def test_policies_are_chosen_in_many_worlds_where_these_differ(others, cars, layouts):
    race = Config().override({f"race.others.{name}": value for name, value in others.items()}).race
    looks = Looks()
    with pytest.raises(KeyboardInterrupt):
        make_scorer(race)(looks)
    assert len(looks.seen) == cars
    assert len(np.unique(looks.seen[:, 21:], axis=0)) == layouts


def test_policies_of_several_learners_are_chosen_from_lines_all_over_the_lap():
    others = {"race.track": "s_bends", "race.others.race": "multi", "race.others.cars": 3}
    looks = Looks()
    with pytest.raises(KeyboardInterrupt):
        make_scorer(Config().override(others).race)(looks)
    assert len(looks.seen) == 63
    roads = looks.seen[::3, 6:21].round(3)  # of the first car of each grid; straights look alike
    assert len(np.unique(roads, axis=0)) > 12
