"""Plain evaluation: flying laps from the line, a fault ends a lap, nothing is forgiven."""

import pytest
from test_time_trial import CONFIG, STEP, Centered, Straying

from racer.evaluation import evaluate, make_scorer, protocol, time_trial


def test_the_first_lap_is_from_standstill_and_the_others_fly():
    result, trace = evaluate(Centered(), CONFIG, laps=3)
    assert [lap.status for lap in result.laps] == ["lap_complete"] * 3
    parts = trace.episodes()
    speeds = [trace.rows[part.start]["v"] for part in parts]
    assert speeds[0] == 0.0
    assert min(speeds[1:]) > 1.0
    assert [trace.rows[part.start]["time"] for part in parts] == [0.0] * 3
    assert trace.meta["lap_times_s"] == result.lap_times_s


def test_a_fault_ends_the_lap_and_the_next_one_starts_at_the_line():
    result, trace = evaluate(Straying(30), CONFIG, laps=8)
    faults = [lap.status == "off_track" for lap in result.laps]
    assert faults[0]  # it strays for 4 s, so the next lap may end early too
    assert result.laps[-1].status == "lap_complete"
    starts = [trace.rows[part.start]["v"] for part in trace.episodes()]
    assert [start == 0.0 for start in starts[1:]] == faults[:-1]
    assert result.laps[0].off_track_steps > 0
    found = result.to_json()
    assert found["off_tracks"] == sum(faults) == 8 - found["laps_completed"]
    assert "score_s" not in found


def test_evaluation_drives_what_a_time_trial_that_forgives_nothing_drives():
    plain, _ = evaluate(Straying(30), CONFIG, laps=8)
    rules = protocol("strict", laps=8, continuous=True)
    timed, _ = time_trial(Straying(30), CONFIG, rules)
    assert plain.laps == timed.laps
    assert plain.completion_pct == timed.completion_pct
    assert timed.score_s == min(plain.lap_times_s)


def test_the_scorer_of_training_finds_what_evaluation_finds():
    score = make_scorer(CONFIG, laps=2)
    result, _ = evaluate(Centered(), CONFIG, laps=2)
    first, second = score(Centered()), score(Centered())
    assert first == second
    assert first["completion_pct"] == result.completion_pct
    assert first["lap_time_s"] == pytest.approx(sum(result.lap_times_s) / 2, abs=STEP / 1e6)
